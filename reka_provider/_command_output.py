"""What the command line writes, and to whom: a person's terminal, a file, or the next program."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from typing import TextIO

# All of C0 but tab and line feed, DEL, and C1: what a terminal would obey rather than show.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIM, _UNDIM = "\x1b[2m", "\x1b[22m"


def plain(text: str) -> str:
    """`text` without the characters that a terminal obeys: a model must not move a cursor or set a title."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """`text` as it may stand in a message of ours: one line, nothing that a terminal obeys."""
    return plain(" ".join(text.split()))


class Output:
    """One output stream, in UTF-8 whatever the locale, written through at once.

    What is written raises OSError where the stream takes it no more: BrokenPipeError where its reader has left.
    A stream that was closed before the program began swallows everything.
    """

    def __init__(self, stream: TextIO | None, environment: Mapping[str, str]) -> None:
        self._stream = stream
        self._at_line_start = True
        self.is_terminal = stream is not None and stream.isatty()
        self._dims = (
            self.is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        )
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")

    def write(self, text: str, *, dim: bool = False) -> None:
        """Write `text`, to a terminal without control characters; `dim` where that can be."""
        shown = plain(text) if self.is_terminal else text
        if self._stream is None or not shown:
            return
        self._at_line_start = shown.endswith(
            "\n"
        )  # first: a second Ctrl+C in here asks for no second line end
        # Each piece ends its own dimness: whatever ends the program leaves the terminal as it was.
        self._stream.write(f"{_DIM}{shown}{_UNDIM}" if dim and self._dims else shown)
        self.flush()

    def flush(self) -> None:
        """Write through what others have written to the same stream."""
        if self._stream is not None:
            self._stream.flush()

    def end_line(self) -> None:
        """Begin a new line unless this is the start of one."""
        if not self._at_line_start:
            self.write("\n")

    def abandon(self) -> None:
        """Lead what is still to be written nowhere, so that the interpreter's last flush finds no broken pipe."""
        if self._stream is None:
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        finally:
            os.close(nowhere)
