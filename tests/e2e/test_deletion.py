"""Messages that vanish while the bot is at work on them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sandbox.entities import Message
from sandbox.faults import Fault
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, House, logged

LONG = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(6))


def _held(house: House, *pieces: str) -> asyncio.Semaphore:
    """Reka will write these pieces, one for each release."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=pieces, gate=gate))
    return gate


async def _growing(house: House, *, question: str = "a secret question") -> tuple[Message, Message]:
    """A question and its answer, of which one word stands there and the rest is yet to come."""
    gate = _held(house, "Secret ", "answer ", "that never ends.")
    asked = house.alice.says(house.general, f"{house.at_reka} {question}")
    gate.release()
    await house.world.until(house.replies)
    return asked, house.replies()[0]


async def _settles(house: House) -> None:
    """The stream upstream is closed, and the line goes on to the next question."""
    await house.reka.until(lambda: house.reka.chats[0].closed_early)
    await house.until_ended()


async def test_deleting_the_growing_message_ends_the_stream_and_says_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody does not want it: the tokens cost money, and a comment would be one message more."""
    caplog.set_level(logging.INFO)
    asked, reply = await _growing(house)
    requests = len(house.sent(CREATE))

    house.alice.deletes(reply)
    await _settles(house)
    await house.until_remembered("a secret question")
    house.reka.enqueue(Script("Hello."))
    await house.hears("hello", "Hello.")

    assert len(house.sent(CREATE)) == requests + 1
    assert house.told() == [("human", "alice: a secret question"), ("human", "alice: hello")]
    assert not asked.reactions
    assert house.sandbox.invalid_requests <= 1
    assert "ecret" not in logged(caplog.records)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_deleting_the_question_stops_the_answer_and_removes_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it stays: not on screen, not in memory."""
    caplog.set_level(logging.INFO)
    asked, _reply = await _growing(house)

    house.alice.deletes(asked)
    await _settles(house)
    await house.until_shown()
    await house.until_remembered()
    house.reka.enqueue(Script("Hello."))
    await house.hears("hello", "Hello.")

    assert house.told() == [("human", "alice: hello")]
    assert "ecret" not in logged(caplog.records)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert house.sandbox.invalid_requests == 0


async def test_deleting_the_question_before_the_first_word_shows_nothing(house: House) -> None:
    """Only the typing sign was there."""
    _held(house, "Never.")
    asked = house.alice.says(house.general, f"{house.at_reka} never mind")
    await house.until_asked(1)

    house.alice.deletes(asked)
    await _settles(house)

    assert house.replies() == []
    assert house.sent(CREATE) == []


async def test_a_message_that_is_just_being_posted_goes_too(house: House) -> None:
    """The question vanished while Discord was making the answer's first message."""
    house.sandbox.faults.next(*CREATE, Fault.delay(0.3))
    gate = _held(house, "Secret ", "answer.")
    asked = house.alice.says(house.general, f"{house.at_reka} everything")
    gate.release()
    await house.until_asked(1)
    await asyncio.sleep(0.15)

    house.alice.deletes(asked)
    await _settles(house)

    assert len(house.sent(CREATE)) == 1
    assert house.replies() == []


async def test_a_post_whose_answer_was_lost_goes_too(house: House) -> None:
    """It stands there although nobody told the bot: the connection broke after Discord had made it."""
    house.sandbox.faults.next(*CREATE, Fault(reset=True, after_effect=True, delay_s=0.3))
    gate = _held(house, "Secret ", "answer.")
    asked = house.alice.says(house.general, f"{house.at_reka} everything")
    gate.release()
    await house.until_asked(1)
    await asyncio.sleep(0.15)

    house.alice.deletes(asked)
    await _settles(house)

    assert house.replies() == []


