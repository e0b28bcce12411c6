"""Rate limits as Discord's response headers report them.

A *lane* is one limit that a request counts against, named by a string: edits in a channel, creates in a channel,
calls of one interaction. Lanes are learned from responses; the defaults serve only until the first one. All times
are monotonic seconds, and only `X-RateLimit-Reset-After` is read: a clock that is wrong harms nothing.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2s

DEFAULT_LIMIT = 5
DEFAULT_SPAN_S = 5.0
WEBHOOK_SPAN_S = 2.0  # observed: 5 per 2 s for one interaction (discord-facts 1.1)
REACTION_SPAN_S = 0.25  # observed: 1 per 0.25 s, adding and removing together (discord-facts 1.1)
WEBHOOK_CHANNEL_LIMIT = 25  # hidden limit of about 30 per 60 s and channel (discord-facts 1.1), less a margin
WEBHOOK_CHANNEL_SPAN_S = 60.0
WEBHOOK_DENSEST_S = 0.5  # 5 per 2 s are allowed; some are kept for the end and for private answers
WEBHOOK_STRETCH = 1 / 5  # of the time since the first: texts are as much older as the answer is longer
COURTESIES_IN_SPAN = 12  # of those 25: whoever floods a channel with commands must not silence its answers
YOUNG_SHARE = 1 / 7  # of a window, between the first two edits of a young reply
IDLE_LANES_KEPT = 2_000

_CREATE = re.compile(r"/channels/(\d+)/messages/?$")
_EDIT = re.compile(r"/channels/(\d+)/messages/\d+$")
_REACTION = re.compile(r"/channels/(\d+)/messages/\d+/reactions/")
_WEBHOOK = re.compile(r"/webhooks/\d+/([^/]+)(?:/|$)")


def create_lane(channel_id: int) -> str:
    """The lane of new messages in a channel."""
    return f"create:{channel_id}"


def edit_lane(channel_id: int) -> str:
    """The lane of edits in a channel."""
    return f"edit:{channel_id}"


def reaction_lane(channel_id: int) -> str:
    """The lane of reactions in a channel, added or taken back."""
    return f"react:{channel_id}"


def webhook_lane(token: str) -> str:
    """The lane of one interaction; its name does not give the token away."""
    return f"webhook:{blake2s(token.encode(), digest_size=8).hexdigest()}"


def webhook_channel_lane(channel_id: int) -> str:
    """The lane that all interactions answered in one channel share; no header reports it."""
    return f"webhooks-in:{channel_id}"


def lane_of(method: str, path: str) -> str | None:
    """The lane of a request as the wire shows it, or None where we keep no count."""
    if method == "POST" and (match := _CREATE.search(path)):
        return create_lane(int(match[1]))
    if method == "PATCH" and (match := _EDIT.search(path)):
        return edit_lane(int(match[1]))
    if match := _REACTION.search(path):
        return reaction_lane(int(match[1]))
    if match := _WEBHOOK.search(path):
        return webhook_lane(match[1])
    return None


def outside_global_limit(path: str) -> bool:
    """Interaction and webhook routes do not count against the bot's global limit (discord-facts 1.1)."""
    return "/webhooks/" in path or "/interactions/" in path


@dataclass(slots=True, eq=False)
class Attempt:
    """One REST call of ours under way, as the wire saw it; the trace of the HTTP session fills it in."""

    lanes: tuple[str, ...]
    on_change: Callable[[], None]
    status: int | None = None
    message: tuple[int, int] | None = None  # channel id, message id, as read from the answer's body
    settled: bool = False
    left_at: float | None = None  # when its newest request went out
    paused: bool = (
        False  # before its first one, the call waited for something: in discord.py's limiter, that is
    )

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def pause(self) -> None:
        """The loop's next turn has come since the call began."""
        self.paused = self.left_at is None

    def answered(self, status: int) -> None:
        self.status = status
        self.on_change()

    def shows(self, channel_id: int, message_id: int) -> None:
        self.message = (channel_id, message_id)
        self.on_change()


current_attempt: ContextVar[Attempt | None] = ContextVar("current_attempt", default=None)
"""The attempt that the running task makes; trace callbacks run in the call's own task and find it here."""


