"""A picture that Reka will not take costs a note: neither the answer, nor what is asked after it."""

from __future__ import annotations

import logging

import pytest

from sandbox.reka_space import CHAT_PATH, UPLOAD_PATH, Fault, Script
from tests.e2e.house import House, logged
from tests.e2e.pictures import picture

LEFT_OUT = "-# I left out `cat.png`: Reka would not take it."
WITHOUT = "-# I answered without pictures of this conversation that Reka would not take."
REFUSED = '{"error": {"type": "validation_error", "message": "no such picture"}}'


def refuses_uploads(house: House, times: int = 1) -> None:
    house.reka.faults.extend([Fault(400, REFUSED, path=UPLOAD_PATH)] * times)


async def shows_a_picture(house: House) -> None:
    """Alice's picture is seen and remembered."""
    house.reka.enqueue(Script("A plain."))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown("A plain.")


async def starts_again(house: House) -> None:
    """The bot comes back and knows no more where its uploads went."""
    await house.until_ended()
    await house.stop_bot()
    await house.start_bot()


async def test_a_refused_picture_costs_a_note_and_not_the_answer(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The words are a question without it, too."""
    caplog.set_level(logging.INFO)
    refuses_uploads(house)
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown(f"I see none.\n\n{LEFT_OUT}")
    await house.until_ended()

    assert house.journal() == ["ended"]
    assert house.replies()[0].buttons == []
    assert house.pictures_sent() == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "what is this" not in logged(caplog.records)


async def test_the_next_questions_are_answered_as_if_nothing_had_been(house: House) -> None:
    """The refused picture is no part of what is remembered."""
    refuses_uploads(house)
    house.reka.enqueue(Script("I see none."), Script("Four."), Script("Five."))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    first = f"I see none.\n\n{LEFT_OUT}"
    await house.until_shown(first)

    house.bob.says(house.general, f"{house.at_reka} two and two?")
    await house.until_shown(first, "Four.")
    await house.hears("two and three?", first, "Four.", "Five.")

    assert house.pictures_sent() == []
    assert house.told(1)[0] == ("human", "alice: what is this?")
    assert house.reka.uploads == []


async def test_one_good_picture_beside_a_refused_one_is_seen(house: House) -> None:
    """Each is told of by itself."""
    refuses_uploads(house)
    house.reka.enqueue(Script("One."))

    files = [("cat.png", picture()), ("dog.png", picture(colour="blue"))]
    house.alice.says(house.general, f"{house.at_reka} how many?", files=files)
    await house.world.until(lambda: house.replies() and "-#" in house.replies()[0].content)

    assert house.replies()[0].content.count("Reka would not take it") == 1
    assert len(house.pictures_sent()) == len(house.reka.uploads) == 1


async def test_a_picture_refused_only_after_a_restart_silences_nobody(house: House) -> None:
    """Reka took it once; now no question of this channel could be sent with it."""
    await shows_a_picture(house)
    await starts_again(house)
    refuses_uploads(house, times=2)
    house.reka.enqueue(Script("Four."), Script("Five."))

    house.bob.says(house.general, f"{house.at_reka} two and two?")
    await house.until_shown("A plain.", f"Four.\n\n{WITHOUT}")
    house.alice.says(house.general, f"{house.at_reka} two and three?")
    await house.until_shown("A plain.", f"Four.\n\n{WITHOUT}", f"Five.\n\n{WITHOUT}")
    await house.until_ended()

    assert house.pictures_sent() == []
    assert house.told()[0] == ("human", "alice: what is this?")
    assert set(house.journal()) == {"ended"}


async def test_a_new_picture_is_seen_although_an_old_one_is_refused(house: House) -> None:
    """The question's own picture is the last to be left out."""
    await shows_a_picture(house)
    await starts_again(house)
    house.reka.enqueue(Script("Blue."))

    house.alice.says(house.general, f"{house.at_reka} and this?", files=[("sea.png", picture(colour="blue"))])
    await house.reka.until(lambda: len(house.reka.uploads) == 2)  # its own is uploaded with the download
    refuses_uploads(house)  # and the old one for the chat
    await house.until_shown("A plain.", f"Blue.\n\n{WITHOUT}")

    assert house.pictures_sent() == [house.reka.uploads[1].media_url]


async def test_a_chat_that_is_refused_for_its_pictures_is_asked_without_them(house: House) -> None:
    """Uploaded gladly, refused when it was used: the words are still a question."""
    house.reka.faults.extend([Fault(400, REFUSED, path=CHAT_PATH)] * 2)  # also once it is uploaded anew
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown(f"I see none.\n\n{WITHOUT}")

    assert house.pictures_sent() == []


async def test_a_refusal_that_no_picture_explains_is_told_as_one(house: House) -> None:
    """Without pictures it was refused as well: the note would blame the wrong thing."""
    await shows_a_picture(house)
    house.reka.faults.extend([Fault(400, REFUSED, path=CHAT_PATH)] * 3)
    house.reka.enqueue(Script("Never."))

    house.alice.says(house.general, f"{house.at_reka} and now?")
    await house.world.until(lambda: len(house.replies()) == 2 and house.replies()[1].buttons)

    assert house.replies()[1].content == (
        "-# Reka would not take this question: please ask it in another way, or shorter."
    )
    assert len(house.reka.chats) == 1


async def test_try_again_asks_without_a_refused_picture_too(house: House) -> None:
    """The button is no way back into the same wall."""
    house.reka.enqueue(Script(pieces=["A ", "plain"], cut_after_pieces=1))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.world.until(lambda: house.replies() and house.replies()[0].buttons)
    await starts_again(house)
    refuses_uploads(house)
    house.reka.enqueue(Script("I see none."))

    house.alice.presses(house.replies()[0], label="Try again")
    await house.until_shown(f"I see none.\n\n{WITHOUT}")
    await house.until_ended()

    assert house.journal() == ["ended"]
