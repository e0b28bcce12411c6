"""What History promises, held by every implementation and by the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conversation.model import Author, MessageRef, Place, Quote, ReplyState, Turn
from tests.contract.stores import CHANNEL, IMPLEMENTATIONS, Store, ask, picture

LATER = 1_000_000


@pytest.fixture(params=IMPLEMENTATIONS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


async def _exchange(store: Store, event_id: int, *, place: Place = CHANNEL, question_id: int = 0) -> int:
    asked = ask(event_id, f"question {event_id}", place=place, question_id=question_id or event_id)
    reply_id = await store.claimed(asked)
    await store.history.remember(reply_id, f"answer {event_id}", complete=True)
    return reply_id


async def _texts(store: Store, place: Place = CHANNEL, *, limit: int = 100) -> list[str]:
    return [turn.text for turn in await store.history.turns_before(place, LATER, limit=limit)]


async def test_a_turn_comes_back_as_it_was_said(store: Store) -> None:
    """The model reads these words; who spoke and whether the answer was whole belong to them."""
    reply_id = await store.claimed(ask(1, "Wer bin ich? 👩‍🚀 שלום", author=Author(7, "Ada ✨")))
    await store.history.remember(reply_id, "You are", complete=False)

    assert await store.history.turns_before(CHANNEL, LATER, limit=10) == [
        Turn("user", "Wer bin ich? 👩‍🚀 שלום", author_name="Ada ✨", reply_id=reply_id),
        Turn("assistant", "You are", complete=False, reply_id=reply_id),
    ]


async def test_turns_are_the_newest_and_come_oldest_first(store: Store) -> None:
    """The model's budget is for what was said last, in the order in which it was said."""
    for event_id in (1, 2, 3):
        await _exchange(store, event_id)

    assert await _texts(store, limit=3) == ["answer 2", "question 3", "answer 3"]
    assert await _texts(store, limit=0) == []


async def test_turns_before_a_reply_leave_it_and_later_ones_out(store: Store) -> None:
    """A question that waited must not see the answer to one that came after it, nor itself."""
    first = await _exchange(store, 1)
    second = await _exchange(store, 2)
    await _exchange(store, 3)

    found = await store.history.turns_before(CHANNEL, second, limit=10)

    assert [turn.reply_id for turn in found] == [first, first]


async def test_an_answer_written_late_stays_beside_its_question(store: Store) -> None:
    """Try again writes an old answer anew; the conversation must not be reordered by it."""
    first = await _exchange(store, 1)
    await _exchange(store, 2)
    store.clock.at_s += 60

    await store.history.remember(first, "better", complete=True)

    assert await _texts(store) == ["question 1", "better", "question 2", "answer 2"]


async def test_places_do_not_hear_each_other(store: Store) -> None:
    """What is said in private, or in another channel, is not for this one."""
    private = Place(100, 1, private_to=7)
    others_private = Place(100, 1, private_to=8)
    for event_id, place in enumerate((CHANNEL, private, others_private, Place(101, 1)), start=1):
        await _exchange(store, event_id, place=place)

    assert await _texts(store) == ["question 1", "answer 1"]
    assert await _texts(store, private) == ["question 2", "answer 2"]
    assert await _texts(store, others_private) == ["question 3", "answer 3"]


async def test_a_channel_is_the_same_with_and_without_its_guild(store: Store) -> None:
    """Some events name a channel without its guild, and its id is unique anyway."""
    await _exchange(store, 1)

    assert await _texts(store, Place(channel_id=100)) == ["question 1", "answer 1"]


async def test_a_question_is_found_by_its_reply(store: Store) -> None:
    """Try again asks it once more, with its pictures."""
    reply_id = await store.claimed(ask(1, "What is this?"))
    await store.history.add_pictures(reply_id, [picture("cat.png")])

    found = await store.history.question(reply_id)

    assert found == Turn("user", "What is this?", "Ada", (picture("cat.png"),), reply_id=reply_id)
    assert await store.history.question(reply_id + 1) is None


