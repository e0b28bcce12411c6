"""Order within a channel, and what the operator allows."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

from sandbox.entities import Message
from sandbox.limits import Rule
from sandbox.reka_space import Script
from tests.e2e.house import House, open_house

WAITING = "⏳"
QUEUE_FULL = "There are already 3 questions waiting here: please ask again when I have answered some of them."
GUILD_NOT_ALLOWED = (
    "My operator has not opened me to this server: please ask them to add it, or use me where they run me."
)
DM_NOT_ALLOWED = (
    "My operator answers direct messages only for members of their own servers: "
    "please join one, or ask there."
)


def _waits(message: Message) -> bool:
    return WAITING in message.reactions


async def test_questions_of_a_channel_are_answered_in_order_one_at_a_time(house: House) -> None:
    """Each next one may refer to the answer before it; three wait, and each shows that it does."""
    gates = [asyncio.Semaphore(0) for _ in range(4)]
    house.reka.enqueue(*[Script(f"Answer {at}.", gate=gate) for at, gate in enumerate(gates)])
    asked = [
        (house.alice, house.bob)[at % 2].says(house.general, f"{house.at_reka} question {at}")
        for at in range(4)
    ]
    await house.world.until(lambda: all(_waits(message) for message in asked[1:]))
    assert len(house.reka.chats) == 1
    assert not _waits(asked[0])

    for at, gate in enumerate(gates):
        await house.until_asked(at + 1)
        assert len(house.reka.chats) == at + 1
        gate.release()
        gate.release()
        await house.until_shown(*[f"Answer {earlier}." for earlier in range(at + 1)])

    await house.world.until(lambda: not any(_waits(message) for message in asked))
    assert [reply.reply_to_id for reply in house.replies()] == [message.id for message in asked]
    assert house.told() == [
        ("human", "alice: question 0"),
        ("model", "Answer 0."),
        ("human", "bob: question 1"),
        ("model", "Answer 1."),
        ("human", "alice: question 2"),
        ("model", "Answer 2."),
        ("human", "bob: question 3"),
    ]
    assert house.sandbox.limits.rejected.total() == 0


async def test_past_three_that_wait_one_polite_sentence(house: House) -> None:
    """It comes at once, although the others still wait, and is no part of the conversation."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(*[Script(f"Answer {at}.", gate=gate) for at in range(5)])
    asked = [house.alice.says(house.general, f"{house.at_reka} question {at}") for at in range(4)]
    await house.world.until(lambda: all(_waits(message) for message in asked[1:]))

    refused = house.bob.says(house.general, f"{house.at_reka} me too")
    await house.until_shown(QUEUE_FULL)
    assert house.replies()[0].reply_to_id == refused.id
    assert not refused.reactions
    for _ in range(8):
        gate.release()
    await house.until_shown(QUEUE_FULL, *[f"Answer {at}." for at in range(4)])

    assert all("me too" not in text for _, text in house.told())
    assert house.sandbox.limits.rejected.total() == 0


async def test_channels_never_wait_for_each_other(house: House) -> None:
    """A slow answer in one room is nobody's business in another."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Slow."], gate=gate), Script("Quick."))
    house.alice.says(house.general, f"{house.at_reka} slowly")
    await house.until_asked(1)

    asked = house.alice.says(house.world.channel("playground"), f"{house.at_reka} quickly")
    await house.until_shown("Quick.", channel=house.world.channel("playground"))
    gate.release()
    await house.until_shown("Slow.")

    assert not asked.reactions


async def test_a_slash_question_waits_in_the_same_line(house: House) -> None:
    """One conversation per channel, by whichever door."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["One."], gate=gate), Script(pieces=["Two."], gate=gate))
    house.alice.says(house.general, f"{house.at_reka} one")
    await house.until_asked(1)

    used = house.bob.uses(house.general, "ask", {"question": "two"})
    await house.world.until(lambda: used.original is not None)
    gate.release()
    await house.until_asked(2)
    assert house.replies()[0].thinking
    gate.release()
    await house.world.until(lambda: used.original is not None and used.original.content == "Two.")

    assert house.told()[-1] == ("human", "bob: two")
    assert len(house.told()) == 3


async def test_a_question_that_fails_lets_the_next_one_on(house: House) -> None:
    """Whatever happens to one, the line goes on."""
    house.reka.enqueue(Script(status=400, body="{}"), Script("Two."))

    house.alice.says(house.general, f"{house.at_reka} one")
    house.bob.says(house.general, f"{house.at_reka} two")
    await house.world.until(lambda: len(house.replies()) == 2)

    assert house.replies()[1].content == "Two."


