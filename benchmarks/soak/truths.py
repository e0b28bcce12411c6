"""Three truths compared: what Reka sent, what the screen shows, what memory holds; each question's own right end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.story import whole
from benchmarks.soak.faults import Spoken
from benchmarks.soak.memory import Row
from benchmarks.soak.story import AWAY, AWAY_S, DEATHS, HEARD_LATER, Question, Trouble
from conversation.sentences import say
from sandbox.entities import Interaction, Message
from sandbox.person import Person
from sandbox.rest import RecordedRequest
from sandbox.world import World

RACE_S = 0.5
"""What was on its way when somebody deleted a message may still arrive."""
_REKA_TROUBLES_LAST_S = 30.0
"""A limit that Reka named, or an outage that it showed: for so long others may be told of it, too."""
_STARTED_S = 10.0
"""For so long a process that has just started may find windows that the last one used up."""
_DATABASE_LASTS_S = 20.0
_STOPPING_S = 30.0
_LATE_S = 8.0
"""A command is not taken where the bot was away, or slow for want of its database, so soon before or after it."""

RESTARTED = "note-restarted"
NO_MEMORY = "memory-unavailable"
_BY_REKA = {
    Trouble.REKA_CUT: "reka-down",
    Trouble.REKA_ERROR: "reka-odd",
    Trouble.REKA_BUSY: "reka-busy-until",
    Trouble.REKA_BUSY_LONG: "reka-busy-until",
    Trouble.REKA_500: "reka-down",
}
_REFUSALS = ("restarting", NO_MEMORY)
_WHISPERS = ("again-running", "again-not-yours", "again-forgotten", "restarting", NO_MEMORY)
_MOMENT = re.compile(r"<t:\d+:R>")
_INVALID = frozenset({401, 403, 404})


@dataclass(slots=True)
class Asked:
    """A question that was asked, the event that it came with, and what people did to it; monotonic seconds."""

    question: Question
    event: Message | Interaction
    asked_s: float
    edited: str | None = None
    """What its question says since it was edited."""
    question_deleted_s: float | None = None
    answer_deleted_s: float | None = None
    pressed: int = 0

    @property
    def asker(self) -> Person:
        """Who asked."""
        who = self.event.author if isinstance(self.event, Message) else self.event.user
        if not isinstance(who, Person):
            raise TypeError(f"{who.name} asked, and is no person")
        return who

    @property
    def is_heard_later(self) -> bool:
        """Whether a bot that was away has to find it."""
        return self.question.door in HEARD_LATER

    def __str__(self) -> str:
        return f"question {self.question.number} ({self.question.door})"


@dataclass(frozen=True, slots=True)
class Happened:
    """A trouble, and the monotonic second in which it came."""

    at_s: float
    trouble: Trouble


@dataclass(slots=True)
class Verdict:
    """How many questions ended how; each of `faults` is a broken promise."""

    asked: int = 0
    whole: int = 0
    noted: Counter[str] = field(default_factory=Counter)
    """Ended with a note and a button, by the kind of the note."""
    removed: int = 0
    """Taken off the screen, or forgotten, since their person deleted them."""
    refused: int = 0
    """Told to ask again, and not answered."""
    unclaimed: int = 0
    """Commands that nobody took while the bot was away: Discord itself ends them."""
    beyond_reach: int = 0
    """Later messages of private answers that were on their way at a death (docs/adr/0011)."""
    repaired: int = 0
    """Answers that were begun more than once, by no press."""
    faults: list[str] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    half_made: int = 0
    wrong: int = 0
    unheard: int = 0

    def finds(self, kind: str, what: str) -> None:
        """Count a broken promise and say what it is."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.faults.append(f"{kind}: {what}")


def is_under_way(memory: Mapping[int, Row], asked: Iterable[Asked]) -> bool:
    """Whether something is still to come: a claimed reply, or a question that should have been heard by now."""
    if any(row.state == "claimed" for row in memory.values()):
        return True
    return any(
        one.event.id not in memory and one.is_heard_later and one.question_deleted_s is None for one in asked
    )


