"""The operator's table, which has to fit into one message."""

from __future__ import annotations

from cogs.operator import as_table, shards_in_words


def test_shards_tell_how_fast_they_answer() -> None:
    """A shard without a connection has no latency, or an endless one."""
    assert (
        shards_in_words([(0, 0.0449), (1, float("nan")), (2, float("inf"))]) == "0: 45 ms, 1: away, 2: away"
    )


def test_of_many_shards_the_slowest_are_told() -> None:
    """A fleet of hundreds has to fit into one line."""
    shards = [(number, number / 1000) for number in range(100)] + [(100, float("nan"))]

    words = shards_in_words(shards)

    assert words.startswith("93: 93 ms, ")
    assert words.endswith("99: 99 ms, 100: away, and 93 more")


def test_the_table_is_aligned_and_nothing_ends_it_early() -> None:
    """An error's text may hold anything."""
    assert as_table([("a", "1"), ("long", "x ```\ny")]) == "```\na     1\nlong  x ˋˋˋ y\n```"


def test_the_table_fits_into_a_message() -> None:
    """Discord refuses more than 2,000 characters."""
    assert len(as_table([("error", "x" * 5_000)])) < 2_000
