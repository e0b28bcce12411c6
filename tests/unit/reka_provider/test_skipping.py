"""Events that are passed over in a burst, against a parser that reads every one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider._skipping import SkippedEvents, events_of
from reka_provider._sse import Event, EventParser

NAMED = b"event: message\ndata: "


def events_and_skipped(chunks: list[bytes]) -> tuple[list[Event], list[Event]]:
    """All events, and those of them that were passed over."""
    parser = EventParser()
    events: list[Event] = []
    skipped: list[Event] = []
    for chunk in chunks:
        for item in events_of(parser, chunk):
            if isinstance(item, SkippedEvents):
                skipped += item.read()
                events += item.read()
            else:
                events.append(item)
    return events, skipped


def burst(count: int, fields: bytes = NAMED, line_end: bytes = b"\n") -> bytes:
    stream = b"".join(fields + b'{"text": "%s"}\n\n' % (b"word " * number) for number in range(count))
    return stream.replace(b"\n", line_end)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("fields", [NAMED, b"data: ", b"data:", b"event:message\ndata:"])
def test_the_middle_of_a_burst_is_passed_over(fields: bytes, line_end: bytes) -> None:
    """Each event repeats the whole text: 450 KB for an answer of 2 KB."""
    events, skipped = events_and_skipped([burst(50, fields, line_end)])
    assert len(events) == 50
    assert len(skipped) == 48


def test_the_newest_whole_event_is_never_passed_over() -> None:
    """The one after it may be cut by the end of the chunk."""
    stream = burst(50)
    whole, _ = events_and_skipped([stream])
    for cut in range(len(stream) - 300, len(stream)):
        events, skipped = events_and_skipped([stream[:cut]])
        assert events[-1] not in skipped
        assert events == whole[: len(events)]


@pytest.mark.parametrize(
    "odd",
    [
        b"event: ping\ndata: now\n\n",
        b": comment\n\n",
        b"data: oops\n\n",
        b"data: {\ndata: }\n\n",
        b'id: 7\ndata: {"text": "x"}\n\n',
        b"\n",
        b'data: {"a": "\r"}\n\n',
        b"event: error\ndata: {}\n\n",
    ],
)
def test_what_is_unlike_the_others_is_read(odd: bytes) -> None:
    """Pings, comments and broken events stand between events in any number."""
    stream = burst(5) + odd + burst(5)
    events, skipped = events_and_skipped([stream])
    assert events == EventParser().feed(stream)
    assert all(event.name == "message" and event.data.startswith(b'{"text": "') for event in skipped)


PIECES = st.sampled_from(
    [
        *[NAMED + b'{"text": "%s"}\n\n' % text for text in (b"", b"a", b"\xc3\xa9" * 3, b"}", b"\\n", b"{")],
        b'data: {"text": "b"}\n\n',
        b'data:{"text": "c"}\n\n',
        b'event: message\r\ndata: {"text": "d"}\r\n\r\n',
        b'event: message\r\ndata: {"text": "d"}\r\n\r\n',
        b'data: {"text": "e"}\r\n\r\n',
        b'data: {"text": "f"}\r\r',
        b"data: {}\n\n",
        b"data: {\ndata: }\n\n",
        b"data: {oops\n\n",
        b"event: ping\ndata: {}\n\n",
        b"event: message\n\n",
        b"data: {}\n",
        b"data: {}\r",
        b"}\n\n",
        b"}\r\n\r\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"{",
        b": x\n",
        b"\xef\xbb\xbf",
    ]
)


@given(st.lists(st.tuples(PIECES, st.integers(1, 4)), max_size=14), st.data())
@settings(max_examples=600, deadline=None)
def test_the_fast_way_gives_what_the_slow_one_gives(
    parts: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    """Whatever is sent, however it is cut: the same events, and passed over only those that need no look."""
    stream = b"".join(piece * times for piece, times in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    slow = EventParser()
    events, skipped = events_and_skipped(chunks)
    assert events == [event for chunk in chunks for event in slow.feed(chunk)]
    for event in skipped:
        assert event.name == "message"
        assert event.data.startswith(b"{")
        assert event.data.endswith(b"}")