async def test_pictures_stay_in_order_and_with_their_turn(store: Store) -> None:
    """The next question may speak of "the second picture"."""
    first = await store.claimed(ask(1))
    second = await store.claimed(ask(2))
    await store.history.add_pictures(first, [picture("b.png", b"\0\xff" * 500), picture("a.png", b"")])
    await store.history.add_pictures(first, [picture("c.png")])
    await store.history.add_pictures(second, [picture("d.png")])
    await store.history.add_pictures(second, [])

    turns = await store.history.turns_before(CHANNEL, LATER, limit=10)

    assert [[each.filename for each in turn.pictures] for turn in turns] == [
        ["b.png", "a.png", "c.png"],
        ["d.png"],
    ]
    assert turns[0].pictures[0] == picture("b.png", b"\0\xff" * 500)


async def test_pictures_and_answers_for_a_forgotten_question_are_dropped(store: Store) -> None:
    """Somebody said /reset while the answer was being written: it must not come back."""
    reply_id = await _exchange(store, 1)
    await store.history.forget(CHANNEL)

    await store.history.add_pictures(reply_id, [picture("cat.png")])
    await store.history.remember(reply_id, "late", complete=True)
    await store.history.remember(LATER, "nobody asked", complete=True)

    assert await _texts(store) == []
    assert await store.history.question(reply_id) is None


async def test_forgetting_a_place_counts_and_spares_the_others(store: Store) -> None:
    """/reset is for this conversation alone, and says how much it forgot."""
    private = Place(100, 1, private_to=7)
    await _exchange(store, 1)
    await _exchange(store, 2, place=private)
    await store.claimed(ask(3))

    assert await store.history.forget(CHANNEL) == 3
    assert await store.history.forget(CHANNEL) == 0
    assert await _texts(store, private) == ["question 2", "answer 2"]


async def test_a_deleted_question_takes_its_answer_along(store: Store) -> None:
    """Who deletes a question does not want it answered, nor kept."""
    await _exchange(store, 1, question_id=501)
    await _exchange(store, 2, question_id=502)

    assert await store.history.forget_message(100, 501) == 2
    assert await store.history.forget_message(100, 999) == 0
    assert await store.history.forget_message(101, 502) == 0
    assert await _texts(store) == ["question 2", "answer 2"]


async def test_a_deleted_page_takes_the_answer_alone(store: Store) -> None:
    """The question still stands in the channel; half an answer is none."""
    reply_id = await _exchange(store, 1, question_id=501)
    await store.journal.posted(reply_id, 0, MessageRef(100, 601))
    await store.journal.posted(reply_id, 1, MessageRef(100, 602))

    assert await store.history.forget_message(100, 602) == 1
    assert await _texts(store) == ["question 1"]


async def _refers(store: Store, event_id: int, message_id: int, *, place: Place = CHANNEL) -> int:
    """A question of Ada's about a message of Bob's, with a picture of each of them, and its answer."""
    quote = Quote("Bob", "my word is rose", message_id=message_id)
    reply_id = await store.claimed(ask(event_id, "Really?", place=place, question_id=event_id, quote=quote))
    await store.history.add_pictures(reply_id, [picture("ada.png"), picture("bob.png", quoted=True)])
    await store.history.remember(reply_id, "Rose.", complete=True)
    return reply_id


async def _question(store: Store, reply_id: int) -> Turn:
    found = await store.history.question(reply_id)
    assert found is not None
    return found


async def test_a_deleted_message_leaves_the_quotes_of_it(store: Store) -> None:
    """Its author took it back: neither words nor pictures of it may go to the model again."""
    private = Place(100, 1, private_to=7)
    open_id = await _refers(store, 501, 401)
    private_id = await _refers(store, 502, 401, place=private)

    assert await store.history.forget_message(100, 401) == 0
    for reply_id in (open_id, private_id):
        asked = await _question(store, reply_id)
        assert asked == Turn("user", "Really?", "Ada", (picture("ada.png"),), reply_id=reply_id)
    assert await _texts(store) == ["Really?", "Rose."]


