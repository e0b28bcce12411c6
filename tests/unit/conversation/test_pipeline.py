"""Conversation.answer from door to memory: order, exactly once, and what people see."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversation.admit import Rules
from conversation.answering import Limits
from conversation.model import IncomingFile, Place, Quote, ReplyState, Turn
from conversation.recall import Budget
from conversation.sentences import say
from delivery.surface import OfferKind
from reka_provider import RekaAuthError, RekaConnectionError
from tests.unit.conversation.fake_model import words_of
from tests.unit.conversation.talk import ADA, BOB, EPOCH_S, PLACE, Talk
from tests.unit.conversation.test_attach import file, png
from tests.unit.delivery.fake_surface import CHANNEL_ID, Lost, Slow, Status
from tests.unit.virtual_time import now_s, run_virtually, until


@pytest.fixture
async def talk() -> Talk:
    return Talk()


# One question -----------------------------------------------------------------------------------------------


async def test_a_question_is_answered_and_both_are_remembered(talk: Talk) -> None:
    """The one sentence that the house is built for."""
    talk.model.answers("Hel", 0.5, "Hello", 0.5, "Hello Ada")
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert talk.discord.screen() == ["Hello Ada"]
    assert talk.remembered() == ["Hi", "Hello Ada"]
    stored = await talk.reply_to(ask)
    assert stored.state is ReplyState.ENDED
    assert [ref.message_id for ref in stored.messages] == list(talk.discord.messages)
    assert talk.conversation.counts.answered == 1
    assert await talk.settle() == 0


async def test_the_next_question_brings_the_past_along(talk: Talk) -> None:
    """It remembers what was said, and by whom."""
    await talk.says("I am fine.")
    await talk.says("And I am Bob.", author=BOB)

    assert [words_of(message) for message in talk.model.streams[1].messages] == [
        "Ada: I am fine.",
        "Fine.",
        "Bob: And I am Bob.",
    ]


async def test_an_event_that_comes_twice_is_answered_once(talk: Talk) -> None:
    """Discord delivers again after a resume, and another process may see it, too."""
    ask = talk.ask("Hi")
    other = Talk(model=talk.model, store=talk.store, discord=talk.discord)

    await asyncio.gather(talk.answer(ask), talk.answer(ask), other.answer(ask))

    assert len(talk.model.streams) == 1
    assert len(talk.discord.screen()) == 1
    assert talk.conversation.counts.repeated_events + other.conversation.counts.repeated_events == 2


async def test_the_question_is_in_the_journal_before_anything_is_sent(talk: Talk) -> None:
    """A death at any later instant must leave a trace."""
    talk.model.answers(1.0, "Late")
    ask = talk.ask("Hi")
    task = talk.begin(ask)
    await asyncio.sleep(0.5)

    stored = await talk.reply_to(ask)
    assert stored.state is ReplyState.CLAIMED
    assert talk.remembered() == ["Hi"]
    assert talk.discord.times("create") == []
    await task


async def test_the_typing_sign_is_shown_until_the_first_words(talk: Talk) -> None:
    """A model that thinks for half a minute must not look dead."""
    talk.model.answers(20.0, "Hm", 30.0, "Hm.")

    await talk.says("Think!")

    assert [round(at_s) for at_s in talk.discord.times("typing")] == [0, 8, 16]


async def test_a_typing_sign_that_fails_costs_nothing(talk: Talk) -> None:
    """It is a courtesy."""
    talk.model.answers(20.0, "Hm")
    talk.discord.fails("typing", Status(403))

    await talk.says("Think!")

    assert talk.discord.screen() == ["Hm"]
    assert talk.discord.statuses("typing") == [403]


async def test_a_picture_becomes_part_of_its_turn(talk: Talk) -> None:
    """The next question can refer to it."""
    await talk.answer(talk.ask("What is it?", files=(file(),)))
    await talk.says("Which colour?")

    for stream in talk.model.streams:
        content = stream.messages[0]["content"]
        assert not isinstance(content, str)
        assert [part["type"] for part in content] == ["image", "text"]


async def test_a_file_left_out_is_noted_under_the_answer(talk: Talk) -> None:
    """A bad file costs a note, never the answer."""
    await talk.answer(talk.ask("What is it?", files=(file("x.pdf", b"%PDF"),)))

    note = say("file-not-picture", "en-US", name="`x.pdf`", limit_mib=20)
    assert talk.discord.screen() == [f"Fine.\n\n-# {note}"]
    assert talk.remembered() == ["What is it?", "Fine."]


async def test_a_message_of_bad_files_alone_asks_nothing_of_reka(talk: Talk) -> None:
    """There is no question in it, only something to explain."""
    await talk.answer(talk.ask("", files=(file("x.pdf", b"%PDF"),)))

    assert talk.model.streams == []
    assert talk.discord.screen()[0].startswith("-# I left out `x.pdf`")


async def test_notes_of_the_door_stand_under_the_answer(talk: Talk) -> None:
    """What Discord withheld is known at the door alone."""
    ask = replace(talk.ask("Hi"), notes=("note-quote-withheld",))

    await talk.answer(ask)

    assert talk.discord.screen()[0].endswith(say("note-quote-withheld", "en-US"))


async def test_one_sentence_of_ours_is_no_part_of_the_conversation(talk: Talk) -> None:
    """A hint how to use the bot is nothing to remember."""
    ask = talk.ask("")

    for _ in range(2):
        await talk.conversation.say_once(ask, talk.surface(ask), "Ask me something.")

    assert talk.discord.screen() == ["Ask me something."]
    assert talk.store.replies() == []


# Quotes -----------------------------------------------------------------------------------------------------


async def test_a_quoted_answer_is_not_said_twice(talk: Talk) -> None:
    """It goes along as a turn already."""
    talk.model.answers("The moon is near.")
    await talk.says("Tell me.")
    message_id = next(iter(talk.discord.messages))

    await talk.answer(
        talk.ask("Sure?", quote=Quote("Reka", "The moon is near.", (file(),), message_id=message_id))
    )

    assert talk.model.streams[1].question == "Ada: Sure?"
    assert isinstance(talk.model.streams[1].messages[-1]["content"], str)


async def test_a_quoted_picture_that_was_forgotten_comes_along_again(talk: Talk) -> None:
    """After /reset the journal still knows the message, but no turn of it is sent."""
    first = talk.ask("Look!", files=(file(),))
    await talk.answer(first)
    await talk.conversation.memory.forget(PLACE)

    assert first.question is not None
    quote = Quote("Ada", "Look!", (file(),), message_id=first.question.message_id)
    await talk.answer(talk.ask("What is it?", quote=quote))

    content = talk.model.streams[1].messages[-1]["content"]
    assert not isinstance(content, str)
    assert [part["type"] for part in content] == ["image", "text"]
    assert "> Look!" in talk.model.streams[1].question


async def test_an_answer_quoted_while_it_grows_is_not_said_twice(talk: Talk) -> None:
    """By the time of the question's turn it is a turn of the past."""
    talk.model.answers("The moon", 2.0, "The moon is near.")
    first = talk.begin(talk.ask("Tell me."))
    await asyncio.sleep(1.0)
    message_id = next(iter(talk.discord.messages))

    await talk.answer(talk.ask("Sure?", quote=Quote("Reka", "The moon", message_id=message_id)))
    await first

    assert talk.model.streams[1].question == "Ada: Sure?"


