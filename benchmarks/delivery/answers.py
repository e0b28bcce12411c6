"""The scripted answers: plain words, a token at a time, each answer beginning with a tag of its own; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

TAG_CHARS = 7
LONGEST_CHARS = 1_880
"""One page holds it, and its last word is never held back (that begins 100 characters before a page's end)."""

_WORDS = (
    "the sky was red and low that day so we sat by a wall to eat our bread in peace while two old men who "
    "had come up from the town told us how it once had been for them on the sea with no wind at all and not "
    "one bird in sight until the rain began"
)
_QUESTION = re.compile(r"(a\d{6}): (\d+) tokens at (\d+(?:\.\d+)?)/s")


@dataclass(frozen=True, slots=True)
class Pace:
    """How an answer comes: so many tokens at so many a second."""

    tokens: int
    per_s: float

    @property
    def duration_s(self) -> float:
        """Seconds from the first token to the last."""
        return (self.tokens - 1) / self.per_s


def tag(number: int) -> str:
    """The first token of answer `number`, by which it is known from all others."""
    return f"a{number:06d}"


@cache
def tokens_after_tag(tokens: int) -> tuple[str, ...]:
    """The tokens that follow the tag in an answer of `tokens` tokens; each begins with its space.

    Raises ValueError for an answer that one page would not hold.
    """
    known = _WORDS.split()
    words = tuple(f" {known[at % len(known)]}" for at in range(tokens - 1))
    if TAG_CHARS + sum(map(len, words)) > LONGEST_CHARS:
        raise ValueError(f"{tokens} tokens do not fit on one page of {LONGEST_CHARS} characters")
    return words


def sizes_chars(tokens: int) -> list[int]:
    """How long an answer is after each of its tokens, in characters."""
    return list(accumulate(map(len, tokens_after_tag(tokens)), initial=TAG_CHARS))


def whole(number: int, tokens: int) -> str:
    """The whole text of answer `number`."""
    return tag(number) + "".join(tokens_after_tag(tokens))


def question(number: int, pace: Pace) -> str:
    """The question that makes the scripted Reka give answer `number` at `pace`."""
    return f"{tag(number)}: {pace.tokens} tokens at {pace.per_s:g}/s"


def read_question(said: str) -> tuple[str, Pace] | None:
    """The tag and the pace that the last question in `said` asks for; None where it asks for nothing."""
    asked = _QUESTION.findall(said)
    if not asked:
        return None
    tag, tokens, per_s = asked[-1]
    return tag, Pace(int(tokens), float(per_s))