@dataclass(slots=True)
class LedgerCounts:
    """What happened on the wire so far."""

    requests: int = 0
    rate_limited: Counter[str] = field(default_factory=Counter)  # by scope
    held_inside: int = 0
    """Requests that waited inside discord.py before they left: there they would leave with old text."""


class Pace(Enum):
    """How the progress of one reply is spread over a window."""

    YOUNG = "young"
    """The second text comes soon after the first: that is when the eye is on it. The rest is spread evenly."""
    EVEN = "even"


@dataclass(slots=True)
class _Window:
    """A fixed window that starts with its first request, or a bucket that leaks (no header says which)."""

    span_s: float = DEFAULT_SPAN_S
    limit: int = DEFAULT_LIMIT
    remaining: int = DEFAULT_LIMIT
    in_flight: int = 0
    resets_at: float | None = None  # at the latest: an answer may have been long on its way
    resets_from: float = float("-inf")  # at the earliest: Discord counted when the request had left
    taken_at: float = float("-inf")
    known: bool = False  # whether headers told of it; discord.py, too, sends one at a time until they did
    leaks: bool = False  # slots come back one by one; `span_s` is then the time that one slot takes

    def _roll(self, now: float) -> None:
        if self.resets_at is not None and now >= self.resets_at:
            self.resets_at = None
            self.remaining = self.limit

    def ready_at(self, now: float, *, spare: int, courtesy: bool = False) -> float:
        """When a request may leave that keeps `spare` slots for others."""
        self._roll(now)
        if not self.known and self.in_flight:
            return now + self.span_s  # its answer wakes the queue sooner
        spare = min(spare, self.limit - 1)
        if self.remaining - self.in_flight > spare:
            return now
        if self.resets_at is not None:
            return self.resets_at
        # All slots of a new window are in flight and none is answered yet: an answer wakes the queue sooner.
        return now + self.span_s

    def spaced_at(self, pace: Pace) -> float:
        """When the next progress request keeps its pace, with one slot of each window left for the end."""
        if self.leaks:
            return self.taken_at + self.span_s
        if self.limit == 1:
            return self.taken_at + 2 * self.span_s
        slots = self.limit - 1
        used = min(self.limit - self.remaining + self.in_flight, slots)
        if used == 0:
            return float("-inf")  # a new window: the pace within the old one does not matter
        share = 1 / slots
        if pace is Pace.YOUNG and slots > 1:
            share = YOUNG_SHARE if used == 1 else (1 - YOUNG_SHARE) / (slots - 1)
        return self.taken_at + self.span_s * share

    def take(self, now: float, *, courtesy: bool = False) -> None:
        self._roll(now)
        self.in_flight += 1
        self.taken_at = now

    def give_back(self) -> None:
        self.in_flight = max(0, self.in_flight - 1)

    def settle(self, now: float) -> None:
        """A request was answered without headers: count it ourselves."""
        self.give_back()
        self._roll(now)
        self.remaining = max(0, self.remaining - 1)
        if self.resets_at is None:
            self.resets_at = self.resets_from = now + self.span_s

    def report(self, now: float, *, left_at: float, limit: int, remaining: int, reset_after_s: float) -> None:
        """A request was answered with headers: believe them, and the lowest where answers overtook each other."""
        self.give_back()
        self._roll(now)
        self.limit, self.known = limit, True
        self._learn_shape(remaining, reset_after_s)
        resets_from, resets_at = left_at + reset_after_s, now + reset_after_s
        ours = self.resets_at
        if ours is None or resets_from >= self.resets_from + 0.5 * self.span_s:
            self.remaining, self.resets_at, self.resets_from = remaining, resets_at, resets_from
        elif resets_at > self.resets_from - 0.5 * self.span_s:
            self.remaining, self.resets_at = min(self.remaining, remaining), max(ours, resets_at)
        # else it tells of an older window, or a 429 asked for more patience than this: what we know is stricter

    def _learn_shape(self, remaining: int, reset_after_s: float) -> None:
        if remaining == self.limit - 1:
            if abs(reset_after_s - self.span_s) > 0.05 * self.span_s:
                self.leaks = False  # what we thought of it was thought with another span
            self.span_s = reset_after_s if reset_after_s > 0 else self.span_s
        elif reset_after_s > 1.05 * self.span_s:
            # A fixed window never has more time left than at its beginning. The first request to a full bucket
            # that leaks showed the time of one slot; now there are two to refill.
            self.leaks = True
        elif reset_after_s < self.span_s:
            self.leaks = False

    def pause(self, until: float) -> None:
        self.give_back()
        self.remaining = 0
        self.resets_at = self.resets_from = max(until, self.resets_at or until)

    def idle(self, now: float) -> bool:
        return self.in_flight == 0 and (self.resets_at is None or now >= self.resets_at)


