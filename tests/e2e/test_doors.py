"""The four doors, each through to one growing message."""

from __future__ import annotations

import asyncio

from sandbox.reka_space import Script
from tests.e2e.house import House


async def test_a_mention_is_answered_by_one_message_that_grows(house: House) -> None:
    """The one sentence of the product: appears with the first token, grows, ends."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The ", "sky ", "scatters ", "blue."], gate=gate))

    asked = house.alice.says(house.general, f"{house.at_reka} why is the sky blue?")
    gate.release()
    await house.world.until(lambda: house.replies())
    for _ in range(3):
        gate.release()
    await house.until_shown("The sky scatters blue.")

    [reply] = house.replies()
    assert reply.reply_to_id == asked.id
    assert reply.edits[0][1] == "The"
    assert not reply.pinged
    assert house.sandbox.limits.rejected.total() == 0
