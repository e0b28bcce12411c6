"""Bytes of a text/event-stream to events, as the HTML standard describes them; pure.

Lines are cut before anything is decoded, so a character split between two chunks needs no care: an event's
data is whole bytes of UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 16 * 1024 * 1024
_BYTES_TO_KEEP_A_LINE = 64  # what CPython needs for an object of bytes and its place in a list, rounded up


class EventTooLongError(Exception):
    """An event grew past MAX_EVENT_BYTES, what keeping its lines costs included; it may never end."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name ("message" where the stream gave none) and its data lines, joined by line feeds."""

    name: str
    data: bytes


class EventParser:
    """Cuts a stream into events, however its bytes are split into chunks; takes time linear in the bytes."""

    def __init__(self) -> None:
        self._tail = bytearray()  # the line that has not ended yet: chunks of two bytes would cost forty each
        self._after_cr = False
        self._head: bytes | None = b""  # the first bytes, until it is known whether they are a BOM
        self._name = ""
        self._data: list[bytes] = []
        self._data_bytes = 0

    @property
    def between_events(self) -> bool:
        """Whether all that was fed is read, so that the next byte begins an event."""
        return not (self._tail or self._data or self._name or self._after_cr or self._head is not None)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes. Raises EventTooLongError."""
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._head = chunk
                return []
            self._head = None
            chunk = chunk.removeprefix(_BOM)
        if not chunk:
            return []
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        if not chunk:
            return []
        lines = chunk.splitlines()
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        events: list[Event] = []
        if lines and self._tail:
            lines[0] = bytes(self._tail) + lines[0]
            self._tail = bytearray()
        for line in lines:
            self._take(line, events)
        self._tail += rest
        if len(self._tail) + self._data_bytes > MAX_EVENT_BYTES:
            raise EventTooLongError
        return events

    def finish(self) -> tuple[Event | None, bool]:
        """What the end of the stream left: an event without its closing blank line, and whether it cut one.

        The second value is True where the stream ended within a line or after an `event:` without data.
        """
        tail = bytes(self._tail) if self._head is None else self._head
        self._tail = bytearray()
        events: list[Event] = []
        if tail:
            self._take(tail, events)
        name, has_data = self._name, bool(self._data)
        self._take(b"", events)
        unknown_tail = bool(tail) and not tail.startswith((b":", b"data:"))
        return (events[0] if events else None), unknown_tail or (bool(name) and not has_data)

    def _take(self, line: bytes, events: list[Event]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            self._data_bytes += len(line) + _BYTES_TO_KEEP_A_LINE
        elif not line:
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                events.append(Event(self._name or "message", data))
                self._data = []
                self._data_bytes = 0
            self._name = ""
        elif line.startswith(b"event:"):
            self._name = line[6:].removeprefix(b" ").decode("utf-8", "replace")
        elif line == b"data":
            self._data.append(b"")
            self._data_bytes += len(line) + _BYTES_TO_KEEP_A_LINE
