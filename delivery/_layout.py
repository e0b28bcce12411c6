"""Pieces of a rendered answer -> the contents of its messages: prose in pages, tables chunk by chunk; pure.

A table on a page is one code block, laid out anew with each row until the page is full; then it stays as it is,
and the rest goes on under the same header on the next page. From the first row on that is too wide for a phone
the table is a list, and so are those of its rows that no later page has fixed.
"""

from __future__ import annotations

from collections.abc import Callable

from delivery._tables import Chunk, Head, bullet, first_chunk, has_link
from delivery.pages import Pager
from delivery.render import Piece, Row
from delivery.urls import UrlWrapper

_LEAST_ROOM_CHARS = 40


def units(text: str) -> int:
    """The length in UTF-16 units, as Discord counts it at worst."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class Layout:
    """The contents of one growing answer; one that has a successor never changes.

    `limit_of` tells how long each page (from 0) may be, in UTF-16 units.
    """

    def __init__(self, limit_of: Callable[[int], int], *, wraps_urls: bool) -> None:
        self._limit_of = limit_of
        self._wraps_urls = wraps_urls
        self._done: list[str] = []
        self._base = ""  # what stands on the page already, over what follows
        self._prose = _Prose(limit_of, wraps_urls=wraps_urls)
        self._chunk: Chunk | None = None
        self._cells: list[
            tuple[str, ...]
        ] = []  # the rows of the chunk as Markdown, in case it becomes a list
        self._listed: Head | None = None
        self._rows_listed = 0

    def add(self, piece: Piece) -> None:
        """Go on with `piece`."""
        if isinstance(piece, str):
            self._prose.text += piece
        elif isinstance(piece, Head):
            self._begin_table(piece)
        elif not isinstance(piece, Row):
            self._end_table()
        elif self._listed is not None:
            self._list_row(self._listed, piece.cells)
        elif self._chunk is not None:
            self._add_row(self._chunk, piece.cells)

    def contents(self, *, ended: bool) -> list[str]:
        """The contents as they stand; no more pieces may come after `ended`."""
        if self._chunk is not None and self._chunk.rows:
            return [*self._done, self._on_base(self._chunk.block())]
        pages = self._prose.contents(ended=ended)
        if not self._base:
            return [*self._done, *pages]
        if not pages:
            return [*self._done, self._base]
        return [*self._done, self._on_base(pages[0]), *pages[1:]]

    def _on_base(self, content: str) -> str:
        return f"{self._base}\n{content}" if self._base else content

    def _fits(self, content: str) -> bool:
        return units(self._on_base(content)) <= self._limit_of(len(self._done))

    # Tables

    def _begin_table(self, head: Head) -> None:
        self._end_prose()
        self._cells = []
        self._chunk = first_chunk(head)
        if has_link(head.cells) or not self._chunk.fits:
            self._make_list(self._chunk)

    def _add_row(self, chunk: Chunk, cells: tuple[str, ...]) -> None:
        longer = chunk.with_row(cells)
        suits = longer.fits and not has_link(cells)
        if suits and self._fits(longer.block()):
            self._chunk = longer
            self._cells.append(cells)
        elif suits and (chunk.rows or self._base):
            self._freeze(self._on_base(chunk.block()) if chunk.rows else self._base)
            self._chunk, self._cells = first_chunk(chunk.head), []
            self._add_row(self._chunk, cells)
        else:
            self._make_list(chunk)
            self._list_row(chunk.head, cells)

    def _make_list(self, chunk: Chunk) -> None:
        self._chunk, self._listed = None, chunk.head
        self._rows_listed = 0
        self._begin_prose()
        for cells in self._cells:
            self._list_row(chunk.head, cells)

    def _list_row(self, head: Head, cells: tuple[str, ...]) -> None:
        self._rows_listed += 1
        self._prose.text += bullet(head, cells)

    def _end_table(self) -> None:
        if self._chunk is not None:
            block = self._chunk.block()
            if self._base and not self._fits(block):
                self._freeze(self._base)
            if self._fits(block):
                self._base = self._on_base(block)
                self._begin_prose()
            else:
                self._make_list(self._chunk)
        if self._listed is not None and not self._rows_listed:
            self._prose.text += " | ".join(self._listed.cells) + "\n"
        self._chunk = self._listed = None

    # Pages

    def _freeze(self, content: str) -> None:
        self._done.append(content)
        self._base = ""

    def _begin_prose(self) -> None:
        limit = self._limit_of(len(self._done))
        room = limit - (units(self._base) + 1 if self._base else 0)
        if room < max(_LEAST_ROOM_CHARS, limit // 8):
            self._freeze(self._base)
            room = self._limit_of(len(self._done))
        here = len(self._done)
        self._prose = _Prose(
            lambda page: self._limit_of(here + page) if page else room, wraps_urls=self._wraps_urls
        )

    def _end_prose(self) -> None:
        pages = self._prose.contents(ended=True)
        if pages:
            *done, self._base = [self._on_base(pages[0]), *pages[1:]]
            self._done += done
        self._prose.text = ""


class _Prose:
    """Running text between two tables."""

    def __init__(self, limit_of: Callable[[int], int], *, wraps_urls: bool) -> None:
        self.text = ""
        self._urls = UrlWrapper(wraps=wraps_urls)
        self._pager = Pager(limit_of)

    def contents(self, *, ended: bool) -> list[str]:
        text = self._urls.wrap(self.text, ended=ended)
        return [page.content for page in self._pager.pages(text, ended=ended)]
