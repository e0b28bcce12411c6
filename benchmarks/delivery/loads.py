"""The loads: which questions are asked when and where, and how fast their answers come; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.delivery.answers import Pace


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its number, seconds from the start, the channel's number, and by which door it comes."""

    number: int
    at_s: float
    place: int
    slash: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Questions over time; every channel is in a guild of its own."""

    name: str
    pace: Pace
    asked: tuple[Asked, ...]

    @property
    def places(self) -> int:
        """How many channels it needs."""
        return 1 + max(one.place for one in self.asked)

    @property
    def longest_s(self) -> float:
        """Seconds from its start to the last token, where every answer begins at once when its turn comes."""
        per_place = [0] * self.places
        for one in self.asked:
            per_place[one.place] += 1
        return max(one.at_s for one in self.asked) + max(per_place) * (self.pace.duration_s + 1.0)

    def scaled(self, factor: float) -> Load:
        """The same load in `factor` of its time, with answers as much shorter."""
        pace = replace(self.pace, tokens=max(2, round(self.pace.tokens * factor)))
        return replace(
            self, pace=pace, asked=tuple(replace(one, at_s=one.at_s * factor) for one in self.asked)
        )


def spread(name: str, pace: Pace, channels: int, over_s: float, *, slash_every: int = 0) -> Load:
    """One question in each channel, evenly over `over_s`; each `slash_every`-th by slash command."""
    asked = tuple(
        Asked(at, at * over_s / channels, at, slash=bool(slash_every) and at % slash_every == slash_every - 1)
        for at in range(channels)
    )
    return Load(name, pace, asked)


def repeated(name: str, pace: Pace, times: int, every_s: float) -> Load:
    """One channel, asked again when all of its limits are fresh."""
    return Load(name, pace, tuple(Asked(at, at * every_s, 0) for at in range(times)))


def queued(name: str, pace: Pace, channels: int, at_once: int) -> Load:
    """Several questions at once in each channel: they are answered in order."""
    asked = tuple(Asked(at, 0.0, at // at_once) for at in range(channels * at_once))
    return Load(name, pace, asked)


def at_rate(per_s: float, pace: Pace, over_s: float, channels: int) -> Load:
    """So many questions a second, for `over_s`, in one channel after the other."""
    count = round(per_s * over_s)
    asked = tuple(Asked(at, at / per_s, at % channels) for at in range(count))
    return Load(f"L5 {per_s:g}/s", pace, asked)


SHORT = Pace(60, 40)
LONG = Pace(400, 40)
CROWD = Pace(300, 30)

RATE_SEARCH = "L5"
"""The load that is no load but a search: short answers at the highest rate that is held."""


def all_loads() -> Sequence[Load]:
    """Every load of the benchmark but the search for the highest rate, in the order of the table."""
    return (
        spread("short", SHORT, 20, 10.0),
        repeated("L1", LONG, 3, 17.0),
        spread("L2", LONG, 25, 10.0),
        spread("L3", CROWD, 200, 0.0),
        spread("L3s", CROWD, 200, 30.0),
        spread("L4", CROWD, 1000, 30.0),
        spread("slash", LONG, 25, 10.0, slash_every=5),
        queued("queue", LONG, 10, 4),
    )


def names() -> Iterator[str]:
    """What can be asked for by name."""
    yield from (load.name for load in all_loads())
    yield RATE_SEARCH
