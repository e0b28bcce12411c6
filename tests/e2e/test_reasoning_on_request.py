"""What a model thought before it answered is hidden, and shown to who asks for it."""

from __future__ import annotations

import asyncio

from sandbox.entities import Message
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import DEFER, House
from tests.e2e.test_continue import labels, until_offered, whispers

LABEL = "Show thinking"
GONE = "I no longer have these thoughts: I keep them for an hour at most, and lose them when I am restarted."
IN_FILE = "\n\n-# All of these thoughts are in the attached file."
THOUGHT = "It is far away, so it is *not* cheese."
ANSWER = Script(f"<reasoning>{THOUGHT}</reasoning>\nRock.")


async def _answered(house: House, script: Script = ANSWER) -> Message:
    house.reka.enqueue(script)
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    return await until_offered(house)


def _shown_to(house: House, who: Person) -> list[Message]:
    return [reply for reply in house.replies(viewer=who) if reply.ephemeral and not reply.thinking]


async def test_an_answer_with_thoughts_offers_them(house: House) -> None:
    """The answer is what was asked for; the way to it is for the curious."""
    reply = await _answered(house)

    assert reply.content == "Rock."
    assert labels(reply) == [LABEL]


async def test_an_answer_without_thoughts_has_no_button(house: House) -> None:
    """A button that shows nothing is in the way."""
    house.reka.enqueue(Script("Rock."))

    [reply] = await house.hears("what is the moon?", "Rock.")
    await house.until_ended()

    assert reply.buttons == []


async def test_who_presses_sees_them_alone(house: House) -> None:
    """Anybody who sees the answer may ask; the channel is not bothered."""
    reply = await _answered(house)

    house.bob.presses(reply, label=LABEL)
    await house.world.until(lambda: _shown_to(house, house.bob))

    assert whispers(house, house.bob) == [THOUGHT]
    assert house.shows("Rock.")
    assert whispers(house, house.alice) == []
    assert labels(reply) == [LABEL]


async def test_they_are_no_part_of_the_conversation(house: House) -> None:
    """The model would take its own doubts for what it said."""
    reply = await _answered(house)
    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: _shown_to(house, house.alice))
    house.reka.enqueue(Script("Yes."))

    await house.hears("really?", "Rock.", "Yes.")

    assert house.told() == [
        ("human", "alice: what is the moon?"),
        ("model", "Rock."),
        ("human", "alice: really?"),
    ]


async def test_long_thoughts_are_one_message_and_a_file(house: House) -> None:
    """Models think in dozens of pages, and a press must not become dozens of requests."""
    thought = " ".join(f"Step {number} follows from the one before." for number in range(400))
    reply = await _answered(house, Script(f"<reasoning>{thought}</reasoning>\nRock.", token_s=0.0))

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: _shown_to(house, house.alice))

    [shown] = _shown_to(house, house.alice)
    assert shown.content.startswith("Step 0 follows")
    assert shown.content.endswith(IN_FILE)
    assert len(shown.content) <= 2_000
    [file] = shown.attachments
    assert (file.filename, file.data.decode()) == ("thinking.md", thought)


async def test_where_no_file_may_be_sent_they_come_in_pages(house: House) -> None:
    """Discord would refuse the whole response for the file."""
    house.world.deny(house.general, "ATTACH_FILES")
    thought = " ".join(f"Step {number} follows from the one before." for number in range(100))
    reply = await _answered(house, Script(f"<reasoning>{thought}</reasoning>\nRock.", token_s=0.0))

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: any("Step 99" in page.content for page in _shown_to(house, house.alice)))

    pages = _shown_to(house, house.alice)
    assert " ".join(page.content for page in pages) == thought
    assert not any(page.attachments for page in pages)


async def test_impatient_presses_show_them_once(house: House) -> None:
    """Each press would be two requests and one more copy."""
    reply = await _answered(house)

    for _ in range(4):
        house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: len(house.sent(DEFER)) == 4)
    await house.world.until(lambda: _shown_to(house, house.alice))
    await asyncio.sleep(0.2)  # a second copy would come at once

    assert whispers(house, house.alice) == [THOUGHT]


async def test_after_a_restart_one_sentence_says_that_they_are_gone(house: House) -> None:
    """They are kept in memory alone; a dead button would be worse."""
    reply = await _answered(house)
    await house.stop_bot()
    await house.start_bot()

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: _shown_to(house, house.alice))

    assert whispers(house, house.alice) == [GONE]


async def test_after_reset_they_are_gone(house: House) -> None:
    """They tell as much of the question as the answer does."""
    reply = await _answered(house)
    await house.resets()

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: GONE in whispers(house, house.alice))


async def test_of_a_private_answer_they_are_private(house: House) -> None:
    """The message itself is seen by its person alone."""
    house.reka.enqueue(ANSWER)
    house.alice.uses(house.general, "ask", {"question": "what is the moon?", "private": True})
    reply = await until_offered(house, viewer=house.alice)

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("Rock.", THOUGHT, viewer=house.alice)

    assert house.replies() == []
    assert house.replies(viewer=house.bob) == []


async def test_in_a_direct_message(house: House) -> None:
    """The button works wherever the answer stands."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(ANSWER)
    house.alice.says(dm, "what is the moon?")
    reply = await until_offered(house, channel=dm)

    house.alice.presses(reply, label=LABEL)

    await house.until_shown("Rock.", THOUGHT, channel=dm, viewer=house.alice)


async def test_thoughts_of_an_answer_that_broke_off_can_be_seen_too(house: House) -> None:
    """Both buttons stand side by side, and trying again takes both away."""
    reply = await _answered(
        house, Script(pieces=[f"<reasoning>{THOUGHT}</reasoning>", "\nRo", "ck"], cut_after_pieces=2)
    )
    assert labels(reply) == ["Try again", LABEL]
    house.reka.enqueue(Script("Rock."))

    house.alice.presses(reply, label="Try again")
    await house.until_shown("Rock.")

    assert reply.buttons == []


async def test_going_on_leaves_the_thoughts_where_they_are(house: House) -> None:
    """Only the button that was pressed has done its work."""
    reply = await _answered(
        house, Script(f"<reasoning>{THOUGHT}</reasoning>\nRock and", finish_reason="length")
    )
    assert labels(reply) == ["Continue", LABEL]
    house.reka.enqueue(Script("dust."))

    house.alice.presses(reply, label="Continue")
    await house.world.until(lambda: len(house.replies()) == 2)
    await house.world.until(lambda: labels(reply) == [LABEL])
    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: _shown_to(house, house.alice))

    assert whispers(house, house.alice) == [THOUGHT]
