"""What happens in one house: who asks, what people change, what goes wrong; pure, and the same for the same seed.

Time goes in cycles. Each has the same troubles in an order of its own, and then some calm, so that the first minutes
and the last meet the same mixture. The gateway has its troubles at the beginning of each: a bot that is thrown out
again and again waits longer each time, and forgives only after a quiet minute.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.chaos.story import Door

CYCLE_S = 100.0
"""Three are five minutes."""
_CALM = 0.16
"""How much of a cycle, at its end, has no trouble."""
_AWAY_EVERY_S = 9.0
_AWAY_WITHIN = 0.62
"""The part of a cycle in which the bot loses its gateway, or its life."""
ROOMS = 4
"""So many channels, threads or people behind each door."""
HEARD_LATER = frozenset({Door.MENTION, Door.ELSEWHERE, Door.THREAD, Door.DIRECT})
"""The doors that a bot which was away finds again; Discord itself ends commands that nobody took."""
FIRST_NUMBER = 1_000
AWAY_S = 6.0
"""How long a bot that lost its gateway, or its life, is given to come back before people change anything."""
TOLD_S = 2.5
"""How long a bot that was told of a change is left alone: what came to a process that died is lost with it."""

_DOORS = (*Door, Door.MENTION, Door.DIRECT)
_IMAGE_EVERY = 11
_REPLY_EVERY = 7


class Trouble(StrEnum):
    """What goes wrong, with whom; the part before the colon is the family."""

    CREATE_429_SHARED = "discord: 429 shared on a create"
    CREATE_429_USER = "discord: 429 user on a create"
    EDIT_429_USER = "discord: 429 user on an edit"
    EDIT_429_GLOBAL = "discord: 429 global on an edit"
    CREATE_500 = "discord: 500 on a create"
    CREATE_503_AFTER = "discord: 503 after a create took effect"
    EDIT_502 = "discord: 502 on two edits"
    CREATE_CUT_BEFORE = "discord: connection cut before a create"
    CREATE_CUT_AFTER = "discord: connection cut after a create"
    EDIT_CUT_BEFORE = "discord: connection cut before an edit"
    EDIT_CUT_AFTER = "discord: connection cut after an edit"
    CREATE_SLOW = "discord: a create takes 2 s"
    EDIT_SLOW = "discord: an edit takes 3 s"
    TOKEN_EDIT_500 = "discord: 500 on an edit by a command's token"  # noqa: S105 - a name, no secret
    TOKEN_EDIT_CUT_AFTER = "discord: connection cut after an edit by a command's token"  # noqa: S105 - the same
    GATEWAY_CUT = "gateway: cut"
    GATEWAY_4000 = "gateway: close code 4000"
    GATEWAY_RECONNECT = "gateway: asked to reconnect"
    GATEWAY_INVALID = "gateway: session invalid"
    REKA_CUT = "reka: reset in mid-stream"
    REKA_ERROR = "reka: error object in mid-stream"
    REKA_BUSY = "reka: 429 once"
    REKA_BUSY_LONG = "reka: 429 for 12 s"
    REKA_500 = "reka: 500 once"
    REKA_STALL = "reka: stalls for 4 s"
    DATABASE_STOP = "database: locked for 4 s"
    DATABASE_SLOW = "database: 30 locks of 0.1 s"
    KILL = "process: SIGKILL"
    TERM = "process: SIGTERM"

    @property
    def family(self) -> str:
        """Who has it: discord, gateway, reka, database or process."""
        return self.value.partition(":")[0]


AWAY = ("gateway", "process")
"""The families after which nobody hears anything for a while."""
DEATHS = (Trouble.KILL, Trouble.TERM)


class Deed(StrEnum):
    """What a person does beside asking."""

    EDITS = "edits a question"
    DELETES_QUESTION = "deletes a question"
    DELETES_ANSWER = "deletes an answer"
    PRESSES = "presses Try again"


_DEEDS = (
    (Deed.EDITS, 0.7),
    (Deed.EDITS, 9.0),
    (Deed.DELETES_QUESTION, 0.6),
    (Deed.DELETES_QUESTION, 1.4),
    (Deed.DELETES_QUESTION, 20.0),
    (Deed.DELETES_ANSWER, 1.5),
    (Deed.DELETES_ANSWER, 15.0),
    (Deed.DELETES_ANSWER, 2.5),
    (Deed.PRESSES, 0.0),
    (Deed.PRESSES, 0.0),
    (Deed.PRESSES, 0.0),
    (Deed.PRESSES, 0.0),
)  # each with the seconds since its question was asked


@dataclass(frozen=True, slots=True)
class Question:
    """One question: asked `at_s` seconds from the story's beginning, in one of the rooms behind its door.

    `replies_to` is the number of an earlier question whose answer it replies to.
    """

    number: int
    door: Door
    at_s: float
    room: int
    image: bool = False
    replies_to: int | None = None

    @property
    def text(self) -> str:
        """Its words, by which Reka knows which answer is wanted."""
        return f"answer {self.number:06d}, please"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does at `at_s` to question `number`, or to its answer; None where the moment decides which."""

    at_s: float
    deed: Deed
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """A trouble and its time, in seconds from the story's beginning."""

    at_s: float
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Story:
    """All that happens in one house, each part in the order of time."""

    seed: int
    length_s: float
    questions: tuple[Question, ...]
    falls: tuple[Fall, ...]
    acts: tuple[Act, ...]