async def test_quotes_of_other_messages_stay(store: Store) -> None:
    """An id is looked for in its channel: another channel's event is about another message."""
    kept = await _refers(store, 501, 401)
    elsewhere = await _refers(store, 502, 402, place=Place(101, 1))

    assert await store.history.forget_message(100, 402) == 0
    assert await store.history.forget_message(101, 401) == 0
    for reply_id in (kept, elsewhere):
        asked = await _question(store, reply_id)
        assert asked.quote is not None
        assert asked.quote.text == "my word is rose"
        assert [each.filename for each in asked.pictures] == ["ada.png", "bob.png"]


async def test_a_deleted_question_leaves_the_quotes_of_it(store: Store) -> None:
    """It was a turn of its own, and somebody else referred to it."""
    await _exchange(store, 1, question_id=401)
    reply_id = await _refers(store, 501, 401)

    assert await store.history.forget_message(100, 401) == 2
    assert (await _question(store, reply_id)).quote is None


async def test_quoted_pictures_that_come_after_the_deletion_are_dropped(store: Store) -> None:
    """A download may end after the message is gone; the asker's own picture is none of that."""
    quote = Quote("Bob", "look", message_id=401)
    reply_id = await store.claimed(ask(501, question_id=501, quote=quote))
    await store.history.forget_message(100, 401)

    await store.history.add_pictures(reply_id, [picture("bob.png", quoted=True), picture("ada.png")])

    assert (await _question(store, reply_id)).pictures == (picture("ada.png"),)


async def test_pictures_go_on_after_quoted_ones_were_forgotten(store: Store) -> None:
    """Whatever was taken from the middle, the next one has a place."""
    quote = Quote("Bob", "look", message_id=401)
    reply_id = await store.claimed(ask(501, question_id=501, quote=quote))
    await store.history.add_pictures(reply_id, [picture("bob.png", quoted=True), picture("ada.png")])
    await store.history.forget_message(100, 401)

    await store.history.add_pictures(reply_id, [picture("more.png")])

    assert (await _question(store, reply_id)).pictures == (picture("ada.png"), picture("more.png"))


async def test_a_quote_follows_the_message_as_it_is_edited(store: Store) -> None:
    """The words that were there before are taken back as well."""
    reply_id = await _refers(store, 501, 401)
    own_id = await _exchange(store, 1, question_id=401)

    assert await store.history.revise(100, 401, "peo\0ny", quoted="@Reka peo\0ny")

    assert (await _question(store, reply_id)).quote == Quote("Bob", "@Reka peony", message_id=401)
    assert (await _question(store, reply_id)).text == "Really?"
    assert (await _question(store, own_id)).text == "peony"


async def test_a_quote_takes_the_text_where_no_other_words_are_given(store: Store) -> None:
    """Most messages read the same in both places; a message that nobody asked with may be quoted, too."""
    reply_id = await _refers(store, 501, 401)

    assert await store.history.revise(100, 401, "peony")
    assert not await store.history.revise(101, 401, "elsewhere")
    assert (await _question(store, reply_id)).quote == Quote("Bob", "peony", message_id=401)


async def test_a_forgotten_quote_does_not_come_back_with_an_edit(store: Store) -> None:
    """Events of one message may come in any order."""
    reply_id = await _refers(store, 501, 401)
    await store.history.forget_message(100, 401)

    assert not await store.history.revise(100, 401, "peony")
    assert (await _question(store, reply_id)).quote is None


async def test_forgetting_a_channel_forgets_its_private_places(store: Store) -> None:
    """The channel is gone for everybody."""
    await _exchange(store, 1)
    await _exchange(store, 2, place=Place(100, 1, private_to=7))
    await _exchange(store, 3, place=Place(101, 1))

    assert await store.history.forget_channel(100) == 4
    assert await _texts(store, Place(101, 1)) == ["question 3", "answer 3"]


async def test_forgetting_a_guild_spares_direct_messages(store: Store) -> None:
    """The bot was removed from the guild; a person's own talk with it is another matter."""
    await _exchange(store, 1)
    await _exchange(store, 2, place=Place(101, 1))
    await _exchange(store, 3, place=Place(102, None))

    assert await store.history.forget_guild(1) == 4
    assert await _texts(store, Place(102)) == ["question 3", "answer 3"]


