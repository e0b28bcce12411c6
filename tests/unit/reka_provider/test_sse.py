"""Bytes to events."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider._sse import MAX_EVENT_BYTES, Event, EventParser, EventTooLongError

STREAM = (
    "\ufeff: hello\r\n"
    'event: message\r\ndata: {"text": "naïve 🦉"}\r\n\r\n'
    "data:no space\n\n"
    "data: one\rdata: two\r\r"
    "id: 7\nretry: 10\nevent: ping\ndata\ndata:  kept space\n\n"
    "event: no data\n\n"
    "data: after\n\n"
).encode()
EVENTS = [
    Event("message", '{"text": "naïve 🦉"}'.encode()),
    Event("message", b"no space"),
    Event("message", b"one\ntwo"),
    Event("ping", b"\n kept space"),
    Event("message", b"after"),
]


def events_of(chunks: list[bytes]) -> list[Event]:
    parser = EventParser()
    found = [event for chunk in chunks for event in parser.feed(chunk)]
    last, _ = parser.finish()
    return [*found, last] if last else found


def test_a_whole_stream_gives_its_events() -> None:
    """BOM, comments, three line ends, several data lines: all in the HTML standard."""
    assert events_of([STREAM]) == EVENTS


@pytest.mark.parametrize("cut", range(1, len(STREAM)))
def test_a_split_at_any_byte_changes_nothing(cut: int) -> None:
    """TCP knows neither characters nor lines."""
    assert events_of([STREAM[:cut], STREAM[cut:]]) == EVENTS


def test_single_bytes_change_nothing() -> None:
    """The finest split there is."""
    assert events_of([STREAM[index : index + 1] for index in range(len(STREAM))]) == EVENTS


@given(
    st.lists(
        st.sampled_from(
            [b"data: x", b"data:", b"event: e", b":", b"\r", b"\n", b"\r\n", b"\xf0\x9f", b"data"]
        ),
        max_size=30,
    ),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_any_split_of_any_bytes_gives_the_same_events(parts: list[bytes], data: st.DataObject) -> None:
    """What is read must not depend on how the network cut it."""
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(bounds)]
    assert events_of(chunks) == events_of([stream])


def test_an_event_without_its_blank_line_is_given_at_the_end() -> None:
    """Some servers leave the last blank line out."""
    parser = EventParser()
    assert parser.feed(b"data: last\n") == []
    assert parser.finish() == (Event("message", b"last"), False)


@pytest.mark.parametrize("tail", [b"event: mess", b"event: message\n", b"dat", b"id"])
def test_an_end_within_an_event_is_told(tail: bytes) -> None:
    """A cut stream must not pass for a whole one."""
    parser = EventParser()
    parser.feed(b"data: one\n\n" + tail)
    assert parser.finish() == (None, True)


def test_a_comment_at_the_end_is_no_cut() -> None:
    """Comments are no part of any event."""
    parser = EventParser()
    parser.feed(b"data: one\n\n: bye")
    assert parser.finish() == (None, False)


def test_a_line_of_a_mebibyte_takes_linear_time() -> None:
    """Searching the whole line again for each chunk took seconds in the known client."""
    parser = EventParser()
    start_s = time.perf_counter()
    parser.feed(b"data: ")
    for _ in range(16_384):
        parser.feed(b"x" * 64)
    (event,) = parser.feed(b"\n\n")
    assert len(event.data) == 1024 * 1024
    assert time.perf_counter() - start_s < 1.0


def test_an_event_without_end_is_refused() -> None:
    """A server must not fill our memory."""
    parser = EventParser()
    parser.feed(b"data: " + b"x" * (MAX_EVENT_BYTES - 100))
    with pytest.raises(EventTooLongError):
        parser.feed(b"x" * 200)


def test_many_lines_of_one_event_count_together() -> None:
    """The same, line by line."""
    parser = EventParser()
    line = b"data: " + b"x" * (1024 * 1024) + b"\n"
    for _ in range(15):
        parser.feed(line)
    with pytest.raises(EventTooLongError):
        parser.feed(line * 2)


@pytest.mark.parametrize("line", [b"data:a\n", b"data:\n", b"data\r\n"])
def test_a_million_short_lines_of_one_event_are_refused_before_they_cost_much(line: bytes) -> None:
    """Each costs a multiple of its bytes to keep: a hostile Reka would take the memory of all answers."""
    parser = EventParser()
    tracemalloc.start()
    try:
        with pytest.raises(EventTooLongError):
            all(parser.feed(line * 10_000) == [] for _ in range(100))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 24 * 1024 * 1024


def test_a_line_in_crumbs_costs_its_bytes_and_little_more() -> None:
    """The same, by a server that sends two bytes at a time."""
    parser = EventParser()
    tracemalloc.start()
    try:
        parser.feed(b"data: ")
        for crumb in range(200_000):
            parser.feed(b"%02d" % (crumb % 100))
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size_bytes < 1024 * 1024


def test_an_event_of_many_lines_is_none_of_a_million() -> None:
    """What a server writes for people to read, a line for each member, is let through."""
    (event,) = EventParser().feed(b"data: 1,\n" * 100_000 + b"\n")
    assert event.data.count(b"\n") == 99_999