# Order ------------------------------------------------------------------------------------------------------


async def test_questions_of_a_place_are_answered_in_order_one_at_a_time(talk: Talk) -> None:
    """Each answer knows the one before it."""
    talk.model.otherwise = ("...", 2.0, "Done.")
    tasks = [talk.begin(talk.ask(str(number))) for number in range(4)]
    await asyncio.sleep(1.0)
    assert talk.model.running == 1
    await asyncio.gather(*tasks)

    assert [stream.question for stream in talk.model.streams] == [f"Ada: {number}" for number in range(4)]
    assert [len(stream.messages) for stream in talk.model.streams] == [1, 3, 5, 7]
    assert await talk.settle() == 0


async def test_places_do_not_wait_for_each_other(talk: Talk) -> None:
    """Also a private exchange is a place of its own."""
    talk.model.otherwise = (2.0, "Done.")
    places = [PLACE, Place(CHANNEL_ID, 5, private_to=ADA.id), Place(CHANNEL_ID + 1, 5)]

    await asyncio.gather(*(talk.says("Hi", place=place) for place in places))

    assert now_s() < 3.0


async def test_a_private_exchange_is_no_part_of_the_channel(talk: Talk) -> None:
    """Private stays private, in both directions of memory."""
    private = replace(PLACE, private_to=ADA.id)
    await talk.says("A secret", place=private)
    await talk.says("What did I say?")
    await talk.says("And here?", place=private)

    assert [len(stream.messages) for stream in talk.model.streams] == [1, 1, 3]
    assert talk.remembered(private) == ["A secret", "Fine.", "And here?", "Fine."]


