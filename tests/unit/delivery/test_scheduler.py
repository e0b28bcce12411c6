"""Who may send next, and what becomes of a call."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from delivery.ledger import Ledger, create_lane, current_attempt, edit_lane, webhook_lane
from delivery.scheduler import NO_ANSWER_S, SIGN_AFTER_IDLE_S, Call, Scheduler, Ticket, Urgency
from delivery.surface import MessageRef, SurfaceGone, SurfaceUnsure
from tests.unit.delivery.fake_surface import (
    CHANNEL_ID,
    FakeDiscordChannel,
    FakeSurface,
    FixedWindow,
    Lost,
    Silent,
    Slow,
    Status,
    Torn,
)
from tests.unit.virtual_time import now_s

EDIT = (edit_lane(CHANNEL_ID),)
CREATE = (create_lane(CHANNEL_ID),)
ONE_LEFT = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "5"}


@pytest.fixture
async def ledger() -> Ledger:
    return Ledger(clock=now_s)


@pytest.fixture
async def scheduler(ledger: Ledger) -> Scheduler:
    return Scheduler(ledger, clock=now_s)


@pytest.fixture
async def discord() -> FakeDiscordChannel:
    return FakeDiscordChannel()


@pytest.fixture
async def surface(discord: FakeDiscordChannel, ledger: Ledger) -> FakeSurface:
    return FakeSurface(discord, ledger)


def lane(number: int) -> tuple[str, ...]:
    """A lane of its own, so that only the global budget holds back."""
    return (edit_lane(number),)


async def order_of(tickets: dict[str, Ticket]) -> list[str]:
    """The names of `tickets` in the order in which they were granted."""
    granted: list[str] = []

    async def wait(name: str, ticket: Ticket) -> None:
        await ticket
        granted.append(name)

    async with asyncio.TaskGroup() as group:
        for name, ticket in tickets.items():
            group.create_task(wait(name, ticket))
    return granted


async def granted_call(
    scheduler: Scheduler, surface: FakeSurface, content: str = "hello"
) -> Call[MessageRef]:
    """A create under way."""
    ticket = scheduler.ticket(CREATE, Urgency.FIRST)
    await ticket
    return scheduler.send(ticket, lambda: surface.create(0, content, nonce="n.0"))


async def edit(scheduler: Scheduler, surface: FakeSurface, ref: MessageRef, content: str) -> Call[None]:
    """An edit under way."""
    ticket = scheduler.ticket(EDIT, Urgency.FINAL)
    await ticket
    return scheduler.send(ticket, lambda: surface.edit(ref, content))


# Tickets ----------------------------------------------------------------------------------------------------


async def test_who_gave_up_in_this_very_turn_is_passed_over(ledger: Ledger) -> None:
    """A cancelled task takes its ticket back with the next turn of the loop; the next one's grant may come before."""
    at_s = [0.0]
    scheduler = Scheduler(ledger, clock=lambda: at_s[0])
    for number in range(10, 13):  # the budget is used up
        scheduler.ticket(lane(number), Urgency.FINAL)
    given_up = scheduler.ticket(lane(2), Urgency.FINAL)
    other = scheduler.ticket(lane(3), Urgency.PROGRESS)
    assert not given_up.granted.done()
    at_s[0] += 1.0
    given_up.granted.cancel()
    other.hasten()

    assert other.granted.done()
    await asyncio.sleep(0)  # what it left in the queues is gone by now
    later = scheduler.ticket(lane(4), Urgency.FINAL)
    at_s[0] += 1.0
    await later
    await scheduler.aclose()


async def test_final_edits_overtake_first_messages_and_these_overtake_progress(scheduler: Scheduler) -> None:
    """Somebody who reads the end is done; somebody who reads progress will get more."""
    for number in range(10, 12):
        await scheduler.ticket(lane(number), Urgency.FINAL)  # the budget's next step is now spent
    tickets = {
        "progress": scheduler.ticket(lane(1), Urgency.PROGRESS),
        "page": scheduler.ticket(lane(2), Urgency.FULL_PAGE),
        "first": scheduler.ticket(lane(3), Urgency.FIRST),
        "final": scheduler.ticket(lane(4), Urgency.FINAL),
    }

    assert await order_of(tickets) == ["final", "first", "page", "progress"]


