"""A text that begins with its reasoning in tags to reasoning and text; pure.

Wire: the open weights write `<reasoning>...</reasoning>` into the text (reka-api.md 2.2); other open models that
the same servers run write `<think>...</think>`.
"""

from __future__ import annotations

from typing import Literal

_TAGS = ("<reasoning>", "<think>")
_LARGEST_INDENT_CHARS = 64


class ReasoningTags:
    """Parts the pieces of a text into answer and reasoning.

    Only tags at the very beginning count, white space apart; the same tags later are text. What may become a tag is
    held back until that is known.
    """

    def __init__(self) -> None:
        self._where: Literal["start", "reasoning", "gap", "text"] = "start"
        self._held = ""
        self._close = ""

    def feed(self, piece: str) -> tuple[str, str]:
        """What `piece` adds to the text, and what it adds to the reasoning."""
        if self._where == "text":
            return piece, ""
        piece = self._held + piece
        self._held = ""
        if self._where == "start":
            return self._begin(piece)
        if self._where == "reasoning":
            return self._reason(piece)
        return self._after_reasoning(piece)

    def finish(self) -> tuple[str, str]:
        """What was held back and will not become a tag any more, as `feed` gives it."""
        held, self._held = self._held, ""
        return ("", held) if self._where == "reasoning" else (held, "")

    def _begin(self, piece: str) -> tuple[str, str]:
        begun = piece.lstrip()
        for tag in _TAGS if len(piece) - len(begun) <= _LARGEST_INDENT_CHARS else ():
            if begun.startswith(tag):
                self._where = "reasoning"
                self._close = f"</{tag[1:]}"
                return self._reason(begun[len(tag) :])
            if tag.startswith(begun):
                self._held = piece
                return "", ""
        self._where = "text"
        return piece, ""

    def _reason(self, piece: str) -> tuple[str, str]:
        reasoning, closed, rest = piece.partition(self._close)
        if closed:
            self._where = "gap"
            return self._after_reasoning(rest)[0], reasoning
        for length in range(min(len(piece), len(self._close) - 1), 0, -1):
            if self._close.startswith(piece[-length:]):
                self._held = piece[-length:]
                return "", piece[:-length]
        return "", piece

    def _after_reasoning(self, piece: str) -> tuple[str, str]:
        """The line ends between the reasoning and the answer belong to neither."""
        text = piece.lstrip()
        if text:
            self._where = "text"
        return text, ""
