"""Which events of a cumulative stream need no look, found without cutting them out; pure.

A burst of events that each repeat the whole text is long, and only its newest event is wanted. Between two
events that look alike stand always the same bytes: the end of an object, a blank line, the field names and
the beginning of an object. Where they stand again after the very next line end, the event before them was
one line that begins with `{` and ends with `}`, which is all that a skipped event has to prove.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import repeat

from reka_provider._sse import Event, EventParser

_JOINTS_LF = tuple(
    b"}\n\n" + fields + b"{"
    for fields in (b"event: message\ndata: ", b"data: ", b"event:message\ndata:", b"data:")
)
_JOINTS_CRLF = tuple(joint.replace(b"\n", b"\r\n") for joint in _JOINTS_LF)

_BRACE = ord("}")


@dataclass(frozen=True, slots=True)
class SkippedEvents:
    """Whole events of name "message" in `chunk[start:end]`, each one line that looks like an object."""

    chunk: bytes
    start: int
    end: int

    def read(self) -> list[Event]:
        """The events after all, where a newer one turned out to hold no text."""
        return EventParser().feed(self.chunk[self.start : self.end])


def events_of(parser: EventParser, chunk: bytes) -> list[Event | SkippedEvents]:
    """The events that `chunk` completes, those in the middle of a burst not cut out. Raises EventTooLongError."""
    events: list[Event | SkippedEvents] = []
    parsed = 0
    line_end = b"\r\n" if b"\r" in chunk else b"\n"
    while (skipped := _next_run(chunk, parsed, line_end)) is not None:
        events += parser.feed(chunk[parsed : skipped.start])
        events.append(skipped)
        parsed = skipped.end
    events += parser.feed(chunk[parsed:])
    return events


def _next_run(chunk: bytes, start: int, line_end: bytes) -> SkippedEvents | None:
    """The next run of events alike in `chunk[start:]`, without its last whole one; None where there is none."""
    joints = _JOINTS_CRLF if len(line_end) == 2 else _JOINTS_LF
    at = _line_end(chunk, start, line_end)
    while at > 0:
        if chunk.startswith(joints, at - 1):
            joint = next(joint for joint in joints if chunk.startswith(joint, at - 1))
            end = _end_of_run(chunk, at + 2 * len(line_end), joint, line_end)
            if end is not None:
                return SkippedEvents(chunk, at + 2 * len(line_end), end)
        at = _line_end(chunk, at + len(line_end), line_end)
    return None


def _end_of_run(chunk: bytes, start: int, joint: bytes, line_end: bytes) -> int | None:
    """Where the last whole event begins of those that follow each other from `start` in the form of `joint`."""
    field, opening = joint[1 + 2 * len(line_end) :].rpartition(b"\n")[::2]
    field += b"\n" if field else b""
    opened, closed, two_bytes = len(opening), -1 - len(line_end), len(line_end) == 2
    lines = BytesIO(chunk)  # it shares the bytes, and cuts lines several times faster than find or split
    lines.seek(start)
    before = last = start
    for name, data, blank in zip(lines if field else repeat(b""), lines, lines, strict=False):
        if data[:opened] != opening or data[closed] != _BRACE or name != field or blank != line_end:
            break
        if two_bytes and data.find(b"\r") != len(data) - 2:
            break
        before = last
        last += len(field) + len(data) + len(line_end)
    return before if before > start else None


def _line_end(chunk: bytes, start: int, line_end: bytes) -> int:
    """Where the line that holds `start` ends; -1 where it does not, or ends in another way."""
    at = chunk.find(line_end[:1], start)
    # Searching for one byte is many times faster than for two.
    if len(line_end) == 2 and (chunk.find(b"\n", start, at + 1) >= 0 or chunk[at + 1 : at + 2] != b"\n"):
        return -1
    return at
