"""One construct that Discord does not render -> the nearest that it does; pure.

Each rule is told where the text stands and answers at once: a rewrite; nothing, where this is no such construct;
or WAIT, where only more text can tell. What a rule answers for a text it also answers for any text that goes on
from it, so that nothing on screen is ever taken back. How long a rule may wait is bounded by its pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import regex

from delivery._maths import LONGEST_CHARS, lowered, raised, unicode_of


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is shown instead of the next `source_chars` characters; `tildes` where it opens a `~~~` block."""

    shown: str
    source_chars: int
    tildes: int = 0


class Wait(Enum):
    """More text has to come before a rule can answer."""

    WAIT = 0


WAIT = Wait.WAIT
Answer = Rewrite | Wait | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is asked: what begins each line here, and whether this one shows nothing yet."""

    quote: str = ""
    bare: bool = False


INLINE_STARTS = frozenset("![<\\$")
HORIZONTAL = "─" * 20

_Make = Callable[[regex.Match[str], Place], str | None]


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: regex.Pattern[str]
    make: _Make  # None where what matched is no such construct after all


def at_line_start(text: str, pos: int, place: Place, *, ended: bool) -> Answer:
    """What stands at the beginning of a line, after its white space and quote marks."""
    if text[pos] == "~" and not place.quote:
        return _tilde_fence(text, pos, ended=ended)
    return _first(_LINE_RULES.get(text[pos], ()), text, pos, place, ended=ended)


def inline(text: str, pos: int, place: Place, *, ended: bool) -> Answer:
    """What stands at one of INLINE_STARTS in running text."""
    return _first(_INLINE_RULES[text[pos]], text, pos, place, ended=ended)


def rewritten(text: str, place: Place = Place()) -> str:
    """A whole line without code, its inline constructs rewritten."""
    return "".join(_rewritten(f"{text}\n", place)).removesuffix("\n")  # some rules look one character ahead


def _rewritten(text: str, place: Place) -> Iterator[str]:
    pos = 0
    while pos < len(text):
        escaped = text[pos] == "\\" and text[pos + 1 : pos + 2] not in ("(", "[")
        answer = inline(text, pos, place, ended=True) if text[pos] in INLINE_STARTS and not escaped else None
        if isinstance(answer, Rewrite):
            yield answer.shown
            pos += answer.source_chars
        else:
            size = 2 if escaped else 1
            yield text[pos : pos + size]
            pos += size


def _first(rules: tuple[_Rule, ...], text: str, pos: int, place: Place, *, ended: bool) -> Answer:
    waiting: Answer = None
    for rule in rules:
        found = rule.pattern.match(text, pos, partial=not ended)
        if found is None:
            continue
        if found.partial:
            waiting = WAIT
            continue
        shown = rule.make(found, place)
        if shown is not None:
            return Rewrite(shown, found.end() - pos)
    return waiting


# Lines

_TILDES = regex.compile(r"(~{3,20})[ \t]{0,8}([\w+#.-]{0,24})(?:[ \t][^\n~`]{0,80})?\n")


def _tilde_fence(text: str, pos: int, *, ended: bool) -> Answer:
    found = _TILDES.match(text, pos, partial=not ended)
    if found is None:
        return None
    if found.partial:
        return WAIT
    return Rewrite(f"```{found[2]}\n", found.end() - pos, tildes=len(found[1]))


def closes_tildes(text: str, pos: int, tildes: int, *, ended: bool) -> Answer:
    """The line that closes a block which `tildes` of them opened."""
    found = _TILDES_END.match(text, pos, partial=not ended)
    if found is None or (not found.partial and len(found[1]) < tildes):
        return None
    return WAIT if found.partial else Rewrite("```\n", found.end() - pos)


_TILDES_END = regex.compile(r"[ \t]{0,3}(~{3,40})[ \t]{0,40}\n")


def _task(found: regex.Match[str], _place: Place) -> str:
    return f"{found[1]} {'☐' if found[2] == ' ' else '☑'}"


def _note_mark(name: str) -> str:
    return raised(name) or f"[{name}]"


_HEADING = _Rule(regex.compile(r"#{4,6}(?=[ \t])"), lambda _found, _place: "###")
_HORIZONTAL = _Rule(
    regex.compile(r"([-*_])[ \t]{0,20}(?:\1[ \t]{0,20}){2,200}\n"), lambda _found, _place: f"{HORIZONTAL}\n"
)
_TASK = _Rule(regex.compile(r"([-*+]|\d{1,9}[.)])[ \t]{1,4}\[([ xX])\](?=[ \t\n])"), _task)
_FOOTNOTE = _Rule(
    regex.compile(r"\[\^([^\]\s]{1,30})\]:"), lambda found, _place: f"-# {_note_mark(found[1])}"
)

_LINE_RULES: dict[str, tuple[_Rule, ...]] = {
    "#": (_HEADING,),
    "-": (_HORIZONTAL, _TASK),
    "*": (_HORIZONTAL, _TASK),
    "_": (_HORIZONTAL,),
    "+": (_TASK,),
    "[": (_FOOTNOTE,),
    **dict.fromkeys("0123456789", (_TASK,)),
}

# Images, footnotes and HTML

_URL = r"<?(https?://(?:[^\s<>()]|\([^\s<>()]{0,100}\)){1,500})>?(?:[ \t]{1,3}\"[^\"\n]{0,100}\")?"
_PICTURE = rf"!\[([^\[\]\n]{{0,200}})\]\({_URL}\)"
_ATTRIBUTE = re.compile(r"\b(src|alt)\s{0,3}=\s{0,3}(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_MARKERS = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em"), "*"),
    **dict.fromkeys(("u", "ins"), "__"),
    **dict.fromkeys(("s", "del", "strike"), "~~"),
    **dict.fromkeys(("code", "kbd", "samp"), "`"),
}


def _link(label: str, url: str) -> str:
    return f"[{label.strip()}]({url})" if label.strip() else url


def _image_tag(found: regex.Match[str], _place: Place) -> str | None:
    values = {one[1].lower(): one[2] or one[3] or "" for one in _ATTRIBUTE.finditer(found[0])}
    url = values.get("src", "")
    label = re.sub(r"[\[\]\n]", " ", values.get("alt", ""))
    return _link(label, url) if re.fullmatch(r"https?://[^\s()<>]+", url) else None


def _marked(found: regex.Match[str], place: Place) -> str | None:
    name, content = found[1].lower(), found[2].strip()
    if not content:
        return None
    if name in ("sup", "sub"):
        return (raised if name == "sup" else lowered)(content) or (
            ("^" if name == "sup" else "\\_") + f"({content})"
        )
    marker = _MARKERS[name]
    if marker == "`":
        return f"`{content}`" if "`" not in content else None
    before = " " if found[2][0].isspace() else ""
    after = " " if found[2][-1].isspace() else ""
    return f"{before}{marker}{content if '`' in content else rewritten(content, place)}{marker}{after}"


def _line_break(_found: regex.Match[str], place: Place) -> str:
    return f"\n{place.quote}"


def _html_rule(_found: regex.Match[str], place: Place) -> str:
    begin = "" if place.bare else f"\n{place.quote}"
    return f"{begin}{HORIZONTAL}\n{place.quote}"


def _tag(pattern: str, make: _Make) -> _Rule:
    return _Rule(regex.compile(pattern, regex.IGNORECASE), make)


_NAMES = "|".join((*_MARKERS, "sup", "sub"))
_TAGS = (
    _tag(r"<br\s{0,2}/?>", _line_break),
    _tag(r"<hr\s{0,2}/?>", _html_rule),
    _tag(rf"<({_NAMES})>((?:(?!</?\1>)[^\n]){{1,300}})</\1>", _marked),
    _tag(
        r"<a\s[^>\n]{0,100}?href=[\"'](https?://[^\"'\s<>()]{1,500})[\"'][^>\n]{0,100}>([^\[\]<\n]{1,200})</a>",
        lambda found, _place: _link(found[2], found[1]),
    ),
    _tag(r"<img\s[^>\n]{1,600}>", _image_tag),
)

# Maths

_WORDS_ALONE = re.compile(r"(?=.*[^\W\d_]{3})[\w\s.,;:!?'’\"&-]*", re.DOTALL)
_SPECIAL = re.compile(r"([*_~`|\\])")
_TEXT_MACRO = r"\\(?:text|textbf|textit|mathrm|operatorname|mbox)\{[^{}$\n]{0,100}\}"
# Before the first sign of maths no three letters may follow a space, nor two words ever: those are sentences
# about prices and variables, and they must not wait for a dollar that never comes.
_DOLLARS = (
    r"\$(?![\s$])(?:(?!\s[^\W\d_]{3})[^$\n\\^_]){0,60}(?=[\\^_])"
    rf"(?>{_TEXT_MACRO}|\\[^\n]|(?!\s[^\W\d_]{{2,20}}\s[^\W\d_]{{2}})[^$\n\\]){{1,300}}(?<!\s)\$(?=\D)"
)
_DISPLAY = (
    rf"(?P<inner>(?:(?!\n[ \t]{{0,20}}\n|(?<!\\)\\\[)[\s\S]){{1,{LONGEST_CHARS}}}?)"
    r"(?P<close>%s)(?P<point>[.,;:]?+)[ \t]*+(?=(?P<next>[^ \t]))"
)


def _formula(found: regex.Match[str], place: Place) -> str | None:
    """A formula in a line of text."""
    inner = found[0].strip("$") if found[0][0] == "$" else found[0][2:-2]
    if found[0][0] == "\\" and _WORDS_ALONE.fullmatch(inner):
        return None
    shown = unicode_of(inner.strip())
    if shown is None:
        return f"`{found[0]}`" if "`" not in found[0] else None
    return _escaped(shown.replace("\n", "; "), place)


def _display(found: regex.Match[str], place: Place) -> str | None:
    """A formula that stands on lines of its own, with the punctuation that follows it."""
    inner, point = found["inner"], found["point"]
    if found[0][0] == "\\" and _WORDS_ALONE.fullmatch(inner):
        return None
    begin = "" if place.bare else f"\n{place.quote}"
    end = "" if found["next"] == "\n" else f"\n{place.quote}"
    plain = " ".join(inner.replace("\n>", " ").split()) if place.quote else inner
    shown = unicode_of(plain.strip())
    on_own_line = Place(place.quote, bare=True)
    if shown is not None:
        lines = f"\n{place.quote}".join(_escaped(line, on_own_line) for line in shown.split("\n"))
        return f"{begin}{lines}{point}{end}"
    if "`" in inner:
        return None
    if place.quote:
        return f"{begin}`{found['open']}{plain}{found['close']}`{point}{end}"
    return f"{begin}```latex\n{inner.strip()}{point}\n```{end}"


def _escaped(shown: str, place: Place) -> str:
    """Text that means itself: nothing in it is Markdown."""
    text = _SPECIAL.sub(r"\\\1", shown)
    return f"\\{text}" if place.bare and text[0] in "-+#>" else text


_INLINE_RULES: dict[str, tuple[_Rule, ...]] = {
    "!": (_Rule(regex.compile(_PICTURE), lambda found, _place: _link(found[1], found[2])),),
    "[": (
        _Rule(regex.compile(rf"\[{_PICTURE}\]\({_URL}\)"), lambda found, _place: _link(found[1], found[3])),
        _Rule(regex.compile(r"\[\^([^\]\s]{1,30})\]"), lambda found, _place: _note_mark(found[1])),
    ),
    "<": _TAGS,
    "\\": (
        _Rule(regex.compile(r"\\\((?:(?!(?<!\\)\\\()[^\n]){1,400}?\\\)"), _formula),
        _Rule(regex.compile(r"(?P<open>\\\[)" + _DISPLAY % r"\\\]"), _display),
    ),
    "$": (
        _Rule(regex.compile(r"(?P<open>\$\$)(?!\$)" + _DISPLAY % r"\$\$"), _display),
        _Rule(regex.compile(_DOLLARS), _formula),
    ),
}
