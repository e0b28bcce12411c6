"""A database that cannot be reached costs a sentence, never a traceback or a doubled answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from conversation.model import Ask, Claim, MessageRef, Place, Quote, ReplyState, Turn
from conversation.ports import MemoryUnavailable
from conversation.sentences import say
from tests.contract.memory_store import MemoryStore
from tests.unit.conversation.talk import Talk, epoch_s

SORRY = say("memory-unavailable", "en-US")


@dataclass(slots=True)
class UnreliableStore(MemoryStore):
    """A store of which some calls fail."""

    failing: set[str] = field(default_factory=set)

    def _check(self, call: str) -> None:
        if call in self.failing:
            raise MemoryUnavailable("The database cannot be reached.")

    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        self._check("claim")
        return await MemoryStore.claim(self, ask, text=text)

    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        self._check("turns_before")
        return await MemoryStore.turns_before(self, place, reply_id, limit=limit)

    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        self._check("posted")
        await MemoryStore.posted(self, reply_id, page, ref)

    async def remember(self, reply_id: int, text: str, *, complete: bool) -> None:
        self._check("remember")
        await MemoryStore.remember(self, reply_id, text, complete=complete)

    async def finish(self, reply_id: int, state: ReplyState) -> None:
        self._check("finish")
        await MemoryStore.finish(self, reply_id, state)


def _talk(*failing: str) -> tuple[Talk, UnreliableStore]:
    store = UnreliableStore(now_s=epoch_s, failing=set(failing))
    return Talk(store=store), store


async def test_a_question_that_cannot_be_claimed_gets_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """Without a claim nothing may be asked of Reka; one line for the operator, without a traceback."""
    caplog.set_level(logging.WARNING)
    talk, _ = _talk("claim")

    await talk.says("Hi")

    assert talk.discord.screen() == [f"-# {SORRY}"]
    assert talk.discord.offers == {}
    assert talk.model.streams == []
    [line] = caplog.records
    assert (line.getMessage(), line.exc_info) == ("memory is out of reach", None)
    assert "The database cannot be reached." in str(line.__dict__)
    assert talk.conversation.counts.unexpected == 0
    assert await talk.settle() == 0


async def test_an_answer_that_cannot_be_followed_ends_with_a_sentence() -> None:
    """Its first message stands there: it is edited, never posted again, and nobody is left with half of it."""
    talk, store = _talk("posted")
    talk.model.answers("Half", 1.0, "Half of it.")
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert talk.discord.screen() == [f"Half\n\n-# {SORRY}"]
    assert len(talk.discord.offers) == 1
    assert (await talk.reply_to(ask)).state is ReplyState.BROKEN
    assert talk.model.running == 0
    store.failing.clear()
    talk.model.answers("All of it.")
    assert await talk.again(await talk.reply_to(ask)) is None
    assert talk.remembered() == ["Hi", "All of it."]


async def test_a_quote_that_cannot_be_looked_up_gets_a_sentence() -> None:
    """Whatever step of the way it is, the sentence is the same."""
    talk, store = _talk()
    await talk.says("The moon")
    message_id = next(iter(talk.discord.messages))
    store.failing.add("turns_before")

    await talk.answer(talk.ask("Sure?", quote=Quote("Reka", "Fine.", message_id=message_id)))

    assert talk.discord.screen() == ["Fine.", f"-# {SORRY}"]
    assert talk.conversation.counts.unexpected == 0


async def test_an_answer_that_cannot_be_remembered_says_so() -> None:
    """The next question would speak of something that only the screen knows."""
    talk, _ = _talk("remember")

    await talk.says("Hi")

    assert talk.discord.screen() == [f"Fine.\n\n-# {SORRY}"]
    assert talk.remembered() == ["Hi"]


async def test_a_reply_that_cannot_be_closed_is_right_on_screen() -> None:
    """The answer is whole: to write a note under it would only worry people."""
    talk, _ = _talk("finish")
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert talk.discord.screen() == ["Fine."]
    assert talk.remembered() == ["Hi", "Fine."]
    assert (await talk.reply_to(ask)).state is ReplyState.CLAIMED
    assert await talk.settle() == 0