class Comparison:
    """Compares what became of the questions of one house.

    `posted` is every message of the bot, by id, those that are gone, too; `spoken` what Reka did, by number.
    """

    def __init__(
        self,
        world: World,
        memory: Mapping[int, Row],
        posted: Mapping[int, Message],
        spoken: Mapping[int, Sequence[Spoken]],
        happened: Sequence[Happened],
    ) -> None:
        self._world = world
        self._memory = memory
        self._posted = posted
        self._spoken = spoken
        self._happened = happened
        self._asked: list[Asked] = []
        self._replies: dict[int, list[Message]] = {}
        for message in posted.values():
            by = message.interaction.id if message.interaction else message.reply_to_id
            if by is not None and not message.deleted:
                self._replies.setdefault(by, []).append(message)
        self._known = {message_id for row in memory.values() for message_id in row.message_ids}
        self.verdict = Verdict()
        self.whole: list[Asked] = []
        """The questions whose whole answer stands there."""

    def compare(self, asked: Iterable[Asked]) -> Verdict:
        """What became of all of these."""
        self._asked = list(asked)
        for one in self._asked:
            self.verdict.asked += 1
            row = self._memory.get(one.event.id)
            if row is None:
                self._judge_unclaimed(one)
                continue
            self.verdict.repaired += row.attempt > 1 + one.pressed
            if one.question_deleted_s is not None:
                self._judge_deleted_question(one, row, one.question_deleted_s)
            elif one.answer_deleted_s is not None:
                self._judge_deleted_answer(one, row, one.answer_deleted_s)
            else:
                self._judge(one, row)
        for message in self._posted.values():
            if message.id not in self._known and not message.deleted and not message.thinking:
                self._judge_stray(message)
        return self.verdict

    # No claim ----------------------------------------------------------------------------------------------

    def _judge_unclaimed(self, one: Asked) -> None:
        verdict, said = self.verdict, self._replies.get(one.event.id, [])
        kinds = {_sentence(message.content, _REFUSALS) for message in said if not message.thinking}
        if one.question_deleted_s is not None:
            verdict.removed += 1  # a message that it left behind is found as a stray
        elif any(kinds):
            verdict.refused += 1
        elif one.is_heard_later:
            lost = self._in(one.asked_s - RACE_S, one.asked_s + 1.0, [Trouble.GATEWAY_INVALID])
            after = self._in(one.asked_s - AWAY_S, one.asked_s, [Trouble.GATEWAY_INVALID])
            why = ", asked while the gateway's session was lost" if lost or after else ""
            verdict.finds("unheard", f"{one}{why}")
        elif self._away_or_slow(one.asked_s):
            verdict.unclaimed += 1
        else:
            verdict.finds("unheard", f"{one}, with nothing to excuse it")

    # Deleted -----------------------------------------------------------------------------------------------

    def _judge_deleted_question(self, one: Asked, row: Row, deleted_s: float) -> None:
        self.verdict.removed += 1
        if row.question is not None or row.answer is not None:
            self.verdict.finds("wrong", f"{one} was deleted, and memory still holds it ({row.state})")
        shown = [message for message in self._messages(row) if not message.deleted]
        if not shown:
            return
        # An answer that had come to its end stays, as it was then; any other goes with its question.
        then = _at(self._messages(row), deleted_s + RACE_S)
        ended = _is_whole(then, one) or _split(then)[1] is not None
        if not ended:
            self.verdict.finds("half_made", f"{one} was deleted in mid-answer: {_sketch(shown)}")
        elif _at(shown, float("inf")) != then:
            self.verdict.finds(
                "wrong", f"{one} was deleted, its answer changed after that, and now {_sketch(shown)}"
            )

    def _judge_deleted_answer(self, one: Asked, row: Row, deleted_s: float) -> None:
        self.verdict.removed += 1
        if row.answer is not None:
            self.verdict.finds("wrong", f"the answer to {one} was deleted, and memory still holds it")
        for message in self._messages(row):
            if not message.deleted and message.edits and message.edits[0][0] > deleted_s + RACE_S:
                self.verdict.finds("doubled", f"the answer to {one} was deleted, and came again")

    # To its end --------------------------------------------------------------------------------------------

    def _judge(self, one: Asked, row: Row) -> None:
        verdict = self.verdict
        messages = [message for message in self._messages(row) if not message.deleted]
        if not messages or messages[-1].thinking:
            verdict.finds("lost", f"{one}, {row.state}, shows nothing")
            return
        if row.question != (one.edited or one.question.text):
            verdict.finds("wrong", f"{one}: memory holds {row.question!r} of it")
        shown = " ".join(message.content for message in messages)
        if _is_whole(shown, one):
            verdict.whole += 1
            self.whole.append(one)
            if row.state != "ended" or row.answer != whole(one.question.number) or not row.complete:
                verdict.finds("wrong", f"{one}, {row.state}: memory does not hold what the screen shows")
            return
        text, note = _split(shown)
        said, expected = text.split(), whole(one.question.number).split()
        if note is None:
            verdict.finds("half_made", f"{one}, {row.state}: {_sketch(messages)}")
        elif expected[: max(0, len(said) - 1)] != said[:-1]:
            verdict.finds("wrong", f"{one}: {_sketch(messages)}")
        else:
            self._judge_note(one, row, note, messages)

    def _judge_note(self, one: Asked, row: Row, note: str, messages: Sequence[Message]) -> None:
        verdict = self.verdict
        verdict.noted[note] += 1
        if not messages[-1].buttons:
            verdict.finds("half_made", f"{one} ended with {note} and no button")
        if row.state != "broken" or row.complete:
            verdict.finds("wrong", f"{one}, {row.state}: it ended with {note}, and the journal does not know")
        if not self._is_true(one, row, note, messages[-1]):
            verdict.finds("wrong", f"{one} ended with {note}, which is not what happened")

    def _is_true(self, one: Asked, row: Row, note: str, last: Message) -> bool:
        """Whether a note says what really happened."""
        at_s = last.edits[-1][0]
        if note == RESTARTED:
            return self._in(one.asked_s - _STOPPING_S, at_s, DEATHS)
        if note == NO_MEMORY:
            slow = (Trouble.DATABASE_STOP, Trouble.DATABASE_SLOW)
            return self._in(one.asked_s - _DATABASE_LASTS_S, at_s, slow)
        spoken = self._spoken.get(one.question.number, [])
        if spoken and spoken[-1].trouble is not None and _BY_REKA.get(spoken[-1].trouble) == note:
            return True
        if row.attempt == 1 and spoken and spoken[-1].trouble is None and spoken[-1].chat.finished:
            return False  # Reka had said all of it
        # Reka was not asked, for what it had told others.
        told = [
            each.at_s
            for said in self._spoken.values()
            for each in said
            if each.trouble is not None and _BY_REKA.get(each.trouble) == note
        ]
        return any(each - RACE_S < at_s < each + _REKA_TROUBLES_LAST_S for each in told)

    # Strays ------------------------------------------------------------------------------------------------

    def _judge_stray(self, message: Message) -> None:
        at_s = message.edits[0][0] if message.edits else 0.0
        kind = _sentence(message.content, _WHISPERS if message.only_for else _REFUSALS)
        by = message.interaction
        slow = (Trouble.DATABASE_STOP, Trouble.DATABASE_SLOW)
        match kind:
            case "restarting" if self._in(at_s - _STOPPING_S, at_s, [Trouble.TERM]):
                return
            case "memory-unavailable" if self._in(at_s - _DATABASE_LASTS_S, at_s, slow):
                return
            case "again-running" | "again-not-yours" | "again-forgotten":
                return
        lately = self._in(at_s - RACE_S, at_s + 2.0, DEATHS)
        if message.only_for is not None and by is not None and message is not by.original and lately:
            self.verdict.beyond_reach += 1
            return
        where = f"{message.channel.name}, {'private' if message.only_for else 'public'}"
        self.verdict.finds(
            "doubled", f"{message.content[:60]!r} belongs to no reply ({where}){self._of(message)}"
        )

    def _of(self, message: Message) -> str:
        """Whose it would be, by its nonce (docs/adr/0003), and what people had done to that one."""
        event_id = str(message.nonce).partition(".")[0]
        one = next((one for one in self._asked if str(one.event.id) == event_id), None)
        if one is None or not message.edits:
            return ""
        posted_s = message.edits[0][0]
        deeds = {"question": one.question_deleted_s, "answer": one.answer_deleted_s}
        told = (
            f", posted {posted_s - at_s:.2f} s after its {what} was deleted"
            for what, at_s in deeds.items()
            if at_s
        )
        return f": {one}, nonce {message.nonce}{''.join(told)}"

    # Inside ------------------------------------------------------------------------------------------------

    def _messages(self, row: Row) -> list[Message]:
        return [self._posted[found] for found in row.message_ids if found in self._posted]

    def _in(self, first_s: float, last_s: float, troubles: Collection[Trouble]) -> bool:
        return any(one.trouble in troubles and first_s <= one.at_s <= last_s for one in self._happened)

    def _away_or_slow(self, at_s: float) -> bool:
        excuses = [one for one in Trouble if one.family in (*AWAY, "database")]
        return self._in(at_s - _LATE_S, at_s + 1.0, excuses)


