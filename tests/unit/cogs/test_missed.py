"""What was missed, read out of discord.py's own messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import discord
import pytest

from cogs.chat._missed import MissedMessages
from conversation.model import Place
from conversation.ports import MissedUnknown
from tests.contract.memory_store import MemoryStore
from tests.contract.stores import ask
from tests.unit.cogs.paper_client import Answer, PaperClient, payload_of
from tests.unit.delivery.fake_surface import CHANNEL_ID

DM = Place(CHANNEL_ID)


def answered(status: int) -> discord.HTTPException:
    """discord.py's error for that status."""
    kinds = {403: discord.Forbidden, 404: discord.NotFound, 503: discord.DiscordServerError}
    kind = kinds.get(status, discord.HTTPException)
    return kind(cast("Any", Answer(status)), "scripted")


class Ears:
    """Notes what is heard."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def __call__(self, messages: Sequence[discord.Message]) -> None:
        self.heard += [message.id for message in messages]


async def take_up(client: PaperClient, ears: Ears, store: MemoryStore | None = None) -> int:
    missed = MissedMessages(client, client.me, (ConnectionResetError,), store or MemoryStore(), ears)
    return await missed.take_up(DM, since_s=1_800_000_000.0, limit=50)


async def test_questions_that_nobody_claimed_are_heard_in_order() -> None:
    """What was heard before the death is in the journal."""
    client, ears, store = PaperClient(*(payload_of(n, "hi") for n in (501, 502, 503))), Ears(), MemoryStore()
    await store.claim(ask(502, question_id=502, place=DM), text="hi")

    assert await take_up(client, ears, store) == 2
    assert ears.heard == [501, 503]


@pytest.mark.parametrize(
    "failure",
    [answered(503), answered(429), ConnectionResetError(), discord.RateLimited(60.0)],
    ids=["503", "429", "lost", "limited"],
)
async def test_where_discord_does_not_tell_nothing_is_known(failure: Exception) -> None:
    """To take it for an empty place would leave the questions there unheard for ever."""
    client, ears = PaperClient(), Ears()
    client.paper.failure = failure

    with pytest.raises(MissedUnknown):
        await take_up(client, ears)


@pytest.mark.parametrize("status", [403, 404])
async def test_where_nobody_may_read_nothing_was_missed(status: int) -> None:
    """To ask again later would be answered alike."""
    client, ears = PaperClient(), Ears()
    client.paper.failure = answered(status)

    assert await take_up(client, ears) == 0
