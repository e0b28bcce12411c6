"""Deaths of the real bot, and what the next start makes of what stands on the screen."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conversation.sentences import note, say
from sandbox.faults import Fault
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, EDIT, EDIT_RESPONSE, House, environment_for, open_house
from tests.e2e.pictures import picture
from tests.e2e.processes import Program, running_bot

RESTARTED = note(say("note-restarted", "en-US"))


@dataclass(slots=True)
class Life:
    """A house whose bot is a process of its own, one after the other."""

    house: House
    folder: Path
    env: dict[str, str]

    @asynccontextmanager
    async def bot(self, *, dies: bool = False) -> AsyncIterator[Program]:
        """The bot, online; in the end it is killed, or told to end."""
        async with running_bot(self.env, self.folder) as program:
            await program.until(lambda: self.house.sandbox.gateway.online)
            yield program
            program.signal(signal.SIGKILL if dies else signal.SIGTERM)
            status = await program.ended()
            assert dies or status == 0, program.errors
            assert "Traceback" not in "\n".join(program.errors)
        await self.house.world.until(lambda: not self.house.sandbox.gateway.online)


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Life]:
    async with open_house(tmp_path, start=False) as house:
        yield Life(house, tmp_path, environment_for(house.sandbox, house.reka, tmp_path))


def half(house: House) -> None:
    """Let the next answer stop in its middle, for good."""
    house.reka.enqueue(Script(pieces=["Half ", "of it."], silent_after_pieces=1))


async def test_half_answers_are_asked_again_in_their_own_messages(life: Life) -> None:
    """A mention, a direct message, a thread, a public command and a private one: one message each, and whole."""
    house = life.house
    world, general = house.world, house.general
    dm, thread = world.dm(house.alice), world.add_thread(general, "thread")
    async with life.bot(dies=True):
        for _ in range(5):
            half(house)
        house.alice.says(general, f"{house.at_reka} one")
        house.alice.says(dm, "two")
        house.alice.says(thread, f"{house.at_reka} three")
        house.bob.uses(world.channel("playground"), "ask", {"question": "four"})
        house.bob.uses(general, "ask", {"question": "five", "private": True})
        places = [
            (general, None),
            (dm, house.alice),
            (thread, None),
            (world.channel("playground"), None),
        ]
        for channel, viewer in places:
            await house.until_shown("Half", channel=channel, viewer=viewer)
        await house.until_shown("Half", "Half", channel=general, viewer=house.bob)

    house.reka.enqueue(*(Script("Whole.") for _ in range(5)))
    async with life.bot():
        for channel, viewer in places:
            await house.until_shown("Whole.", channel=channel, viewer=viewer)
        await house.until_shown("Whole.", "Whole.", channel=general, viewer=house.bob)
        await house.until_ended()

    assert house.shows("Whole.")
    assert set(house.journal()) == {"ended"}
    assert len(house.reka.chats) == 10


async def test_a_command_that_only_thinks_is_answered_in_its_response(life: Life) -> None:
    """Nobody wrote down its message: it had none of ours yet."""
    house = life.house
    async with life.bot(dies=True):
        house.reka.enqueue(Script("Never.", first_token_s=60), Script("Never.", first_token_s=60))
        house.alice.uses(house.general, "ask", {"question": "why?"})
        house.alice.uses(house.general, "ask", {"question": "why not?", "private": True})
        await house.until_asked(2)

    house.reka.enqueue(Script("Because."), Script("Because."))
    async with life.bot():
        await house.until_shown("Because.", "Because.", viewer=house.alice)

    assert house.shows("Because.")


@pytest.mark.parametrize("route", [CREATE, EDIT_RESPONSE], ids=["mention", "command"])
async def test_a_message_that_nobody_wrote_down_is_found_and_adopted(
    life: Life, route: tuple[str, str]
) -> None:
    """Killed between Discord's doing and its answer: a second message would double the reply."""
    house = life.house
    async with life.bot(dies=True):
        half(house)
        house.sandbox.faults.next(*route, Fault.reset_after(), Fault.delay(60.0), times=9)
        if route == CREATE:
            house.alice.says(house.general, f"{house.at_reka} why?")
        else:
            house.alice.uses(house.general, "ask", {"question": "why?"})
        await house.until_shown("Half")

    house.sandbox.faults.clear()
    text = "word " * 600
    house.reka.enqueue(Script(text))
    async with life.bot():
        await house.until_ended()

    assert len(house.replies()) == 2
    assert " ".join(reply.content for reply in house.replies()).split() == text.split()


