"""What is too long to read in a chat comes as a file, too; what is only thought stays small."""

from __future__ import annotations

import asyncio

from sandbox.limits import Rule
from sandbox.reka_space import Script
from tests.e2e.house import House

SENTENCES = [
    f"Sentence number {number} says a little more than the one before it did. " for number in range(400)
]


async def test_an_answer_of_more_than_five_pages_comes_as_a_file_too(house: House) -> None:
    """Nobody copies six messages together by hand."""
    house.sandbox.limits.rules["create"] = Rule(50, 5.0)
    text = "".join(SENTENCES[:160]).strip()
    house.reka.enqueue(Script(text))

    house.alice.says(house.general, f"{house.at_reka} everything, please")
    await house.world.until(lambda: house.replies() and house.replies()[-1].attachments, timeout_s=15)

    assert len(house.replies()) > 5
    [file] = house.replies()[-1].attachments
    assert file.filename == "answer.md"
    assert file.data.decode().strip() == text
    assert not any(reply.attachments for reply in house.replies()[:-1])


async def test_past_ten_pages_the_rest_is_in_the_file_alone(house: House) -> None:
    """A channel is for everybody: ten messages in a row are enough."""
    house.sandbox.limits.rules["create"] = Rule(50, 5.0)
    text = "".join(SENTENCES).strip()
    house.reka.enqueue(Script(text))

    house.alice.says(house.general, f"{house.at_reka} everything, please")
    await house.world.until(lambda: house.replies() and house.replies()[-1].attachments, timeout_s=20)

    assert len(house.replies()) == 10
    assert "attached file" in house.replies()[-1].content
    [file] = house.replies()[-1].attachments
    assert file.data.decode().strip() == text


async def test_without_the_right_to_attach_files_every_page_is_shown(house: House) -> None:
    """An edit with a file that Discord refuses would cost the end of the answer."""
    house.sandbox.limits.rules["create"] = Rule(50, 5.0)
    house.world.deny(house.general, "ATTACH_FILES")
    house.reka.enqueue(Script("".join(SENTENCES).strip()))

    house.alice.says(house.general, f"{house.at_reka} everything, please")
    await house.world.until(
        lambda: house.replies() and house.replies()[-1].content.endswith(SENTENCES[-1].strip()), timeout_s=20
    )

    assert len(house.replies()) > 10
    assert not any(reply.attachments for reply in house.replies())


async def test_a_private_long_answer_has_its_file_too(house: House) -> None:
    """Followups take files as messages do."""
    text = "".join(SENTENCES[:160]).strip()
    house.reka.enqueue(Script(text))

    house.alice.uses(house.general, "ask", {"question": "everything", "private": True})
    await house.world.until(
        lambda: house.replies(viewer=house.alice) and house.replies(viewer=house.alice)[-1].attachments,
        timeout_s=20,
    )

    [file] = house.replies(viewer=house.alice)[-1].attachments
    assert file.data.decode().strip() == text
    assert house.sandbox.limits.rejected.total() == 0


async def test_the_file_comes_to_a_page_that_stood_there_before_the_end(house: House) -> None:
    """The last page of a private answer is a followup, and its last edit brings the file."""
    text = "".join(SENTENCES[:160]).strip()
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=[text, " The end."], gate=gate))
    house.alice.uses(house.general, "ask", {"question": "everything", "private": True})
    gate.release()
    await house.world.until(
        lambda: any("Sentence number 158" in reply.content for reply in house.replies(viewer=house.alice)), 20
    )

    gate.release()
    await house.world.until(
        lambda: house.replies(viewer=house.alice)[-1].content.endswith("The end."), timeout_s=20
    )

    [file] = house.replies(viewer=house.alice)[-1].attachments
    assert file.data.decode().strip() == f"{text} The end."
