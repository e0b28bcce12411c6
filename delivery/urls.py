"""Bare URLs -> URLs that Discord shows without a preview, and invites -> words that it makes no card of; pure.

Discord's client makes a card of each invite that it finds in a message, also of one in `<...>`, in a masked link
or without a scheme, and whatever the message's flags say. Only in code it looks for none.
"""

from __future__ import annotations

import re

from delivery._markdown import Scanner

_SCHEMES = ("http://", "https://")
_SCHEME_CHARS = 8
_URL_CHARS = r"[^\s<>\"`、。，！？；：「」『』（）【】《》]{0,2000}"
_URL = re.compile("https?://" + _URL_CHARS, re.IGNORECASE)
_TRAILING = frozenset(".,;:!?'*_~|\\")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_BRACKETS_CHARS = 200

_INVITE_HOSTS = ("discord.gg/", "dsc.gg/", "discord.com/invite/", "discordapp.com/invite/")
_INVITE_HEADS = tuple(
    scheme + subdomain + host
    for scheme in ("", *_SCHEMES)
    for subdomain in ("", "www.", "ptb.", "canary.")
    for host in _INVITE_HOSTS
)
_HEAD_CHARS = max(map(len, _INVITE_HEADS))
_HEAD_BEGINS = frozenset(char for head in _INVITE_HEADS for char in (head[0], head[0].upper()))
_INVITE = re.compile(f"(?:{'|'.join(map(re.escape, _INVITE_HEADS))})(?=[a-z0-9-]){_URL_CHARS}", re.IGNORECASE)
_HOSTS = re.compile("|".join(re.escape(host) for host in _INVITE_HOSTS), re.IGNORECASE)
_LONGEST_HOST_CHARS = max(map(len, _INVITE_HOSTS))


def wrap_bare_urls(text: str, *, ended: bool = True, wraps: bool = True) -> str:
    """Write bare URLs as `<url>`, so that Discord shows no preview, and invites as inline code.

    What is in code stays, and so do masked links unless they lead to an invite. While the text grows (`ended`
    false) a URL at its very end has its `<` but not yet its `>`, and what may become one, or an invite, is held
    back: the result for a text begins the result for any text that goes on from it.

    Args:
        wraps: False where no preview can appear: then invites alone are rewritten.
    """
    return UrlWrapper(wraps=wraps).wrap(text, ended=ended)


class UrlWrapper:
    """`wrap_bare_urls` for one growing text, reading only what is new."""

    def __init__(self, *, wraps: bool = True) -> None:
        self._wraps = wraps
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._text = ""
        self._pos = 0
        self._settled: list[str] = []
        self._scanner = Scanner()
        self._holds_host = False

    def wrap(self, text: str, *, ended: bool) -> str:
        """The whole of `text` as `wrap_bare_urls` promises it."""
        if not text.startswith(self._text):
            self._begin_anew()
        if not self._holds_host:
            seen = max(0, len(self._text) - _LONGEST_HOST_CHARS)
            self._holds_host = _HOSTS.search(text, seen) is not None
        self._text = text
        if not (self._wraps or self._holds_host):
            return text if ended else text[: len(text) - _chars_of_begun_head(text)]
        tail = self._read_on(text)
        settled = "".join(self._settled)
        self._settled = [settled]
        return settled + (self._last(text) if ended else tail)

    def _read_on(self, text: str) -> str:
        """Settle what no later text can change; what of an unfinished URL at the end is sure."""
        while self._pos < len(text):
            if self._invite_may_begin(text):
                if _is_begun_head(text, self._pos):
                    return ""
                invite = _INVITE.match(text, self._pos)
                if invite is not None and invite.end() == len(text):
                    return ""
                if invite is not None:
                    size = _chars_before_punctuation(invite[0])
                    self._settle(self._as_code(text, size), size)
                    continue
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
        invite = _INVITE.match(rest)
        if invite is not None:
            size = _chars_before_punctuation(invite[0])
            shown = self._as_code(text, size)
        else:
            url = _URL.match(rest) if self._wraps else None
            size = _url_chars(url[0]) if url else 0
            shown = f"<{rest[:size]}>"
        if not size:
            return rest
        return shown + wrap_bare_urls(rest[size:], wraps=self._wraps)

    def _settle(self, shown: str, source_chars: int) -> None:
        self._settled.append(shown)
        self._scanner.feed(shown)
        self._pos += source_chars

    def _invite_may_begin(self, text: str) -> bool:
        """Whether an invite that stood here would be one for Discord: at the beginning of a name, and not in code."""
        char = text[self._pos]
        if char not in _HEAD_BEGINS or _is_inside_a_name(text, self._pos):
            return False
        head = text[self._pos : self._pos + _HEAD_CHARS].lower()
        if not any(one.startswith(head) or head.startswith(one) for one in _INVITE_HEADS):
            return False
        here = self._scanner.fork().settle(char)
        return not (here.blocks or here.code)

    def _as_code(self, text: str, size: int) -> str:
        """The next `size` characters as inline code, kept apart from backticks beside them."""
        before = " " if text[self._pos - 1 : self._pos] == "`" else ""
        after = " " if text[self._pos + size : self._pos + size + 1] == "`" else ""
        return f"{before}`{text[self._pos : self._pos + size]}`{after}"

    def _may_begin(self, text: str) -> bool:
        char = text[self._pos]
        if not self._wraps or char not in "hH" or (self._pos and text[self._pos - 1].isalnum()):
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


def _is_inside_a_name(text: str, pos: int) -> bool:
    """Whether what begins at `pos` goes on a word, a domain or a path."""
    before = text[pos - 1 : pos]
    if before == "/":
        return text[max(0, pos - 2) : pos] != "//"
    return before.isalnum() or (before in ("-", ".") and text[pos] not in "hH")


def _is_begun_head(text: str, pos: int) -> bool:
    """Whether the text ends in what may become an invite, from `pos` on."""
    if len(text) - pos > _HEAD_CHARS:
        return False
    begun = text[pos:].lower()
    return any(head.startswith(begun) for head in _INVITE_HEADS)


def _chars_of_begun_head(text: str) -> int:
    """How many characters at the end of `text` may become an invite."""
    for pos in range(max(0, len(text) - _HEAD_CHARS), len(text)):
        if text[pos] in _HEAD_BEGINS and not _is_inside_a_name(text, pos) and _is_begun_head(text, pos):
            return len(text) - pos
    return 0


def _url_chars(url: str) -> int:
    """How much of a match is the URL; 0 where it names no host."""
    end = _chars_before_punctuation(url)
    return end if any(char.isalnum() for char in url[url.index("//") : end]) else 0


def _chars_before_punctuation(url: str) -> int:
    """How much of a match is left without punctuation after it, or a bracket closing one before it."""
    end = len(url)
    surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _BRACKETS.items()}
    while end:
        last = url[end - 1]
        if last not in _TRAILING and surplus.get(last, 0) <= 0:
            break
        if last in surplus:
            surplus[last] -= 1
        end -= 1
    return end