async def test_who_waits_is_shown_and_is_shown_no_more_when_its_turn_comes(talk: Talk) -> None:
    """A reaction tells that the question was seen."""
    talk.model.otherwise = (2.0, "Done.")
    first, second = talk.ask("one"), talk.ask("two")

    await asyncio.gather(talk.answer(first), talk.answer(second))
    await talk.settle()

    assert talk.surfaces[first.event_id].waits == []
    assert talk.surfaces[second.event_id].waits == [True, False]


async def test_past_three_that_wait_a_question_is_refused(talk: Talk) -> None:
    """One polite sentence, told once to the same person, and no row in the journal."""
    talk.model.otherwise = (2.0, "Done.")

    await asyncio.gather(*(talk.says(str(number)) for number in range(6)))

    assert len(talk.model.streams) == 4
    assert talk.discord.screen().count(say("queue-full", "en-US", waiting=3)) == 1
    assert len(talk.store.replies()) == 4
    assert talk.conversation.counts.refused == 2


async def test_a_refused_question_takes_no_place_in_line(talk: Talk) -> None:
    """Its sentence may take seconds to send, and nobody waits for that."""
    await talk.says("Hi")
    talk.model.otherwise = (4.0, "Done.")
    tasks = [talk.begin(talk.ask(str(number))) for number in range(4)]
    await asyncio.sleep(0.5)
    talk.discord.fails("create", Slow(30.0))
    tasks.append(talk.begin(talk.ask("refused")))
    await asyncio.sleep(4.5)
    tasks.append(talk.begin(talk.ask("welcome")))
    await asyncio.gather(*tasks)

    assert talk.conversation.counts.refused == 1
    assert talk.model.streams[-1].question == "Ada: welcome"


# Admission --------------------------------------------------------------------------------------------------


async def test_a_spent_quota_is_told_with_its_time() -> None:
    """The operator's money has a limit for each person."""
    talk = Talk(rules=Rules(questions_per_user_hour=2))
    for _ in range(3):
        await talk.says("Hi")
    await talk.says("Hi", author=BOB)

    assert len(talk.model.streams) == 3
    assert f"<t:{int(EPOCH_S) + 3601}:R>" in talk.discord.screen()[2]


async def test_a_burst_over_many_channels_cannot_pass_the_quota() -> None:
    """Questions of one person are counted one after the other, wherever they come from."""
    talk = Talk(rules=Rules(questions_per_user_hour=2))

    await asyncio.gather(*(talk.says("Hi", place=Place(number, 5)) for number in range(10)))

    assert len(talk.model.streams) == 2
    assert talk.conversation.counts.refused == 8


async def test_strangers_are_refused_in_direct_messages() -> None:
    """Membership of an allowed guild vouches for a person."""
    talk = Talk(rules=Rules(allowed_guilds=frozenset({5})))
    talk.members.members = {ADA.id}
    direct = Place(CHANNEL_ID)

    await talk.says("Hi", place=direct)
    await talk.says("Hi", place=direct, author=BOB)
    await talk.says("Hi", place=Place(CHANNEL_ID, 6))

    assert len(talk.model.streams) == 1
    assert talk.discord.screen()[1:] == [say("dm-not-allowed", "en-US"), say("guild-not-allowed", "en-US")]


async def test_slow_admissions_keep_the_order_of_arrival() -> None:
    """Recall goes by the journal's ids: one claimed out of turn would lack the answer before it."""
    talk = Talk(rules=Rules(allowed_guilds=frozenset({5})))
    talk.members.members = {ADA.id, BOB.id}
    talk.members.takes_s = 2.0
    direct = Place(CHANNEL_ID)
    first = talk.begin(talk.ask("one", place=direct))
    await asyncio.sleep(0.1)
    talk.members.takes_s = 0.0

    await talk.says("two", place=direct, author=BOB)
    await first

    assert [stream.question for stream in talk.model.streams] == ["Ada: one", "Bob: two"]
    assert len(talk.model.streams[1].messages) == 3