def unscripted_429s(requests: Iterable[RecordedRequest], starts_s: Sequence[float]) -> list[RecordedRequest]:
    """Those that no script asked for; a process that started lately knows nothing of the last one's windows."""
    return [
        one
        for one in requests
        if one.status == 429
        and (one.fault is None or one.fault.scope is None)
        and not any(0.0 <= one.at_s - start_s < _STARTED_S for start_s in starts_s)
    ]


def unexplained(
    requests: Iterable[RecordedRequest], gone_ids: Collection[int], interactions: Mapping[str, Interaction]
) -> list[RecordedRequest]:
    """Invalid requests (401, 403, 404) that speak neither of a deleted message nor of a command that came too late."""
    return [
        one
        for one in requests
        if one.status in _INVALID
        and (one.fault is None or one.fault.status_code is None)
        and not any(part.isdigit() and int(part) in gone_ids for part in one.path.split("/"))
        and not any(
            (by := interactions.get(part)) is not None and (by.too_late or _original_gone(by))
            for part in one.path.split("/")
        )
    ]


def _original_gone(by: Interaction) -> bool:
    return by.original is None or by.original.deleted


def tracebacks_in(said: str) -> list[str]:
    """The last line of each traceback in a log."""
    found: list[str] = []
    for block in said.split("Traceback")[1:]:
        lines = [line.strip() for line in block.splitlines()[1:]]
        ends = (line for line in lines if re.match(r"[\w.]+(Error|Exception|Group|Interrupt|Exit)\b", line))
        found.append(next(ends, "unknown"))
    return found


