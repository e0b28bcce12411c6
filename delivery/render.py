"""What Discord cannot show -> what it can, piece by piece as the text grows; pure.

What Discord renders passes unchanged, character for character. The rest becomes the nearest that it renders:

    | a | b | and |---|---|    rows of a table (delivery/_tables.py), laid out page by page
    $x^2$ \\(..\\) \\[..\\] $$..$$  Unicode; the source as code where that cannot be
    #### heading               ### heading
    --- *** ___                a line of ─
    ![alt](url)                [alt](url)
    <b> <br> <sup> <a> ...     Markdown
    - [ ] task                 - ☐ task
    text[^1] and [^1]: note    text¹ and a small line
    ~~~ fence                  ``` fence; backtick fences inside it become ~~~

Nothing inside code is touched, and no table inside a quote or a spoiler.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import regex

from delivery._markdown import Scanner
from delivery._rewrites import (
    INLINE_STARTS,
    WAIT,
    Answer,
    Place,
    Rewrite,
    at_line_start,
    closes_tildes,
    inline,
    rewritten,
)
from delivery._tables import HEAD, Head, read_head, read_row

_PLAIN_RUN = re.compile(r"[^\n!\[<\\$]+")
_TICKS = regex.compile(r"`{3,}(?=[^`])|`{1,2}(?=[^`])")
_ROW = regex.compile(r"[ \t]{0,40}\|[^\n]{0,2000}\n")
_CELL_CODE = re.compile(r"(`+).{1,300}?\1")
_CELL_BREAK = re.compile(r"<br\s{0,2}/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row under the last Head, as Markdown that Discord renders."""

    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableEnd:
    """The table has no more rows."""


Piece = str | Head | Row | TableEnd


class Renderer:
    """Renders one growing text, reading only what is new.

    All pieces so far for a text begin the pieces for any text that goes on from it. What cannot be decided yet
    is held back: a marker at the very end, a formula without its end, a row of a table without its line break.
    """

    def __init__(self) -> None:
        self._pos = 0
        self._scanner = Scanner()
        self._pieces: list[Piece] = []
        self._head: Head | None = None
        self._tildes = 0

    def read(self, text: str, *, ended: bool) -> list[Piece]:
        """The pieces that are new since the last call; `text` goes on from that call's.

        With `ended` the text is whole, and no further call may come.
        """
        if ended:
            text = f"{text.rstrip()}\n"  # what ends with its line has ended
        self._pieces = []
        while self._pos < len(text) and self._step(text, ended=ended):
            continue
        if ended and self._head is not None:
            self._head = None
            self._pieces.append(TableEnd())
        return self._pieces

    def _step(self, text: str, *, ended: bool) -> bool:
        """Read one construct, or a run of text that holds none; False where only more text can tell."""
        if self._head is not None:
            return self._read_row(text, self._head, ended=ended)
        if self._tildes:
            return self._read_tilde_block(text, ended=ended)
        char = text[self._pos]
        scanner = self._scanner
        if scanner.bare and (char.isspace() or char == ">"):
            self._show(char, 1)
            return True
        asks = scanner.bare or char in INLINE_STARTS
        if asks and not scanner.escaped and scanner.plain_before(char):
            answer = self._ask(text, char, ended=ended)
            if answer is WAIT:
                return False
            if isinstance(answer, Rewrite):
                self._show(answer.shown, answer.source_chars)
                self._tildes = answer.tildes
                return True
        run = _PLAIN_RUN.match(text, self._pos)
        # The first character was asked about; what follows it in the same run begins no construct.
        self._show(run[0] if run else char, len(run[0]) if run else 1)
        return True

    def _ask(self, text: str, char: str, *, ended: bool) -> Answer:
        scanner = self._scanner
        place = Place(scanner.quote, bare=scanner.bare)
        answer: Answer = None
        if scanner.bare:
            if char == "|" and not scanner.quote and not scanner.in_spoiler:
                return self._read_head(text, ended=ended)
            answer = at_line_start(text, self._pos, place, ended=ended)
        if answer is None and char in INLINE_STARTS:
            answer = inline(text, self._pos, place, ended=ended)
        return answer

    def _show(self, shown: str, source_chars: int) -> None:
        self._scanner.feed(shown)
        self._pos += source_chars
        if not shown:
            return
        if self._pieces and isinstance(self._pieces[-1], str):
            self._pieces[-1] += shown
        else:
            self._pieces.append(shown)

    # Blocks

    def _read_head(self, text: str, *, ended: bool) -> Answer:
        found = HEAD.match(text, self._pos, partial=not ended)
        if found is None:
            return None
        if found.partial:
            return WAIT
        head = read_head(found[0])
        if head is None:
            return None
        self._head = Head(tuple(_cell(cell) for cell in head.cells), head.sides)
        self._pieces.append(self._head)
        return Rewrite("", found.end() - self._pos)

    def _read_row(self, text: str, head: Head, *, ended: bool) -> bool:
        found = _ROW.match(text, self._pos, partial=not ended)
        if found is None:
            self._head = None
            self._pieces.append(TableEnd())
            return True
        if found.partial:
            return False
        self._pieces.append(Row(tuple(_cell(cell) for cell in read_row(found[0], head))))
        self._pos = found.end()
        return True

    def _read_tilde_block(self, text: str, *, ended: bool) -> bool:
        if self._pos and text[self._pos - 1] == "\n":
            answer = closes_tildes(text, self._pos, self._tildes, ended=ended)
            if answer is WAIT:
                return False
            if isinstance(answer, Rewrite):
                self._show(answer.shown, answer.source_chars)
                self._tildes = 0
                return True
        if text[self._pos] != "`":
            line = text.find("\n", self._pos) + 1 or len(text)
            tick = text.find("`", self._pos, line)
            end = tick if tick >= 0 else line
            self._show(text[self._pos : end], end - self._pos)
            return True
        ticks = _TICKS.match(text, self._pos, partial=not ended)
        if ticks is None or ticks.partial:
            return False
        # Discord ends the block at any three backticks.
        shown = "~" * len(ticks[0]) if len(ticks[0]) >= 3 else ticks[0]
        self._show(shown, len(ticks[0]))
        return True


def _cell(cell: str) -> str:
    """A cell as Markdown that Discord renders, in one line; code in it stays."""
    parts, begin = list[str](), 0
    for code in _CELL_CODE.finditer(cell):
        parts += [_cell_text(cell[begin : code.start()]), code[0]]
        begin = code.end()
    return "".join((*parts, _cell_text(cell[begin:]))).replace("\n", " ")


def _cell_text(text: str) -> str:
    return rewritten(_CELL_BREAK.sub(" ", text))
