"""Who may send next: final edits first, then first messages, then progress; never past a limit.

One scheduler serves the process. A reply asks for a *ticket*, awaits it, and then sends its newest text at once.
Nothing waits inside discord.py's own limiter: a ticket is granted only when the ledger says that Discord would
take the request now, and the bot's global budget is spent in even steps, never in a burst.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Coroutine, Generator
from enum import IntEnum
from typing import Any, Generic, TypeVar

from delivery.ledger import Attempt, Ledger, Pace, current_attempt
from delivery.surface import SurfaceUnsure

T = TypeVar("T")

NO_ANSWER_S = 30.0  # aiohttp's own limit is 300 s: too long for a reply that somebody watches
SIGN_AFTER_IDLE_S = 0.1  # a budget idle for so long is not wanted by any text
RAISED_WITHIN_S = 0.05  # a 5xx that discord.py does not repeat ends its call at once


class Urgency(IntEnum):
    """What goes first; lower is sooner."""

    FINAL = 0
    FIRST = 1
    FULL_PAGE = 2
    """The last change of a page, for which the next page waits: in no even pace, but the last slot stays free."""
    PROGRESS = 3
    COURTESY = 4
    """A sentence of ours that is no answer: it leaves a slot of each shared limit to every answer's end."""
    SIGN = 5
    """The typing sign: the first thing to go under load."""


class Ticket:
    """The right to send one request; await it, then call `Scheduler.send` or `Scheduler.give_back`.

    Among equals in urgency the lower `rank` goes first, and then who came first.
    """

    def __init__(
        self,
        lanes: tuple[str, ...],
        urgency: Urgency,
        *,
        rank: float,
        not_before: float,
        pace: Pace,
        number: int,
        hurry: Callable[[Ticket], None],
    ) -> None:
        self.lanes = lanes
        self.urgency = urgency
        self.rank = rank
        self.not_before = not_before
        self.pace = pace
        self.number = number
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queued = 0  # counts its entries in the scheduler's queues: only the newest one is valid
        self._hurry = hurry

    @property
    def outside_budget(self) -> bool:
        """Interaction routes do not count against the bot's global limit."""
        return bool(self.lanes) and all(lane.startswith("webhook") for lane in self.lanes)

    @property
    def order(self) -> tuple[int, float, int]:
        """What goes before what; lower is sooner."""
        return (self.urgency, self.rank, self.number)

    def hasten(self, rank: float = 0.0) -> None:
        """The reply ended while it waited here: what it will send is final."""
        if not self.granted.done() and self.urgency not in (Urgency.FINAL, Urgency.COURTESY):
            self.urgency = Urgency.FINAL
            self.rank = rank
            self.not_before = float("-inf")
            self._hurry(self)

    def __await__(self) -> Generator[Any, None, None]:
        return self.granted.__await__()


