"""People edit and delete in the moment in which the bot is between two steps; a soak found each of these."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from conversation.model import Ask, Claim, ReplyState, Turn
from reka_provider import RekaAuthError
from tests.contract.memory_store import MemoryStore
from tests.unit.conversation.talk import Talk, epoch_s
from tests.unit.delivery.fake_surface import CHANNEL_ID, Slow
from tests.unit.virtual_time import until

TWO_PAGES = "word " * 500


@dataclass(slots=True)
class LockedStore(MemoryStore):
    """A database that answers a claim only when it is let."""

    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        await self.free.wait()
        return await MemoryStore.claim(self, ask, text=text)


async def test_an_edit_that_overtakes_the_claim_is_remembered() -> None:
    """Memory had no row yet, and would have kept the old words for good."""
    store = LockedStore(epoch_s)
    talk = Talk(store=store)
    ask = talk.ask("old")
    asking = talk.begin(ask)
    await asyncio.sleep(1)
    assert ask.question is not None
    editing = asyncio.create_task(
        talk.conversation.memory.message_edited(CHANNEL_ID, ask.question.message_id, "new", quoted="new")
    )
    await asyncio.sleep(1)
    store.free.set()
    await asyncio.gather(asking, editing)

    assert talk.remembered() == ["new", "Fine."]


async def test_an_edit_of_a_question_that_is_never_claimed_waits_for_nothing() -> None:
    """It was dropped before its claim."""
    store = LockedStore(epoch_s)
    talk = Talk(store=store)
    ask = talk.ask("old")
    asking = talk.begin(ask)
    await asyncio.sleep(1)
    assert ask.question is not None
    editing = asyncio.create_task(
        talk.conversation.memory.message_edited(CHANNEL_ID, ask.question.message_id, "new", quoted="new")
    )
    deleting = asyncio.create_task(
        talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    )
    await asyncio.sleep(1)
    store.free.set()
    await asyncio.gather(asking, editing, deleting)

    assert talk.remembered() == []


async def test_a_page_on_its_way_goes_with_the_deleted_answer() -> None:
    """It would stand there for ever, half a sentence that belongs to nothing."""
    talk = Talk()
    talk.model.answers("word", 1.0, TWO_PAGES, asyncio.Event())
    ask = talk.ask("Tell me all")
    asking = talk.begin(ask)
    await until(lambda: len(talk.discord.messages) == 1, every_s=0.01)
    talk.discord.fails("create", Slow(0.5))
    await until(lambda: talk.discord.faults["create"] == type(talk.discord.faults["create"])(), every_s=0.01)
    (first,) = talk.discord.messages
    talk.discord.remove(first)
    await talk.conversation.memory.message_deleted(CHANNEL_ID, first)
    await asking
    await asyncio.sleep(5)

    assert talk.discord.screen() == []
    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED


@dataclass(slots=True)
class SlowClaims(MemoryStore):
    """A database that takes its time to give the right to answer anew."""

    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    question_asked: int = 0

    async def question(self, reply_id: int) -> Turn | None:
        self.question_asked += 1
        if self.question_asked > 1:  # of the second try
            self.wanted.set()
            await self.free.wait()
            self.free.clear()
        return await MemoryStore.question(self, reply_id)


async def test_a_question_deleted_just_after_try_again_is_not_answered() -> None:
    """Between the press and the work that answers it nobody could be told."""
    store = SlowClaims(epoch_s)
    talk = Talk(store=store)
    talk.model.answers(RekaAuthError("no"))
    ask = talk.ask("Hi")
    await talk.answer(ask)
    before = talk.discord.screen()
    stored = await talk.reply_to(ask)
    pressing = asyncio.create_task(talk.again(stored))
    await store.wanted.wait()
    store.wanted.clear()
    store.free.set()  # it stands there still when the button is pressed
    await store.wanted.wait()
    assert ask.question is not None
    deleting = asyncio.create_task(
        talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    )
    await asyncio.sleep(0.01)
    store.free.set()
    await asyncio.gather(pressing, deleting)

    assert "Fine." not in talk.discord.screen(), before
    assert talk.remembered() == []
