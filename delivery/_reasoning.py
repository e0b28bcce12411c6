"""What a thinking model thinks -> one small line while there is nothing else to show; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = ("<reasoning>", "<think>", "<thinking>")
_LINE_CHARS = 80
_MARKUP = re.compile(r"https?://\S*|[`*_~|#>\\\[\]<@]+", re.IGNORECASE)  # a URL would show its preview


@dataclass(frozen=True, slots=True)
class Thought:
    """An answer's text apart from the reasoning that came before it."""

    reasoning: str
    answer: str


def split_reasoning(text: str, *, ended: bool) -> Thought:
    """Divide `text` at the end of the reasoning that it begins with, if it does: `<reasoning>...</reasoning>`.

    While the text grows, what may become one of these tags is in neither part.
    """
    start = text.lstrip()
    for opening in _OPENING:
        if start[: len(opening)].lower() == opening:
            return _divided(start[len(opening) :], f"</{opening[1:]}", ended=ended)
    begun = any(opening.startswith(start[: len(opening)].lower()) for opening in _OPENING)
    if begun and not ended:
        return Thought("", "")
    return Thought("", text)


def _divided(inside: str, closing: str, *, ended: bool) -> Thought:
    end = inside.lower().find(closing) if len(inside.lower()) == len(inside) else inside.find(closing)
    if end >= 0:
        return Thought(inside[:end].strip(), inside[end + len(closing) :].lstrip("\n"))
    if not ended:
        for size in range(min(len(closing) - 1, len(inside)), 0, -1):
            if closing.startswith(inside[-size:].lower()):
                return Thought(inside[:-size].strip(), "")
    return Thought(inside.strip(), "")


def thinking_line(label: str, reasoning: str) -> str:
    """One small line: `label`, and the last words of `reasoning` without markup."""
    words = _MARKUP.sub(" ", reasoning[-3 * _LINE_CHARS :]).split()
    if len(reasoning) > 3 * _LINE_CHARS:
        words = words[1:]
    shown, size = list[str](), 0
    for word in reversed(words):
        size += len(word) + 1
        if size > _LINE_CHARS:
            break
        shown.append(word)
    return " ".join((f"-# {label}", *reversed(shown)))