# When Reka fails --------------------------------------------------------------------------------------------


async def test_an_answer_that_broke_off_can_be_asked_again(talk: Talk) -> None:
    """The good answer takes the broken one's place, on screen and in memory."""
    talk.model.answers("Once", 1.0, RekaConnectionError("cut"))
    ask = talk.ask("A story")
    await talk.answer(ask)
    stored = await talk.reply_to(ask)
    assert stored.state is ReplyState.BROKEN
    assert [offer.reply_id for (offer,) in talk.discord.offers.values()] == [stored.reply_id]
    assert [turn.complete for turn in talk.turns()] == [True, False]

    talk.model.answers("Once upon a time.")
    assert await talk.again(stored) is None

    assert talk.discord.screen() == ["Once upon a time."]
    assert talk.discord.offers == {}
    assert talk.remembered() == ["A story", "Once upon a time."]
    assert (await talk.reply_to(ask)).state is ReplyState.ENDED


async def test_a_shorter_answer_that_removes_a_message_does_not_end_itself(talk: Talk) -> None:
    """Discord tells of our own deletions as it tells of a person's."""
    talk.model.answers("word " * 500, RekaConnectionError("cut"))
    ask = talk.ask("A story")
    await talk.answer(ask)
    stored = await talk.reply_to(ask)
    assert len(stored.messages) == 2
    talk.model.answers("Short.")
    talk.discord.fails("delete", Slow(0.1, back_s=2.0))
    again = asyncio.create_task(talk.again(stored))
    await until(lambda: len(talk.discord.messages) == 1, every_s=0.05)

    await talk.conversation.memory.message_deleted(CHANNEL_ID, stored.messages[1].message_id)
    await again

    assert talk.discord.screen() == ["Short."]
    assert talk.remembered() == ["A story", "Short."]
    now = await talk.reply_to(ask)
    assert (now.state, now.messages) == (ReplyState.ENDED, stored.messages[:1])


async def test_asking_again_leaves_out_what_was_said_after(talk: Talk) -> None:
    """The model answers the question where it stood."""
    await talk.says("before")
    talk.model.answers(RekaAuthError("no"))
    broken = talk.ask("broken")
    await talk.answer(broken)
    await talk.says("after")

    await talk.again(await talk.reply_to(broken))

    said = [words_of(message) for message in talk.model.streams[-1].messages]
    assert said == ["Ada: before", "Fine.", "Ada: broken"]


async def test_of_two_who_ask_again_one_is_told_that_it_runs(talk: Talk) -> None:
    """Two people may press the button at once."""
    talk.model.answers(RekaAuthError("no"))
    ask = talk.ask("Hi")
    await talk.answer(ask)
    stored = await talk.reply_to(ask)

    told = await asyncio.gather(talk.again(stored), talk.again(stored, BOB), talk.again(stored))

    assert sorted(told, key=str) == [None, "again-running", "again-running"]
    assert len(talk.model.streams) == 2


async def test_asking_again_is_refused_where_asking_is() -> None:
    """A queue, a quota and a restart hold for buttons, too."""
    talk = Talk(rules=Rules(questions_per_user_hour=2))
    talk.model.answers(RekaAuthError("no"))
    ask = talk.ask("Hi")
    await talk.answer(ask)
    stored = await talk.reply_to(ask)
    await talk.says("Hi")
    assert await talk.again(stored) == "quota-spent"

    talk.model.otherwise = (2.0, "Done.")
    tasks = [talk.begin(talk.ask("Hi", author=replace(BOB, id=10 + number))) for number in range(4)]
    await asyncio.sleep(0.1)
    assert await talk.again(stored, BOB) == "queue-full"
    await asyncio.gather(*tasks)

    await talk.conversation.drain(0.0)
    assert await talk.again(stored, BOB) == "restarting"
    assert (await talk.reply_to(ask)).state is ReplyState.BROKEN


