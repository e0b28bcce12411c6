"""What ReplyJournal promises, held by every implementation and by the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from conversation.model import (
    Ask,
    Author,
    Claim,
    IncomingFile,
    MessageRef,
    Place,
    Quote,
    ReplyState,
    StoredReply,
)
from tests.contract.stores import CHANNEL, IMPLEMENTATIONS, Store, ask


@pytest.fixture(params=IMPLEMENTATIONS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


async def test_a_claim_writes_the_reply_and_its_question_together(store: Store) -> None:
    """A death right after the claim must leave what is needed to repair it."""
    place = Place(2**63 - 1, 2**62, private_to=2**61)
    asked = Ask(2**60, place, Author(2**59, "Ada"), "raw", locale="de", question=MessageRef(2**63 - 1, 5))

    claim = await store.journal.claim(asked, text="with the names made readable")

    assert claim is not None
    assert claim.attempt == 1
    question = await store.history.question(claim.reply_id)
    assert question is not None
    assert question.text == "with the names made readable"
    assert await store.journal.find(claim.reply_id) == StoredReply(
        reply_id=claim.reply_id,
        event_id=2**60,
        place=place,
        author=Author(2**59, "Ada"),
        locale="de",
        state=ReplyState.CLAIMED,
        attempt=1,
        question=MessageRef(2**63 - 1, 5),
        messages=(),
    )


async def test_a_slash_command_has_no_question_message(store: Store) -> None:
    """Nothing in the channel asks, so there is nothing to reply to or to watch."""
    reply_id = await store.claimed(ask(1))

    found = await store.journal.find(reply_id)

    assert found is not None
    assert found.question is None


async def test_a_claim_keeps_the_words_of_a_quoted_message(store: Store) -> None:
    """Trying again, and the next question, must know what the question referred to; files are kept apart."""
    unread = IncomingFile("cat.png", 3, _never_read)
    asked = replace(ask(1), quote=Quote("Bob\0", "The sky is green.", (unread,), message_id=77))

    reply_id = await store.claimed(asked)

    question = await store.history.question(reply_id)
    assert question is not None
    assert question.quote == Quote("Bob", "The sky is green.", message_id=77)


async def _never_read(_limit_bytes: int) -> bytes:
    raise AssertionError("a claim reads no file")


async def test_an_event_is_claimed_once(store: Store) -> None:
    """Discord may deliver an event twice; the second must leave no trace at all."""
    await store.claimed(ask(1, "first"))

    assert await store.journal.claim(ask(1, "second"), text="second") is None
    turns = await store.history.turns_before(CHANNEL, 1_000_000, limit=10)
    assert [turn.text for turn in turns] == ["first"]
    assert len(await store.journal.asked_since(7, 0)) == 1


async def test_of_fifty_claims_at_once_one_wins(store: Store) -> None:
    """Two workers may see the same event at the same instant; one message answers."""
    claims = await asyncio.gather(*(store.journal.claim(ask(1), text="x") for _ in range(50)))

    assert len([claim for claim in claims if claim is not None]) == 1
    assert len(await store.history.turns_before(CHANNEL, 1_000_000, limit=100)) == 1


async def test_a_forgotten_event_stays_claimed(store: Store) -> None:
    """After /reset a replayed event must not be answered a second time."""
    await store.claimed(ask(1))
    await store.history.forget(CHANNEL)

    assert await store.journal.claim(ask(1), text="again") is None


async def test_later_claims_have_higher_ids(store: Store) -> None:
    """Replies of a place are ordered by their ids."""
    ids = [await store.claimed(ask(event_id)) for event_id in (30, 10, 20)]

    assert ids == sorted(ids)


async def test_pages_come_back_in_order(store: Store) -> None:
    """Repair goes over them from first to last; an address that changed replaces the old one."""
    reply_id = await store.claimed(ask(1))
    await store.journal.posted(reply_id, 1, MessageRef(100, 602))
    await store.journal.posted(reply_id, 0, MessageRef(100, 600))
    await store.journal.posted(reply_id, 0, MessageRef(100, 601))

    found = await store.journal.find(reply_id)

    assert found is not None
    assert found.messages == (MessageRef(100, 601), MessageRef(100, 602))


async def test_a_removed_page_is_known_no_more(store: Store) -> None:
    """A second attempt may be shorter; neither a third one nor a deletion may take that page for an answer."""
    reply_id = await store.claimed(ask(1))
    await store.journal.posted(reply_id, 0, MessageRef(100, 601))
    await store.journal.posted(reply_id, 1, MessageRef(100, 602))

    await store.journal.removed(reply_id, MessageRef(100, 602))
    await store.journal.removed(99, MessageRef(100, 601))

    found = await store.journal.find(reply_id)
    assert found is not None
    assert found.messages == (MessageRef(100, 601),)
    assert await store.journal.find_by_message(100, 602) is None


@pytest.mark.parametrize("state", list(ReplyState))
async def test_a_reply_ends_as_it_was_told(store: Store, state: ReplyState) -> None:
    """Repair looks for those that never ended."""
    reply_id = await store.claimed(ask(1))

    await store.journal.finish(reply_id, state)

    found = await store.journal.find(reply_id)
    assert found is not None
    assert found.state is state


async def test_an_unknown_reply_is_left_alone(store: Store) -> None:
    """A purge may run while the last edit of an old reply is under way."""
    await store.journal.posted(99, 0, MessageRef(100, 601))
    await store.journal.finish(99, ReplyState.ENDED)

    assert await store.journal.find(99) is None
    assert await store.journal.claim_again(99, 7) is None
    assert await store.journal.find_by_message(100, 601) is None


async def test_a_broken_reply_is_taken_again_with_its_messages(store: Store) -> None:
    """Try again goes on in the same message, and the attempt number makes its nonces new."""
    reply_id = await store.claimed(ask(1))
    await store.journal.posted(reply_id, 0, MessageRef(100, 601))
    await store.journal.finish(reply_id, ReplyState.BROKEN)

    assert await store.journal.claim_again(reply_id, 7) == Claim(reply_id, attempt=2)

    found = await store.journal.find(reply_id)
    assert found is not None
    assert (found.state, found.attempt) == (ReplyState.CLAIMED, 2)
    assert found.messages == (MessageRef(100, 601),)


@pytest.mark.parametrize("state", [ReplyState.CLAIMED, ReplyState.ENDED, ReplyState.DROPPED])
async def test_only_a_broken_reply_is_taken_again(store: Store, state: ReplyState) -> None:
    """The button of an old message may be pressed at any time."""
    reply_id = await store.claimed(ask(1))
    await store.journal.finish(reply_id, state)

    assert await store.journal.claim_again(reply_id, 7) is None
    assert len(await store.journal.asked_since(7, 0)) == 1


async def test_of_twenty_who_take_a_reply_again_one_wins(store: Store) -> None:
    """The button can be pressed by several people at once."""
    reply_id = await store.claimed(ask(1))
    await store.journal.finish(reply_id, ReplyState.BROKEN)

    claims = await asyncio.gather(*(store.journal.claim_again(reply_id, 7) for _ in range(20)))

    assert [claim for claim in claims if claim is not None] == [Claim(reply_id, 2)]


async def test_a_reply_is_found_by_any_of_its_messages(store: Store) -> None:
    """A deleted question, a deleted page and a pressed button all name a message."""
    reply_id = await store.claimed(ask(1, question_id=501))
    await store.journal.posted(reply_id, 0, MessageRef(100, 601))
    await store.journal.posted(reply_id, 1, MessageRef(100, 602))

    for message_id in (501, 601, 602):
        found = await store.journal.find_by_message(100, message_id)
        assert found is not None
        assert found.reply_id == reply_id
    assert await store.journal.find_by_message(100, 603) is None
    assert await store.journal.find_by_message(101, 601) is None


async def test_the_reply_that_shows_a_message_comes_before_one_that_it_asked_for(store: Store) -> None:
    """Our own answer may become somebody's question; its buttons are still the answer's."""
    shown = await store.claimed(ask(1))
    await store.journal.posted(shown, 0, MessageRef(100, 601))
    await store.claimed(ask(2, question_id=601))
    newest = await store.claimed(ask(3, question_id=502))
    await store.journal.posted(newest, 0, MessageRef(100, 602))

    found = await store.journal.find_by_message(100, 601)

    assert found is not None
    assert found.reply_id == shown


async def test_of_two_replies_to_one_message_the_newest_is_found(store: Store) -> None:
    """It is the one that people see last."""
    await store.claimed(ask(1, question_id=501))
    newest = await store.claimed(ask(2, question_id=501))

    found = await store.journal.find_by_message(100, 501)

    assert found is not None
    assert found.reply_id == newest


async def test_asking_counts_by_person_and_time(store: Store) -> None:
    """The hourly quota looks at when, from an instant on, in order."""
    start_s = store.clock.at_s
    for event_id in (1, 2, 3):
        await store.claimed(ask(event_id))
        store.clock.at_s += 0.5
    await store.claimed(ask(4, author=Author(8, "Bo")))

    assert await store.journal.asked_since(7, start_s + 0.5) == [start_s + 0.5, start_s + 1.0]
    assert await store.journal.asked_since(8, start_s) == [start_s + 1.5]
    assert await store.journal.asked_since(9, 0) == []


async def test_asking_again_counts_and_forgetting_does_not_undo_it(store: Store) -> None:
    """/reset must not be a way around the quota, nor Try again."""
    reply_id = await store.claimed(ask(1))
    await store.journal.finish(reply_id, ReplyState.BROKEN)
    store.clock.at_s += 1
    await store.journal.claim_again(reply_id, 7)
    await store.history.forget_guild(1)

    asked = await store.journal.asked_since(7, 0)

    assert asked == [store.clock.at_s - 1, store.clock.at_s]


async def test_a_bad_locale_does_not_stop_a_claim(store: Store) -> None:
    """Text from outside is made storable wherever it goes."""
    asked = Ask(1, CHANNEL, Author(7, "\0"), "", locale="d\0e\ud800")

    claim = await store.journal.claim(asked, text="")

    assert claim is not None
    found = await store.journal.find(claim.reply_id)
    assert found is not None
    assert (found.author.name, found.locale) == ("", "de\ufffd")
