"""The arithmetic of the delivery benchmark, by examples that can be checked by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from benchmarks.delivery.answers import Pace, question, read_question, sizes_chars, tag, whole
from benchmarks.delivery.loads import all_loads
from benchmarks.delivery.measures import (
    Grown,
    LiveReplies,
    bound,
    budget_used,
    busiest_second,
    late_char_seconds,
    measure,
    percentile,
    visible_chars,
)
from benchmarks.delivery.rate_search import highest_held_rate
from benchmarks.delivery.scripted_reka import frames_of

# Ten characters, one a second from second 100 on; readers see the first 0.5 s later, and all 1 s after the last.
TEN = Grown(
    text="abcdefghij",
    asked_s=99.0,
    begun_s=99.5,
    written_s=[100.0 + at for at in range(10)],
    sizes_chars=list(range(1, 11)),
    shown=[(100.5, "a"), (104.0, "abcde"), (110.0, "abcdefghij")],
)


def test_late_characters_are_counted_from_written_to_visible() -> None:
    """The mean over characters is what people feel; each is late from its writing to its showing."""
    by_hand = (
        0.5 + sum(104.0 - 100.0 - at for at in range(1, 5)) + sum(110.0 - 100.0 - at for at in range(5, 10))
    )

    assert late_char_seconds(TEN) == pytest.approx(by_hand)


def test_figures_of_one_reply() -> None:
    """Lags are taken at the reader's side; staleness is relative to the whole text and time."""
    (figures,) = measure([TEN], one_way_s=0.09)

    assert figures.intake_s == pytest.approx(0.5)
    assert figures.first_lag_s == pytest.approx(0.5)
    assert figures.end_lag_s == pytest.approx(1.0)
    assert figures.age_s == pytest.approx(late_char_seconds(TEN) / 10)
    assert figures.staleness == pytest.approx(figures.age_s / 9)
    assert figures.bound == pytest.approx((1 / 7.2 - 1 / 9) / 2 + 0.01)


def test_reply_that_is_not_whole_in_the_end_has_no_figures() -> None:
    """Its end lag would be a lie; the verdict on the screen tells of it."""
    overwritten = replace(TEN, shown=[*TEN.shown, (111.0, "abc")])

    assert overwritten.shown_whole_s is None
    assert measure([overwritten], one_way_s=0.04) == []


def test_crowd_shares_the_global_limit() -> None:
    """100 replies at once get half an update a second each; one alone gets 0.8."""
    crowd = LiveReplies([(0.0, 10.0)] * 100 + [(20.0, 30.0)])

    assert crowd.updates(0.0, 10.0) == pytest.approx(5.0)
    assert crowd.updates(20.0, 30.0) == pytest.approx(8.0)
    assert crowd.updates(5.0, 25.0) == pytest.approx(2.5 + 4.0)


def test_bound_of_the_issue_for_one_channel() -> None:
    """400 tokens at 40/s, alone: 7.98 updates."""
    duration_s = Pace(400, 40).duration_s

    least = bound(updates=0.8 * duration_s, tokens=400, duration_s=duration_s, one_way_s=0.04)

    assert least == pytest.approx(0.0654, abs=0.0001)


@pytest.mark.parametrize(
    ("content", "chars"), [("abc", 3), ("abcdefghij", 10), ("abX", 2), ("abcdefghij!", 10), ("", 0)]
)
def test_visible_is_what_the_text_begins_with(content: str, chars: int) -> None:
    """A note or a closing fence is no character of the answer."""
    assert visible_chars(content, TEN.text) == chars


def test_busiest_second_is_any_second() -> None:
    """Discord's windows begin when they like."""
    assert busiest_second([0.0, 0.9, 1.0, 1.5, 1.8, 1.95, 3.0]) == 4
    assert busiest_second([]) == 0


def test_budget_counts_only_while_too_many_wait() -> None:
    """An idle budget is no fault where nobody waits."""
    waits = [(0.0, 10.0)] * 100
    requests = [at / 40 for at in range(400)] + [50.0, 60.0]

    assert budget_used(waits, requests, budget_per_s=40.0) == pytest.approx(1.0, abs=0.01)
    assert budget_used(waits[:10], requests, budget_per_s=40.0) is None


def test_percentile_interpolates() -> None:
    """As people expect of a median of two."""
    assert percentile([1.0, 2.0], 0.5) == 1.5
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
    assert math.isnan(percentile([], 0.5))


@pytest.mark.parametrize(("limit", "found"), [(46.0, 46.0), (40.0, 40.0), (23.5, 23.0), (10.0, None)])
async def test_search_finds_the_highest_rate_held(limit: float, found: float | None) -> None:
    """To one reply a second, with few trials."""
    trials = []

    async def held(per_s: float) -> bool:
        trials.append(per_s)
        return per_s <= limit

    assert await highest_held_rate(23.0, 46.0, held) == found
    assert len(trials) <= 7


def test_question_carries_its_answer() -> None:
    """The bot puts a name and a system prompt around it; the last question counts."""
    pace = Pace(60, 40)
    said = f"Be brief.\n\nalice: {question(3, pace)}\n\nbob: {question(12, pace)}"

    assert read_question(said) == (tag(12), pace)
    assert read_question("hello") is None


def test_events_are_those_of_the_wire_and_end_with_the_whole_text() -> None:
    """Made beforehand, they are easily wrong by a byte, and every figure with them."""
    tokens = 30
    texts = []
    for frame in frames_of(tokens):
        size, _, chunk = (frame.before_tag + tag(5).encode() + frame.after_tag).partition(b"\r\n")
        assert chunk.endswith(b"\n\n\r\n")
        assert len(chunk) - 2 == int(size, 16)
        name, data = chunk.decode().strip().split("\n")
        assert name == "event: message"
        event = json.loads(data.removeprefix("data: "))
        assert event["type"] == "model"
        texts.append(event["text"])

    assert event["finish_reason"] == "stop"
    assert texts[-1] == whole(5, tokens)
    assert [len(text) for text in texts] == sizes_chars(tokens)


def test_every_load_fits_on_a_page() -> None:
    """Staleness is compared with a bound that knows one message."""
    for load in all_loads():
        assert len(whole(0, load.pace.tokens)) < 1900
        assert len({one.number for one in load.asked}) == len(load.asked)