async def test_a_forgotten_question_cannot_be_asked_again(talk: Talk) -> None:
    """What was forgotten is gone, for the button as well."""
    talk.model.answers(RekaAuthError("no"))
    ask = talk.ask("Hi")
    await talk.answer(ask)
    await talk.conversation.memory.forget(PLACE)

    assert await talk.again(await talk.reply_to(ask)) == "again-forgotten"


async def test_an_answer_that_is_too_long_has_ended(talk: Talk) -> None:
    """Trying again would end in the same way; going on would not."""
    talk = Talk(limits=Limits(answer_chars=10))
    talk.model.answers("x" * 20)
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert (await talk.reply_to(ask)).state is ReplyState.ENDED
    assert [offer.kind for (offer,) in talk.discord.offers.values()] == [OfferKind.GO_ON]


async def test_the_unexpected_is_told_and_can_be_tried_again(talk: Talk) -> None:
    """A bug of ours must not look like silence."""
    talk.model.answers("Half of", 1.0, KeyError("bug"))
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert talk.discord.screen() == [f"Half of\n\n-# {say('unexpected', 'en-US')}"]
    assert len(talk.discord.offers) == 1
    assert (await talk.reply_to(ask)).state is ReplyState.BROKEN
    assert talk.conversation.counts.unexpected == 1
    assert await talk.settle() == 0


# When Discord fails -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [403, 404])
async def test_an_answer_that_nobody_can_see_is_dropped(talk: Talk, code: int) -> None:
    """No repeats, one line in the log, and the stream upstream ends."""
    talk.model.answers("Hello", 60.0, "Hello again")
    talk.discord.fails("create", Status(code))
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED
    assert talk.model.streams[0].closed_early
    assert talk.discord.statuses("create") == [code]
    assert talk.conversation.counts.dropped == 1


async def test_an_answer_that_could_not_be_shown_whole_is_left_to_repair(talk: Talk) -> None:
    """The row stays open: what stands on screen is not its end."""
    talk.model.answers("Hello", 1.0, "Hello Ada")
    talk.discord.fails("edit", *[Status(503)] * 1_000)
    ask = talk.ask("Hi")

    await talk.answer(ask)

    assert (await talk.reply_to(ask)).state is ReplyState.CLAIMED
    assert talk.conversation.counts.broken == 1
    assert talk.conversation.counts.answered == 0
    assert talk.remembered() == ["Hi", "Hello Ada"]


async def test_a_refusal_that_cannot_be_said_harms_nothing(talk: Talk) -> None:
    """Where we may not write there is nobody to tell."""
    await talk.conversation.drain(0.0)
    talk.discord.fails("create", Status(403))

    await talk.says("Hi")

    assert talk.discord.screen() == []


# Deletions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.12, 0.4, 1.0, 2.0, 3.05])
async def test_deleting_the_question_stops_and_removes_its_answer(talk: Talk, after_s: float) -> None:
    """At any instant: nobody asks any more, and nothing of it stays."""
    talk.model.answers("One", 1.0, "One two", 2.0, "One two three")
    ask = talk.ask("Count!")
    task = talk.begin(ask)
    await asyncio.sleep(after_s)
    assert ask.question is not None

    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    await task
    await asyncio.sleep(30.0)

    assert talk.discord.screen() == []
    assert talk.remembered() == []
    assert all(stream.ended for stream in talk.model.streams)
    assert [reply.state for reply in talk.store.replies()] in ([], [ReplyState.DROPPED])
    assert talk.conversation.in_flight == 0
    assert await talk.settle() == 0