@dataclass(slots=True)
class _Rolling:
    """A limit that no header reports: at most `limit` in any `span_s`.

    Nobody knows how long an answer will be, and slots spread evenly over the whole span would make a short one
    old on screen. So gaps grow with the time since the first, until they are what the slots left allow evenly.
    """

    limit: int = WEBHOOK_CHANNEL_LIMIT
    span_s: float = WEBHOOK_CHANNEL_SPAN_S
    taken: deque[float] = field(default_factory=deque)
    courtesies: deque[float] = field(default_factory=lambda: deque(maxlen=COURTESIES_IN_SPAN))
    ends: int = 0  # live replies that will want a slot for their end

    def _roll(self, now: float) -> None:
        while self.taken and self.taken[0] <= now - self.span_s:
            self.taken.popleft()

    def ready_at(self, now: float, *, spare: int, courtesy: bool = False) -> float:
        self._roll(now)
        if spare:
            spare = min(max(spare, self.ends), self.limit - 1)
        over = len(self.taken) - (self.limit - spare - 1)
        ready = now if over <= 0 else self.taken[over - 1] + self.span_s
        if courtesy and len(self.courtesies) == COURTESIES_IN_SPAN:
            ready = max(ready, self.courtesies[0] + self.span_s)
        return ready

    def spaced_at(self, _pace: Pace) -> float:
        if not self.taken:
            return float("-inf")
        first, last = self.taken[0], self.taken[-1]
        free = max(1, self.limit - max(1, self.ends) - len(self.taken))
        even_s = (first + self.span_s - last) / free
        return last + max(WEBHOOK_DENSEST_S, min((last - first) * WEBHOOK_STRETCH, even_s))

    def take(self, now: float, *, courtesy: bool = False) -> None:
        self.taken.append(now)
        if courtesy:
            self.courtesies.append(now)

    def give_back(self) -> None:
        if self.taken:
            self.taken.pop()

    def idle(self, now: float) -> bool:
        self._roll(now)
        return not self.taken and not self.ends


