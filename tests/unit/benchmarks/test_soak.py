"""The soak's story is the same each time, and its comparison finds what it is there to find."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from benchmarks.chaos.story import Door, whole
from benchmarks.soak.faults import Spoken
from benchmarks.soak.figures import Latency, first_and_last, latencies, part
from benchmarks.soak.memory import Row, slope_mib_per_minute
from benchmarks.soak.story import AWAY, AWAY_S, CYCLE_S, DEATHS, TOLD_S, Deed, Question, Trouble, tell
from benchmarks.soak.table import Outcome, table
from benchmarks.soak.truths import (
    Asked,
    Comparison,
    Happened,
    Verdict,
    is_under_way,
    tracebacks_in,
    unexplained,
    unscripted_429s,
)
from conversation.sentences import note, say
from sandbox.entities import Message
from sandbox.faults import Fault
from sandbox.reka_space import Chat
from sandbox.rest import RecordedRequest
from sandbox.world import World

BUTTON = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Try again", "custom_id": "again:1"}]}]
NUMBER = 1_001
RESTARTED = note(say("note-restarted", "en-US"))
DOWN = note(say("note-broke-off", "en-US", why=say("reka-down", "en-US")))
MIB = 2**20


class Scene:
    """One question in a world, and what the bot shows and remembers of it."""

    def __init__(self, door: Door = Door.MENTION, number: int = NUMBER) -> None:
        self.world = World()
        self.channel = self.world.channel("general")
        self.question = Question(number, door, 0.0, 0)
        event = self.world.person("alice").says(self.channel, self.question.text)
        self.asked = Asked(self.question, event, time.monotonic())
        self.text = whole(number)
        self.memory: dict[int, Row] = {}
        self.posted: dict[int, Message] = {}
        self.spoken: dict[int, list[Spoken]] = {}
        self.happened: list[Happened] = []

    def shows(self, *contents: str, button: bool = False, reply: bool = False) -> list[Message]:
        """Let the bot show these."""
        shown = [
            self.world.post(
                self.world.bot,
                self.channel,
                content,
                components=BUTTON if button and content == contents[-1] else (),
                reply_to=self.asked.event if reply and isinstance(self.asked.event, Message) else None,
            )
            for content in contents
        ]
        self.posted.update((message.id, message) for message in shown)
        return shown

    def remembers(
        self,
        state: str,
        messages: list[Message],
        answer: str | None = None,
        *,
        complete: bool = True,
        question: str | None = "",
        attempt: int = 1,
    ) -> None:
        """Let the journal and the history say this; of the question what it says, if nothing else is given."""
        ids = tuple(message.id for message in messages)
        asked = self.question.text if question == "" else question
        self.memory[self.asked.event.id] = Row(state, attempt, ids, asked, answer, complete and bool(answer))

    def answers(self) -> list[Message]:
        """Let all be well."""
        messages = self.shows(self.text)
        self.remembers("ended", messages, self.text)
        return messages

    def happens(self, trouble: Trouble) -> None:
        """Let this go wrong now."""
        self.happened.append(Happened(time.monotonic(), trouble))

    def reka(self, trouble: Trouble | None) -> None:
        """Let Reka have answered so."""
        chat = Chat({"conversation_history": []}, {}, 0.0)
        self.spoken.setdefault(self.question.number, []).append(Spoken(chat, trouble, time.monotonic()))

    def deletes_question(self) -> None:
        """Let its person delete it, some time after what was shown so far."""
        _age(self.posted.values(), 5.0)
        assert isinstance(self.asked.event, Message)
        self.asked.question_deleted_s = time.monotonic()
        self.world.delete(self.asked.event)

    def verdict(self) -> Verdict:
        """What the comparison finds."""
        comparison = Comparison(self.world, self.memory, self.posted, self.spoken, self.happened)
        return comparison.compare([self.asked])


def _age(messages: object, seconds: float) -> None:
    for message in messages:  # type: ignore[attr-defined]  # any collection of messages
        message.edits = [(at_s - seconds, content) for at_s, content in message.edits]


# What is right --------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_right() -> None:
    """Else every run would fail."""
    scene = Scene(number=1_002)
    words = scene.text.split()
    pages = scene.shows(" ".join(words[:300]), " ".join(words[300:]))
    scene.remembers("ended", pages, scene.text)

    assert scene.verdict() == Verdict(asked=1, whole=1)


def test_a_note_of_what_happened_is_right() -> None:
    """A person knows why, and can ask again."""
    scene = Scene()
    scene.reka(Trouble.REKA_CUT)
    scene.remembers(
        "broken", scene.shows(f"{scene.text[:60]}\n\n{DOWN}", button=True), scene.text[:60], complete=False
    )

    assert scene.verdict() == Verdict(asked=1, noted=Counter({"reka-down": 1}))


def test_a_restart_may_be_told_after_a_death_alone() -> None:
    """A note that excuses itself with what did not happen is a lie."""
    scene = Scene()
    scene.remembers("broken", scene.shows(f"{scene.text[:60]}\n\n{RESTARTED}", button=True))
    assert scene.verdict().wrong == 1

    scene.happens(Trouble.KILL)
    _age(scene.posted.values(), -1.0)
    assert scene.verdict() == Verdict(asked=1, noted=Counter({"note-restarted": 1}))


def test_what_reka_told_others_may_be_told_to_who_came_after() -> None:
    """A limit holds for everybody: the second question is not even asked."""
    scene = Scene()
    scene.spoken[7] = [
        Spoken(Chat({"conversation_history": []}, {}, 0.0), Trouble.REKA_BUSY_LONG, time.monotonic())
    ]
    busy = note(say("reka-busy-until", "en-US", retry="<t:123:R>"))
    scene.remembers("broken", scene.shows(busy, button=True))

    assert scene.verdict() == Verdict(asked=1, noted=Counter({"reka-busy-until": 1}))


def test_a_deleted_question_has_no_answer_and_no_memory() -> None:
    """Nobody will read it."""
    scene = Scene()
    scene.remembers("dropped", [], question=None)
    scene.deletes_question()

    assert scene.verdict() == Verdict(asked=1, removed=1)


def test_an_answer_that_had_ended_stays_when_its_question_goes() -> None:
    """Somebody may have read it, and it is whole."""
    scene = Scene()
    messages = scene.answers()
    scene.remembers("ended", messages, question=None)
    scene.deletes_question()

    assert scene.verdict() == Verdict(asked=1, removed=1)


def test_a_command_that_nobody_took_needs_an_excuse() -> None:
    """Discord ends it; but a bot that was there has to take it."""
    scene = Scene(Door.COMMAND)
    assert scene.verdict().unheard == 1

    scene.happens(Trouble.KILL)
    assert scene.verdict() == Verdict(asked=1, unclaimed=1)


# What is not ----------------------------------------------------------------------------------------------------


def _nothing(scene: Scene) -> None:
    scene.remembers("broken", [])


def _thinking(scene: Scene) -> None:
    messages = scene.shows("")
    messages[0].flags |= 1 << 7
    scene.remembers("claimed", messages)


def _half(scene: Scene) -> None:
    scene.remembers("claimed", scene.shows(scene.text[:60]))


def _note_without_button(scene: Scene) -> None:
    scene.reka(Trouble.REKA_CUT)
    scene.remembers("broken", scene.shows(f"{scene.text[:60]}\n\n{DOWN}"))


def _twice(scene: Scene) -> None:
    scene.remembers("ended", scene.shows(scene.text, scene.text)[:1], scene.text)


def _twice_without_a_claim(scene: Scene) -> None:
    scene.answers()
    scene.shows(scene.text[:40], reply=True)


def _forgotten(scene: Scene) -> None:
    scene.remembers("ended", scene.shows(scene.text), scene.text[:60], complete=False)


def _still_claimed(scene: Scene) -> None:
    scene.remembers("claimed", scene.shows(scene.text), scene.text)


def _of_another(scene: Scene) -> None:
    scene.reka(Trouble.REKA_CUT)
    scene.remembers("broken", scene.shows(f"{whole(1_007)}\n\n{DOWN}", button=True))


def _blames_reka(scene: Scene) -> None:
    scene.reka(None)
    scene.remembers("broken", scene.shows(f"{scene.text[:60]}\n\n{DOWN}", button=True))


def _never_heard(scene: Scene) -> None:
    assert not scene.memory


def _old_words(scene: Scene) -> None:
    scene.answers()
    scene.asked.edited = f"{scene.question.text} And thank you."


def _deleted_and_half_there(scene: Scene) -> None:
    scene.remembers("dropped", scene.shows(scene.text[:60]), question=None)
    scene.deletes_question()


def _deleted_and_remembered(scene: Scene) -> None:
    scene.remembers("dropped", [])
    scene.deletes_question()


def _deleted_answer_comes_again(scene: Scene) -> None:
    old = scene.answers()[0]
    _age([old], 5.0)
    scene.asked.answer_deleted_s = time.monotonic() - 3.0
    scene.world.delete(old)
    scene.remembers("ended", [old, *scene.shows(scene.text)])


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (_nothing, "lost"),
        (_thinking, "lost"),
        (_half, "half_made"),
        (_note_without_button, "half_made"),
        (_deleted_and_half_there, "half_made"),
        (_twice, "doubled"),
        (_twice_without_a_claim, "doubled"),
        (_deleted_answer_comes_again, "doubled"),
        (_forgotten, "wrong"),
        (_still_claimed, "wrong"),
        (_of_another, "wrong"),
        (_blames_reka, "wrong"),
        (_old_words, "wrong"),
        (_deleted_and_remembered, "wrong"),
        (_never_heard, "unheard"),
    ],
)
def test_a_broken_promise_is_found(break_it: Callable[[Scene], None], kind: str) -> None:
    """A comparison that finds nothing proves nothing."""
    scene = Scene()
    break_it(scene)

    verdict = scene.verdict()

    assert getattr(verdict, kind) == 1
    assert len(verdict.faults) == 1
    assert verdict.faults[0].startswith(kind)
    assert f"seed 7, house B: {kind}" in table([Outcome("B", 7, 60.0, verdict, killed=False)])


def test_it_waits_for_what_is_claimed_and_for_what_has_to_be_heard() -> None:
    """To compare too early would find faults that are none."""
    scene = Scene()
    assert is_under_way(scene.memory, [scene.asked])
    scene.remembers("claimed", [])
    assert is_under_way(scene.memory, [scene.asked])
    scene.remembers("ended", [])
    assert not is_under_way(scene.memory, [scene.asked])


def test_tracebacks_steep_memory_and_crashes_break_promises() -> None:
    """Each of these is a line below the table, and the run fails."""
    assert tracebacks_in("x\nTraceback (most recent call last):\n  File ...\nValueError: no\nmore") == [
        "ValueError: no"
    ]
    steep = [(at * 2.0, 100 * MIB + round(at * 2 / 60 * 1.5 * MIB)) for at in range(300)]
    flat = [(at, size if at < 100.0 else 105 * MIB) for at, size in steep]

    bad = Outcome("B", 1, 600.0, Verdict(), killed=False, samples=steep, tracebacks=["ValueError: no"])
    good = Outcome("B", 1, 600.0, Verdict(), killed=False, samples=flat)

    assert slope_mib_per_minute(steep, after_s=120.0) == pytest.approx(1.5, abs=0.01)
    assert bad.faults == ["unhandled exception: ValueError: no", "memory: grows by 1.50 MiB a minute"]
    assert good.faults == []
    assert "No promise was broken" in table([good])
    assert Outcome("A", 1, 600.0, Verdict(), killed=True, crashes=["it ended"]).faults == ["crash: it ended"]
    assert not Outcome("B", 1, 60.0, Verdict(), killed=False, samples=steep[:60]).faults


def test_only_what_nobody_scripted_counts_against_the_bot() -> None:
    """The sandbox says no where a script asks it to, and to whoever was told of a deletion too late."""

    def request(status: int, path: str, fault: Fault | None = None, at_s: float = 50.0) -> RecordedRequest:
        return RecordedRequest("PATCH", path, path, status, at_s, at_s, None, fault)

    scripted = request(429, "/channels/1/messages/2", Fault.rate_limit("user", 1.0))
    own = request(429, "/channels/1/messages/2")
    gone, odd = request(404, "/channels/1/messages/2"), request(404, "/channels/1/messages/3")

    assert unscripted_429s([scripted, own], []) == [own]
    assert unscripted_429s([own], [45.0]) == []
    assert unexplained([gone, odd, own], {2}, {}) == [odd]


def test_latency_is_compared_over_the_first_and_the_last_minutes() -> None:
    """A bot that slows down with the hours shows it here."""
    found = [Latency(float(at), 0.1 if at < 300 else 0.2, 0.05, untouched=True) for at in range(600)]
    early, late = (part(some) for some in first_and_last(found, 600.0))

    assert early is not None
    assert late is not None
    assert late.ratios(early) == pytest.approx((2.0, 2.0, 1.0, 1.0))
    assert "| last / first, untouched | not within 10 % | 2.00 2.00 | 1.00 1.00 |" in table(
        [Outcome("B", 1, 600.0, Verdict(), killed=False, latencies=found)]
    )


def _request(scene: Scene, channel_id: int) -> RecordedRequest:
    path, now_s = f"/channels/{channel_id}/messages", time.monotonic()
    return RecordedRequest("POST", path, path, 429, now_s, now_s, None, Fault.rate_limit("user", 1.0))


@pytest.mark.parametrize(
    ("trouble", "own_reka", "other_channel", "untouched"),
    [
        (None, None, True, True),
        (Trouble.CREATE_SLOW, None, True, True),
        (Trouble.REKA_CUT, None, True, True),
        (Trouble.DATABASE_STOP, None, True, False),
        (Trouble.EDIT_429_GLOBAL, None, True, False),
        (None, Trouble.REKA_STALL, True, False),
        (None, None, False, False),
    ],
)
def test_an_answer_that_scripted_trouble_held_back_is_told_apart(
    trouble: Trouble | None, own_reka: Trouble | None, other_channel: bool, untouched: bool
) -> None:
    """What a script delays tells nothing of the bot; what it delays for others may."""
    scene = Scene()
    if trouble is not None:
        scene.happens(trouble)
    scene.reka(own_reka)
    scene.spoken[NUMBER][0].chat.ended_at = time.monotonic()
    hit = _request(scene, scene.channel.id + other_channel)
    scene.answers()

    [found] = latencies(
        [scene.asked], scene.memory, scene.posted, scene.spoken, scene.happened, [hit], scene.asked.asked_s
    )

    assert found.untouched is untouched


# The story ------------------------------------------------------------------------------------------------------


def test_a_seed_tells_the_same_story_every_time() -> None:
    """A seed that found something has to find it again."""
    assert tell(7, 3, deaths=True) == tell(7, 3, deaths=True)
    assert tell(7, 3, deaths=True) != tell(8, 3, deaths=True)
    assert len(tell(7, 3, deaths=False).questions) == 180


def test_each_cycle_meets_the_same_troubles() -> None:
    """Else the last five minutes could not be compared with the first."""
    for deaths in (True, False):
        falls = tell(3, 10, deaths=deaths).falls
        rows = [[fall.trouble for fall in falls if fall.at_s // CYCLE_S == cycle] for cycle in range(6)]
        assert {one for row in rows for one in row} == {one for one in Trouble if deaths or one not in DEATHS}
        assert all(len(row) == len(set(row)) == len(rows[0]) for row in rows)
        assert len({tuple(row) for row in rows}) == 6
    assert 300.0 % CYCLE_S == 0.0


def test_the_gateway_has_a_quiet_minute_in_each_cycle() -> None:
    """A bot that is thrown out all the time waits up to 30 s each time, and would meet nothing else."""
    away = [fall.at_s for fall in tell(4, 10, deaths=False).falls if fall.trouble.family in AWAY]
    assert sum(later - earlier > 64.0 for earlier, later in pairwise(away)) == 5


def test_people_change_things_while_the_bot_hears_them() -> None:
    """What Discord told nobody, nobody can act upon: a deletion while the bot is dead has no right answer."""
    for deaths in (True, False):
        story = tell(5, 10, deaths=deaths)
        away = [fall.at_s for fall in story.falls if fall.trouble.family in AWAY]
        assert {act.deed for act in story.acts} == set(Deed)
        assert not [act for act in story.acts for at_s in away if -TOLD_S < act.at_s - at_s < AWAY_S]
        numbers = [act.number for act in story.acts if act.number is not None]
        assert len(numbers) == len(set(numbers))
        assert {one.door for one in story.questions} == set(Door)
        assert any(one.image for one in story.questions)
        assert any(one.replies_to for one in story.questions)
