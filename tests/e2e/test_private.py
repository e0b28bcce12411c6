"""A private exchange: for one person's eyes, and in nobody else's memory."""

from __future__ import annotations

import asyncio

from sandbox.entities import Interaction
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import House


def _asks_privately(house: House, who: Person, question: str) -> Interaction:
    return who.uses(house.general, "ask", {"question": question, "private": True})


async def test_only_the_asker_sees_it_from_the_first_moment(house: House) -> None:
    """Already the "thinking" placeholder must not show in the channel."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Psst."], gate=gate))

    _asks_privately(house, house.alice, "a secret?")
    await house.world.until(lambda: house.replies(viewer=house.alice))
    assert house.replies(viewer=house.alice)[0].thinking
    assert house.replies() == []
    gate.release()
    await house.until_shown("Psst.", viewer=house.alice)

    assert house.replies() == []
    assert house.replies(viewer=house.bob) == []


async def test_it_is_remembered_for_this_person_here_alone(house: House) -> None:
    """Per channel and person: not for Bob, not elsewhere, and not among the channel's turns."""
    house.reka.enqueue(Script("Noted."), Script("Rose."), Script("No idea."), Script("None."))
    _asks_privately(house, house.alice, "my word is rose")
    await house.until_shown("Noted.", viewer=house.alice)

    _asks_privately(house, house.alice, "which word?")
    await house.until_shown("Noted.", "Rose.", viewer=house.alice)
    _asks_privately(house, house.bob, "which word?")
    await house.until_shown("No idea.", viewer=house.bob)
    await house.hears("which word?", "None.")

    assert house.told(1) == [
        ("human", "alice: my word is rose"),
        ("model", "Noted."),
        ("human", "alice: which word?"),
    ]
    assert house.told(2) == [("human", "bob: which word?")]
    assert house.told(3) == [("human", "alice: which word?")]


async def test_it_does_not_know_what_the_channel_said(house: House) -> None:
    """Two memories: a private question begins afresh, so nothing of one can leak into the other."""
    house.reka.enqueue(Script("Noted."), Script("None."))
    await house.hears("the word is rose", "Noted.")

    _asks_privately(house, house.alice, "which word?")
    await house.world.until(lambda: len(house.replies(viewer=house.alice)) == 2)
    await house.until_asked(2)

    assert house.told() == [("human", "alice: which word?")]


async def test_it_does_not_wait_for_the_channel(house: House) -> None:
    """Its place is its own, and so is its line."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Slow."], gate=gate), Script("Quick."))
    house.alice.says(house.general, f"{house.at_reka} slowly")
    await house.until_asked(1)

    _asks_privately(house, house.bob, "quickly")
    await house.until_shown("Quick.", viewer=house.bob)
    gate.release()
    await house.until_shown("Slow.")


async def test_every_page_of_it_is_private(house: House) -> None:
    """The pages after the first are followups, which would be public unless they say otherwise."""
    paragraphs = "\n\n".join(f"Paragraph {number}. " + "word " * 150 for number in range(6)) + "The end."
    house.reka.enqueue(Script(paragraphs))

    _asks_privately(house, house.alice, "everything")
    await house.world.until(
        lambda: any("The end." in reply.content for reply in house.replies(viewer=house.alice)), 10
    )

    pages = house.replies(viewer=house.alice)
    assert len(pages) >= 3
    assert all(page.ephemeral for page in pages)
    assert house.replies() == []
    assert house.sandbox.limits.rejected.total() == 0


async def test_reset_forgets_the_askers_private_exchange_and_nobody_elses(house: House) -> None:
    """Who starts afresh means all that they said here."""
    house.reka.enqueue(Script("1"), Script("2"), Script("3"), Script("4"))
    _asks_privately(house, house.alice, "one")
    await house.until_shown("1", viewer=house.alice)
    _asks_privately(house, house.bob, "two")
    await house.until_shown("2", viewer=house.bob)

    await house.resets()
    _asks_privately(house, house.alice, "three")
    await house.until_asked(3)
    _asks_privately(house, house.bob, "four")
    await house.until_asked(4)

    assert house.told(2) == [("human", "alice: three")]
    assert house.told(3)[0] == ("human", "bob: two")


async def test_in_a_direct_message_private_is_still_apart(house: House) -> None:
    """The same word means the same everywhere."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("Psst."), Script("Hello."))

    house.alice.uses(dm, "ask", {"question": "a secret?", "private": True})
    await house.until_shown("Psst.", channel=dm, viewer=house.alice)
    house.alice.says(dm, "hello")
    await house.until_asked(2)

    assert house.replies(dm, house.alice)[0].ephemeral
    assert house.told() == [("human", "alice: hello")]


async def test_asking_about_ones_own_private_answer_stays_private(house: House) -> None:
    """Only the asker sees that message: its explanation must not show it to all, nor enter their memory."""
    house.reka.enqueue(Script("The word is rose."), Script("A flower."), Script("None."), Script("Rose."))
    _asks_privately(house, house.alice, "my word?")
    await house.until_shown("The word is rose.", viewer=house.alice)

    house.alice.uses_on(house.replies(viewer=house.alice)[0], "Ask about this message")
    await house.until_shown("The word is rose.", "A flower.", viewer=house.alice)

    assert all(reply.ephemeral for reply in house.replies(viewer=house.alice))
    assert house.replies() == []
    assert house.replies(viewer=house.bob) == []
    assert house.told(1)[:2] == [("human", "alice: my word?"), ("model", "The word is rose.")]
    house.bob.says(house.general, f"{house.at_reka} which word?")
    await house.until_asked(3)
    assert house.told(2) == [("human", "bob: which word?")]
    _asks_privately(house, house.alice, "which word?")
    await house.until_asked(4)
    assert ("model", "A flower.") in house.told(3)
