"""What is refused: an answer by Discord, a place by Discord, a question by the bot; said once, and mended later."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sandbox.entities import Message
from sandbox.faults import Fault
from sandbox.limits import Rule
from sandbox.permissions import Permission
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, EDIT, EDIT_RESPONSE, House, Route, logged

NOT_SHOWN = "-# Discord would not show this answer: please ask in another way."
QUEUE_FULL = "There are already 3 questions waiting here: please ask again when I have answered some of them."
AUTOMOD = Fault.refusal(400, 200000, "Message was blocked by automatic moderation")


@pytest.fixture(autouse=True)
def keep_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def until_offered(house: House) -> Message:
    """The newest reply, once it has its button and its row is closed."""
    await house.world.until(lambda: house.replies() and house.replies()[-1].buttons)
    await house.until_ended()
    return house.replies()[-1]


# ---------------------------------------------------------------------- an answer that Discord refuses


@pytest.mark.parametrize("route", [EDIT, EDIT_RESPONSE], ids=["mention", "command"])
async def test_an_edit_that_discord_refuses_ends_with_a_note_and_a_button(
    house: House, caplog: pytest.LogCaptureFixture, route: Route
) -> None:
    """AutoMod reads bots, too: what stands there is cut off, and the person has to know and can ask again."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Secret ", "words."], gate=gate), Script("Other words."))
    if route is EDIT:
        house.alice.says(house.general, f"{house.at_reka} tell me a secret")
    else:
        house.alice.uses(house.general, "ask", {"question": "tell me a secret"})
    gate.release()
    await house.until_shown("Secret")
    house.sandbox.faults.next(*route, AUTOMOD)

    gate.release()
    reply = await until_offered(house)
    assert reply.content == NOT_SHOWN
    assert house.journal() == ["broken"]
    house.alice.presses(reply, label="Try again")
    await house.until_shown("Other words.")
    await house.until_ended()

    assert house.journal() == ["ended"]
    assert reply.buttons == []
    assert house.told() == [("human", "alice: tell me a secret")]
    assert warnings(caplog) == ["Discord refused a text"]
    assert "ecret" not in logged(caplog.records)


async def test_a_first_message_that_discord_refuses_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing stands there yet: the note is the message."""
    house.sandbox.faults.next(*CREATE, AUTOMOD)
    house.reka.enqueue(Script("Secret words."), Script("Other words."))
    house.alice.says(house.general, f"{house.at_reka} tell me a secret")

    reply = await until_offered(house)
    assert reply.content == NOT_SHOWN
    house.alice.presses(reply, label="Try again")
    await house.until_shown("Other words.")

    assert warnings(caplog) == ["Discord refused a text"]


async def test_an_answer_that_nobody_saw_is_not_remembered_as_whole(house: House) -> None:
    """The model would go on from words that never stood there."""
    house.sandbox.faults.next(*CREATE, AUTOMOD)
    house.reka.enqueue(Script("Secret words."), Script("Fine."))
    house.alice.says(house.general, f"{house.at_reka} tell me a secret")
    await until_offered(house)

    await house.hears("thanks", NOT_SHOWN, "Fine.")

    assert ("model", "Secret words.") not in house.told()
    assert house.told()[-1] == ("human", "alice: thanks")


async def test_a_note_that_is_refused_as_well_ends_in_one_more_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever Discord dislikes there, nobody goes on knocking."""
    house.sandbox.faults.next(*CREATE, AUTOMOD, times=2)
    house.reka.enqueue(Script("Secret words."), Script("Fine."))
    house.alice.says(house.general, f"{house.at_reka} tell me a secret")
    await house.until_ended()

    assert len(house.sent(CREATE)) == 2
    assert house.journal() == ["broken"]
    assert warnings(caplog) == ["Discord refused a text", "could not say a sentence"]
    await house.hears("hello", "Fine.")


# ---------------------------------------------------------------------- a place where the bot may not write


@pytest.mark.parametrize("told", [True, False], ids=["known", "unknown"])
async def test_a_note_alone_in_a_closed_channel_costs_one_line(
    house: House, caplog: pytest.LogCaptureFixture, told: bool
) -> None:
    """A bare mention with a bad file: there is only a note to show, and nowhere to show it."""
    if told:
        house.world.deny(house.general, "SEND_MESSAGES")
    else:
        house.general.denied |= Permission.SEND_MESSAGES
    caplog.clear()

    house.alice.says(house.general, house.at_reka, files=[("notes.pdf", b"%PDF-1.7")])
    await house.world.until(lambda: "dropped" in caplog.text)
    await house.until_ended()

    assert [record.getMessage() for record in caplog.records] == ["left a file out", "dropped"]
    assert not any(record.exc_info for record in caplog.records)
    assert len(house.sent(CREATE)) == 1
    assert house.sandbox.invalid_requests == 1
    assert house.journal() == ["dropped"]
    assert house.reka.chats == []


# ---------------------------------------------------------------------- a question that the bot refuses


async def test_the_same_refusal_is_said_once_a_minute_to_the_same_person(house: House) -> None:
    """A line of five polite sentences is a flood. The minute itself is not sat out here."""
    house.sandbox.limits.rules["create"] = Rule(50, 5.0)  # for the notes at the end of the house
    house.reka.enqueue(*[Script(pieces=["Yes."], gate=asyncio.Semaphore(0)) for _ in range(4)])
    for number in range(4):
        house.bob.says(house.general, f"{house.at_reka} question {number}")
    await house.until_asked(1)

    house.alice.says(house.general, f"{house.at_reka} me too")
    await house.until_shown(QUEUE_FULL)
    for _ in range(5):
        house.alice.says(house.general, f"{house.at_reka} me too")
    house.bob.says(house.general, f"{house.at_reka} one more")
    await house.until_shown(QUEUE_FULL, QUEUE_FULL)
    await asyncio.sleep(0.2)

    assert house.shows(QUEUE_FULL, QUEUE_FULL)
    assert len(house.sent(CREATE)) == 2


async def test_a_command_always_gets_its_refusal(house: House) -> None:
    """It shows "thinking" until it is answered: silence would think for 15 minutes."""
    house.reka.enqueue(*[Script(pieces=["Yes."], gate=asyncio.Semaphore(0)) for _ in range(4)])
    for number in range(4):
        house.bob.says(house.general, f"{house.at_reka} question {number}")
    await house.until_asked(1)

    used = [house.alice.uses(house.general, "ask", {"question": "me too"}) for _ in range(4)]
    await house.until_shown(*[QUEUE_FULL] * 4)

    assert all(interaction.original is not None for interaction in used)
    assert house.sandbox.limits.rejected.total() == 0