class Call(Generic[T]):
    """One request under way: the task that makes it, and what the wire showed of it so far.

    The call that takes a bucket's last slot returns only when the bucket resets, though its effect is long
    visible; so whoever waits here waits for the answer's headers, and the task ends in its own time.
    """

    def __init__(self, lanes: tuple[str, ...], make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._changed = asyncio.Event()
        self.attempt = Attempt(lanes, self._changed.set)
        self.task = asyncio.create_task(self._run(make))
        self.task.add_done_callback(self._ended)

    async def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        current_attempt.set(self.attempt)
        # An unhindered call sends its request in the very turn of the loop in which it begins.
        asyncio.get_running_loop().call_soon(self.attempt.pause)
        return await make()

    def _ended(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # read it, so that asyncio does not report one that nobody waited for any more
        self._changed.set()

    async def done(self, *, message_needed: bool = False, repeats_inside: bool = False) -> None:
        """Return once the request took effect; with `message_needed` once the new message's id is known too.

        Unless `repeats_inside`, discord.py's own retries (after a 5xx) are cut off, so that they cannot put old
        text on screen last. Raises what the call raised, SurfaceUnsure where no answer told what happened.
        """
        while not self.task.done():
            attempt = self.attempt
            if attempt.succeeded and (attempt.message is not None or not message_needed):
                return
            if attempt.status is not None and attempt.status >= 500 and not repeats_inside:
                # Some are not repeated inside but raised, and a cancel would hit discord.py's limiter as it
                # counts them: the next request of that bucket would then wait for 30 s.
                await asyncio.wait({self.task}, timeout=RAISED_WITHIN_S)
                await self.cancel()
                raise SurfaceUnsure(f"Discord answered {attempt.status}")
            self._changed.clear()
            try:
                # A 429 says how long discord.py waits inside; its waits after a 5xx are shorter than ours.
                silent = attempt.status is None or attempt.status >= 500
                async with asyncio.timeout(NO_ANSWER_S if silent else None):
                    await self._changed.wait()
            except TimeoutError:
                await self.cancel()
                raise SurfaceUnsure(f"no answer from Discord within {NO_ANSWER_S:.0f} s") from None
        self.task.result()

    async def cancel(self) -> None:
        """End the call and wait until it has ended."""
        self.task.cancel()
        await asyncio.wait({self.task})


class Scheduler:
    """Grants tickets in order of urgency as the ledger and the global budget allow.

    A ticket sleeps until its lanes and its pace let it go, and is then due. Two queues hold those that are due:
    one is spent in steps of the global budget, the other holds what Discord counts apart. What the ledger learns
    of a lane moves only the tickets of that lane, so that a thousand live replies cost no more than their requests.
    """

    def __init__(
        self, ledger: Ledger, *, rest_budget: float = 46.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._step_s = 1.0 / rest_budget
        self._clock = clock
        self._asleep: list[tuple[float, int, int, Ticket]] = []
        self._due: list[tuple[tuple[int, float, int], int, Ticket]] = []
        self._due_outside: list[tuple[tuple[int, float, int], int, Ticket]] = []
        self._in_lane: dict[str, set[Ticket]] = {}
        self._waiting: set[Ticket] = set()
        self._issued = 0
        self._budget_free_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[Call[Any]] = set()
        ledger.on_change = self._lanes_changed
        ledger.on_foreign = self._spend

    def now(self) -> float:
        """The monotonic seconds that `not_before` of a ticket refers to."""
        return self._clock()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn now."""
        return len(self._waiting)

    @property
    def pressed(self) -> bool:
        """Whether requests that could go wait for the global budget alone: then lesser ones should not be made."""
        self._wake(self._clock())
        return bool(self._due)

    def ticket(
        self,
        lanes: tuple[str, ...],
        urgency: Urgency,
        *,
        rank: float = 0.0,
        not_before: float = float("-inf"),
        pace: Pace = Pace.EVEN,
    ) -> Ticket:
        """Queue for the right to send one request that counts against `lanes`."""
        self._issued += 1
        ticket = Ticket(
            lanes,
            urgency,
            rank=rank,
            not_before=not_before,
            pace=pace,
            number=self._issued,
            hurry=self._hurry,
        )
        self._waiting.add(ticket)
        for lane in lanes:
            self._in_lane.setdefault(lane, set()).add(ticket)
        ticket.granted.add_done_callback(lambda _: self._leave(ticket))
        self._hurry(ticket)
        return ticket

    def keep_end(self, lanes: tuple[str, ...]) -> None:
        """Keep a slot of the limits that several replies share for the end of one more."""
        self._ledger.keep_end(lanes)

    def ended(self, lanes: tuple[str, ...]) -> None:
        """Take back a `keep_end`."""
        self._ledger.ended(lanes)

    def give_back(self, ticket: Ticket) -> None:
        """Return a granted ticket unused."""
        self._ledger.give_back(ticket.lanes)

    def send(self, ticket: Ticket, make: Callable[[], Coroutine[Any, Any, T]]) -> Call[T]:
        """Start the call that `ticket` was granted for, in a task that this scheduler owns."""
        call = Call(ticket.lanes, make)
        self._calls.add(call)
        call.task.add_done_callback(lambda _: self._ended(call))
        return call

    def _ended(self, call: Call[Any]) -> None:
        self._calls.discard(call)
        self._ledger.settle(call.attempt)

    def _leave(self, ticket: Ticket) -> None:
        """It was granted or cancelled; what is left of it in the queues is no longer valid."""
        ticket.queued += 1
        self._waiting.discard(ticket)
        for lane in ticket.lanes:
            others = self._in_lane.get(lane)
            if others is not None:
                others.discard(ticket)
                if not others:
                    del self._in_lane[lane]

    def _hurry(self, ticket: Ticket) -> None:
        self._queue(ticket, self._clock())
        self._pump()

    def _lanes_changed(self, lanes: tuple[str, ...]) -> None:
        now = self._clock()
        for lane in lanes:
            for ticket in tuple(self._in_lane.get(lane, ())):
                self._queue(ticket, now)
        self._pump()

    def _queue(self, ticket: Ticket, now: float) -> None:
        """Put it where it belongs now; an older entry of it is skipped when its time comes."""
        ticket.queued += 1
        ready_at = self._ready_at(ticket, now)
        if ready_at > now:
            heapq.heappush(self._asleep, (ready_at, ticket.number, ticket.queued, ticket))
        else:
            due = self._due_outside if ticket.outside_budget else self._due
            heapq.heappush(due, (ticket.order, ticket.queued, ticket))

    def _ready_at(self, ticket: Ticket, now: float) -> float:
        spare = int(ticket.urgency >= Urgency.FULL_PAGE)
        pace = ticket.pace if ticket.urgency is Urgency.PROGRESS else None
        courtesy = ticket.urgency is Urgency.COURTESY
        ready_at = self._ledger.ready_at(ticket.lanes, now, spare=spare, pace=pace, courtesy=courtesy)
        if ticket.urgency is Urgency.SIGN:
            ready_at = max(ready_at, self._budget_free_at + SIGN_AFTER_IDLE_S)
        return max(ticket.not_before, ready_at)

    def _spend(self) -> None:
        now = self._clock()
        self._budget_free_at = max(self._budget_free_at, now - self._step_s) + self._step_s

    def _wake(self, now: float) -> None:
        """Move what slept long enough to the due, and drop from the front of the due what left."""
        while self._asleep and self._asleep[0][0] <= now:
            _, _, queued, ticket = heapq.heappop(self._asleep)
            if queued == ticket.queued:
                self._queue(ticket, now)
        for due in (self._due, self._due_outside):
            while due and due[0][1] != due[0][2].queued:
                heapq.heappop(due)

    def _pump(self) -> None:
        """Grant what may leave now and wake up again when the next one may."""
        now = self._clock()
        self._wake(now)
        while self._due_outside:
            self._grant(self._due_outside, now)
        free_at = max(self._budget_free_at, self._ledger.paused_until)
        while self._due and free_at <= now:
            if self._grant(self._due, now):
                self._spend()
            free_at = max(self._budget_free_at, self._ledger.paused_until)
        self._sleep(now, free_at)

    def _grant(self, due: list[tuple[tuple[int, float, int], int, Ticket]], now: float) -> bool:
        """Grant the first of `due`, unless its lane has filled up since it was queued."""
        _, _, ticket = heapq.heappop(due)
        given_up = ticket.granted.done()  # in this very turn of the loop: its callback comes with the next
        granted = not given_up and self._ready_at(ticket, now) <= now
        if given_up:
            self._leave(ticket)
        elif granted:
            self._ledger.take(ticket.lanes, courtesy=ticket.urgency is Urgency.COURTESY)
            ticket.granted.set_result(None)
            self._leave(ticket)  # now, and not with the next turn of the loop: the queues look at it before
            for lane in ticket.lanes:
                for other in tuple(self._in_lane.get(lane, ())):
                    self._queue(other, now)
        else:
            self._queue(ticket, now)
        self._wake(now)
        return granted

    def _sleep(self, now: float, free_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = min(
            self._asleep[0][0] if self._asleep else float("inf"), free_at if self._due else float("inf")
        )
        if wake_at < float("inf"):
            self._timer = asyncio.get_running_loop().call_later(max(0.0, wake_at - now), self._pump)

    async def aclose(self, *, within_s: float = 6.0) -> None:
        """End all calls: those that took effect at once (they only sleep), the others after `within_s`."""
        if self._timer is not None:
            self._timer.cancel()
        for ticket in tuple(self._waiting):
            ticket.granted.cancel()
        for call in list(self._calls):
            if call.attempt.succeeded:
                call.task.cancel()
        tasks = [call.task for call in self._calls]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
