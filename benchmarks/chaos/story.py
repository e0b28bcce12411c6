"""What people ask in one round, and what the loopback Reka answers; pure, and the same for the same seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from enum import StrEnum

from sandbox.reka_space import Chat, Script

STORY_S = 2.5
_SAID = (
    "a cold wind came over the hill and took the hat of the old man who had sat there since noon with his dog and "
    "a map of the coast on which no town bore the name that he had known as a boy"
)
_QUESTION = re.compile(r"answer (\d{6})")


class Door(StrEnum):
    """How a question comes in."""

    MENTION = "mention"
    ELSEWHERE = "mention in a second channel"
    THREAD = "mention in a thread"
    DIRECT = "direct message"
    COMMAND = "command"
    PRIVATE = "private command"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a story: asked `after_s` seconds from its beginning."""

    number: int
    door: Door
    after_s: float

    @property
    def text(self) -> str:
        """Its words, by which Reka knows which answer is wanted."""
        return f"answer {self.number:06d}, please"


@dataclass(frozen=True, slots=True)
class Death:
    """When a process is killed: after so many seconds, or with its n-th change of the screen, whichever is set.

    `then` is the death of the process that comes after it, counted from its start.
    """

    after_s: float | None
    at_change: int | None
    then: Death | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A story and the death in it; its `after_s` counts from the story's beginning."""

    questions: tuple[Question, ...]
    death: Death

    @property
    def kills(self) -> int:
        """How many processes die in it."""
        return 1 if self.death.then is None else 2


def warm_up(number: int) -> tuple[Question, ...]:
    """One question through each door that anybody may read: from then on people talk with the bot there."""
    doors = (Door.MENTION, Door.ELSEWHERE, Door.THREAD, Door.DIRECT)
    return tuple(Question(number + at, door, 0.0) for at, door in enumerate(doors))


def tell(seed: int, number: int) -> Round:
    """The round of this seed; its questions are numbered from `number` on."""
    chance = random.Random(seed)
    doors = [*Door, Door.MENTION, Door.DIRECT]
    chance.shuffle(doors)
    questions = tuple(
        Question(number + at, door, round(chance.uniform(0.0, STORY_S), 3)) for at, door in enumerate(doors)
    )
    then: Death | None = None
    if chance.random() < 0.4:
        by_change = chance.random() < 0.6
        then = _death(chance, by_change=by_change, within_s=4.0, changes=10)
    death = _death(chance, by_change=chance.random() < 0.5, within_s=STORY_S + 0.5, changes=24, then=then)
    return Round(tuple(sorted(questions, key=lambda question: question.after_s)), death)


def _death(
    chance: random.Random, *, by_change: bool, within_s: float, changes: int, then: Death | None = None
) -> Death:
    if by_change:
        return Death(None, chance.randint(1, changes), then)
    return Death(chance.uniform(0.05, within_s), None, then)


def whole(number: int) -> str:
    """The whole answer to question `number`: every third fills more than one page."""
    words = 700 if number % 3 == 0 else 40 + number % 37
    known = _SAID.split()
    said = (known[(number + at) % len(known)] for at in range(words))
    return f"Answer {number:06d}: {' '.join(said)}."


def asked_number(chat: Chat) -> int | None:
    """The number of the question that a chat asks; None where it asks something else."""
    asked = _QUESTION.findall(str(chat.conversation_history[-1].get("text", "")))
    return int(asked[-1]) if asked else None


def script(chat: Chat) -> Script:
    """How Reka answers: the whole answer, in half a second to a second."""
    number = asked_number(chat)
    if number is None:
        return Script("What?")
    text = whole(number)
    size = max(1, len(text) // 25)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return Script(pieces=pieces, first_token_s=0.1, token_s=(0.4 + number % 5 / 8) / len(pieces))
