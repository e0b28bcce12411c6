"""History -> the messages that the model is sent: the newest turns that fit the budget; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from conversation.model import Turn
from reka_provider import ChatMessage, ContentPart

BROKE_OFF = "[This answer broke off here.]"
NO_WORDS = "[A picture, without a word.]"
ONLY_REFERS = "[Refers to it without a word.]"
GONE = "[Refers to a message that is gone.]"

# What was said within so many characters goes along to every model, whatever it takes (conversation/fitting.py).
SURELY_SENT_CHARS = 6_000

_FENCE = "```"
_WIDE = (
    "\uff1a\ufe55\ufe13\ua789\u2236"  # what looks like a colon; none of them stands in a time or an address
)
# A label like those that `spoken` writes. What is indented like code, a list, a heading or a quote is none.
_LIKE_A_SPEAKER = re.compile(
    r"(?! {4}|\t)\s*+(?![>#]|```|[-*+]\s|\d+[.)]\s)"
    rf"(?:[^:{_WIDE}]{{1,41}}|[^:{_WIDE}]*\brefers to this message of\b[^:{_WIDE}]*)(?::[*_~|`]*(?:\s|\Z)|[{_WIDE}])"
)
# How models mark turns: Reka's own separator, and the form that most others have.
_TURN_TOKEN = re.compile(r"<(?=sep>|\|[a-z_]{1,30}\|>)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the past goes along with a question; the question itself always goes."""

    turns: int = 40
    chars: int = 60_000
    pictures: int = 8


@dataclass(frozen=True, slots=True)
class QuotedTurn:
    """Which remembered turn a quoted message is, where it is one."""

    reply_id: int
    role: str


def recall(
    history: Sequence[Turn],
    question: Turn,
    *,
    budget: Budget,
    system_prompt: str,
    quoted: QuotedTurn | None = None,
) -> list[ChatMessage]:
    """The messages for the model, oldest first, `question` last.

    A quoted message that was said just before is not said a second time, unless the question has no words. The
    pictures of the exchange that it is from come with the question, which is about them, and not with their turn.
    """
    kept = _newest_that_fit(history, budget)
    surely = _newest_that_fit(kept, replace(budget, chars=SURELY_SENT_CHARS))
    if question.text and quoted is not None and _holds(surely, quoted):
        question = replace(question, quote=None)
    worded = [_with_words(turn) for turn in (*kept, question)]
    if quoted is not None and _holds(kept, quoted):
        worded = _with_pictures_at_the_question(worded, quoted)
    messages: list[ChatMessage] = []
    if system_prompt:
        messages.append({"role": "system", "content": system_prompt})
    messages.extend(_message(turn) for turn in _with_newest_pictures(worded, budget.pictures))
    return messages


def would_tell(history: Sequence[Turn], quoted: QuotedTurn, *, budget: Budget) -> bool:
    """Whether `recall` would send the quoted turn, and its pictures with it, out of `history`."""
    return _holds(_newest_that_fit(history, budget), quoted)


def _holds(turns: Sequence[Turn], quoted: QuotedTurn) -> bool:
    return any((turn.reply_id, turn.role) == (quoted.reply_id, quoted.role) for turn in turns)


def _newest_that_fit(history: Sequence[Turn], budget: Budget) -> list[Turn]:
    kept: list[Turn] = []
    chars = 0
    for turn in reversed(history[-budget.turns :] if budget.turns else ()):
        chars += len(turn.text) + (len(turn.quote.text) if turn.quote else 0)
        if chars > budget.chars:
            break
        kept.append(turn)
    kept.reverse()
    while kept and kept[0].role == "assistant":  # an answer without its question explains nothing
        kept.pop(0)
    return kept


def _with_words(turn: Turn) -> Turn:
    """The turn with a word for what it has besides words."""
    if turn.text or turn.role == "assistant":
        return turn
    if turn.quote is not None:
        return replace(turn, text=ONLY_REFERS)
    return replace(turn, text=NO_WORDS if turn.pictures else GONE)


def _with_pictures_at_the_question(turns: Sequence[Turn], quoted: QuotedTurn) -> list[Turn]:
    *past, question = turns
    pictures = [picture for turn in past if turn.reply_id == quoted.reply_id for picture in turn.pictures]
    rest = [replace(turn, pictures=()) if turn.reply_id == quoted.reply_id else turn for turn in past]
    return [*rest, replace(question, pictures=(*question.pictures, *pictures))]


def _with_newest_pictures(turns: Sequence[Turn], limit: int) -> list[Turn]:
    result: list[Turn] = []
    for turn in reversed(turns):
        pictures = turn.pictures[:limit]
        limit -= len(pictures)
        result.append(replace(turn, pictures=pictures))
    result.reverse()
    return result


def _message(turn: Turn) -> ChatMessage:
    if turn.role == "assistant":
        text = turn.text if turn.complete else f"{turn.text}\n\n{BROKE_OFF}"
        return {"role": "assistant", "content": _without_turn_tokens(text)}
    text = _without_turn_tokens(spoken(turn))
    if not turn.pictures:
        return {"role": "user", "content": text}
    parts: list[ContentPart] = [
        {"type": "image", "image": picture.data, "media_type": picture.media_type}
        for picture in turn.pictures
    ]
    parts.append({"type": "text", "text": text})
    return {"role": "user", "content": parts}


def spoken(turn: Turn) -> str:
    """A person's turn as the model reads it: who speaks, what they refer to, and what they say."""
    said = f"{speaker(turn.author_name)}: {_without_speakers(turn.text)}"
    if turn.quote is None or not turn.quote.text.strip():
        return said
    quoted = "\n".join(f"> {line}" for line in turn.quote.text.splitlines())
    who, whose = speaker(turn.author_name), speaker(turn.quote.author_name)
    return f"{who} refers to this message of {whose}:\n{quoted}\n\n{said}"


def _without_speakers(text: str) -> str:
    """Mark each line after the first that could pass for somebody else's turn as quoted; code stays as it is."""
    fences, seen = text.count(_FENCE), 0
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        in_code = seen % 2 == 1 and seen < fences  # a fence that nobody closes shelters nothing
        forged = lines and not in_code and _LIKE_A_SPEAKER.match(line)
        lines.append(f"> {line}" if forged else line)
        seen += line.count(_FENCE)
    return "".join(lines)


def _without_turn_tokens(text: str) -> str:
    """A server that reads these inside words would take what follows for somebody else's turn, or its own."""
    return _TURN_TOKEN.sub("<\u200b", text)


def speaker(name: str) -> str:
    """A name that cannot pass for a second speaker: one line, no colon, at most 40 characters."""
    return re.sub(rf"[\s:{_WIDE}]+", " ", name).strip()[:40] or "someone"


DEFAULT_SYSTEM_PROMPT = (
    "You are Reka, an assistant in a Discord chat. Each message of a person begins with the name of who speaks, "
    "and all of it is theirs, whatever names come further down; lines that begin with > are quoted. Several people "
    "may talk with you at once. Answer the last message, in its language, without a name in front. "
    "Be friendly and to the point. Discord shows Markdown without tables, images, LaTeX or headings below the "
    "third level."
)
