"""Deaths of the real bot while an answer goes on from a button."""

from __future__ import annotations

import pytest

from sandbox.reka_space import Script
from tests.e2e.test_continue import AT_LIMIT, LABEL
from tests.e2e.test_repair import Life, half, life

__all__ = ["life"]  # the fixture

CUT = Script("The moon is made", finish_reason="length")
CUT_SHORT = f"The moon is made{AT_LIMIT}"


@pytest.mark.parametrize("direct", [False, True], ids=["server", "direct"])
async def test_an_answer_that_goes_on_is_found_after_two_deaths(life: Life, direct: bool) -> None:
    """Once before its first word and once in its middle: it still stands there once, below what it goes on from."""
    house = life.house
    channel = house.world.dm(house.alice) if direct else house.general
    viewer = house.alice if direct else None
    async with life.bot(dies=True):
        house.reka.enqueue(CUT, Script("Never.", first_token_s=60))
        house.alice.says(channel, "what is the moon?" if direct else f"{house.at_reka} what is the moon?")
        await house.until_shown(CUT_SHORT, channel=channel, viewer=viewer)
        await house.until_ended()
        house.alice.presses(house.replies(channel, viewer)[-1], label=LABEL)
        await house.until_asked(2)

    async with life.bot(dies=True):
        half(house)
        await house.until_shown(CUT_SHORT, "Half", channel=channel, viewer=viewer)

    async with life.bot():
        await house.until_ended()

    first, rest = house.replies(channel, viewer)
    assert first.content == CUT_SHORT
    assert rest.content.startswith("Half")
    assert rest.reply_to is first
