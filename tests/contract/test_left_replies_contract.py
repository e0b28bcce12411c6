"""What ReplyJournal promises of replies that nobody works on any more, held by every implementation and by the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from conversation.model import Claim, IncomingFile, MessageRef, Place, Quote, ReplyState, WayBack
from tests.contract.stores import CHANNEL, IMPLEMENTATIONS, Store, ask


@pytest.fixture(params=IMPLEMENTATIONS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


async def test_what_is_under_way_is_not_left(store: Store) -> None:
    """To repair a reply that somebody writes would show two texts in turn."""
    reply_id = await store.claimed(ask(1))
    store.clock.at_s += 600

    assert await store.journal.left(dead={99}, in_flight={reply_id}) == []


async def test_the_replies_of_a_dead_process_are_left_with_all_that_repair_needs(store: Store) -> None:
    """Where, which messages, by whom, how long ago, with how many files: the next process knows nothing else."""
    asked = replace(
        ask(1, question_id=501, quote=Quote("Bob", "x", (_file(),), 77)), files=(_file(), _file())
    )
    reply_id = await store.claimed(asked)
    store.clock.at_s += 2
    await store.journal.posted(reply_id, 0, MessageRef(100, 600))

    [left] = await store.journal.left(dead={store.owner}, in_flight={reply_id})

    assert left.stored.messages == (MessageRef(100, 600),)
    assert left.stored.question == MessageRef(100, 501)
    assert (left.owner, left.deaths, left.files) == (store.owner, 0, 3)
    assert (left.asked_at_s, left.touched_at_s) == (store.clock.at_s - 2, store.clock.at_s)


async def test_replies_come_oldest_first_and_no_more_than_asked_for(store: Store) -> None:
    """The answers of a place stand in the order of its questions, after a death too."""
    ids = [await store.claimed(ask(event_id)) for event_id in (3, 1, 2)]

    left = await store.journal.left(dead={store.owner}, in_flight=(), limit=2)

    assert [each.stored.reply_id for each in left] == ids[:2]


@pytest.mark.parametrize("state", [ReplyState.ENDED, ReplyState.BROKEN, ReplyState.DROPPED])
async def test_what_has_ended_is_not_left(store: Store, state: ReplyState) -> None:
    """It stands on screen as it should."""
    reply_id = await store.claimed(ask(1))
    await store.journal.finish(reply_id, state)
    await store.journal.hand_on(reply_id)

    assert await store.journal.left(dead={store.owner}, in_flight=()) == []


async def test_what_is_handed_on_is_left_at_once(store: Store) -> None:
    """Whoever ends in order spares the next one the wait."""
    reply_id = await store.claimed(ask(1))
    await store.journal.hand_on(reply_id)

    [left] = await store.journal.left(dead=(), in_flight=())

    assert (left.stored.reply_id, left.owner) == (reply_id, None)


async def test_a_claim_of_ours_that_nobody_works_on_is_left_after_a_while(store: Store) -> None:
    """The database was away when it should have been closed; at first it may be on its way into the books."""
    await store.claimed(ask(1))

    store.clock.at_s += 29
    assert await store.journal.left(dead=(), in_flight=()) == []
    store.clock.at_s += 2
    assert len(await store.journal.left(dead=(), in_flight=())) == 1


async def test_of_many_that_take_over_one_gets_it(store: Store) -> None:
    """Two processes may see the same death."""
    await store.claimed(ask(1))
    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    await store.journal.hand_on(left.stored.reply_id)
    [handed_on] = await store.journal.left(dead=(), in_flight=())

    claims = await asyncio.gather(*(store.journal.take_over(handed_on) for _ in range(10)))

    assert [claim for claim in claims if claim is not None] == [Claim(left.stored.reply_id, 2)]
    assert await store.journal.left(dead=(), in_flight={left.stored.reply_id}) == []


async def test_deaths_are_counted_and_orderly_ends_are_not(store: Store) -> None:
    """A question that kills whoever touches it has to be told from a bot that is restarted often."""
    await store.claimed(ask(1))

    async with store.next_process() as next_one:
        [left] = await next_one.left(dead={store.owner}, in_flight=())
        await next_one.take_over(left)
        await next_one.hand_on(left.stored.reply_id)
        [left] = await next_one.left(dead=(), in_flight=())
        await next_one.take_over(left)

        store.clock.at_s += 31
        [left] = await next_one.left(dead=(), in_flight=())
    assert (left.deaths, left.stored.attempt) == (1, 3)


async def test_what_a_process_failed_to_end_is_no_death_of_it(store: Store) -> None:
    """The database was slow; after five such tries the reply would be given up, with no note under it."""
    await store.claimed(ask(1))

    for _ in range(2):
        store.clock.at_s += 31
        [left] = await store.journal.left(dead=(), in_flight=())
        await store.journal.take_over(left)

    store.clock.at_s += 31
    [left] = await store.journal.left(dead=(), in_flight=())
    assert (left.deaths, left.stored.attempt) == (0, 3)


async def test_who_looked_before_another_tried_takes_nothing_over(store: Store) -> None:
    """It was handed on again meanwhile, as before; what is known of its messages is not."""
    reply_id = await store.claimed(ask(1))
    await store.journal.hand_on(reply_id)
    [left] = await store.journal.left(dead=(), in_flight=())
    await store.journal.take_over(left)
    await store.journal.hand_on(reply_id)

    assert await store.journal.take_over(left) is None


async def test_to_try_again_begins_the_count_anew(store: Store) -> None:
    """A person wants it: it is no loop."""
    reply_id = await store.claimed(ask(1))
    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    await store.journal.take_over(left)
    await store.journal.finish(reply_id, ReplyState.BROKEN)
    await store.journal.claim_again(reply_id, 7)

    [left] = await store.journal.left(dead={store.owner}, in_flight=())

    assert left.deaths == 0


async def test_what_is_given_back_is_as_it_was(store: Store) -> None:
    """Discord could not be asked what stands there: the next try must not count as a second one."""
    await store.claimed(ask(1))
    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    claim = await store.journal.take_over(left)
    assert claim is not None
    await store.journal.give_back(claim)

    [again] = await store.journal.left(dead=(), in_flight=())

    assert (again.owner, again.stored.attempt) == (None, 1)


async def test_an_ended_reply_is_not_taken_over(store: Store) -> None:
    """Its process was slow, and not dead."""
    reply_id = await store.claimed(ask(1))
    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    await store.journal.finish(reply_id, ReplyState.ENDED)

    assert await store.journal.take_over(left) is None


async def test_a_way_back_is_kept_until_it_ends(store: Store) -> None:
    """An interaction's token works for 15 minutes; after that it is of no use to us."""
    way_back = WayBack("token", store.clock.at_s + 900)
    await store.claimed(replace(ask(1), way_back=way_back))

    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    assert left.way_back == way_back
    store.clock.at_s += 900
    [left] = await store.journal.left(dead={store.owner}, in_flight=())
    assert left.way_back is None
    assert left.had_way_back