@settings(max_examples=80, deadline=None)
@given(
    deletions=st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 9.0), st.booleans()), max_size=4),
    drained_at=st.one_of(st.none(), st.floats(0.0, 12.0)),
    faults=st.lists(
        st.sampled_from([Lost(took_effect=True), Status(500, took_effect=True), Slow(0.3, 0.3)]), max_size=3
    ),
)
def test_whatever_is_deleted_whenever_the_rest_is_answered_in_order(
    deletions: list[tuple[int, float, bool]], drained_at: float | None, faults: list[Lost | Status | Slow]
) -> None:
    """No instant is safe from a person with a mouse: nothing may hang, stay behind or come twice."""

    async def main() -> None:
        talk = Talk()
        talk.model.otherwise = ("One", 1.0, "One two", 1.0, "One two three")
        talk.discord.fails("create", *faults)
        asks = [talk.ask(str(number)) for number in range(4)]
        tasks = [talk.begin(ask) for ask in asks]

        async def delete(number: int, at_s: float, whole_question: bool) -> None:
            await asyncio.sleep(at_s)
            ref = asks[number].question
            if not whole_question:
                known = [reply for reply in talk.store.replies() if reply.event_id == asks[number].event_id]
                ref = known[0].messages[0] if known and known[0].messages else None
            if ref is not None:
                talk.discord.remove(ref.message_id)
                await talk.conversation.memory.message_deleted(ref.channel_id, ref.message_id)

        tasks += [asyncio.create_task(delete(*deletion)) for deletion in deletions]
        if drained_at is not None:
            await asyncio.sleep(drained_at)
            await talk.conversation.drain(1.0)
        await asyncio.gather(*tasks)
        await asyncio.sleep(60.0)

        assert talk.conversation.in_flight == 0
        assert await talk.settle() == 0
        assert 429 not in talk.discord.statuses()
        questions = [stream.question for stream in talk.model.streams]
        assert questions == sorted(set(questions))
        standing = {ref.message_id for reply in talk.store.replies() for ref in reply.messages}
        unknown = [text for number, text in talk.discord.messages.items() if number not in standing]
        # A create that Discord answered with errors until the process ended: repair looks for it by its nonce.
        for_repair = sum(reply.state is ReplyState.CLAIMED for reply in talk.store.replies())
        assert len([text for text in unknown if text != say("restarting", "en-US")]) <= for_repair
        assert drained_at is not None or for_repair == 0
        touched = {number for number, _, _ in deletions}
        for number, ask in enumerate(asks):
            if number not in touched and drained_at is None:
                assert (await talk.reply_to(ask)).state is ReplyState.ENDED

    run_virtually(main())


async def test_a_question_deleted_in_the_same_instant_is_never_begun(talk: Talk) -> None:
    """Discord hands both events over in one batch; the task has not made its first step yet."""
    ask = talk.ask("Oops")
    task = talk.begin(ask)
    await asyncio.sleep(0)
    assert talk.conversation.in_flight == 1
    assert ask.question is not None

    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    await task

    assert talk.model.streams == []
    assert talk.store.replies() == []


async def test_a_retry_deleted_in_the_same_instant_leaves_no_open_row(talk: Talk) -> None:
    """It is claimed before its task begins, and nobody else would close it."""
    talk.model.answers(RekaAuthError("no"))
    ask = talk.ask("Hi")
    await talk.answer(ask)
    task = asyncio.create_task(talk.again(await talk.reply_to(ask)))
    await until(lambda: talk.conversation.in_flight == 1)

    assert ask.question is not None
    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    await task

    assert len(talk.model.streams) == 1
    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED


async def test_a_question_deleted_while_it_waits_is_not_answered(talk: Talk) -> None:
    """And those behind it move up."""
    talk.model.otherwise = (2.0, "Done.")
    asks = [talk.ask(str(number)) for number in range(3)]
    tasks = [talk.begin(ask) for ask in asks]
    await asyncio.sleep(1.0)

    assert asks[1].question is not None
    await talk.conversation.memory.message_deleted(CHANNEL_ID, asks[1].question.message_id)
    await asyncio.gather(*tasks)

    assert [stream.question for stream in talk.model.streams] == ["Ada: 0", "Ada: 2"]
    assert talk.remembered() == ["0", "Done.", "2", "Done."]
    assert (await talk.reply_to(asks[1])).state is ReplyState.DROPPED


@pytest.mark.parametrize("after_s", [0.5, 2.0, 3.0, 3.01, 3.06])
async def test_deleting_the_growing_message_ends_the_stream_and_says_nothing(
    talk: Talk, after_s: float
) -> None:
    """It is a way to say stop; and what was deleted is not remembered."""
    talk.model.answers("One", 1.0, "One two", 2.0, "One two three")
    ask = talk.ask("Count!")
    task = talk.begin(ask)
    await asyncio.sleep(after_s)
    (message_id,) = talk.discord.messages
    talk.discord.remove(message_id)

    await talk.conversation.memory.message_deleted(CHANNEL_ID, message_id)
    await task

    assert talk.discord.screen() == []
    assert talk.remembered() == ["Count!"]
    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED
    assert await talk.settle() == 0


