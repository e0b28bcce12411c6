"""Three truths compared: what Reka sent, what the screen shows, what memory holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path

from benchmarks.chaos.story import Door, Question, whole
from conversation.sentences import note, say
from sandbox.entities import Interaction, Message
from sandbox.world import World

RESTARTED = note(say("note-restarted", "en-US"))
_HEARD_LATER = frozenset({Door.MENTION, Door.ELSEWHERE, Door.THREAD, Door.DIRECT})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, and the event that it came with."""

    question: Question
    event: Message | Interaction


@dataclass(frozen=True, slots=True)
class Row:
    """What memory holds of one reply: how far it is, its messages, and its answer where there is one."""

    state: str
    message_ids: tuple[int, ...]
    answer: str | None
    complete: bool


@dataclass(slots=True)
class Verdict:
    """What became of the questions; each of `faults` is a broken promise."""

    whole: int = 0
    labelled: int = 0
    unclaimed: int = 0
    """Commands whose claim was not on disk at the death: Discord itself ends them, since nobody else knows of them."""
    beyond_reach: int = 0
    """Later messages of private answers whose create was under way at a death: Discord neither lists them nor takes a
    nonce for them, so that nobody can find them again (docs/adr/0011)."""
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

    def add(self, other: Verdict) -> None:
        """Count what another round came to."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def read_memory(database: Path) -> dict[int, Row]:
    """What the bot's database holds, by event."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        pages: dict[int, list[int]] = {}
        for reply_id, message_id in connection.execute(
            "SELECT reply_id, message_id FROM reply_pages ORDER BY reply_id, page"
        ):
            pages.setdefault(reply_id, []).append(message_id)
        answers = {
            reply_id: (text, bool(complete))
            for reply_id, text, complete in connection.execute(
                "SELECT reply_id, text, complete FROM turns WHERE role = 'assistant'"
            )
        }
        rows = connection.execute("SELECT id, event_id, state FROM replies").fetchall()
    return {
        event_id: Row(state, tuple(pages.get(reply_id, ())), *answers.get(reply_id, (None, False)))
        for reply_id, event_id, state in rows
    }


def under_way(memory: dict[int, Row], asked: Sequence[Asked]) -> bool:
    """Whether something is still to come: a claimed reply, or a question that should have been heard by now."""
    if any(row.state == "claimed" for row in memory.values()):
        return True
    return any(one.event.id not in memory for one in asked if one.question.door in _HEARD_LATER)


def compare(world: World, memory: dict[int, Row], asked: Sequence[Asked], *, died_id: int = 0) -> Verdict:
    """What became of `asked`; a message of the bot since then that no reply knows of counts as doubled.

    `died_id` is a snowflake of the last death: what was posted after it can be of no death's create.
    """
    verdict = Verdict()
    for one in asked:
        row = memory.get(one.event.id)
        if row is not None:
            _judge(world, one.question, row, verdict)
        elif one.question.door in _HEARD_LATER:
            verdict.finds("unheard", f"{one.question.text} ({one.question.door})")
        else:
            verdict.unclaimed += 1
    known = {message_id for row in memory.values() for message_id in row.message_ids}
    since_id = min((one.event.id for one in asked), default=0)
    for channel in world.channels.values():
        for message in channel.messages.values():
            ours = message.author is world.bot and message.id > since_id and not message.thinking
            if ours and message.id not in known:
                _judge_stray(message, died_id, verdict)
    return verdict


def _judge_stray(message: Message, died_id: int, verdict: Verdict) -> None:
    by = message.interaction
    later_page = message.only_for is not None and by is not None and message is not by.original
    if later_page and message.id < died_id:
        verdict.beyond_reach += 1
    else:
        verdict.finds("doubled", f"{message.content[:60]!r} belongs to no reply ({message.channel.name})")


def _judge(world: World, question: Question, row: Row, verdict: Verdict) -> None:
    messages = [found for message_id in row.message_ids if (found := world.message(message_id)) is not None]
    what = f"{question.text} ({question.door}, {row.state})"
    if not messages or messages[-1].thinking:
        verdict.finds("lost", f"{what} shows nothing")
        return
    expected = whole(question.number)
    shown = " ".join(message.content for message in messages)
    if _words(shown) == _words(expected):
        verdict.whole += 1
        if row.state != "ended" or row.answer != expected or not row.complete:
            verdict.finds("wrong", f"{what}: memory does not hold what the screen shows")
    elif shown.endswith(RESTARTED) and messages[-1].buttons:
        verdict.labelled += 1
        if row.state != "broken":
            verdict.finds("wrong", f"{what}: its note stands there, and the journal does not know")
        said = _words(shown.removesuffix(RESTARTED))
        if _words(expected)[: max(0, len(said) - 1)] != said[:-1]:
            verdict.finds("wrong", f"{what}: {_sketch(messages)}")
    else:
        verdict.finds("half_made", f"{what}: {_sketch(messages)}")


def _sketch(messages: Sequence[Message]) -> str:
    """What each of these shows, as far as one line can tell."""
    sketches = (
        f"{message.content[:24]!r} to {message.content[-24:]!r} ({len(message.content)} characters)"
        for message in messages
    )
    return "shows " + ", then ".join(sketches)


def _words(text: str) -> list[str]:
    return text.split()
