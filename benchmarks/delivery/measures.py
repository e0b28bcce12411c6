"""From the times of tokens and of what was visible: lags, staleness, and the bound on it; pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

MESSAGE_UPDATES_PER_S = 0.8  # 5 edits per 5 s, one of them kept for the end
RESPONSE_UPDATES_PER_S = 2.0  # a slash answer: 5 per 2 s, one of them kept for the end
GLOBAL_PER_S = 50.0


@dataclass(frozen=True, slots=True)
class Grown:
    """One answer as Reka wrote it and as readers saw it.

    `asked_s` is when the question was, `begun_s` when Reka was asked. `written_s` and `sizes_chars` tell
    when it had how many characters; `shown` holds the visible contents from their times on. All times are
    monotonic seconds of one clock. `slash` answers have limits of their own.
    """

    text: str
    asked_s: float
    begun_s: float
    written_s: Sequence[float]
    sizes_chars: Sequence[int]
    shown: Sequence[tuple[float, str]]
    slash: bool = False

    @property
    def span_s(self) -> tuple[float, float]:
        """When the first token was written, and when the last."""
        return self.written_s[0], self.written_s[-1]

    @property
    def duration_s(self) -> float:
        """Seconds from the first token to the last."""
        return self.written_s[-1] - self.written_s[0]

    @property
    def shown_whole_s(self) -> float | None:
        """Since when the whole text stands there; None where it does not."""
        since_s: float | None = None
        for at_s, content in self.shown:
            if content != self.text:
                since_s = None
            elif since_s is None:
                since_s = at_s
        return since_s


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of one answer.

    `intake_s` is from the question to Reka's being asked; `staleness` and `bound` are fractions, `age_s` is the
    mean age of the text.
    """

    slash: bool
    ended_s: float
    intake_s: float
    first_lag_s: float
    end_lag_s: float
    staleness: float
    bound: float
    age_s: float


def visible_chars(content: str, text: str) -> int:
    """How much of `text`, from its beginning, `content` shows."""
    if text.startswith(content):
        return len(content)
    return next(
        (at for at, (one, other) in enumerate(zip(content, text, strict=False)) if one != other), len(text)
    )


def late_char_seconds(grown: Grown) -> float:
    """The integral over time of characters written minus characters visible, until all is visible."""
    steps = [(at_s, size, None) for at_s, size in zip(grown.written_s, grown.sizes_chars, strict=True)]
    sights = [(at_s, None, visible_chars(content, grown.text)) for at_s, content in grown.shown]
    area, written, visible, before_s = 0.0, 0, 0, grown.written_s[0]
    for at_s, size, sight in sorted([*steps, *sights], key=lambda step: step[0]):
        area += max(0, written - visible) * (at_s - before_s)
        before_s = at_s
        written = written if size is None else size
        visible = visible if sight is None else sight
    return area


class LiveReplies:
    """How many updates one of all replies live at once could get, at best: the k of the bound."""

    def __init__(self, spans_s: Iterable[tuple[float, float]]) -> None:
        changes = _comings_and_goings(spans_s)
        self._times_s = [at_s for at_s, _ in changes]
        self._rates: list[float] = []
        self._updates = [0.0]
        live = 0
        for _, change in changes:
            live += change
            self._rates.append(min(MESSAGE_UPDATES_PER_S, GLOBAL_PER_S / live) if live else 0.0)
        for (one_s, next_s), rate in zip(pairwise(self._times_s), self._rates, strict=False):
            self._updates.append(self._updates[-1] + (next_s - one_s) * rate)

    def updates(self, from_s: float, to_s: float) -> float:
        """The integral of min(0.8 per s, 50/A(t)) from one time to another, A(t) replies being live."""
        return self._until(to_s) - self._until(from_s)

    def _until(self, at_s: float) -> float:
        place = bisect_right(self._times_s, at_s) - 1
        if place < 0:
            return 0.0
        return self._updates[place] + (at_s - self._times_s[place]) * self._rates[place]


def _comings_and_goings(spans_s: Iterable[tuple[float, float]]) -> list[tuple[float, int]]:
    """Each time at which there is one more or one fewer."""
    return sorted(change for from_s, to_s in spans_s for change in ((from_s, 1), (to_s, -1)))


def bound(*, updates: float, tokens: int, duration_s: float, one_way_s: float) -> float:
    """The least staleness that so many evenly spaced updates of a stream allow."""
    return (1 / updates - 1 / (tokens - 1)) / 2 + one_way_s / duration_s


def measure(all_grown: Sequence[Grown], *, one_way_s: float) -> list[Figures]:
    """The figures of each answer that stands there whole in the end."""
    live = LiveReplies(grown.span_s for grown in all_grown if not grown.slash)
    figures = []
    for grown in all_grown:
        whole_s = grown.shown_whole_s
        if whole_s is None:
            continue
        updates = RESPONSE_UPDATES_PER_S * grown.duration_s if grown.slash else live.updates(*grown.span_s)
        late = late_char_seconds(grown)
        figures.append(
            Figures(
                slash=grown.slash,
                ended_s=grown.written_s[-1],
                intake_s=grown.begun_s - grown.asked_s,
                first_lag_s=grown.shown[0][0] - grown.written_s[0],
                end_lag_s=whole_s - grown.written_s[-1],
                staleness=late / (len(grown.text) * grown.duration_s),
                bound=bound(
                    updates=updates,
                    tokens=len(grown.written_s),
                    duration_s=grown.duration_s,
                    one_way_s=one_way_s,
                ),
                age_s=late / len(grown.text),
            )
        )
    return figures


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all are at most, interpolated; not a number where there are none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean; not a number where there are none."""
    every = list(values)
    return sum(every) / len(every) if every else math.nan


def busiest_second(times_s: Iterable[float]) -> int:
    """The most events in any one second."""
    ordered = sorted(times_s)
    most, first = 0, 0
    for last, at_s in enumerate(ordered):
        while ordered[first] <= at_s - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def budget_used(
    waits_s: Iterable[tuple[float, float]], requests_s: Sequence[float], *, budget_per_s: float
) -> float | None:
    """The share of the budget that was spent while more replies waited than it can serve; None if never so.

    `waits_s` are from when to when each reply had text that was not visible yet; more of them than the budget
    can serve at 0.8 updates a second each means that something waits at every instant.
    """
    changes = _comings_and_goings(waits_s)
    enough = budget_per_s / MESSAGE_UPDATES_PER_S
    ordered = sorted(requests_s)
    waiting, busy_s, spent = 0, 0.0, 0
    for (one_s, change), (next_s, _) in pairwise(changes):
        waiting += change
        if waiting > enough:
            busy_s += next_s - one_s
            spent += bisect_right(ordered, next_s) - bisect_right(ordered, one_s)
    return spent / (busy_s * budget_per_s) if busy_s > 1.0 else None