async def test_deleting_the_question_afterwards_forgets_both(talk: Talk) -> None:
    """The answer stays on screen: it was read, and is nobody's growing message."""
    ask = talk.ask("Hi")
    await talk.answer(ask)

    assert ask.question is not None
    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)

    assert talk.discord.screen() == ["Fine."]
    assert talk.remembered() == []


async def test_a_message_that_cannot_be_removed_is_logged_and_left(talk: Talk) -> None:
    """Permissions may change while an answer grows."""
    talk.model.answers("One", 5.0, "One two")
    talk.discord.fails("delete", Status(403))
    ask = talk.ask("Count!")
    task = talk.begin(ask)
    await asyncio.sleep(1.0)

    assert ask.question is not None
    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    await task

    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED


async def test_a_question_deleted_during_the_apology_takes_it_along(talk: Talk) -> None:
    """Also what goes wrong belongs to its question."""
    talk.model.answers("Half", 1.0, KeyError("bug"))
    ask = talk.ask("Hi")
    task = talk.begin(ask)
    await asyncio.sleep(1.0)
    talk.discord.fails("edit", Slow(5.0), Slow(5.0))
    await asyncio.sleep(1.0)
    assert talk.conversation.counts.unexpected == 1

    assert ask.question is not None
    await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    await task
    await asyncio.sleep(30.0)

    assert talk.discord.screen() == []
    assert (await talk.reply_to(ask)).state is ReplyState.DROPPED


async def test_a_deleted_channel_ends_what_is_under_way_in_it(talk: Talk) -> None:
    """Private exchanges in it, too; those elsewhere go on."""
    talk.model.otherwise = ("Well", 5.0, "Well.")
    here = [PLACE, replace(PLACE, private_to=ADA.id)]
    there = Place(CHANNEL_ID + 1, 5)
    tasks = [talk.begin(talk.ask("Hi", place=place)) for place in [*here, there]]
    await asyncio.sleep(1.0)

    await talk.conversation.memory.channel_gone(CHANNEL_ID)
    await asyncio.gather(*tasks)

    assert [talk.remembered(place) for place in here] == [[], []]
    assert talk.remembered(there) == ["Hi", "Well."]


async def test_leaving_a_guild_ends_and_forgets_all_of_it(talk: Talk) -> None:
    """Discord wants the data gone, and so do its people."""
    talk.model.otherwise = ("Well", 5.0, "Well.")
    task = talk.begin(talk.ask("Hi"))
    await asyncio.sleep(1.0)

    await talk.conversation.memory.guild_gone(5)
    await task

    assert talk.remembered() == []
    assert talk.conversation.counts.dropped == 1


async def test_an_edited_question_is_remembered_as_it_stands(talk: Talk) -> None:
    """Memory shows what the channel shows."""
    ask = talk.ask("Hi")
    await talk.answer(ask)

    assert ask.question is not None
    await talk.conversation.memory.message_edited(
        CHANNEL_ID, ask.question.message_id, "Hello", quoted="Hello"
    )

    assert talk.remembered() == ["Hello", "Fine."]


async def test_a_withheld_message_is_forgotten(talk: Talk) -> None:
    """An edit may take away the mention that let us read it."""
    ask = talk.ask("Hi")
    await talk.answer(ask)

    assert ask.question is not None
    await talk.conversation.memory.message_withheld(CHANNEL_ID, ask.question.message_id)

    assert talk.remembered() == []


async def test_a_reset_in_the_middle_of_an_answer_forgets_it_as_well(talk: Talk) -> None:
    """The answer goes on on screen; an answer without its question is no memory."""
    talk.model.answers("Well", 2.0, "Well.")
    task = talk.begin(talk.ask("Hi"))
    await asyncio.sleep(1.0)

    assert await talk.conversation.memory.forget(PLACE) == 1
    await task

    assert talk.discord.screen() == ["Well."]
    assert talk.remembered() == []


# The end of the process -------------------------------------------------------------------------------------


