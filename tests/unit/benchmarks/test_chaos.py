"""The comparison of the three truths finds what it is there to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.chaos.__main__ import is_clean, seeds_for, table
from benchmarks.chaos.kills import Outcome
from benchmarks.chaos.story import Death, Door, Question, tell, whole
from benchmarks.chaos.truths import RESTARTED, Asked, Row, Verdict, compare, under_way
from sandbox.entities import Message
from sandbox.world import World

BUTTON = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Try again", "custom_id": "again:1"}]}]
SHORT, LONG = 101, 102


class Scene:
    """One question in a world, and what the bot shows and remembers of it."""

    def __init__(self, number: int = SHORT, door: Door = Door.MENTION) -> None:
        self.world = World()
        self.channel = self.world.channel("general")
        asked = self.world.person("alice").says(self.channel, "why?")
        self.asked = Asked(Question(number, door, 0.0), asked)
        self.text = whole(number)
        self.memory: dict[int, Row] = {}

    def shows(self, *contents: str, button: bool = False) -> list[Message]:
        """Let the bot show these."""
        return [
            self.world.post(
                self.world.bot,
                self.channel,
                content,
                components=BUTTON if button and content == contents[-1] else (),
            )
            for content in contents
        ]

    def remembers(
        self, state: str, messages: list[Message], answer: str | None = None, *, complete: bool = True
    ) -> None:
        """Let the journal and the history say this."""
        ids = tuple(message.id for message in messages)
        self.memory[self.asked.event.id] = Row(state, ids, answer, complete)

    def verdict(self, *, died_id: int = 0) -> Verdict:
        return compare(self.world, self.memory, [self.asked], died_id=died_id)


def test_a_whole_answer_in_memory_and_on_screen_is_right() -> None:
    """Else every run would fail."""
    scene = Scene(LONG)
    words = scene.text.split()
    pages = scene.shows(" ".join(words[:300]), " ".join(words[300:]))
    scene.remembers("ended", pages, scene.text)

    assert scene.verdict() == Verdict(whole=1)


def test_an_answer_that_ends_with_the_note_and_its_button_is_labelled() -> None:
    """The person knows, and can ask again."""
    scene = Scene()
    scene.remembers("broken", scene.shows(f"{scene.text[:60]}\n\n{RESTARTED}", button=True))

    assert scene.verdict() == Verdict(labelled=1)


def _nothing(scene: Scene) -> None:
    scene.remembers("broken", [])


def _thinking(scene: Scene) -> None:
    messages = scene.shows("")
    messages[0].flags |= 1 << 7
    scene.remembers("claimed", messages)


def _half(scene: Scene) -> None:
    scene.remembers("claimed", scene.shows(scene.text[:60]))


def _note_without_button(scene: Scene) -> None:
    scene.remembers("broken", scene.shows(RESTARTED))


def _twice(scene: Scene) -> None:
    messages = scene.shows(scene.text, scene.text)
    scene.remembers("ended", messages[:1], scene.text)


def _forgotten(scene: Scene) -> None:
    scene.remembers("ended", scene.shows(scene.text), scene.text[:60], complete=False)


def _still_claimed(scene: Scene) -> None:
    scene.remembers("claimed", scene.shows(scene.text), scene.text)


def _of_another(scene: Scene) -> None:
    scene.remembers("broken", scene.shows(f"{whole(LONG)}\n\n{RESTARTED}", button=True))


def _never_heard(scene: Scene) -> None:
    assert not scene.memory


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (_nothing, "lost"),
        (_thinking, "lost"),
        (_half, "half_made"),
        (_note_without_button, "half_made"),
        (_twice, "doubled"),
        (_forgotten, "wrong"),
        (_still_claimed, "wrong"),
        (_of_another, "wrong"),
        (_never_heard, "unheard"),
    ],
)
def test_a_broken_promise_is_found(break_it: Callable[[Scene], None], kind: str) -> None:
    """A comparison that finds nothing proves nothing."""
    scene = Scene()
    break_it(scene)

    verdict = scene.verdict()

    assert getattr(verdict, kind) == 1
    assert verdict.faults[0].startswith(kind)
    assert not is_clean([Outcome(1, 1, verdict, 0.1, 0)])


def test_a_later_page_of_a_private_answer_that_a_death_cut_off_is_told_apart_from_a_double() -> None:
    """Nobody can find it again; one that was posted after the last death is a bug like any other."""
    scene = Scene()
    scene.remembers("ended", scene.shows(scene.text), scene.text)
    alice = scene.world.person("alice")
    by = scene.world.new_interaction(2, alice, scene.channel, {"id": "1", "name": "ask"}, name="ask")
    scene.world.post(scene.world.bot, scene.channel, "the rest", flags=1 << 6, interaction=by)

    assert scene.verdict(died_id=scene.world.snowflakes.next()) == Verdict(whole=1, beyond_reach=1)
    assert scene.verdict().doubled == 1


def test_a_command_that_nobody_claimed_is_no_loss() -> None:
    """Discord itself tells its person that the bot did not respond."""
    assert Scene(door=Door.COMMAND).verdict() == Verdict(unclaimed=1)


def test_it_waits_for_what_is_claimed_and_for_what_has_to_be_heard() -> None:
    """To compare too early would find faults that are none."""
    scene = Scene()
    assert under_way(scene.memory, [scene.asked])
    scene.remembers("claimed", [])
    assert under_way(scene.memory, [scene.asked])
    scene.remembers("ended", [])
    assert not under_way(scene.memory, [scene.asked])


def test_a_seed_tells_the_same_story_every_time() -> None:
    """A seed that found something has to find it again."""
    assert tell(7, 100) == tell(7, 100)
    assert tell(7, 100) != tell(8, 100)
    deaths = [tell(seed, 0).death for seed in range(50)]
    assert all((death.after_s is None) != (death.at_change is None) for death in deaths)
    assert any(isinstance(death.then, Death) for death in deaths)


def test_there_are_as_many_kills_as_asked_for_and_the_table_counts_them() -> None:
    """The figure of the table is the promise."""
    seeds = seeds_for(20, 1)
    assert 20 <= sum(tell(seed, 0).kills for seed in seeds) <= 21

    outcomes = [Outcome(seed, tell(seed, 0).kills, Verdict(whole=8), 1.0, 0) for seed in seeds]

    assert is_clean(outcomes)
    assert f"| {sum(one.kills for one in outcomes)} | {8 * len(seeds)} | 0 |" in table(outcomes)
    assert not is_clean([Outcome(1, 1, Verdict(), 11.0, 0)])
    assert not is_clean([Outcome(1, 1, Verdict(), 1.0, 1)])
