"""An answer -> pages that Discord can show, each of them whole Markdown; pure.

The first character that no longer fits decides where a page is cut; nothing that comes after it has a say.
So a page that has a successor never changes as the text grows.

While the text grows, its last page shows everything until it is nearly full. From there on it shows only
whole words, up to the nicest place for a cut so far, and there it will be cut: the screen only ever grows.
Only a word or a line of code that began before that zone and does not fit moves on as a whole.

How Markdown is read, and so what counts as open, stands in delivery/_markdown.py.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import regex

from delivery._markdown import Scanner

HELD_CHARS = 100

_MARK_EVERY_CHARS = 64

_JOINS = regex.compile(r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]")
_SENTENCE_END = re.compile(r"""(?<!\d)[.!?…:;。！？]["'”’)\]*_~|」』）]*$|\w\d[.!?]$""")
_OPENING = frozenset("「『（《〈【〔［｛")
_CLOSING = frozenset("、。，．！？：；」』）》〉】〕］｝ー々…")


@dataclass(frozen=True, slots=True)
class Page:
    """One message: `content` is what Discord gets, at most the limit and never only white space.

    It shows `text[start:end]`, with code blocks and emphasis that were open reopened before and closed after.
    White space where two pages meet belongs to neither; the indentation of a line of code to the later one.
    """

    content: str
    start: int
    end: int


class _Place(IntEnum):
    """How nice a place is for a cut."""

    WEAK = 0
    WORD = 1
    SENTENCE = 2
    LINE = 3
    PARAGRAPH = 4


def paginate(text: str, *, limit_chars: int = 2000, ended: bool = True) -> list[Page]:
    """The pages that show `text`; none where it is only white space. `limit_chars` counts UTF-16 units."""
    return Pager(limit_chars).pages(text, ended=ended)


class Pager:
    """Paginates one growing text, reading only what is new; a text that was revised is read anew.

    `limit_chars` may be a function: the limit of each page, counted from 0.
    """

    def __init__(self, limit_chars: int | Callable[[int], int] = 2000) -> None:
        self._limit_of = limit_chars if callable(limit_chars) else lambda _page: limit_chars
        self._text = ""
        self._done: list[Page] = []
        self._live = _LivePage(self._limit_of, 0, Scanner())

    def pages(self, text: str, *, ended: bool) -> list[Page]:
        """The pages of `text`; while it has not ended, what is half-typed at its end is held back."""
        if not text.startswith(self._text):
            self._done = []
            self._live = _LivePage(self._limit_of, 0, Scanner())
        self._text = text
        while (cut := self._live.fill(text)) is not None:
            self._done.append(cut[0])
            self._live = cut[1]
        if ended:
            return [*self._done, *self._live.last_pages(text)]
        growing = self._live.growing(text)
        return [*self._done, growing] if growing else list(self._done)