async def test_draining_lets_answers_end(talk: Talk) -> None:
    """A restart is no reason to break a sentence off."""
    talk.model.answers("Well", 5.0, "Well.")
    task = talk.begin(talk.ask("Hi"))
    await asyncio.sleep(1.0)

    await talk.conversation.drain(20.0)
    await task

    assert talk.discord.screen() == ["Well."]
    assert now_s() < 6.0
    assert await talk.settle() == 0


async def test_draining_ends_the_rest_with_a_note_and_a_button(talk: Talk) -> None:
    """Those that wait in line as well: each was promised an answer."""
    talk.model.otherwise = ("Well", 60.0, "Well.")
    asks = [talk.ask(str(number)) for number in range(4)]
    tasks = [talk.begin(ask) for ask in asks]
    await asyncio.sleep(1.0)

    await talk.conversation.drain(2.0)
    await asyncio.gather(*tasks)

    note = f"-# {say('note-restarted', 'en-US')}"
    assert talk.discord.screen() == [f"Well\n\n{note}", note, note, note]
    assert len(talk.discord.offers) == 4
    assert {reply.state for reply in talk.store.replies()} == {ReplyState.BROKEN}
    assert len(talk.model.streams) == 1
    assert now_s() < 5.0
    assert await talk.settle() == 0


async def test_draining_does_not_label_an_answer_that_has_ended(talk: Talk) -> None:
    """Only its last edit was still on its way."""
    talk.model.answers("Well", 1.0, "Well.")
    talk.discord.fails("edit", Slow(3.0))
    ask = talk.ask("Hi")
    task = talk.begin(ask)
    await asyncio.sleep(1.5)

    await talk.conversation.drain(0.0)
    await task

    assert talk.discord.screen() == ["Well."]
    assert (await talk.reply_to(ask)).state is ReplyState.ENDED


async def test_draining_takes_no_more_questions(talk: Talk) -> None:
    """Whoever asks now is told to ask again in a minute."""
    await talk.conversation.drain(0.0)

    await talk.says("Hi")

    assert talk.discord.screen() == [say("restarting", "en-US")]
    assert talk.store.replies() == []


async def test_draining_leaves_what_does_not_end_to_the_next_process(talk: Talk) -> None:
    """The journal's row stays open, and repair finds it."""
    gate = asyncio.Event()

    async def read(_limit_bytes: int) -> bytes:
        await gate.wait()
        return png()

    ask = talk.ask("Look!", files=(IncomingFile("a.png", 1, read),))
    task = talk.begin(ask)
    await asyncio.sleep(1.0)

    await talk.conversation.drain(1.0, farewell_s=2.0)
    await task

    assert now_s() < 5.0
    assert (await talk.reply_to(ask)).state is ReplyState.CLAIMED
    assert await talk.settle() == 0


async def test_draining_does_not_wait_for_a_removal_that_hangs(talk: Talk) -> None:
    """Discord may be down while the process is told to end."""
    talk.model.answers("One", 60.0, "One two")
    talk.discord.fails("delete", *[Lost(took_effect=False)] * 1_000)
    ask = talk.ask("Count!")
    task = talk.begin(ask)
    await asyncio.sleep(1.0)
    assert ask.question is not None
    deletion = asyncio.create_task(
        talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)
    )
    await asyncio.sleep(1.0)

    await talk.conversation.drain(1.0)
    await asyncio.wait({task, deletion})

    assert now_s() < 20.0
    assert talk.remembered() == []


async def test_a_caller_that_is_cancelled_leaves_the_answer_to_its_owner(talk: Talk) -> None:
    """An event handler may end before the answer does."""
    talk.model.answers("Well", 2.0, "Well.")
    task = talk.begin(talk.ask("Hi"))
    await asyncio.sleep(1.0)

    task.cancel()
    await asyncio.sleep(5.0)

    assert talk.discord.screen() == ["Well."]
    assert talk.conversation.in_flight == 0


async def test_old_turns_past_the_budget_stay_behind() -> None:
    """What does not fit is left out, oldest first."""
    talk = Talk(budget=Budget(turns=2))
    for number in range(3):
        await talk.says(str(number))

    assert len(talk.model.streams[-1].messages) == 3
    assert talk.turns()[0] == Turn("user", "0", "Ada")
