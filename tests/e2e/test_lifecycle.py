"""Deaths, stops and starts: nothing said is forgotten, nothing is answered twice, nobody waits in vain."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from pathlib import Path

import discord
import pytest

from conversation.sentences import note, say
from sandbox.reka_space import Script
from tests.e2e.house import House, environment_for, open_house
from tests.e2e.processes import Program, running_bot

RESTARTED = note(say("note-restarted", "en-US"))


def gated(house: House, *pieces: str) -> asyncio.Semaphore:
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=pieces, gate=gate))
    return gate


async def until_online(house: House, program: Program) -> None:
    await house.world.until(
        lambda: house.sandbox.gateway.online or program.process.returncode is not None, timeout_s=15
    )
    assert program.process.returncode is None, program.errors


def remembered(house: House) -> list[str]:
    """What the model was sent last, a line a turn, without the system's words."""
    turns = house.reka.chats[-1].conversation_history
    return [turn["text"].splitlines()[-1] for turn in turns]


# ---------------------------------------------------------------------- kill -9


async def test_killed_bot_remembers_what_was_said_and_answers_nothing_twice(tmp_path: Path) -> None:
    """A process can die at any instant: what it claimed is on disk, what it said before is history."""
    async with open_house(tmp_path, start=False) as house:
        env = environment_for(house.sandbox, house.reka, tmp_path)
        async with running_bot(env, tmp_path) as first:
            await until_online(house, first)
            house.reka.enqueue(Script(pieces=["Noted: seven."]))
            asked = [house.alice.says(house.general, f"{house.at_reka} my number is seven")]
            await house.until_shown("Noted: seven.")
            gate = gated(house, "Half ", "of ", "it.")
            asked.append(house.bob.says(house.general, f"{house.at_reka} and mine is nine"))
            gate.release()
            await house.until_shown("Noted: seven.", "Half")
            first.signal(signal.SIGKILL)
            await first.ended()
        await house.world.until(lambda: not house.sandbox.gateway.online)

        house.reka.enqueue(Script(pieces=["Noted: nine."]), Script(pieces=["Seven and nine."]))
        async with running_bot(env, tmp_path) as second:
            await until_online(house, second)
            await house.until_shown("Noted: seven.", "Noted: nine.")
            for message in asked:
                house.sandbox.gateway.redeliver(message)
            house.alice.says(house.general, f"{house.at_reka} which numbers?")
            await house.until_shown("Noted: seven.", "Noted: nine.", "Seven and nine.")
            second.signal(signal.SIGTERM)
            assert await second.ended() == 0

        assert len(house.reka.chats) == 4
        assert remembered(house) == [
            "alice: my number is seven",
            "Noted: seven.",
            "bob: and mine is nine",
            "Noted: nine.",
            "alice: which numbers?",
        ]


# ---------------------------------------------------------------------- SIGTERM


async def test_sigterm_lets_the_answer_end_and_says_goodbye_to_the_gateway(tmp_path: Path) -> None:
    """Only close code 1000 ends the session; any other leaves the bot green for minutes."""
    async with open_house(tmp_path, start=False) as house:
        env = environment_for(house.sandbox, house.reka, tmp_path, GRACE_S="20")
        async with running_bot(env, tmp_path) as program:
            await until_online(house, program)
            gate = gated(house, "All ", "of ", "it.")
            house.alice.says(house.general, f"{house.at_reka} tell me all")
            gate.release()
            await house.until_shown("All")

            program.signal(signal.SIGTERM)
            playground = house.world.channel("playground")
            await house.world.until(lambda: "stopping" in "".join(program.errors))
            house.bob.says(playground, f"{house.at_reka} one more?")
            await house.until_shown(say("restarting", "en-US"), channel=playground)
            gate.release()
            gate.release()
            await house.until_shown("All of it.")
            assert await program.ended() == 0

        assert house.sandbox.gateway.close_codes == [1000]
        assert "Traceback" not in "\n".join(program.errors)


