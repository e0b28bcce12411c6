"""What became of each question, by what stands on screen and what was claimed; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTE = "-# "
"""How the bot's notes begin: small print, on a line of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the bot's messages under a question; `has_button` is how a reply offers to go on."""

    content: str
    has_button: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the whole answer that it should get, whether it was claimed, and what stands under it."""

    whole: str
    claimed: bool
    shown: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many questions ended how.

    `whole` and `noted` ended: with the answer, or with a note and a button. `unheard` were asked while their process
    was away, and nobody knows of them. The rest must not be: `lost` were claimed and show nothing, `half` show a part
    without a word about it, `doubled` show more than one message.
    """

    whole: int
    noted: int
    unheard: int
    lost: int
    half: int
    doubled: int

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, half-made or doubled."""
        return not (self.lost or self.half or self.doubled)


def fate(question: Question) -> str:
    """The name of the field of `Verdict` that counts this question."""
    if not question.shown:
        return "lost" if question.claimed else "unheard"
    if len(question.shown) > 1:
        return "doubled"
    (message,) = question.shown
    if message.content == question.whole:
        return "whole"
    text, _, note = message.content.rpartition(NOTE)
    is_labelled = bool(note) and message.has_button and question.whole.startswith(text.rstrip())
    return "noted" if is_labelled else "half"


def verdict(questions: Iterable[Question]) -> Verdict:
    """Count what became of all of them."""
    fates = Counter(fate(question) for question in questions)
    return Verdict(
        fates["whole"], fates["noted"], fates["unheard"], fates["lost"], fates["half"], fates["doubled"]
    )
