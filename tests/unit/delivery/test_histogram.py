"""Counting by size."""

from __future__ import annotations

from delivery.histogram import Histogram


def test_a_bound_belongs_to_what_is_below_it() -> None:
    """Prometheus's `le` means "less or equal": an alarm on a bound would else be wrong by the values on it."""
    seconds = Histogram((1.0, 2.0))

    for value in (0.5, 1.0, 1.5, 2.0, 9.0):
        seconds.observe(value)

    assert seconds.cumulated() == [("1.0", 2), ("2.0", 4), ("+Inf", 5)]
    assert seconds.total == 14.0


def test_it_never_grows() -> None:
    """A bot that runs for months must not remember each of its answers."""
    seconds = Histogram((1.0,))

    for _ in range(10_000):
        seconds.observe(3.0)

    assert len(seconds.counts) == 2


def test_two_of_them_share_nothing() -> None:
    """A default that is shared would mix the first words with the ends."""
    one, other = Histogram(), Histogram()

    one.observe(1.0)

    assert sum(other.counts) == 0