async def test_a_new_press_brings_a_new_way_back(store: Store) -> None:
    """Try again under a private answer comes with a token of its own; the old one is soon over."""
    reply_id = await store.claimed(replace(ask(1), way_back=WayBack("old", store.clock.at_s + 9)))
    await store.journal.finish(reply_id, ReplyState.BROKEN)
    new = WayBack("new", store.clock.at_s + 900)
    await store.journal.claim_again(reply_id, 7, way_back=new)

    [left] = await store.journal.left(dead={store.owner}, in_flight=())

    assert left.way_back == new


async def test_places_are_told_newest_first(store: Store) -> None:
    """Who talked with the bot last may have asked once more while it was away."""
    private, other = Place(100, 1, private_to=7), Place(200, 1)
    await store.claimed(ask(1, place=Place(300)))
    store.clock.at_s += 3600
    since_s = store.clock.at_s
    await store.claimed(ask(5))
    await store.claimed(ask(4))
    await store.claimed(ask(9, place=private))
    store.clock.at_s += 1
    await store.claimed(ask(6, place=other))

    assert await store.journal.places_since(since_s, limit=10) == [other, CHANNEL]
    assert await store.journal.places_since(since_s, limit=1) == [other]


def _file() -> IncomingFile:
    return IncomingFile("cat.png", 3, _never_read)


async def _never_read(_limit_bytes: int) -> bytes:
    raise AssertionError("a claim reads no file")
