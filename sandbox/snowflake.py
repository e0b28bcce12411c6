"""Ids as Discord makes them: a time in milliseconds and a counter, never the same twice."""

from __future__ import annotations

import itertools
import time

EPOCH_MS = 1_420_070_400_000
"""2015-01-01, where Discord's clock starts (API Reference, Snowflakes)."""

_COUNTER_BITS = 22


class Snowflakes:
    """Hands out ids that are unique, even those of things said to be older than they are."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)

    def next(self, *, aged_s: float = 0.0) -> int:
        """Make an id whose time is `aged_s` seconds ago."""
        ms = int((time.time() - aged_s) * 1000) - EPOCH_MS
        return ms << _COUNTER_BITS | next(self._counter) & (1 << _COUNTER_BITS) - 1


def created_ms(snowflake: int) -> int:
    """Return the epoch milliseconds in which `snowflake` was made."""
    return (snowflake >> _COUNTER_BITS) + EPOCH_MS


def age_s(snowflake: int) -> float:
    """Return how many seconds ago `snowflake` was made."""
    return time.time() - created_ms(snowflake) / 1000
