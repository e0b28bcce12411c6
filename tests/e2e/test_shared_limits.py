"""Limits that many share: what the bot says in its own words never takes the place of an answer.

All interactions answered in one channel share some 30 requests in 60 s, which no header shows. The minute itself
is not sat out here: what has to wait for it still waits when a house closes.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from sandbox.entities import Interaction, Message
from sandbox.limits import Rule
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, DEFER, EDIT_RESPONSE, FOLLOW_UP, House

QUEUE_FULL = "There are already 3 questions waiting here: please ask again when I have answered some of them."
HINT = "Ask me something: write your question after my name, send me a picture, or use /ask."
RUNNING = "I am already on it, or it has been answered."
WORDS = [f"word{number} " for number in range(120)]
SHARED = 25  # so many of the 30 does the bot use


def rejected(house: House) -> int:
    return house.sandbox.limits.rejected.total()


def asks(house: House, times: int) -> list[Interaction]:
    """Alice is impatient."""
    return [house.alice.uses(house.general, "ask", {"question": "and I?"}) for _ in range(times)]


def answered(used: list[Interaction], words: str) -> int:
    return sum(one.original is not None and one.original.content == words for one in used)


async def growing_answer_of_bob(house: House, gate: asyncio.Semaphore) -> Message:
    """Bob's /ask, of which the first word stands there."""
    house.reka.enqueue(Script(pieces=WORDS, gate=gate))
    used = house.bob.uses(house.general, "ask", {"question": "count"})
    gate.release()
    await house.world.until(lambda: used.original is not None and used.original.content == "word0")
    assert used.original is not None
    return used.original


async def test_refusals_do_not_starve_an_answer_that_grows(house: House) -> None:
    """30 commands of one person, 27 of them refused: the other's last word comes with the last token."""
    gate = asyncio.Semaphore(0)
    reply = await growing_answer_of_bob(house, gate)

    used = asks(house, 30)
    await house.world.until(lambda: len(house.sent(DEFER)) == 31)
    await house.world.until(lambda: answered(used, QUEUE_FULL) >= 5)
    for _ in WORDS:
        gate.release()
        await asyncio.sleep(0.01)
    await house.world.until(lambda: reply.content.endswith("word119"))

    ended_at = house.reka.chats[0].ended_at
    assert ended_at is not None
    assert reply.edits[-1][0] - ended_at < 2.0
    assert rejected(house) == 0


async def test_refusals_do_not_starve_the_questions_that_wait(house: House) -> None:
    """They were there first, and each is an answer that somebody is owed."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["One."], gate=gate), *[Script("Yes.") for _ in range(3)])
    first = house.bob.uses(house.general, "ask", {"question": "one"})
    await house.until_asked(1)
    used = asks(house, 30)
    await house.world.until(lambda: len(house.sent(DEFER)) == 31)
    await asyncio.sleep(0.5)

    gate.release()
    await house.world.until(lambda: answered([first], "One.") == 1 and answered(used, "Yes.") == 3)

    assert rejected(house) == 0


async def test_a_new_question_is_answered_though_refusals_wait(house: House) -> None:
    """Who comes after the flood is not part of it."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["One."], gate=gate), *[Script("Yes.") for _ in range(3)])
    first = house.bob.uses(house.general, "ask", {"question": "one"})
    await house.until_asked(1)
    used = asks(house, 34)
    await house.world.until(lambda: len(house.sent(DEFER)) == 35)
    gate.release()
    await house.world.until(lambda: answered([first], "One.") == 1 and answered(used, "Yes.") == 3)

    house.reka.enqueue(Script("Two."))
    second = house.bob.uses(house.general, "ask", {"question": "two"})
    await house.world.until(lambda: answered([second], "Two.") == 1)

    assert rejected(house) == 0


async def test_many_quick_resets_meet_no_limit(house: House) -> None:
    """Each forgets at once; only its sentence waits for its turn."""
    house.reka.enqueue(Script("Noted."))
    await house.hears("the word is rose", "Noted.")

    used = [house.alice.uses(house.general, "reset") for _ in range(34)]
    await house.world.until(lambda: len(house.sent(DEFER)) == 34)
    await house.until_remembered()
    await house.world.until(lambda: len(house.sent(EDIT_RESPONSE)) >= 10)
    await asyncio.sleep(0.3)

    assert rejected(house) == 0
    assert len(house.sent(EDIT_RESPONSE)) <= SHARED
    assert all(one.original is not None for one in used)


async def test_an_answer_comes_at_once_after_many_resets(house: House) -> None:
    """The resets used up what the bot's own sentences may use, and no more."""
    for _ in range(34):
        house.alice.uses(house.general, "reset")
    await house.world.until(lambda: len(house.sent(DEFER)) == 34)
    await asyncio.sleep(0.3)
    house.reka.enqueue(Script("Yes."))

    used = house.bob.uses(house.general, "ask", {"question": "still there?"})
    await house.world.until(lambda: answered([used], "Yes.") == 1)

    assert rejected(house) == 0


async def test_many_bare_mentions_meet_no_limit(house: House) -> None:
    """A hint is a message like any other, and five in 5 s are what Discord takes."""
    house.sandbox.limits.rules["create"] = Rule(5, 0.6)

    for _ in range(12):
        house.alice.says(house.general, house.at_reka)
    await house.until_shown(*[HINT] * 12)

    assert rejected(house) == 0
    assert len(house.sent(CREATE)) == 12


async def test_an_answer_goes_before_hints_that_wait(house: House) -> None:
    """Ten hints fill two windows: an answer does not stand behind them."""
    house.sandbox.limits.rules["create"] = Rule(5, 0.6)
    house.reka.enqueue(Script("Yes."))
    for _ in range(10):
        house.alice.says(house.general, house.at_reka)
    await house.world.until(lambda: len(house.sent(CREATE)) >= 3)

    house.bob.says(house.general, f"{house.at_reka} still there?")
    await house.world.until(lambda: len(house.replies()) == 11)

    contents = [reply.content for reply in house.replies()]
    assert "Yes." in contents[:7]
    assert rejected(house) == 0


async def test_many_presses_of_try_again_meet_no_limit(house: House) -> None:
    """The first is at work; each other one is told so, and the answer does not wait for that."""
    house.reka.enqueue(Script(pieces=["The ", "moon"], cut_after_pieces=1))
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    await house.world.until(lambda: house.replies() and house.replies()[0].buttons)
    await house.until_ended()
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The moon ", "is rock."], gate=gate))

    for _ in range(34):
        house.alice.presses(house.replies()[0], label="Try again")
    await house.world.until(lambda: len(house.sent(DEFER)) == 34)
    await house.world.until(lambda: len(house.sent(FOLLOW_UP)) >= 5)
    gate.release()
    gate.release()
    await house.until_shown("The moon is rock.")

    assert rejected(house) == 0
    assert len(house.sent(FOLLOW_UP)) <= SHARED
    assert set(house.contents(FOLLOW_UP)) == {RUNNING}
    assert all(reply.only_for is house.alice for reply in house.replies(viewer=house.alice)[1:])


async def test_a_flood_leaves_no_warning(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """What waits when the bot stops is not an error, and it does not keep it from stopping."""
    caplog.set_level(logging.INFO)
    for _ in range(34):
        house.alice.uses(house.general, "reset")
    await house.world.until(lambda: len(house.sent(DEFER)) == 34)

    began = asyncio.get_running_loop().time()
    await house.stop_bot()

    assert asyncio.get_running_loop().time() - began < 3.0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
