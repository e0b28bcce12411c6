"""Answers that a limit cut short go on, and answers that were all thought get written after all."""

from __future__ import annotations

import asyncio

import pytest

from conversation.admit import Rules
from conversation.model import Ask, ReplyState, StoredReply
from conversation.pipeline import TAIL_CHARS
from conversation.sentences import say
from reka_provider import CompletionState, RekaConnectionError
from tests.unit.conversation.fake_model import words_of
from tests.unit.conversation.talk import ADA, BOB, PLACE, Talk

CUT = CompletionState("The moon is made", finish_reason="length")
GO_ON = say("go-on-question", "en-US")
AT_LIMIT = say("note-at-models-limit", "en-US")


@pytest.fixture
async def talk() -> Talk:
    return Talk()


async def _cut_short(talk: Talk) -> StoredReply:
    """Ada asked, and the answer reached the model's limit."""
    talk.model.answers(CUT)
    ask = talk.ask("What is the moon?")
    await talk.answer(ask)
    return await talk.reply_to(ask)


async def _only_thought(talk: Talk) -> tuple[Ask, StoredReply]:
    talk.model.answers(CompletionState("", "It is far away.", finish_reason="length"))
    ask = talk.ask("What is the moon?")
    await talk.answer(ask)
    return ask, await talk.reply_to(ask)


async def test_an_answer_goes_on_in_a_message_and_a_turn_of_its_own(talk: Talk) -> None:
    """What was said stays as it was, and memory reads as a conversation."""
    stored = await _cut_short(talk)
    talk.model.answers(" of rock.")

    assert await talk.goes_on(stored) is None

    assert talk.discord.screen() == [f"The moon is made\n\n-# {AT_LIMIT}", "of rock."]
    assert talk.remembered() == ["What is the moon?", "The moon is made", GO_ON, " of rock."]
    assert [turn.complete for turn in talk.turns()] == [True, False, True, True]
    assert talk.went_on == [stored.reply_id]
    assert await talk.settle() == 0


async def test_the_model_is_told_where_it_stopped(talk: Talk) -> None:
    """Others may have asked in between: "go on" alone would mean the last answer."""
    stored = await _cut_short(talk)
    await talk.says("And the sea?", author=BOB)

    await talk.goes_on(stored)

    told = [words_of(message) for message in talk.model.streams[-1].messages]
    assert told[:4] == [
        "Ada: What is the moon?",
        "The moon is made\n\n[This answer broke off here.]",
        "Bob: And the sea?",
        "Fine.",
    ]
    assert told[4] == f"Ada refers to this message of Reka:\n> The moon is made\n\nAda: {GO_ON}"


async def test_of_a_long_answer_the_end_is_told_once_more(talk: Talk) -> None:
    """It goes along as a turn already, where it is not too long for that."""
    talk.model.answers(CompletionState("a" * 3_000 + "z" * TAIL_CHARS, finish_reason="length"))
    ask = talk.ask("Everything")
    await talk.answer(ask)

    await talk.goes_on(await talk.reply_to(ask))

    question = talk.model.streams[-1].question
    assert "z" * TAIL_CHARS in question
    assert "az" not in question


async def test_who_presses_asks(talk: Talk) -> None:
    """Everybody who sees the answer may have it go on, at their own cost."""
    talk = Talk(rules=Rules(questions_per_user_hour=1))
    stored = await _cut_short(talk)

    assert await talk.goes_on(stored, ADA) == "quota-spent"
    assert talk.went_on == []
    assert await talk.goes_on(stored, BOB) is None
    assert await talk.goes_on(stored, BOB) == "quota-spent"

    assert len(talk.model.streams) == 2


async def test_of_several_presses_one_goes_on(talk: Talk) -> None:
    """The journal decides, so that it holds over processes and restarts."""
    stored = await _cut_short(talk)
    other = Talk(model=talk.model, store=talk.store, discord=talk.discord)

    told = list(await asyncio.gather(talk.goes_on(stored), talk.goes_on(stored, BOB), other.goes_on(stored)))
    assert sorted([*told, await talk.goes_on(stored)], key=str) == [
        None,
        "again-running",
        "again-running",
        "again-running",
    ]
    assert len(talk.model.streams) == 2
    assert len(talk.went_on + other.went_on) == 1


async def test_it_may_be_cut_short_again(talk: Talk) -> None:
    """Each part goes on from the one before it."""
    stored = await _cut_short(talk)
    talk.model.answers(CompletionState(" of", finish_reason="length"))
    await talk.goes_on(stored)
    second = talk.store.replies()[-1]
    talk.model.answers(" rock.")

    assert await talk.goes_on(second) is None

    assert talk.remembered()[1::2] == ["The moon is made", " of", " rock."]
    assert ">  of\n" in talk.model.streams[-1].question


