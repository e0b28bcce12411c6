"""Who may send next: final edits first, then first messages, then progress; never past a limit.

One scheduler serves the process. A reply asks for a *ticket*, awaits it, and then sends its newest text at once.
Nothing waits inside discord.py's own limiter: a ticket is granted only when the ledger says that Discord would
take the request now, and the bot's global budget is spent in even steps, never in a burst.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from enum import IntEnum
from typing import Any, Generic, TypeVar

from delivery.ledger import Attempt, Ledger, current_attempt
from delivery.surface import SurfaceUnsure

T = TypeVar("T")

NO_ANSWER_S = 30.0  # aiohttp's own limit is 300 s: too long for a reply that somebody watches
RAISED_WITHIN_S = 0.05  # a 5xx that discord.py does not repeat ends its call at once


class Urgency(IntEnum):
    """What goes first; lower is sooner."""

    FINAL = 0
    FIRST = 1
    FULL_PAGE = 2
    """The last change of a page, for which the next page waits: in no even pace, but the last slot stays free."""
    PROGRESS = 3


class Ticket:
    """The right to send one request; await it, then call `Scheduler.send` or `Scheduler.give_back`."""

    def __init__(
        self,
        lanes: tuple[str, ...],
        urgency: Urgency,
        not_before: float,
        number: int,
        pump: Callable[[], None],
    ) -> None:
        self.lanes = lanes
        self.urgency = urgency
        self.not_before = not_before
        self.number = number
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pump = pump

    @property
    def outside_budget(self) -> bool:
        """Interaction routes do not count against the bot's global limit."""
        return bool(self.lanes) and all(lane.startswith("webhook") for lane in self.lanes)

    def hasten(self) -> None:
        """The reply ended while it waited here: what it will send is final."""
        if not self.granted.done() and self.urgency is not Urgency.FINAL:
            self.urgency = Urgency.FINAL
            self.not_before = float("-inf")
            self._pump()

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
    """Grants tickets in order of urgency as the ledger and the global budget allow."""

    def __init__(
        self, ledger: Ledger, *, rest_budget: float = 46.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._step_s = 1.0 / rest_budget
        self._clock = clock
        self._waiting: list[Ticket] = []
        self._issued = 0
        self._budget_free_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[Call[Any]] = set()
        ledger.on_change = self._pump
        ledger.on_foreign = self._spend

    def now(self) -> float:
        """The monotonic seconds that `not_before` of a ticket refers to."""
        return self._clock()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn now."""
        return len(self._waiting)

    def ticket(
        self, lanes: tuple[str, ...], urgency: Urgency, *, not_before: float = float("-inf")
    ) -> Ticket:
        """Queue for the right to send one request that counts against `lanes`."""
        self._issued += 1
        ticket = Ticket(lanes, urgency, not_before, self._issued, self._pump)
        ticket.granted.add_done_callback(lambda _: self._leave(ticket))
        self._waiting.append(ticket)
        self._pump()
        return ticket

    def _leave(self, ticket: Ticket) -> None:
        if ticket in self._waiting:  # it was cancelled
            self._waiting.remove(ticket)

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

    def _ready_at(self, ticket: Ticket, now: float) -> float:
        spare = int(ticket.urgency >= Urgency.FULL_PAGE)
        ready = self._ledger.ready_at(
            ticket.lanes, now, spare=spare, spaced=ticket.urgency is Urgency.PROGRESS
        )
        ready = max(ready, ticket.not_before)
        if not ticket.outside_budget:
            ready = max(ready, self._budget_free_at, self._ledger.paused_until)
        return ready

    def _spend(self) -> None:
        now = self._clock()
        self._budget_free_at = max(self._budget_free_at, now - self._step_s) + self._step_s

    def _pump(self) -> None:
        """Grant what may leave now and wake up again when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        now = self._clock()
        next_at = float("inf")
        still_waiting: list[Ticket] = []
        for ticket in sorted(self._waiting, key=lambda waiting: (waiting.urgency, waiting.number)):
            if ticket.granted.done():
                continue
            ready = self._ready_at(ticket, now)
            if ready <= now:
                self._ledger.take(ticket.lanes)
                if not ticket.outside_budget:
                    self._spend()
                ticket.granted.set_result(None)
            else:
                still_waiting.append(ticket)
                next_at = min(next_at, ready)
        self._waiting = still_waiting
        if still_waiting:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, next_at - now), self._pump)

    async def aclose(self, *, within_s: float = 6.0) -> None:
        """End all calls: those that took effect at once (they only sleep), the others after `within_s`."""
        if self._timer is not None:
            self._timer.cancel()
        for ticket in self._waiting:
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
