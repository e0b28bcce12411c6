"""Bare URLs -> URLs that Discord shows without a preview; pure."""

from __future__ import annotations

import re

from delivery._markdown import Scanner

_SCHEMES = ("http://", "https://")
_SCHEME_CHARS = 8
_URL = re.compile(r"https?://[^\s<>\"`、。，！？；：「」『』（）【】《》]{0,2000}", re.IGNORECASE)
_TRAILING = frozenset(".,;:!?'*_~|\\")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_BRACKETS_CHARS = 200


def wrap_bare_urls(text: str, *, ended: bool = True) -> str:
    """Write bare URLs as `<url>`, so that Discord shows no preview; those in code and masked links stay.

    While the text grows (`ended` false) a URL at its very end has its `<` but not yet its `>`, and what may
    become one is held back: the result for a text begins the result for any text that goes on from it.
    """
    return UrlWrapper().wrap(text, ended=ended)


class UrlWrapper:
    """`wrap_bare_urls` for one growing text, reading only what is new."""

    def __init__(self) -> None:
        self._text = ""
        self._pos = 0
        self._settled: list[str] = []
        self._scanner = Scanner()

    def wrap(self, text: str, *, ended: bool) -> str:
        """The whole of `text` with its bare URLs wrapped, as `wrap_bare_urls` promises it."""
        if not text.startswith(self._text):
            self._pos, self._settled, self._scanner = 0, [], Scanner()
        self._text = text
        tail = self._read_on(text)
        settled = "".join(self._settled)
        self._settled = [settled]
        return settled + (self._last(text) if ended else tail)

    def _read_on(self, text: str) -> str:
        """Settle what no later text can change; what of an unfinished URL at the end is sure."""
        while self._pos < len(text):
            if not self._may_begin(text):
                self._settle(text[self._pos], 1)
                continue
            begun = text[self._pos : self._pos + _SCHEME_CHARS].lower()
            if self._pos + len(begun) == len(text) and any(one.startswith(begun) for one in _SCHEMES):
                return ""
            url = _URL.match(text, self._pos)
            if url is None:
                self._settle(text[self._pos], 1)
                continue
            size = _url_chars(url[0])
            masked = self._masks_a_link(text, url.end())
            if masked is None or (not size and url.end() == len(text)):
                return ""
            if masked or not size:
                self._settle(url[0], len(url[0]))
            elif url.end() == len(text):
                return f"<{url[0][:size]}"
            else:
                self._settle(f"<{url[0][:size]}>", size)
        return ""

    def _last(self, text: str) -> str:
        """What is left after `_read_on`, the text being at its end."""
        rest = text[self._pos :]
        url = _URL.match(rest)
        size = _url_chars(url[0]) if url else 0
        if url is None or not size:
            return rest
        return f"<{rest[:size]}>{wrap_bare_urls(rest[size:])}"

    def _settle(self, shown: str, source_chars: int) -> None:
        self._settled.append(shown)
        self._scanner.feed(shown)
        self._pos += source_chars

    def _may_begin(self, text: str) -> bool:
        char = text[self._pos]
        if char not in "hH" or (self._pos and text[self._pos - 1].isalnum()):
            return False
        return self._scanner.plain_before(char)

    def _masks_a_link(self, text: str, url_end: int) -> bool | None:
        """Whether the URL is the visible text of a masked link; None while that is open."""
        if not self._scanner.in_brackets:
            return False
        most = min(len(text), url_end + _BRACKETS_CHARS)
        line_end = text.find("\n", self._pos, most)
        window = text[self._pos : most if line_end < 0 else line_end]
        closing = window.find("]")
        after = self._pos + closing + 1
        if closing >= 0:
            return text[after] == "(" if after < len(text) else None
        return None if self._pos + len(window) == len(text) else False


def _url_chars(url: str) -> int:
    """How much of a match is the URL: without punctuation after it, or a bracket closing one before it."""
    end = len(url)
    surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _BRACKETS.items()}
    while end:
        last = url[end - 1]
        if last not in _TRAILING and surplus.get(last, 0) <= 0:
            break
        if last in surplus:
            surplus[last] -= 1
        end -= 1
    return end if any(char.isalnum() for char in url[url.index("//") : end]) else 0