async def test_answer_that_takes_longer_than_the_grace_ends_with_a_note(tmp_path: Path) -> None:
    """Who reads it learns that it is not whole, and can ask again once the bot is back."""
    async with open_house(tmp_path, GRACE_S="0.3") as house:
        gate = gated(house, "Half ", "of ", "it.")
        house.alice.says(house.general, f"{house.at_reka} tell me all")
        gate.release()
        await house.until_shown("Half")

        began_s = time.monotonic()
        await house.stop_bot()

        assert 0.3 <= time.monotonic() - began_s < 2.0
        assert house.shows(f"Half\n\n{RESTARTED}")
        assert house.reka.chats[0].closed_early
        assert house.sandbox.gateway.close_codes == [1000]

        await house.start_bot()
        house.reka.enqueue(Script(pieces=["All of it."]))
        house.alice.presses(house.replies()[0], label="Try again")
        await house.until_shown("All of it.")


async def test_questions_in_line_are_ended_with_a_note_too(tmp_path: Path) -> None:
    """They were taken: each gets its sentence and its button, and none is left without a word."""
    async with open_house(tmp_path) as house:
        gate = gated(house, "Half ", "of ", "it.")
        for words in ("first", "second", "third"):
            house.alice.says(house.general, f"{house.at_reka} {words}")
        gate.release()
        await house.until_shown("Half")

        await house.stop_bot()

        assert house.shows(f"Half\n\n{RESTARTED}", RESTARTED, RESTARTED)
        assert all(reply.buttons for reply in house.replies())
        assert len(house.reka.chats) == 1
        assert not any(message.reactions for message in house.world.messages(house.general))


async def test_stop_does_not_wait_for_discords_windows(house: House) -> None:
    """discord.py sleeps after a window's last slot; a supervisor that waits 10 s would kill the bot."""
    for number in range(5):
        house.reka.enqueue(Script(pieces=[f"answer {number}"]))
        house.alice.says(house.general, f"{house.at_reka} question {number}")
        await house.until_shown(*(f"answer {earlier}" for earlier in range(number + 1)))

    began_s = time.monotonic()
    await house.stop_bot()

    assert time.monotonic() - began_s < 2.0


async def test_gateway_that_ends_for_good_leaves_no_answer_half_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After 4004 the process ends; what it wrote gets its note first, while REST still takes it."""
    async with open_house(tmp_path) as house:
        gate = gated(house, "Half ", "of ", "it.")
        house.alice.says(house.general, f"{house.at_reka} tell me all")
        gate.release()
        await house.until_shown("Half")
        caplog.clear()

        await house.sandbox.gateway.drop(4004)
        bot, house.bot = house.bot, None
        assert bot is not None
        with pytest.raises(discord.ConnectionClosed):
            await bot

        assert house.shows(f"Half\n\n{RESTARTED}")
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# ---------------------------------------------------------------------- events that come twice


async def test_message_that_comes_twice_is_answered_once(house: House) -> None:
    """At once, while it is answered, and long after: an event is answered once."""
    gate = gated(house, "Once.")
    asked = house.alice.says(house.general, f"{house.at_reka} why?")
    house.sandbox.gateway.redeliver(asked)
    await house.world.until(lambda: house.reka.chats)
    house.sandbox.gateway.redeliver(asked)
    gate.release()
    await house.until_shown("Once.")
    house.sandbox.gateway.redeliver(asked)

    house.reka.enqueue(Script(pieces=["Twice."]))
    house.alice.says(house.general, f"{house.at_reka} again?")
    await house.until_shown("Once.", "Twice.")

    assert len(house.reka.chats) == 2


async def test_message_redelivered_after_a_restart_is_not_answered_again(tmp_path: Path) -> None:
    """The next process knows it from the journal."""
    async with open_house(tmp_path) as house:
        house.reka.enqueue(Script(pieces=["Once."]))
        asked = house.alice.says(house.general, f"{house.at_reka} why?")
        await house.until_shown("Once.")
        await house.stop_bot()
        await house.start_bot()

        house.sandbox.gateway.redeliver(asked)
        house.reka.enqueue(Script(pieces=["Twice."]))
        house.alice.says(house.general, f"{house.at_reka} again?")
        await house.until_shown("Once.", "Twice.")

        assert len(house.reka.chats) == 2
