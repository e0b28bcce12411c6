"""A text from pieces that may cut its characters; pure."""

from __future__ import annotations


class GrowingText:
    """A text that grows by pieces, whose characters may be cut between two of them.

    JSON writes a character beyond the first 65,536 as two escapes, and a server may put them into two events. A half
    without its other is shown as U+FFFD, since no output can encode it.
    """

    __slots__ = ("_half", "text")

    def __init__(self) -> None:
        self.text = ""
        self._half = ""

    def add(self, piece: str, *, last: bool = False) -> None:
        """Append `piece`, less a half character at its end, unless it is the last."""
        if self._half:
            piece = self._half + piece
            self._half = ""
        if not piece:
            return
        try:
            piece.encode()
        except UnicodeEncodeError:
            if not last and "\ud800" <= piece[-1] <= "\udbff":
                self._half = piece[-1]
                piece = piece[:-1]
            piece = piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.text += piece
