"""The way back to replies that a dead process left, in discord.py's own values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import discord

from cogs.chat._surface import WAITING, ChannelSurface
from conversation.model import Author, LeftReply, MessageRef, Place, ReplyState, StoredReply
from tests.unit.cogs.paper_client import ME_ID, PaperClient, payload_of
from tests.unit.delivery.fake_surface import CHANNEL_ID

EVENT_ID = 5_000
GUILD_ID = 5
ADA = Author(2, "Ada")


def left(*, question: bool = False, guild_id: int | None = GUILD_ID, had_way_back: bool = False) -> LeftReply:
    """A reply without a message, as the journal tells of it."""
    stored = StoredReply(
        reply_id=1,
        event_id=EVENT_ID,
        place=Place(CHANNEL_ID, guild_id),
        author=ADA,
        locale="en-US",
        state=ReplyState.CLAIMED,
        attempt=1,
        question=MessageRef(CHANNEL_ID, EVENT_ID) if question else None,
        messages=(),
    )
    return LeftReply(stored, owner=1, asked_at_s=0.0, touched_at_s=0.0, had_way_back=had_way_back)


async def at_once() -> None:
    """Requests need not wait here."""


def reaction(emoji: str) -> dict[str, Any]:
    return {"count": 1, "me": True, "emoji": {"id": None, "name": emoji}}


async def test_what_goes_on_replies_to_the_page_before_and_is_found_by_that() -> None:
    """By that reference, and nothing else, a second successor knows it for its own."""
    client = PaperClient(payload_of(EVENT_ID, "0123456789", author_id=ME_ID))
    surface = client.finder.surface(left())
    assert surface is not None
    await surface.create(0, "More", nonce="1.2.0")
    reference = client.paper.sent[0]["reference"]
    told = {"message_id": str(reference.message_id), "channel_id": str(CHANNEL_ID)}
    client.paper.shown.append(payload_of(7_000, "More", author_id=ME_ID, message_reference=told))

    scene = await client.finder.look(left(), before_each=at_once)

    assert reference.message_id == EVENT_ID
    assert [seen.ref.message_id for seen in scene.messages] == [7_000]
    assert not scene.question_gone


async def test_the_sign_under_a_page_that_goes_on_is_seen() -> None:
    """It waited in line when its process died, and nobody else takes the sign away."""
    client = PaperClient(payload_of(EVENT_ID, "0123456789", author_id=ME_ID, reactions=[reaction(WAITING)]))

    scene = await client.finder.look(left(), before_each=at_once)

    assert scene.waiting
    assert scene.asked is None


async def test_what_goes_on_in_a_direct_message_is_reached() -> None:
    """It never needed a token: a press in our own direct message is answered by the channel's routes."""
    assert isinstance(PaperClient().finder.surface(left(guild_id=None)), ChannelSurface)


async def test_a_command_in_a_direct_message_is_not_reached_without_its_token() -> None:
    """The message may be one between two people, where we are nobody."""
    assert PaperClient().finder.surface(left(guild_id=None, had_way_back=True)) is None


async def test_a_public_command_in_a_server_goes_on_without_a_reference() -> None:
    """Its event is an interaction, and no message has that id."""
    client = PaperClient()
    surface = client.finder.surface(left(had_way_back=True))
    assert surface is not None

    await surface.create(0, "Whole", nonce="1.2.0")

    assert "reference" not in client.paper.sent[0]


async def test_a_question_is_read_as_it_stands_now() -> None:
    """It may have been edited while nobody heard; so may what it refers to."""
    quoted = payload_of(4_000, "Canberra, it says", author_id=3)
    told = {"message_id": "4000", "channel_id": str(CHANNEL_ID)}
    shown = payload_of(EVENT_ID, "<@1> is it?", type=19, message_reference=told, referenced_message=quoted)

    scene = await PaperClient(shown).finder.look(left(question=True), before_each=at_once)

    assert scene.asked is not None
    assert scene.asked.text == "is it?"
    assert scene.asked.as_quoted == "@Reka is it?"
    assert scene.asked.quote is not None
    assert (scene.asked.quote.text, scene.asked.quote.message_id) == ("Canberra, it says", 4_000)


async def test_of_a_question_that_is_gone_nothing_is_told() -> None:
    """Other messages stand there: the history could be read."""
    scene = await PaperClient(payload_of(6_000, "hi")).finder.look(left(question=True), before_each=at_once)

    assert scene.question_gone
    assert scene.asked is None


class ThreadClient(PaperClient):
    """Has the place in its cache as a thread, and not the channel to which the thread belongs."""

    def get_channel(self, id: int, /) -> Any:  # noqa: A002 - discord.py names it so
        guild = discord.Guild(
            state=self._connection,
            data=cast("Any", {"id": str(GUILD_ID), "name": "Guild", "members": [], "unavailable": False}),
        )
        counts = {"message_count": 0, "member_count": 1}
        meta = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-01-01T00:00:00Z"}
        data = {"id": str(id), "parent_id": "77", "owner_id": "2", "name": "t", "type": 11}
        return discord.Thread(
            guild=guild, state=self._connection, data=cast("Any", {**data, **counts, "thread_metadata": meta})
        )


async def test_a_thread_without_its_channel_takes_no_files_but_an_answer() -> None:
    """discord.py cannot tell what we may do there; words may go anyway."""
    surface = ThreadClient().finder.surface(left(question=True))

    assert isinstance(surface, ChannelSurface)
    assert not surface.takes_files


async def test_a_private_answer_is_reached_by_its_token_alone() -> None:
    """In the channel all would read it."""
    private = left(had_way_back=True)
    private = replace(private, stored=replace(private.stored, place=Place(CHANNEL_ID, GUILD_ID, ADA.id)))

    assert PaperClient().finder.surface(private) is None