async def test_pictures_are_forgotten_with_their_turn(store: Store) -> None:
    """The same event id may be claimed again only after a purge, and must not find old pictures."""
    reply_id = await store.claimed(ask(1))
    await store.history.add_pictures(reply_id, [picture("secret.png")])
    await store.history.forget(CHANNEL)
    await store.claimed(ask(2))

    turns = await store.history.turns_before(CHANNEL, LATER, limit=10)

    assert [turn.pictures for turn in turns] == [()]


async def test_an_edited_question_is_revised_in_place(store: Store) -> None:
    """People fix typing errors; the memory follows what the channel shows."""
    reply_id = await _exchange(store, 1, question_id=501)
    await store.history.add_pictures(reply_id, [picture("cat.png")])

    assert await store.history.revise(100, 501, "mended")
    assert await _texts(store) == ["mended", "answer 1"]
    question = await store.history.question(reply_id)
    assert question is not None
    assert question.pictures == (picture("cat.png"),)


async def test_revising_what_is_not_remembered_says_so(store: Store) -> None:
    """An edit of any other message must change nothing, and a forgotten question stays forgotten."""
    await _exchange(store, 1, question_id=501)

    assert not await store.history.revise(100, 999, "other")
    assert not await store.history.revise(101, 501, "other channel")
    await store.history.forget(CHANNEL)
    assert not await store.history.revise(100, 501, "forgotten")


async def test_a_purge_forgets_what_is_older_alone(store: Store) -> None:
    """HISTORY_DAYS is a promise to people about how long their words are kept."""
    old = await _exchange(store, 1)
    await store.history.add_pictures(old, [picture("old.png")])
    await store.journal.finish(old, ReplyState.ENDED)
    store.clock.at_s += 100
    new = await _exchange(store, 2)

    assert await store.history.purge(before_s=store.clock.at_s) == 2
    assert await _texts(store) == ["question 2", "answer 2"]
    assert await store.journal.find(old) is None
    assert await store.journal.find(new) is not None
    assert len(await store.journal.asked_since(7, 0)) == 1


async def test_a_purge_keeps_the_reply_of_a_turn_that_is_kept(store: Store) -> None:
    """An answer that was tried again lately still needs to be found by its message."""
    reply_id = await store.claimed(ask(1))
    store.clock.at_s += 100
    await store.history.remember(reply_id, "late answer", complete=True)

    assert await store.history.purge(before_s=store.clock.at_s) == 1
    assert await store.journal.find(reply_id) is not None
    assert await _texts(store) == ["late answer"]


async def test_ids_are_never_given_out_again(store: Store) -> None:
    """Replies of a place are ordered by their ids; a purge must not turn time back."""
    first = await _exchange(store, 1)
    store.clock.at_s += 100
    await store.history.purge(before_s=store.clock.at_s)

    assert await _exchange(store, 1) > first


async def test_text_that_no_database_takes_is_made_storable(store: Store) -> None:
    """Models and people send anything; an answer must not be lost for one character of it."""
    reply_id = await store.claimed(ask(1, "a\0b \ud800 c \ud83d\ude00", author=Author(7, "A\0da\udfff")))
    await store.history.add_pictures(reply_id, [picture("c\0at\udc00.png")])
    await store.history.remember(reply_id, "\0\ud83d", complete=True)

    question, answer = await store.history.turns_before(CHANNEL, LATER, limit=10)

    assert question.text == "ab \ufffd c 😀"
    assert question.author_name == "Ada\ufffd"
    assert question.pictures[0].filename == "cat\ufffd.png"
    assert answer.text == "\ufffd"


async def test_many_answers_at_once_are_all_written(store: Store) -> None:
    """A busy evening: hundreds of channels write at the same moment, and others read meanwhile."""
    places = [Place(1000 + number) for number in range(40)]
    ids = [await store.claimed(ask(number, place=place)) for number, place in enumerate(places)]

    await asyncio.gather(
        *(store.history.remember(reply_id, f"answer {reply_id}", complete=True) for reply_id in ids),
        *(store.history.add_pictures(reply_id, [picture("cat.png")]) for reply_id in ids),
        *(store.history.turns_before(place, LATER, limit=40) for place in places),
    )

    for place, reply_id in zip(places, ids, strict=True):
        assert (await _texts(store, place))[1] == f"answer {reply_id}"