def tell(seed: int, minutes: float, *, deaths: bool, cycle_s: float = CYCLE_S) -> Story:
    """The story of this seed; with `deaths` the process is killed and stopped in each cycle, too.

    A question comes each second. A shorter cycle has all its troubles closer together, but for those of the gateway
    and the process, which it has fewer of.
    """
    chance = random.Random(f"{seed} {deaths}")
    length_s = minutes * 60.0
    falls = tuple(_falls(chance, length_s, cycle_s, deaths=deaths))
    questions = tuple(_questions(chance, length_s))
    acts = tuple(sorted(_acts(chance, questions, falls, length_s, cycle_s), key=lambda act: act.at_s))
    return Story(seed, length_s, questions, falls, acts)


def _falls(chance: random.Random, length_s: float, cycle_s: float, *, deaths: bool) -> list[Fall]:
    falls = []
    for cycle in range(_cycles(length_s, cycle_s)):
        away = [one for one in Trouble if one.family == "gateway"]
        others = [one for one in Trouble if one.family not in AWAY]
        chance.shuffle(away)
        chance.shuffle(others)
        if deaths:
            away[1:1], away[4:4] = [Trouble.KILL], [Trouble.TERM]
        times = [
            *((at * _AWAY_EVERY_S + chance.uniform(0.0, 1.0), one) for at, one in enumerate(away)),
            *_spread(chance, others, (1.0 - _CALM) * cycle_s),
        ]
        falls += [
            Fall(round(cycle * cycle_s + at_s, 3), one)
            for at_s, one in times
            if one.family not in AWAY or at_s < _AWAY_WITHIN * cycle_s
        ]
    return sorted((fall for fall in falls if fall.at_s < length_s), key=lambda fall: fall.at_s)


def _spread(chance: random.Random, troubles: Sequence[Trouble], over_s: float) -> list[tuple[float, Trouble]]:
    step_s = over_s / len(troubles)
    return [((at + chance.uniform(0.0, 0.5)) * step_s, one) for at, one in enumerate(troubles)]


def _cycles(length_s: float, cycle_s: float) -> int:
    return int(-(-length_s // cycle_s))


def _questions(chance: random.Random, length_s: float) -> list[Question]:
    questions: list[Question] = []
    doors: list[Door] = []
    asked_at: dict[Door, int] = dict.fromkeys(Door, 0)
    for at in range(int(length_s)):
        if not doors:
            doors = chance.sample(_DOORS, len(_DOORS))
        door = doors.pop()
        room = asked_at[door] % ROOMS
        asked_at[door] += 1
        at_s = round(at + chance.uniform(0.0, 0.8), 3)
        earlier = [
            one for one in questions if one.door is door and one.room == room and at_s - one.at_s > 10.0
        ]
        replies = at % _REPLY_EVERY == 3 and door in HEARD_LATER and bool(earlier)
        questions.append(
            Question(
                FIRST_NUMBER + at,
                door,
                at_s,
                room,
                image=at % _IMAGE_EVERY == 5 and door in HEARD_LATER,
                replies_to=earlier[-1].number if replies else None,
            )
        )
    return questions


def _acts(
    chance: random.Random,
    questions: Sequence[Question],
    falls: Sequence[Fall],
    length_s: float,
    cycle_s: float,
) -> list[Act]:
    """Deeds of each cycle, where the bot is there to be told of them; no question meets two."""
    away_s = [fall.at_s for fall in falls if fall.trouble.family in AWAY]
    met: set[int] = set()
    acts = []
    for cycle in range(_cycles(length_s, cycle_s)):
        for deed, after_s in _DEEDS:
            fitting = [
                (one, at_s)
                for one in questions
                if one.number not in met
                and one.door in HEARD_LATER
                and cycle * cycle_s <= (at_s := round(one.at_s + after_s, 3)) < (cycle + 1) * cycle_s
                and at_s < length_s
                and not any(-TOLD_S < at_s - fell_s < AWAY_S for fell_s in away_s)
            ]
            if fitting:
                question, at_s = chance.choice(fitting)
                if deed is Deed.PRESSES:
                    acts.append(Act(at_s, deed))
                else:
                    met.add(question.number)
                    acts.append(Act(at_s, deed, question.number))
    return acts