async def test_equals_go_in_order_of_arrival(scheduler: Scheduler) -> None:
    """Else a busy server could starve a quiet one."""
    tickets = {str(number): scheduler.ticket(lane(number), Urgency.FIRST) for number in range(20)}

    assert await order_of(tickets) == [str(number) for number in range(20)]


async def test_the_global_budget_is_spent_in_even_steps(scheduler: Scheduler) -> None:
    """Two bursts of 46 within one second of Discord's clock would be 92."""
    times: list[float] = []

    async def wait(ticket: Ticket) -> None:
        await ticket
        times.append(now_s())

    await asyncio.gather(*(wait(scheduler.ticket(lane(number), Urgency.FIRST)) for number in range(200)))

    busiest = max(sum(1 for at in times if begin <= at < begin + 0.999) for begin in times)
    assert busiest <= 47  # a timer that came late is made up for by one step
    assert times[-1] == pytest.approx(198 / 46, abs=0.01)


async def test_foreign_requests_take_from_the_budget(scheduler: Scheduler, ledger: Ledger) -> None:
    """A typing sign is one of Discord's 50 per second."""
    for _ in range(46):
        ledger.started("/api/v10/channels/1/typing")

    await scheduler.ticket(lane(1), Urgency.FINAL)

    assert now_s() == pytest.approx(45 / 46)


async def test_interactions_wait_neither_for_the_budget_nor_for_a_global_pause(
    scheduler: Scheduler, ledger: Ledger
) -> None:
    """Discord counts them apart."""
    for _ in range(46):
        ledger.started("/api/v10/channels/1/typing")
    ledger.paused_until = 100.0

    await scheduler.ticket((webhook_lane("t"),), Urgency.FIRST)

    assert now_s() == 0.0


async def test_a_global_pause_holds_everything_else(scheduler: Scheduler, ledger: Ledger) -> None:
    """Requests during a global 429 count towards a ban of the address."""
    ledger.paused_until = 3.0

    await scheduler.ticket(lane(1), Urgency.FINAL)

    assert now_s() == pytest.approx(3.0)


async def test_a_ticket_that_cannot_go_yet_holds_up_nobody_else(scheduler: Scheduler, ledger: Ledger) -> None:
    """Channels have limits of their own."""
    ledger.take(lane(1))
    blocked = scheduler.ticket(lane(1), Urgency.FINAL)

    await scheduler.ticket(lane(2), Urgency.PROGRESS)

    assert now_s() < 0.1
    assert scheduler.waiting == 1
    blocked.granted.cancel()
    await asyncio.sleep(0)
    assert scheduler.waiting == 0


async def test_an_answer_wakes_what_waits_for_its_lane(scheduler: Scheduler, ledger: Ledger) -> None:
    """Waiting for the timer alone would lose seconds after each burst."""
    ledger.take(lane(1))
    ticket = scheduler.ticket(lane(1), Urgency.FINAL)
    asyncio.get_running_loop().call_later(0.5, ledger.give_back, lane(1))

    await ticket

    assert now_s() == pytest.approx(0.5)


async def test_a_ticket_waits_for_its_time(scheduler: Scheduler) -> None:
    """The second text of a reply comes a moment after its first."""
    await scheduler.ticket(lane(1), Urgency.PROGRESS, not_before=scheduler.now() + 0.4)

    assert now_s() == pytest.approx(0.4)


async def test_a_hastened_ticket_goes_at_once(scheduler: Scheduler) -> None:
    """The reply ended while it waited its turn as progress."""
    ticket = scheduler.ticket(lane(1), Urgency.PROGRESS, not_before=60.0)
    await asyncio.sleep(0.1)

    ticket.hasten()
    ticket.hasten()
    await ticket

    assert now_s() == pytest.approx(0.1)
    assert ticket.urgency is Urgency.FINAL


async def test_hastening_a_granted_ticket_changes_nothing(scheduler: Scheduler) -> None:
    """Its request may be on its way already."""
    ticket = scheduler.ticket(lane(1), Urgency.PROGRESS)

    ticket.hasten()

    assert ticket.urgency is Urgency.PROGRESS