async def test_without_the_right_to_react_the_question_still_waits(house: House) -> None:
    """The reaction is a courtesy; nothing hangs on it."""
    house.world.deny(house.general, "ADD_REACTIONS")
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["One."], gate=gate), Script(pieces=["Two."], gate=gate))

    house.alice.says(house.general, f"{house.at_reka} one")
    house.alice.says(house.general, f"{house.at_reka} two")
    await house.until_asked(1)
    gate.release()
    gate.release()
    await house.until_shown("One.", "Two.")

    assert house.sandbox.invalid_requests <= 2


async def test_only_allowed_guilds_are_answered(tmp_path: Path) -> None:
    """A stranger who invites the bot must not spend the operator's money."""
    async with open_house(tmp_path, start=False) as house:
        house.settings = house.settings.model_copy(
            update={"allowed_guilds": frozenset({house.world.home.id})}
        )
        other = house.world.add_guild("Elsewhere", channels=("lounge",))
        lounge = next(iter(other.channels.values()))
        house.reka.enqueue(Script("Welcome."))
        await house.start_bot()

        house.alice.says(lounge, f"{house.at_reka} hello")
        await house.until_shown(GUILD_NOT_ALLOWED, channel=lounge)
        await house.hears("hello", "Welcome.")

        assert len(house.reka.chats) == 1


async def test_direct_messages_are_for_members_of_allowed_guilds(tmp_path: Path) -> None:
    """Membership is looked up without the members intent, and once for many messages."""
    async with open_house(tmp_path, start=False) as house:
        house.settings = house.settings.model_copy(
            update={"allowed_guilds": frozenset({house.world.home.id})}
        )
        stranger = house.world.add_person("stranger")
        del house.world.home.members[stranger.id]
        strange, known = house.world.dm(stranger), house.world.dm(house.alice)
        house.reka.enqueue(Script("1"), Script("2"))
        await house.start_bot()

        stranger.says(strange, "hello")
        await house.until_shown(DM_NOT_ALLOWED, channel=strange)
        stranger.says(strange, "please")
        await house.hears("hello", "1", channel=known)
        await house.hears("again", "1", "2", channel=known)

        assert len(house.reka.chats) == 2
        assert house.shows(DM_NOT_ALLOWED, channel=strange)  # told once a minute
        asked_about = [request for request in house.sandbox.requests if "/members/" in request.path]
        assert len(asked_about) == 2


async def test_the_hours_questions_are_counted_per_person(tmp_path: Path) -> None:
    """The sentence tells when, as a timestamp that every reader sees in their own words.

    The hour itself passes in the unit tests' virtual time.
    """
    async with open_house(tmp_path, QUESTIONS_PER_USER_HOUR="2") as house:
        house.reka.enqueue(Script("1"), Script("2"), Script("3"))
        began_s = time.time()
        dm, playground = house.world.dm(house.alice), house.world.channel("playground")
        await house.hears("one", "1")
        await house.hears("two", "2", channel=dm)

        house.alice.says(playground, f"{house.at_reka} three")
        await house.world.until(lambda: house.replies(playground))
        house.bob.says(house.general, f"{house.at_reka} and I?")
        await house.until_shown("1", "3")

        [refusal] = house.replies(playground)
        found = re.fullmatch(
            r"You have asked your 2 questions of this hour: please ask again <t:(\d+):R>\.", refusal.content
        )
        assert found is not None
        assert began_s + 3600 <= int(found[1]) <= time.time() + 3602
        assert len(house.reka.chats) == 3


async def test_forgetting_does_not_give_questions_back(tmp_path: Path) -> None:
    """Else /reset would be a way around the limit; a restart is none either."""
    async with open_house(tmp_path, QUESTIONS_PER_USER_HOUR="1") as house:
        house.reka.enqueue(Script("1"))
        await house.hears("one", "1")
        await house.resets()
        await house.stop_bot()
        await house.start_bot()

        house.alice.says(house.general, f"{house.at_reka} two")
        await house.world.until(lambda: len(house.replies()) == 3)

        assert house.replies()[2].content.startswith("You have asked your one question of this hour")
        assert len(house.reka.chats) == 1


async def test_many_at_once_cannot_slip_past_the_hours_limit(tmp_path: Path) -> None:
    """Somebody pastes one question into ten channels."""
    async with open_house(tmp_path, QUESTIONS_PER_USER_HOUR="2") as house:
        house.sandbox.limits.rules["create"] = Rule(50, 5.0)
        rooms = [house.world.add_channel(f"room-{number}") for number in range(6)]
        house.reka.enqueue(*[Script("Yes.") for _ in rooms])

        for room in rooms:
            house.alice.says(room, f"{house.at_reka} hello")
        await house.world.until(lambda: all(house.replies(room) for room in rooms), 10)

        assert len(house.reka.chats) == 2
        answered = [room for room in rooms if house.replies(room)[0].content == "Yes."]
        assert len(answered) == 2
