"""Seconds counted by size, in a handful of numbers that never grow."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS_S = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0, 120.0)
"""Close together where people notice a difference, which is below three seconds."""


@dataclass(slots=True)
class Histogram:
    """How many values fell up to each of `bounds` and above the one before it; the last count is of all larger."""

    bounds: tuple[float, ...] = BOUNDS_S
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one value; a bound itself belongs to what is below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulated(self) -> list[tuple[str, int]]:
        """For each bound, as text, how many values were not above it; "+Inf" stands for the last."""
        told: list[tuple[str, int]] = []
        so_far = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            told.append((bound, so_far))
        return told
