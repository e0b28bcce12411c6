"""One input from others, a little wrong; pure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_PIECES = (
    b"\n", b"\r", b"\r\n", b"\n\n", b"data:", b"data: ", b"event: error\n", b": \n", b"[DONE]", b"{", b"}", b"[", b"]",
    b'"', b"\\", b"\\u", b"\\ud83d", b"\\udc00", b"null", b"true", b"NaN", b"1e999", b"9" * 5000, b"-1", b"\x00",
    b"\xff", b"\xef\xbb\xbf", b"\xf0\x9f", b"\x7f", b"\x85", b"\xe2\x80\xa8", b'"error":', b'"finish_reason":"stop"',
    b'"text":', b'"content":', b'{"choices":[]}', b"<reasoning>", b"</think>", b"[" * 3000, b'{"a":' * 2000, b"",
)  # fmt: skip
_EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")
_LARGEST_INPUT_BYTES = 200_000


def mutate(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """`data` with one to six changes, some of which splice another input in."""
    for _ in range(rng.randint(1, 6)):
        change = rng.choice(_CHANGES)
        data = change(data, rng.choice(others), rng)
    return data[:_LARGEST_INPUT_BYTES]


def cuts(data: bytes, rng: random.Random) -> list[bytes]:
    """`data` in chunks, as a network may deliver it."""
    at = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randint(1, 12)))
    return [
        chunk for start, end in zip([0, *at], [*at, len(data)], strict=True) if (chunk := data[start:end])
    ]


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + int(rng.paretovariate(0.7)))


def _replace_byte(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _insert_piece(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_PIECES) + data[at:]


def _replace_span(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + rng.choice(_PIECES) + data[end:]


def _repeat_span(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 30)) + data[end:]


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start, end = _span(other, rng)
    at = rng.randrange(len(data) + 1)
    return data[:at] + other[start:end] + data[at:]


def _cut_off(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _move_events(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Drop, repeat, swap, spoil and take in whole events, so that the stream mostly stays a good one."""
    events = _EVENT_END.split(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(events))
        kind = rng.randrange(5)
        if kind == 0 and len(events) > 1:
            del events[at]
        elif kind == 1:
            events[at:at] = [events[at]] * rng.choice((1, 8))
        elif kind == 2:
            events[at], events[0] = events[0], events[at]
        elif kind == 3:
            spoilt = events[at].rstrip()[:-1]
            events[at] = spoilt + events[at][len(spoilt) + 1 :]
        else:
            events.insert(at, rng.choice(_EVENT_END.split(other)))
    return b"".join(events)


_CHANGES: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    _replace_byte,
    _insert_piece,
    _replace_span,
    _repeat_span,
    _splice,
    _cut_off,
    _move_events,
    _move_events,
    _move_events,
)