async def test_a_question_deleted_in_the_same_breath_leaves_nothing(house: House) -> None:
    """Wrong channel, says the person, and is quicker than the bot, at whatever step that is."""
    for number in range(20):
        asked = house.alice.says(house.general, f"{house.at_reka} oops")
        await asyncio.sleep(0.0005 * number)
        house.alice.deletes(asked)
    house.reka.enqueue(*[Script("Still here.") for _ in range(22)])
    await house.hears("anything?", "Still here.")
    await house.until_ended()
    await house.until_remembered("anything?", "Still here.")
    await house.hears("really nothing?", "Still here.", "Still here.")

    assert [text for _, text in house.told()] == [
        "alice: anything?",
        "Still here.",
        "alice: really nothing?",
    ]
    assert set(house.journal()[:-2]) <= {"dropped"}


async def test_deleting_a_question_that_waits_takes_it_out_of_the_line(house: House) -> None:
    """Reka is never asked, and those behind it move up."""
    first, third = _held(house, "One."), _held(house, "Three.")
    house.alice.says(house.general, f"{house.at_reka} one")
    await house.until_asked(1)
    second = house.bob.says(house.general, f"{house.at_reka} two")
    house.alice.says(house.general, f"{house.at_reka} three")
    await house.world.until(lambda: second.reactions)

    house.bob.deletes(second)
    await house.until_remembered("one", "three")
    first.release()
    await house.until_asked(2)
    third.release()
    await house.until_shown("One.", "Three.")
    await house.until_ended()

    assert house.told() == [("human", "alice: one"), ("model", "One."), ("human", "alice: three")]
    assert len(house.reka.chats) == 2


async def test_deleting_the_question_removes_all_pages(house: House) -> None:
    """A long answer is several messages, and all of them answer what is gone."""
    gate = _held(house, LONG, " And so on.")
    asked = house.alice.says(house.general, f"{house.at_reka} everything")
    gate.release()
    await house.world.until(lambda: len(house.replies()) == 3)

    house.alice.deletes(asked)
    await _settles(house)
    await house.until_shown()

    assert house.sandbox.limits.rejected.total() == 0


async def test_deleting_one_page_of_a_growing_answer_ends_it(house: House) -> None:
    """Half an answer around a hole helps nobody; what else stands there stays."""
    gate = _held(house, LONG, " And so on.")
    house.alice.says(house.general, f"{house.at_reka} everything")
    gate.release()
    await house.world.until(lambda: len(house.replies()) == 3)
    await house.world.until(lambda: len(house.replies()[2].content) > 100)

    house.alice.deletes(house.replies()[2])
    await _settles(house)

    assert len(house.replies()) == 2


async def test_bulk_deletion_counts_as_deletion(house: House) -> None:
    """Moderators' bots clear a channel with one call, which Discord tells in one event of its own."""
    asked, reply = await _growing(house)

    house.world.delete_together([asked, reply])
    await _settles(house)
    await house.until_remembered()
    house.reka.enqueue(Script("Hello."))
    await house.hears("hello", "Hello.")

    assert house.told() == [("human", "alice: hello")]


async def test_deleting_the_answer_of_a_command_ends_it(house: House) -> None:
    """A slash answer is a message like any other to whoever moderates."""
    gate = _held(house, "Secret ", "answer.")
    house.alice.uses(house.general, "ask", {"question": "everything"})
    gate.release()
    await house.until_shown("Secret")

    house.alice.deletes(house.replies()[0])
    await _settles(house)

    assert house.replies() == []
    assert len([request for request in house.sandbox.requests if "/webhooks/" in request.path]) <= 2


async def test_a_deleted_channel_ends_its_answers(house: House) -> None:
    """Nobody can read them any more, and what was said there is forgotten."""
    room = house.world.add_channel("room")
    gate = _held(house, "One ", "two ", "three.")
    house.alice.says(room, f"{house.at_reka} count")
    gate.release()
    await house.world.until(lambda: house.replies(room))

    house.world.remove_channel(room)
    await _settles(house)
    house.reka.enqueue(Script("Hello."))
    await house.hears("hello", "Hello.")


async def test_a_moderators_deletion_counts_like_the_askers(house: House) -> None:
    """Who removes a question does not matter."""
    moderator: Person = house.bob
    moderator.manages_messages = True
    asked, _reply = await _growing(house)

    moderator.deletes(asked)
    await _settles(house)
    await house.until_shown()