def _is_whole(shown: str, one: Asked) -> bool:
    return shown.split() == whole(one.question.number).split()


def _at(messages: Iterable[Message], at_s: float) -> str:
    """What these showed then."""
    shown = []
    for message in messages:
        versions = [content for since_s, content in message.edits if since_s <= at_s]
        shown += versions[-1:]
    return " ".join(shown)


def _split(shown: str) -> tuple[str, str | None]:
    """The text and the kind of the note that ends it; None where none does that a person could act on."""
    lines = shown.split("\n")
    small = [line.removeprefix("-# ") for line in lines if line.startswith("-# ")]
    text = "\n".join(line for line in lines if not line.startswith("-# "))
    kinds = (RESTARTED, NO_MEMORY, *_BY_REKA.values(), "unexpected", "discord-refused")
    for kind in kinds:
        sentence = say(kind, "en-US", retry="<t:0:R>")
        broke_off = say("note-broke-off", "en-US", why=sentence)
        if any(_MOMENT.sub("<t:0:R>", line) in (sentence, broke_off) for line in small):
            return text, kind
    return shown, None


def _sentence(content: str, kinds: Iterable[str]) -> str | None:
    """Which of these sentences a message is."""
    plain = content.removeprefix("-# ")
    return next((kind for kind in kinds if say(kind, "en-US") == plain), None)


def _sketch(messages: Sequence[Message]) -> str:
    """What each of these shows, as far as one line can tell."""
    sketches = (
        f"{message.content[:24]!r} to {message.content[-24:]!r} ({len(message.content)} characters)"
        for message in messages
    )
    return "shows " + ", then ".join(sketches)