async def test_a_cancelled_waiter_takes_no_slot(scheduler: Scheduler, ledger: Ledger) -> None:
    """A reply that nobody wants any more must not slow the others."""
    ledger.take(EDIT)
    ledger.observe("PATCH", f"/api/v10/channels/{CHANNEL_ID}/messages/1", 200, ONE_LEFT)
    ledger.give_back(EDIT)
    last = [scheduler.ticket(EDIT, Urgency.FINAL) for _ in range(2)]

    async def wait(ticket: Ticket) -> None:
        await ticket

    waiter = asyncio.create_task(wait(last[1]))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait({waiter})

    assert last[0].granted.done()
    assert scheduler.waiting == 0


async def test_two_windows_are_used_to_the_full(scheduler: Scheduler, surface: FakeSurface) -> None:
    """Ten final edits need ten slots and not one more second than two windows."""
    ref = surface.discord.post("0", "n", ())

    async def one(number: int) -> None:
        await (await edit(scheduler, surface, ref, str(number))).done()

    await asyncio.gather(*(one(number) for number in range(10)))

    assert surface.discord.statuses() == [200] * 10
    assert now_s() < 5.5


# Calls ------------------------------------------------------------------------------------------------------


async def test_a_call_is_done_when_its_answer_is_seen(scheduler: Scheduler, surface: FakeSurface) -> None:
    """The call itself sleeps until the bucket resets, though the message stands there."""
    surface.discord.creates = FixedWindow(limit=1, span_s=60.0)
    call = await granted_call(scheduler, surface)

    await call.done(message_needed=True)

    assert now_s() < 0.2
    assert not call.task.done()
    assert call.attempt.message == (CHANNEL_ID, 1001)
    await scheduler.aclose()
    assert call.task.cancelled()


async def test_a_body_in_pieces_costs_the_wait_for_the_call(
    scheduler: Scheduler, surface: FakeSurface
) -> None:
    """Then only the call itself knows which message it made."""
    surface.discord.creates = FixedWindow(limit=1, span_s=4.0)
    surface.discord.fails("create", Torn())
    call = await granted_call(scheduler, surface)

    await call.done(message_needed=True)

    assert call.task.result() == MessageRef(CHANNEL_ID, 1001)
    assert now_s() > 4.0


async def test_a_5xx_cuts_the_repeats_of_an_edit_off(scheduler: Scheduler, surface: FakeSurface) -> None:
    """discord.py would repeat the old text in a second, after the newer one."""
    ref = surface.discord.post("old", "n", ())
    surface.discord.fails("edit", Status(502))
    call = await edit(scheduler, surface, ref, "older")

    with pytest.raises(SurfaceUnsure, match="502"):
        await call.done()
    await asyncio.sleep(60)

    assert surface.discord.statuses("edit") == [502]


async def test_a_5xx_leaves_the_repeats_of_a_create_alone(scheduler: Scheduler, surface: FakeSurface) -> None:
    """They carry the same nonce and the same text, so they double nothing and lose nothing."""
    surface.discord.fails("create", Status(500, took_effect=True), Status(504))
    call = await granted_call(scheduler, surface)

    await call.done(message_needed=True, repeats_inside=True)

    assert surface.discord.statuses() == [500, 504, 200]
    assert surface.discord.screen() == ["hello"]


async def test_a_429_is_waited_out(scheduler: Scheduler, surface: FakeSurface) -> None:
    """discord.py repeats it by itself, and nothing newer could go sooner."""
    surface.discord.fails("create", Status(429, retry_after_s=90.0))
    call = await granted_call(scheduler, surface)

    await call.done(message_needed=True)

    assert surface.discord.statuses() == [429, 200]
    assert now_s() > 90.0


async def test_silence_ends_a_call(scheduler: Scheduler, surface: FakeSurface) -> None:
    """aiohttp alone would wait five minutes."""
    surface.discord.fails("create", Silent())
    call = await granted_call(scheduler, surface)

    with pytest.raises(SurfaceUnsure, match="no answer"):
        await call.done()

    assert now_s() == pytest.approx(NO_ANSWER_S)
    assert call.task.cancelled()


async def test_silence_after_a_5xx_ends_a_call_too(scheduler: Scheduler, surface: FakeSurface) -> None:
    """The repeat inside may meet a dead connection."""
    surface.discord.fails("create", Status(500), Silent())
    call = await granted_call(scheduler, surface)

    with pytest.raises(SurfaceUnsure):
        await call.done(message_needed=True, repeats_inside=True)

    assert now_s() < NO_ANSWER_S + 2.0