class Ledger:
    """Knows for each lane when the next request may leave."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lanes: dict[str, _Window | _Rolling] = {}
        self.counts = LedgerCounts()
        self.paused_until = float("-inf")
        self.on_change: Callable[[tuple[str, ...]], None] = lambda _lanes: None
        self.on_foreign: Callable[[], None] = lambda: None

    def _lane(self, name: str) -> _Window | _Rolling:
        lane = self._lanes.get(name)
        if lane is None:
            if len(self._lanes) >= IDLE_LANES_KEPT:
                self._drop_idle()
            if name.startswith("webhooks-in:"):
                lane = _Rolling()
            elif name.startswith("webhook:"):
                lane = _Window(span_s=WEBHOOK_SPAN_S)
            elif name.startswith("react:"):
                lane = _Window(span_s=REACTION_SPAN_S, limit=1, remaining=1)
            else:
                lane = _Window()
            self._lanes[name] = lane
        return lane

    def _drop_idle(self) -> None:
        now = self._clock()
        self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.idle(now)}

    def ready_at(
        self, lanes: tuple[str, ...], now: float, *, spare: int, pace: Pace | None, courtesy: bool = False
    ) -> float:
        """When a request that counts against all of `lanes` may leave (monotonic seconds; `now` or later).

        `spare` slots of each lane stay free; with a `pace` it also waits for its place within the window. A
        `courtesy` is one of few in a lane that is shared by several replies.
        """
        ready = now
        for name in lanes:
            lane = self._lane(name)
            ready = max(ready, lane.ready_at(now, spare=spare, courtesy=courtesy))
            if pace is not None:
                ready = max(ready, lane.spaced_at(pace))
        return ready

    def take(self, lanes: tuple[str, ...], *, courtesy: bool = False) -> None:
        """Count a request that leaves now."""
        now = self._clock()
        for name in lanes:
            self._lane(name).take(now, courtesy=courtesy)

    def give_back(self, lanes: tuple[str, ...]) -> None:
        """Take back a `take` whose request never left."""
        for name in lanes:
            self._lane(name).give_back()
        self.on_change(lanes)

    def keep_end(self, lanes: tuple[str, ...]) -> None:
        """Keep a slot for the end of one more reply, where a lane is shared by several."""
        for name in lanes:
            if isinstance(lane := self._lane(name), _Rolling):
                lane.ends += 1

    def ended(self, lanes: tuple[str, ...]) -> None:
        """Take back a `keep_end`."""
        for name in lanes:
            if isinstance(lane := self._lane(name), _Rolling):
                lane.ends = max(0, lane.ends - 1)
        self.on_change(lanes)

    def settle(self, attempt: Attempt) -> None:
        """The call of `attempt` ended; one that was never answered is counted as one that was."""
        if attempt.settled:
            return
        attempt.settled = True
        self._settle(attempt.lanes, self._clock())
        self.on_change(attempt.lanes)

    def _settle(self, lanes: tuple[str, ...], now: float) -> None:
        for name in lanes:
            lane = self._lane(name)
            if isinstance(lane, _Window):
                lane.settle(now)

    def started(self, path: str) -> None:
        """A request leaves; one that is not an attempt of the scheduler still costs the global budget."""
        attempt = current_attempt.get()
        if attempt is None:
            if not outside_global_limit(path):
                self.on_foreign()
            return
        if attempt.left_at is None:
            self.counts.held_inside += attempt.paused
        attempt.left_at = self._clock()

    def observe(self, method: str, path: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from one response; called by the HTTP session's trace in the task of the call."""
        self.counts.requests += 1
        attempt = current_attempt.get()
        expected = attempt.lanes if attempt is not None and not attempt.settled else ()
        name = lane_of(method, path)
        now = self._clock()
        if name is not None:
            lane = self._lane(name)
            if isinstance(lane, _Window):
                if name not in expected:
                    lane.take(now)  # whatever we learn takes back one request in flight
                left_at = now if attempt is None or attempt.left_at is None else attempt.left_at
                self._learn(lane, status, headers, now, left_at)
        self._settle(tuple(other for other in expected if other != name), now)
        if status == 429 and headers.get("X-RateLimit-Scope") == "global":
            self.paused_until = max(self.paused_until, now + _seconds(headers.get("Retry-After"), 1.0))
        if status == 429:
            self.counts.rate_limited[headers.get("X-RateLimit-Scope", "unknown")] += 1
        if attempt is not None:
            attempt.settled = True
            attempt.answered(status)
        self.on_change(expected if name is None or name in expected else (*expected, name))

    def _learn(
        self, lane: _Window, status: int, headers: Mapping[str, str], now: float, left_at: float
    ) -> None:
        if status == 429:
            lane.pause(now + _seconds(headers.get("Retry-After"), lane.span_s))
            return
        limit, remaining = headers.get("X-RateLimit-Limit"), headers.get("X-RateLimit-Remaining")
        reset_after = headers.get("X-RateLimit-Reset-After")
        if limit is None or remaining is None or reset_after is None:
            lane.settle(now)
            return
        lane.report(
            now,
            left_at=left_at,
            limit=max(1, int(_seconds(limit, DEFAULT_LIMIT))),
            remaining=int(_seconds(remaining, 0)),
            reset_after_s=_seconds(reset_after, lane.span_s),
        )


def _seconds(value: str | None, default: float) -> float:
    try:
        return default if value is None else float(value)
    except ValueError:
        return default