class _LivePage:
    """The page that is being filled."""

    def __init__(self, limit_of: Callable[[int], int], number: int, scanner: Scanner) -> None:
        limit_chars = limit_of(number)
        if limit_chars < 40:
            raise ValueError(f"a page needs room for at least 40 characters, not {limit_chars}")
        self._limit_of, self._number = limit_of, number
        self._limit = limit_chars
        self._held = min(HELD_CHARS, limit_chars // 4)
        self._begin = scanner
        self._marks: list[Scanner] = []
        # A page that goes on in a block keeps the indentation of its first line; others begin at a word.
        self._start: int | None = scanner.pos if scanner.blocks else None
        self._scanner = scanner.fork()
        self._used = 0
        self._full_from: int | None = None
        self._places: list[tuple[_Place, int]] = []
        self._gap_lines = 0
        self._word_end = scanner.pos
        self._third = scanner.pos
        self._memo: tuple[int, Page | None] | None = None

    # Filling

    def fill(self, text: str) -> tuple[Page, _LivePage] | None:
        """Read on in `text`; once it no longer fits, this page as it stays and the one after it."""
        for pos in range(self._scanner.pos, len(text)):
            char = text[pos]
            if self._start is None:
                if char.isspace():
                    self._begin.skip_to(pos + 1)
                    self._scanner.skip_to(pos + 1)
                    continue
                self._start = pos
            if self._take(text, pos, char):
                return self._cut(text, pos)
            if (pos + 1) % _MARK_EVERY_CHARS == 0:
                self._marks.append(self._scanner.fork())
        return None

    def _take(self, text: str, pos: int, char: str) -> bool:
        """Read one character; True where the page no longer holds the text up to and with it."""
        scanner = self._scanner
        space = char.isspace()
        if not space:
            self._note_place(text, pos, char)
        ran = bool(scanner.run)
        scanner.push(char)
        self._used += 2 if char > "\uffff" else 1
        if space:
            self._gap_lines += char == "\n"
            if not ran:
                return False
        else:
            self._gap_lines = 0
            self._word_end = pos + 1
        used = self._used - (pos + 1 - self._word_end)
        if scanner.uncounted:
            if not ran or len(scanner.run) > 1:
                return False
            used -= 1  # one run of markers follows another: what stands before this one counts
        needed = len(scanner.opener) + used + scanner.closing_units
        if needed > self._limit:
            return True
        if needed * 3 <= self._limit * 2:
            self._third = pos
        if self._full_from is None and needed > self._limit - self._held and not _joins(char):
            self._full_from = pos
        return False

    def _note_place(self, text: str, pos: int, char: str) -> None:
        """Remember the place before `char`, if the text may be cut there."""
        assert self._start is not None  # noqa: S101 - for the type checker; a page begins before it is filled
        if pos == self._start or _joins(char) or self._word_end <= self._start:
            return
        scanner, before = self._scanner, text[pos - 1]
        if scanner.blocks:
            quoting = char == ">" and scanner.bare and scanner.blocks[-1].quote
            if not scanner.fresh and not quoting and before.isspace():
                in_line = not scanner.bare or char == "`"
                place = scanner.line_start if scanner.bare else pos
                self._places.append((_Place.WEAK if in_line else _Place.LINE, place))
            return
        if not before.isspace():
            if _is_cjk(before) and _is_cjk(char) and char not in _CLOSING and before not in _OPENING:
                rank = _Place.SENTENCE if before in "。！？" else _Place.WORD
                self._places.append((_Place.WEAK if scanner.unbreakable else rank, pos))
            return
        self._places.append((self._rank(text), pos))

    def _rank(self, text: str) -> _Place:
        scanner = self._scanner
        if self._gap_lines:
            line_start = text.rfind("\n", 0, self._word_end) + 1
            # A heading at the foot of a page stands away from what it heads.
            if text.startswith("#", max(line_start, self._start or 0)):
                return _Place.WORD
            return _Place.PARAGRAPH if self._gap_lines > 1 else _Place.LINE
        if scanner.unbreakable:
            return _Place.WEAK
        ends = _SENTENCE_END.search(text[max(self._start or 0, self._word_end - 8) : self._word_end])
        return _Place.SENTENCE if ends else _Place.WORD

    # Cutting

    def _cut(self, text: str, over: int) -> tuple[Page, _LivePage]:
        """This page without `text[over]`, which is too much, and the next one."""
        assert self._start is not None  # noqa: S101 - for the type checker; an empty page is never too full
        for place in self._choices(text, over):
            scanner = self._at(text, place).settle(text[place])
            page = self._page(text, place, scanner)
            if page is not None and _units(page.content) <= self._limit:
                break
        else:
            raise AssertionError("one character always fits: markers take at most half a page")
        limit = self._limit_of(self._number + 1)
        after = scanner.next_page(place, language_chars=limit // 4)
        if (len(after.opener) + after.closing_units) * 2 > limit:
            # Deeply nested Markdown on a small page: markers alone must not fill it.
            after = Scanner(place)
        return page, _LivePage(self._limit_of, self._number + 1, after)

    def _choices(self, text: str, over: int) -> Iterator[int]:
        """Where to cut, best first."""
        full = self._full_from if self._full_from is not None else over
        firm = [(rank, place) for rank, place in self._places if rank]
        yield from (p for _, p in sorted((x for x in firm if x[1] >= full), reverse=True))
        yield from (p for _, p in reversed(firm) if self._third < p < full)
        yield from (p for rank, p in reversed(self._places) if not rank and p > self._third)
        yield from (p for _, p in reversed(firm) if p <= self._third)
        yield from (p for rank, p in reversed(self._places) if not rank and p <= self._third)
        yield from self._inside_a_word(text, over)

    def _inside_a_word(self, text: str, over: int) -> Iterator[int]:
        start = self._start or 0
        clusters = regex.finditer(r"\X", text, pos=start, endpos=over + 1)
        ends = [cluster.start() for cluster in clusters if cluster.start() > start]
        for end in reversed(ends[-40:]):
            same_run = text[end] == text[end - 1] and text[end] in "`*_~|"
            if not same_run and self._at(text, end).shown == end:
                yield end
        yield from reversed(ends)
        # One cluster longer than a page: marks without end over one letter.
        size = over - start
        while size > 0:
            yield start + size
            size = size // 2

    # Showing

    def growing(self, text: str) -> Page | None:
        """The page while more text is expected; None while there is nothing to show yet."""
        if self._start is None:
            return None
        if self._full_from is None:
            return self._page(text, self._scanner.shown, self._scanner, moment=True)
        best = max((x for x in self._places if x[0] and x[1] >= self._full_from), default=None)
        end = best[1] if best else self._full_from
        if self._memo is None or self._memo[0] != end:
            scanner = self._at(text, end)
            self._memo = (end, self._page(text, scanner.shown, scanner, moment=True))
        return self._memo[1]

    def last_pages(self, text: str) -> list[Page]:
        """This page and what may have to follow it, the text being at its end."""
        if self._start is None or not text[self._start :].strip():
            return []
        shown = text[self._start :].rstrip()
        # Half a marker at the end must not make a page too long that the whole marker would not.
        for scanner in (self._scanner, self._scanner.without_emphasis()):
            rest = scanner.completion()
            end = scanner if rest else scanner.ended()
            content = end.opener + (shown + rest if rest else _closed(shown, end.closers(must=True)))
            if _units(content) <= self._limit:
                return [Page(content, self._start, self._start + len(shown))]
        page, live = self._cut(text, len(text) - 1)
        pages = [page]
        while (cut := live.fill(text)) is not None:
            pages.append(cut[0])
            live = cut[1]
        return [*pages, *live.last_pages(text)]

    def _at(self, text: str, pos: int) -> Scanner:
        """A scanner that has read this page up to `pos`."""
        after = bisect_right(self._marks, pos, key=lambda mark: mark.pos)
        # Where no place is nice, dozens are tried: none of them may read the whole page again.
        near = self._marks[after - 1] if after else self._begin
        return near.fork().feed(text[near.pos : pos])

    def _page(self, text: str, pos: int, scanner: Scanner, *, moment: bool = False) -> Page | None:
        start = self._start or 0
        shown = text[start:pos].rstrip()
        if not shown.strip():
            return None
        content = scanner.opener + _closed(shown, scanner.closers(start + len(shown), moment=moment))
        return Page(content, start, start + len(shown))


def _closed(shown: str, closers: str) -> str:
    """The text and what closes it, kept apart where they would run together."""
    if closers and closers[0] in "*_~|":
        if (len(shown) - len(shown.rstrip("\\"))) % 2:
            return f"{shown}\\{closers}"  # the backslash would take the marker's meaning away
        if closers[0] == shown[-1] == "|":
            return f"{shown} {closers}"  # three of them are no marker
    elif closers and closers[0] == shown[-1] == "`":
        return f"{shown} {closers}"  # the same
    return shown + closers


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _joins(char: str) -> bool:
    return char >= "\u0300" and _JOINS.match(char) is not None


def _is_cjk(char: str) -> bool:
    return char >= "\u2e80" and (
        "\u2e80" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or "\uff00" <= char <= "\uff9f"
        or "\U00020000" <= char <= "\U0003ffff"
    )