async def test_a_call_raises_what_the_surface_raised(scheduler: Scheduler, surface: FakeSurface) -> None:
    """Gone, forbidden and refused each mean something else to the reply."""
    call = await edit(scheduler, surface, MessageRef(CHANNEL_ID, 1), "nobody sees this")

    with pytest.raises(SurfaceGone):
        await call.done()


async def test_a_lost_answer_counts_its_slot(
    scheduler: Scheduler, surface: FakeSurface, ledger: Ledger
) -> None:
    """Discord may have counted the request though its answer never came."""
    surface.discord.fails("create", *[Lost(took_effect=True)] * 5)
    for _ in range(5):
        call = await granted_call(scheduler, surface)
        with pytest.raises(SurfaceUnsure):
            await call.done()

    assert ledger.ready_at(CREATE, now_s(), spare=0, pace=None) > now_s() + 4.0


async def test_the_attempt_is_seen_by_its_own_call_alone(scheduler: Scheduler) -> None:
    """Trace callbacks find it by the task they run in."""
    seen: list[object] = []

    async def look() -> None:
        seen.append(current_attempt.get())

    calls = []
    for number in range(2):
        ticket = scheduler.ticket(lane(number), Urgency.FINAL)
        await ticket
        calls.append(scheduler.send(ticket, look))
    for call in calls:
        await call.done()

    assert seen == [call.attempt for call in calls]
    assert current_attempt.get() is None


# The end ----------------------------------------------------------------------------------------------------


async def test_closing_waits_for_calls_under_way(scheduler: Scheduler, surface: FakeSurface) -> None:
    """A last edit that has left must not be cut off."""
    surface.discord.fails("create", Slow(3.0))
    await granted_call(scheduler, surface)

    await scheduler.aclose()

    assert surface.discord.screen() == ["hello"]


async def test_closing_does_not_wait_for_the_dead(scheduler: Scheduler, surface: FakeSurface) -> None:
    """A process that is told to end has seconds."""
    surface.discord.fails("create", Silent())
    call = await granted_call(scheduler, surface)

    await scheduler.aclose(within_s=2.0)

    assert call.task.cancelled()
    assert now_s() == pytest.approx(2.0)


async def test_closing_ends_the_waiting(scheduler: Scheduler, ledger: Ledger) -> None:
    """A timer left behind would keep the tickets alive."""
    for _ in range(5):
        ledger.take(EDIT)
    ticket = scheduler.ticket(EDIT, Urgency.FINAL)

    await scheduler.aclose()
    await scheduler.aclose()

    with suppress(asyncio.CancelledError):
        await ticket
    await asyncio.sleep(0)
    assert ticket.granted.cancelled()
    assert scheduler.waiting == 0


async def test_a_request_that_waits_inside_its_call_is_counted(ledger: Ledger, scheduler: Scheduler) -> None:
    """There it would leave with text that is old by then: the count shows that our own ledger was wrong."""

    async def at_once() -> None:
        ledger.started("/api/v10/channels/1/messages")
        await asyncio.sleep(0.1)
        ledger.started("/api/v10/channels/1/messages")  # repeated after a 5xx: it was let go at once

    async def held() -> None:
        await asyncio.sleep(0)
        ledger.started("/api/v10/channels/1/messages")

    for make in (at_once, held, at_once):
        ticket = scheduler.ticket((), Urgency.FINAL)
        await ticket
        await scheduler.send(ticket, make).task

    assert ledger.counts.held_inside == 1


async def test_a_typing_sign_waits_until_no_text_wants_the_budget(scheduler: Scheduler) -> None:
    """Between two edits of a busy second there is always a moment with none due: a sign there costs one."""
    begun_s = now_s()
    sign = scheduler.ticket((), Urgency.SIGN)
    await sign
    assert now_s() == begun_s

    edits = [scheduler.ticket(lane(number), Urgency.PROGRESS) for number in range(10)]
    sign = scheduler.ticket((), Urgency.SIGN)
    await asyncio.gather(*edits)
    assert not sign.granted.done()
    await sign
    assert now_s() - begun_s == pytest.approx(10 / 46 + SIGN_AFTER_IDLE_S)
