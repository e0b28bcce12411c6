"""Markdown as Discord's client reads it, one character at a time: what is open, and what would close it.

The model, where clients and CommonMark differ or are vague:

- A run of three or more backticks opens a code block wherever it stands, also in mid-line; so Discord does.
  The next such run closes it. Only a block opened by four or more holds a shorter run as a nested pair
  (CommonMark); every run opens or closes exactly one block, so that their number is even once all are closed.
  `~~~` is text.
- A run of one or two backticks opens inline code, which ends at a run of the same length. What is still
  open at the line's end was no code: its backticks are text, and what follows them is read again.
- `*`, `_` and `~~` follow CommonMark's flanking rules, but a lone `*` inside a word opens nothing (2*3); `||`
  opens only before a character and after none of a word. Emphasis ends with its paragraph, list item or
  heading; a spoiler ends only at its `||`.
- A backslash takes its meaning from the next character, outside code.
"""

from __future__ import annotations

import re
import unicodedata
from copy import copy
from dataclasses import dataclass, replace

_LANGUAGE_CHARS = 24
_SPANS_DEEP = 6
_LONGEST_RUN = 5
_LINK_TEXT_CHARS = 200
_LINK_TARGET_CHARS = 500

_LANGUAGE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.#")
_MARKERS = frozenset("*_~|")
_LINE_MARKER = re.compile(r"[-*+]|\d{1,9}[.)]|#{1,6}|-#")
_MAY_MARK = re.compile(r"[-*+]|\d{1,9}[.)]?|#{1,6}|-#")
_URL_STARTS = ("http://", "https://")
_ANGLE_STARTS = ("<http://", "<https://")