async def test_it_waits_for_its_turn(talk: Talk) -> None:
    """Answers of a place come one after another, whatever asked for them."""
    stored = await _cut_short(talk)
    talk.model.answers("Green", 5.0, "Green.")
    other = talk.begin(talk.ask("And the sea?"))
    await asyncio.sleep(1.0)

    await talk.goes_on(stored)
    await other

    assert talk.remembered()[2:4] == ["And the sea?", "Green."]


async def test_a_forgotten_answer_cannot_go_on(talk: Talk) -> None:
    """There is nothing left to go on from."""
    stored = await _cut_short(talk)
    await talk.conversation.memory.forget(PLACE)

    assert await talk.goes_on(stored) == "again-forgotten"


async def test_a_continuation_that_broke_off_can_be_tried_again(talk: Talk) -> None:
    """It is a question like any other."""
    stored = await _cut_short(talk)
    talk.model.answers(" of", 1.0, RekaConnectionError("cut"))
    await talk.goes_on(stored)
    talk.model.answers(" of rock.")

    assert await talk.again(talk.store.replies()[-1]) is None

    assert talk.remembered()[-1] == " of rock."
    assert "> The moon is made" in talk.model.streams[-1].question


async def test_an_answer_that_was_all_thought_is_written_over_its_note(talk: Talk) -> None:
    """There was no answer yet, so this is the first; the model is told what it thought."""
    ask, stored = await _only_thought(talk)
    assert stored.state is ReplyState.BROKEN
    assert talk.discord.screen() == [f"-# {say('note-only-thought', 'en-US')}"]
    talk.model.answers("Rock.")

    surface = talk.surface(talk.ask(""))
    assert await talk.conversation.answer_again(stored, ADA, surface, after_thought=True) is None

    assert talk.discord.screen() == ["Rock."]
    assert talk.remembered() == ["What is the moon?", "Rock."]
    system, question = talk.model.streams[-1].messages
    assert system["role"] == "system"
    assert "Answer it now" in words_of(system)
    assert words_of(system).endswith("It is far away.")
    assert words_of(question) == "Ada: What is the moon?"
    assert (await talk.reply_to(ask)).state is ReplyState.ENDED


async def test_thoughts_that_are_gone_are_not_needed(talk: Talk) -> None:
    """After a restart the model is told to answer at once, without them."""
    _, stored = await _only_thought(talk)
    restarted = Talk(model=talk.model, store=talk.store, discord=talk.discord)
    talk.model.answers("Rock.")

    surface = restarted.surface(restarted.ask(""))
    await restarted.conversation.answer_again(stored, ADA, surface, after_thought=True)

    assert talk.discord.screen() == ["Rock."]
    assert words_of(talk.model.streams[-1].messages[0]).endswith("at once.")


async def test_a_reply_that_is_being_answered_does_not_go_on(talk: Talk) -> None:
    """Somebody pressed a moment before."""
    _, stored = await _only_thought(talk)
    await talk.store.claim_again(stored.reply_id, BOB.id)
    running = await talk.store.find(stored.reply_id)

    assert running is not None
    assert await talk.goes_on(running) == "again-running"


# Thoughts on request ----------------------------------------------------------------------------------------


async def test_a_thought_is_shown_on_request(talk: Talk) -> None:
    """Hidden is not lost."""
    talk.model.answers(CompletionState("Rock.", "It is far away."))
    ask = talk.ask("What is the moon?")
    await talk.answer(ask)

    await talk.looks_at_thought((await talk.reply_to(ask)).reply_id, BOB)

    assert talk.discord.screen() == ["Rock.", "It is far away."]
    assert talk.remembered() == ["What is the moon?", "Rock."]


async def test_a_thought_that_is_gone_is_said_to_be(talk: Talk) -> None:
    """The button outlives it."""
    await talk.looks_at_thought(77)

    assert talk.discord.screen() == [say("thought-gone", "en-US")]


@pytest.mark.parametrize("how", ["place", "channel", "guild", "question", "page"])
async def test_what_is_forgotten_was_never_thought(talk: Talk, how: str) -> None:
    """A thought tells as much of a question as the answer does."""
    talk.model.answers(CompletionState("Rock.", "Ada asks about the moon."))
    ask = talk.ask("What is the moon?")
    await talk.answer(ask)
    stored = await talk.reply_to(ask)
    assert ask.question is not None
    match how:
        case "place":
            await talk.conversation.memory.forget(PLACE)
        case "channel":
            await talk.conversation.memory.channel_gone(PLACE.channel_id)
        case "guild":
            await talk.conversation.memory.guild_gone(5)
        case "question":
            await talk.conversation.memory.message_deleted(PLACE.channel_id, ask.question.message_id)
        case _:
            await talk.conversation.memory.message_deleted(PLACE.channel_id, stored.messages[0].message_id)

    await talk.looks_at_thought(stored.reply_id)

    assert talk.discord.screen()[-1] == say("thought-gone", "en-US")
