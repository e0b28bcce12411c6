"""GFM tables, which Discord does not render: read, and laid out for a phone; pure.

A table whose rows fit becomes an aligned code block; code shows neither emphasis nor links, so its cells are
plain text. One that is too wide, or that holds links, becomes a list with one bullet per row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

import regex

COLUMNS = 40  # what a phone shows of a line of code without wrapping it
_SEPARATOR = " | "
_EMPHASIS_DEEP = 3

HEAD = regex.compile(
    r"\|(?!\|)[^\n]{1,600}\n"
    r"[ \t]{0,8}\|?[ \t]*+:?-{1,99}:?[ \t]*+(?:\|[ \t]*+:?-{1,99}:?[ \t]*+){0,30}\|?[ \t]*+\n"
)
"""The header and the delimiter row; the header begins with `|`, as models write it (`||` opens a spoiler)."""

_UNESCAPED_PIPE = re.compile(r"(?<!\\)(?:\\\\)*\|")
_LINK = re.compile(r"https?://", re.IGNORECASE)
_MASKED = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|~~|\|\|)(?=\S)(.{1,300}?)(?<=\S)\1(?!(?<=_)\w)")
_CODE = re.compile(r"(`+)(.{1,300}?)\1")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """A table's first row as written, and for each column `<`, `>` or `^` (left, right, centred)."""

    cells: tuple[str, ...]
    sides: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of a table that stand together on one page, as plain text; `widths` in columns.

    `lines` are the rows as they stand aligned, without header.
    """

    head: Head
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    lines: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether a phone shows its lines unbroken."""
        return sum(self.widths) + len(_SEPARATOR) * (len(self.widths) - 1) <= COLUMNS

    def with_row(self, cells: tuple[str, ...]) -> Chunk:
        """This chunk and one more row, written as Markdown."""
        row = tuple(_plain(cell) for cell in cells)
        widths = tuple(max(pair) for pair in zip(self.widths, map(width_of, row), strict=True))
        rows = (*self.rows, row)
        # A row that is no wider than those before it leaves them where they are.
        kept, new = (self.lines, (row,)) if widths == self.widths else ((), rows)
        lines = (*kept, *(_line(cells, widths, self.head.sides) for cells in new))
        return replace(self, rows=rows, widths=widths, lines=lines)

    def block(self) -> str:
        """The chunk as a code block, its columns aligned."""
        header = tuple(_plain(cell) for cell in self.head.cells)
        rule = "-+-".join("-" * width for width in self.widths)
        return "\n".join(("```", _line(header, self.widths, self.head.sides), rule, *self.lines, "```"))


def read_head(lines: str) -> Head | None:
    """The head of a table from its two lines; None where they do not have the same number of cells."""
    header, delimiters = lines.strip("\n").split("\n")
    cells, marks = split_row(header), split_row(delimiters)
    if len(cells) != len(marks):
        return None
    return Head(cells, "".join(_side(mark) for mark in marks))


def split_row(line: str) -> tuple[str, ...]:
    """The cells of a row; a pipe with a backslash is part of its cell."""
    inside = line.strip()
    cells, begin = list[str](), 0
    for mark in _UNESCAPED_PIPE.finditer(inside):
        cells.append(inside[begin : mark.end() - 1])
        begin = mark.end()
    cells.append(inside[begin:])
    if inside.startswith("|"):
        cells = cells[1:]
    if len(cells) > 1 and not cells[-1].strip():
        cells = cells[:-1]
    return tuple(cell.strip().replace("\\|", "|") for cell in cells)


def read_row(line: str, head: Head) -> tuple[str, ...]:
    """The cells of a row under `head`: missing ones are empty; what is too much stays with the last one."""
    cells = split_row(line)
    size = len(head.cells)
    if len(cells) > size:
        cells = (*cells[: size - 1], " | ".join(cells[size - 1 :]))
    return cells + ("",) * (size - len(cells))


def first_chunk(head: Head) -> Chunk:
    """The chunk of a page that shows no row yet."""
    return Chunk(head, (), tuple(max(1, width_of(_plain(cell))) for cell in head.cells))


def has_link(cells: tuple[str, ...]) -> bool:
    """Whether a cell holds what a code block would make useless."""
    return any(_LINK.search(cell) for cell in cells)


def bullet(head: Head, cells: tuple[str, ...]) -> str:
    """A row as one bullet: each cell that is not empty after its column's bold name."""
    pairs = list[str]()
    for name, cell in zip(map(_plain, head.cells), cells, strict=True):
        text = " ".join(_BREAK.sub(" ", cell).split())
        if text:
            pairs.append(f"**{_outside_bold(name)}:** {text}" if name else text)
    return "- " + "\n  ".join(pairs) + "\n" if pairs else ""


def width_of(text: str) -> int:
    """How many columns of a code block the text takes."""
    if text.isascii():
        return len(text)
    return sum(_cluster_width(cluster) for cluster in regex.findall(r"\X", text))


def _cluster_width(cluster: str) -> int:
    if "\ufe0f" in cluster or any(unicodedata.east_asian_width(char) in "WF" for char in cluster):
        return 2
    if "\U0001f1e6" <= cluster[0] <= "\U0001f1ff":
        return 2  # a flag is a pair of letters that no width table calls wide
    return 0 if unicodedata.category(cluster[0]) in ("Mn", "Me", "Cf") else 1


def _line(cells: tuple[str, ...], widths: tuple[int, ...], sides: str) -> str:
    return _SEPARATOR.join(_pad(*cell) for cell in zip(cells, widths, sides, strict=True)).rstrip()


def _pad(text: str, width: int, side: str) -> str:
    gap = width - width_of(text)
    if side == "^":
        return " " * (gap // 2) + text + " " * (gap - gap // 2)
    return " " * gap + text if side == ">" else text + " " * gap


def _side(mark: str) -> str:
    if mark.endswith(":"):
        return "^" if mark.startswith(":") else ">"
    return "<"


def _plain(cell: str) -> str:
    """What a cell says, without its markup."""
    parts, begin = list[str](), 0
    for code in _CODE.finditer(cell):
        parts += [_unmarked(cell[begin : code.start()]), code[2].strip()]
        begin = code.end()
    parts.append(_unmarked(cell[begin:]))
    # A run of backticks would end the block that the cell stands in.
    return " ".join("".join(parts).replace("```", "'''").split())


def _unmarked(text: str) -> str:
    text = _MASKED.sub(r"\1", _BREAK.sub(" ", text))
    for _ in range(_EMPHASIS_DEEP):
        text = _EMPHASIS.sub(r"\2", text)
    return _ESCAPED.sub(r"\1", text)


def _outside_bold(name: str) -> str:
    return re.sub(r"([*_~|`\\])", r"\\\1", name)