@dataclass(frozen=True, slots=True)
class Block:
    """An open code block: how many backticks, which language, and `"> "` where it stands in a quote."""

    ticks: int
    at: int
    language: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Open emphasis, spoiler or inline code; `reopened` where an earlier page opened it."""

    marker: str
    at: int
    reopened: bool = False

    @property
    def inside(self) -> int:
        """Where its content begins."""
        return self.at if self.reopened else self.at + len(self.marker)


def is_spoiler(span: Span) -> bool:
    """True for a span that must never be left open, whatever becomes of the text."""
    return span.marker == "||"


class Scanner:
    """What is open after the characters pushed so far; positions count from `pos`."""

    def __init__(self, pos: int = 0) -> None:
        self.pos = pos
        self.blocks: tuple[Block, ...] = ()
        self.spans: tuple[Span, ...] = ()
        self.code: Span | None = None
        self.reopened: tuple[Span, ...] = ()
        """What an earlier page left open, except what has since turned out to be text."""
        self.fresh = False
        """True in a block that shows nothing yet."""
        self.bare = True
        """True while the line holds nothing but white space and quote marks."""
        self.line_start = pos
        self.quote = ""
        self.run = ""
        self.run_at = pos
        self._run_bare = False
        self._run_after = "\n"
        self._before = "\n"
        self._naming = False
        self._name = ""
        self._head: str | None = ""
        self._escaped = False
        self._code_text = ""
        self._link = ""
        self._link_at = pos
        self._target = ""
        self._target_at = pos
        self._angle = ""
        self._leads = ("", "")

    # What is open

    def next_page(self, pos: int, *, language_chars: int) -> Scanner:
        """A scanner for the page that goes on at `pos`, with all that is open here open again."""
        page = Scanner(pos)
        page.blocks = tuple(
            replace(block, at=pos, language=block.language if len(block.language) <= language_chars else "")
            for block in self.blocks
        )
        page.reopened = tuple(Span(span.marker, pos, reopened=True) for span in self._all_spans())
        page.spans = tuple(span for span in page.reopened if span.marker[0] != "`")
        page.code = page.reopened[-1] if self.code else None
        quotes = not self.blocks or self.blocks[-1].quote
        in_quote = self.quote if quotes and not self.bare else ""
        fences = "".join(f"{block.quote}{'`' * block.ticks}{block.language}\n" for block in page.blocks)
        page.quote = in_quote
        page._leads = (in_quote, fences)
        return page

    @property
    def opener(self) -> str:
        """What the page begins with, so that it goes on as the one before it stopped."""
        quote, fences = self._leads
        if not self.reopened:
            return fences + quote
        spans = "".join(span.marker for span in self.reopened)
        return f"{spans}{fences}{quote}" if fences else f"{quote}{spans}"

    def closers(self, upto: int | None = None, *, must: bool = False, moment: bool = False) -> str:
        """What closes everything opened before `upto`; with `must`, only what no end may leave open.

        With `moment` also the bracket of what may become a masked link: half of one would flash on the screen.
        """
        end = self.pos if upto is None else upto
        ticks = "".join(
            f"\n{block.quote}{'`' * block.ticks}" for block in reversed(self.blocks) if block.at < end
        )
        open_spans = [
            span
            for span in reversed(self._all_spans())
            if span.inside <= end and (not must or span.reopened or is_spoiler(span))
        ]
        angle = ">" if self._angle.startswith(_ANGLE_STARTS) and not must else ""
        linked = moment and self._link == "[" and self._link_at + 1 < end and not self.blocks
        inner = "".join(span.marker for span in open_spans if linked and span.at > self._link_at)
        outer = "".join(span.marker for span in open_spans if not (linked and span.at > self._link_at))
        return ticks + angle + inner + ("]" if linked else "") + outer

    @property
    def closing_units(self) -> int:
        """How many characters closing takes at most, also if open inline code turns out to be none."""
        if not (self.blocks or self.spans or self.code or self._angle or self._link):
            return 0
        doubt = (4 if "```" in self._code_text else 0) + (2 if "||" in self._code_text else 0)
        apart = 1 if self.spans or self.code else 0  # what keeps the closers apart from the text
        return len(self.closers(moment=True)) + apart + (doubt if self.code else 0)

    @property
    def closing_fence(self) -> bool:
        """True while the last characters may become the fence that closes the block."""
        return bool(self.run and self.blocks and self._run_bare and len(self.run) <= self.blocks[-1].ticks)

    @property
    def uncounted(self) -> bool:
        """True while the last run of markers may turn out to close what the closers close."""
        if self.in_quote_marks:
            return True
        return 0 < len(self.run) <= _LONGEST_RUN and (not self.blocks or self.closing_fence)

    @property
    def in_quote_marks(self) -> bool:
        """True where a line of quoted code holds its quote marks and nothing else yet."""
        return bool(self.bare and self.quote and self.blocks and self.blocks[-1].quote)

    @property
    def unbreakable(self) -> bool:
        """True inside inline code, a masked link, or between the mark of a list or quote and its text."""
        marked = self.quote if self.bare else self._head == ""
        return bool(self.code or self._link or marked)

    @property
    def shown(self) -> int:
        """Up to where a growing text may be shown without flashing half-typed Markdown."""
        end = self.pos
        if self.run:
            end = self.run_at
        elif self._escaped:
            end -= 1
        if self.code and "```" in self._code_text:
            # At the line's end the code may turn out to be text, and the run a code block.
            end = min(end, self.pos - len(self._code_text) + self._code_text.index("```"))
        if self.code and not self.code.reopened:
            inside = len(self._code_text) - (self.pos - end)
            if not self._code_text[: max(0, inside)].strip():
                end = min(end, self.code.at)
        if self.in_quote_marks:
            end = min(end, self.line_start)
        if self._link == "(":
            end = min(end, self._target_at)
        if self.fresh and self.blocks:
            end = min(end, self.blocks[-1].at)
        if self._mark_alone:
            end = min(end, self.line_start)
        for span in reversed(self._all_spans()):
            if span.inside >= end and not span.reopened:
                end = min(end, span.at)
        return end

    @property
    def _mark_alone(self) -> bool:
        """True where the line holds the mark of a list, heading or quote, or what may become one, and no more."""
        if self.blocks or self.code:
            return False
        if self.bare:
            return bool(self.quote)
        return self._head == "" or (self._head is not None and _MAY_MARK.fullmatch(self._head) is not None)

    def _all_spans(self) -> tuple[Span, ...]:
        return (*self.spans, self.code) if self.code else self.spans

    # Reading

    def fork(self) -> Scanner:
        """A scanner of its own that has read the same."""
        return copy(self)

    def ended(self) -> Scanner:
        """This scanner after the text's end, with what was in doubt decided."""
        end = copy(self)
        run, end_at = end.run, end.pos
        if end.closing_fence and len(run) < end.blocks[-1].ticks:
            return end
        end.push("\n")
        end.pos = end_at
        return end

    def completion(self) -> str:
        """What completes a marker of which the text's end holds only the first half; empty for none."""
        if self.in_quote_marks or (self.closing_fence and len(self.run) < self.blocks[-1].ticks):
            space = " " if self.in_quote_marks else ""
            outer = "".join(f"\n{block.quote}{'`' * block.ticks}" for block in reversed(self.blocks[:-1]))
            rest = "".join(s.marker for s in reversed(self.spans) if s.reopened or is_spoiler(s))
            return space + "`" * (self.blocks[-1].ticks - len(self.run)) + outer + rest
        if len(self.run) == 1 and self.spans and self.spans[-1].marker == self.run * 2 and not self.blocks:
            must = self.closers(must=True)
            return must[1:] if must.startswith(self.run * 2) else must
        return ""

    def settle(self, following: str) -> Scanner:
        """Take the run of markers at the end as whole, `following` being what comes after it."""
        if self.run:
            self._end_run(following)
        return self

    def skip_to(self, pos: int) -> None:
        """Begin at `pos` instead; for a scanner that has read nothing yet."""
        self.pos = self.line_start = pos

    @property
    def plain(self) -> bool:
        """True in running text: outside code, the target of a masked link and `<...>`."""
        return not (self.blocks or self.code or self._link == "(" or self._angle)

    def plain_before(self, following: str) -> bool:
        """Whether `following`, coming next, would stand in running text."""
        return self.fork().settle(following).plain if self.run else self.plain

    @property
    def escaped(self) -> bool:
        """True after a backslash that takes its meaning from the next character."""
        return self._escaped

    @property
    def in_spoiler(self) -> bool:
        """True after `||`, in what is hidden until somebody asks for it."""
        return any(is_spoiler(span) for span in self.spans)

    @property
    def in_brackets(self) -> bool:
        """True after `[`, in what may be the text of a masked link."""
        return self._link == "["

    def feed(self, text: str) -> Scanner:
        """Push each character of `text`."""
        for char in text:
            self.push(char)
        return self

    def push(self, char: str) -> None:
        """Read one more character."""
        if self.run:
            if char == self.run[0]:
                self.run += char
                if self.code:
                    self._code_text += char
                self._step(char)
                return
            self._end_run(char)
        if self.code:
            if char == "\n":
                self._code_was_text()
                self.push(char)
                return
            self._code_text += char
        if char == "\n":
            self._end_line()
            self._step(char)
            return
        if char == "`" and not self._escaped:
            self._head = None
            self._begin_run(char)
        elif self.blocks:
            self._in_block(char)
        elif not self.code:
            self._in_prose(char)
        self._step(char)

    def _step(self, char: str) -> None:
        if self.bare and not char.isspace():
            if char == ">":
                self.quote = "> "
            else:
                self.bare = False
        self._before = char
        self.pos += 1

    def _end_line(self) -> None:
        if self.bare and not self.blocks:
            self._end_paragraph()
        if self._naming:
            self._name_block(self._name)
        self._escaped = False
        self._link = self._angle = self.quote = ""
        self._head = ""
        self.bare = True
        self.line_start = self.pos + 1

    def _end_paragraph(self) -> None:
        self._drop(tuple(span for span in self.spans if not is_spoiler(span)))
        self.spans = tuple(span for span in self.spans if is_spoiler(span))

    def without_emphasis(self) -> Scanner:
        """This scanner, taking all emphasis that is still open for text."""
        scanner = self.fork()
        scanner._end_paragraph()  # noqa: SLF001 - a scanner of our own
        return scanner

    def _drop(self, spans: tuple[Span, ...]) -> None:
        """Take back what was reopened for `spans`: they have turned out to be text."""
        if self.reopened:
            self.reopened = tuple(span for span in self.reopened if span not in spans)

    def _in_block(self, char: str) -> None:
        if self._naming:
            if char in _LANGUAGE and len(self._name) < _LANGUAGE_CHARS:
                self._name += char
                return
            self._name_block(self._name if char == " " and self._run_bare else "")
        if not char.isspace() and not (char == ">" and self.bare):
            self.fresh = False

    def _name_block(self, language: str) -> None:
        self._naming = False
        self.blocks = (*self.blocks[:-1], replace(self.blocks[-1], language=language))

    def _in_prose(self, char: str) -> None:
        if self._escaped:
            self._escaped = False
            self._head = None
            return
        self._read_head(char)
        if self._link:
            self._in_link(char)
        if self._angle:
            self._angle = "" if char == ">" or char.isspace() else self._angle + char
            self._angle = self._angle[: len("https://") + 1]
        if self._link == "(" or self._angle.startswith(_ANGLE_STARTS):
            return
        if char in _MARKERS:
            self._begin_run(char)
        elif char == "\\":
            self._escaped = True
        elif char == "[":
            self._link, self._link_at = "[", self.pos
        elif char == "<":
            self._angle = "<"

    def _read_head(self, char: str) -> None:
        if self._head is None or (self.bare and (char.isspace() or char == ">")):
            return
        if not char.isspace():
            self._head = self._head + char if len(self._head) < 10 else None
        elif self._head and _LINE_MARKER.fullmatch(self._head):
            self._end_paragraph()
            self._head = ""
        elif self._head:
            self._head = None

    def _in_link(self, char: str) -> None:
        if self._link == "[":
            if char == "]":
                self._link = "]"
            elif self.pos - self._link_at > _LINK_TEXT_CHARS:
                self._link = ""
        elif self._link == "]":
            self._link = "(" if char == "(" else ""
            self._target, self._target_at = "", self.pos
        else:
            self._target += char
            size = len(self._target)
            begun = size < _LINK_TARGET_CHARS and any(
                url[:size] == self._target[: len(url)] for url in _URL_STARTS
            )
            if not begun or char.isspace() or self._target.count(")") > self._target.count("("):
                self._link = ""

    # Runs of markers

    def _begin_run(self, char: str) -> None:
        self.run, self.run_at = char, self.pos
        self._run_after, self._run_bare = self._before, self.bare

    def _end_run(self, following: str) -> None:
        run, self.run = self.run, ""
        if run[0] == "`":
            self._end_ticks(run)
        else:
            self._end_markers(run, following)

    def _end_ticks(self, run: str) -> None:
        if self.code:
            if run == self.code.marker:
                self.code = None
        elif len(run) >= 3:
            self._toggle_block(len(run))
        elif self.blocks:
            self.fresh = self._naming = False
        else:
            self.code = Span(run, self.run_at)
            self._code_text = ""

    def _toggle_block(self, ticks: int) -> None:
        nests = len(self.blocks) == 1 and ticks < self.blocks[0].ticks and self._run_bare
        if self.blocks and not nests:
            self.blocks = self.blocks[:-1]
            self.fresh = self._naming = False
            return
        if self._run_bare and not self.blocks:
            self._end_paragraph()
        quote = self.quote if self._run_bare else ""
        self.blocks = (*self.blocks, Block(min(ticks, _LONGEST_RUN), self.run_at, quote=quote))
        self.fresh = self._naming = True
        self._name = ""

    def _code_was_text(self) -> None:
        """Read the rest of the line again: its open backticks have turned out to be text."""
        assert self.code is not None  # noqa: S101 - for the type checker; the only caller asks first
        again = self._code_text
        self._drop((self.code,))
        self.code, self._code_text = None, ""
        self.pos, self._before = self.pos - len(again), "`"
        self.feed(again)

    def _end_markers(self, run: str, following: str) -> None:
        char = run[0]
        if char in "~|" and len(run) != 2:
            return
        before, after = _kind(self._run_after), _kind(following)
        left = after != " " and (after == "w" or before != "w")
        right = before != " " and (before == "w" or after != "w")
        opens, closes = left, right
        if char == "_":
            opens, closes = left and (not right or before == "p"), right and (not left or after == "p")
        elif run == "*" and before == after == "w":
            opens = False
        elif char == "|":
            opens, closes = after != " " and before != "w", True
        rest = self._close(run) if closes else len(run)
        if opens and 0 < rest <= 3 and (char != "|" or rest == 2) and len(self._all_spans()) < _SPANS_DEEP:
            at = self.run_at + len(run) - rest
            if rest % 2:
                self.spans = (*self.spans, Span(char, at))
                at += 1
            if rest >= 2:
                self.spans = (*self.spans, Span(char * 2, at))

    def _close(self, run: str) -> int:
        """Close what `run` closes; how many of its markers are left."""
        rest = len(run)
        while rest:
            index = self._innermost(run[0])
            if index is None:
                return rest
            span = self.spans[index]
            if len(span.marker) > rest and span.reopened:
                return rest
            self._drop(self.spans[index + 1 :])
            self.spans = self.spans[:index]
            if len(span.marker) > rest:
                # One of two stars is closed: the other stays open.
                self.spans = (*self.spans, replace(span, marker=run[0]))
                return 0
            rest -= len(span.marker)
        return 0

    def _innermost(self, char: str) -> int | None:
        for index in range(len(self.spans) - 1, -1, -1):
            if self.spans[index].marker[0] == char:
                return index
            if is_spoiler(self.spans[index]):
                # Nothing that began outside a spoiler ends inside it: the spoiler would be left open.
                return None
        return None


def _kind(char: str) -> str:
    """` ` for white space, `p` for punctuation and symbols, `w` for what words are made of."""
    if char.isspace():
        return " "
    return "p" if unicodedata.category(char)[0] in "PS" else "w"