async def test_a_question_with_a_picture_is_asked_again_with_it(life: Life) -> None:
    """Its picture may not have reached memory; the message still has it."""
    house = life.house
    async with life.bot(dies=True):
        half(house)
        house.alice.says(house.general, f"{house.at_reka} what is it?", files=[("rose.png", picture())])
        await house.until_shown("Half")

    house.reka.enqueue(Script("A rose."))
    async with life.bot():
        await house.until_shown("A rose.")

    assert len(house.pictures_sent()) == 1


async def test_the_answer_of_a_question_that_was_deleted_meanwhile_is_removed(life: Life) -> None:
    """The person took it back while nobody was there to hear; an answer of hers that she deleted stays away."""
    house = life.house
    playground = house.world.channel("playground")
    async with life.bot(dies=True):
        half(house)
        half(house)
        asked = house.alice.says(house.general, f"{house.at_reka} a secret")
        await house.until_shown("Half")
        house.alice.says(playground, f"{house.at_reka} another")
        await house.until_shown("Half", channel=playground)
        await house.until_posted(2)

    house.alice.deletes(asked)
    house.alice.deletes(house.replies(playground)[0])
    async with life.bot():
        await house.until_ended()
        await house.until_shown()
        await house.until_remembered("another")

    assert house.replies(playground) == []
    assert house.journal() == ["dropped", "dropped"]
    assert len(house.reka.chats) == 2


async def test_a_question_that_kills_twice_is_ended_with_a_note_and_a_button(life: Life) -> None:
    """Never in a loop; and its button still works."""
    house = life.house
    for _ in range(2):
        half(house)
    async with life.bot(dies=True):
        house.alice.says(house.general, f"{house.at_reka} poison")
        await house.until_shown("Half")
    async with life.bot(dies=True):
        await house.until_asked(2)
        await house.until_shown("Half")
    async with life.bot():
        await house.until_shown(f"Half\n\n{RESTARTED}")
        await house.until_ended()
        house.reka.enqueue(Script("Antidote."))
        house.alice.presses(house.replies()[0], label="Try again")
        await house.until_shown("Antidote.")

    assert len(house.reka.chats) == 3


async def test_what_a_stop_could_not_end_is_left_to_the_next_start(life: Life) -> None:
    """Discord did not take the last note: the next process need not wait for any lease."""
    house = life.house
    async with life.bot():
        half(house)
        house.alice.says(house.general, f"{house.at_reka} why?")
        await house.until_shown("Half")
        house.sandbox.faults.next(*EDIT, Fault.status(503), times=50)
    house.sandbox.faults.clear()
    assert house.journal() == ["claimed"]

    house.reka.enqueue(Script("Whole."))
    async with life.bot():
        await house.until_shown("Whole.")


async def test_what_was_asked_while_nobody_was_there_is_answered_once(life: Life) -> None:
    """In places where people talked with it lately; what is not for it stays unanswered."""
    house = life.house
    dm, quiet = house.world.dm(house.alice), house.world.channel("playground")
    async with life.bot(dies=True):
        house.reka.enqueue(Script("Hello."), Script("Hello."))
        house.alice.says(house.general, f"{house.at_reka} hello")
        await house.until_shown("Hello.")
        house.alice.says(dm, "hello")
        await house.until_shown("Hello.", channel=dm, viewer=house.alice)
        await house.until_ended()

    missed = house.alice.says(house.general, f"{house.at_reka} are you there?")
    house.bob.says(house.general, "not for the bot")
    house.alice.says(dm, "and here?")
    house.alice.says(quiet, f"{house.at_reka} nobody ever spoke with you here")
    house.reka.enqueue(Script("Here."), Script("Here."))
    async with life.bot() as program:
        await house.until_shown("Hello.", "Here.")
        await house.until_shown("Hello.", "Here.", channel=dm, viewer=house.alice)
        house.sandbox.gateway.redeliver(missed)
        await program.until(lambda: "caught up" in "\n".join(program.errors))
        await asyncio.sleep(0.3)  # a second answer would come by now

    assert house.shows("Hello.", "Here.")
    assert house.replies(quiet) == []
    assert len(house.reka.chats) == 4
    assert house.replies()[1].reply_to is missed
