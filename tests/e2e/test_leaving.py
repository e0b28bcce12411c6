"""Places that vanish under the bot: a guild that throws it out, a channel or a thread that is deleted."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing

import pytest

from sandbox.changes import GuildJoined
from sandbox.entities import Channel, Guild, Message
from sandbox.reka_space import Script
from tests.e2e.house import House, logged
from tests.e2e.pictures import picture


@pytest.fixture(autouse=True)
def keep_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def assert_calm(caplog: pytest.LogCaptureFixture) -> None:
    """No warning, no traceback, and no word of what was said."""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "ecret" not in logged(caplog.records)


def elsewhere(house: House) -> tuple[Guild, Channel]:
    """A second guild with the bot in it."""
    guild = house.world.add_guild("Elsewhere", channels=("lounge",))
    return guild, next(iter(guild.channels.values()))


def remembered_of(house: House, guild: Guild) -> int:
    """How many turns and pictures of a guild the database holds."""
    counted = (
        "SELECT (SELECT count(*) FROM turns WHERE guild_id = :guild) + "
        "(SELECT count(*) FROM pictures JOIN turns ON turns.id = turn_id WHERE guild_id = :guild)"
    )
    with closing(
        sqlite3.connect(house.settings.database_url.get_secret_value().partition("///")[2])
    ) as database:
        [(number,)] = database.execute(counted, {"guild": guild.id})
        return int(number)


async def growing(house: House, channel: Channel) -> tuple[asyncio.Semaphore, Message]:
    """An answer of which the first word stands there."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Secret ", "answer ", "without end."], gate=gate))
    before = len(house.replies(channel))
    house.alice.says(channel, f"{house.at_reka} a secret question")
    gate.release()
    await house.world.until(lambda: len(house.replies(channel)) > before)
    return gate, house.replies(channel)[-1]


async def test_thrown_out_in_mid_answer_the_bot_stops_and_forgets(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody there wants it any more: the stream costs money, and what was said there is theirs."""
    guild, lounge = elsewhere(house)
    house.reka.enqueue(Script("Noted."))
    await house.hears("my secret", "Noted.", channel=lounge)
    await growing(house, lounge)
    await house.until_asked(2)
    requests = len(house.sandbox.requests)

    house.world.remove_bot(guild)
    await house.reka.until(lambda: house.reka.chats[1].closed_early)
    await house.until_ended()
    await house.world.until(lambda: remembered_of(house, guild) == 0)

    assert len(house.sandbox.requests) == requests
    assert house.journal() == ["ended", "dropped"]
    assert_calm(caplog)


async def test_thrown_out_later_the_bot_forgets(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Private exchanges and pictures included."""
    guild, lounge = elsewhere(house)
    house.reka.enqueue(Script("A plain."), Script("Psst."))
    house.alice.says(lounge, f"{house.at_reka} my secret", files=[("cat.png", picture())])
    await house.until_shown("A plain.", channel=lounge)
    house.alice.uses(lounge, "ask", {"question": "a secret?", "private": True})
    await house.until_shown("A plain.", "Psst.", channel=lounge, viewer=house.alice)
    await house.world.until(lambda: remembered_of(house, guild) == 5)

    house.world.remove_bot(guild)
    await house.world.until(lambda: remembered_of(house, guild) == 0)

    assert_calm(caplog)


async def test_other_guilds_do_not_notice(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Their answers go on and their memory stays."""
    guild, lounge = elsewhere(house)
    house.reka.enqueue(Script("Noted."))
    await house.hears("the word is rose", "Noted.")
    await growing(house, lounge)
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["It is ", "rose."], gate=gate))
    house.bob.says(house.general, f"{house.at_reka} which word?")
    await house.until_asked(3)
    gate.release()
    await house.until_shown("Noted.", "It is")

    house.world.remove_bot(guild)
    await house.reka.until(lambda: house.reka.chats[1].closed_early)
    gate.release()
    await house.until_shown("Noted.", "It is rose.")

    assert ("human", "alice: the word is rose") in house.told()
    await house.world.until(lambda: remembered_of(house, house.world.home) == 4)
    assert_calm(caplog)


async def test_questions_that_wait_in_a_guild_that_is_left_are_never_asked(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Reka is not paid for what nobody can read."""
    guild, lounge = elsewhere(house)
    await growing(house, lounge)
    for number in range(3):
        house.bob.says(lounge, f"{house.at_reka} secret {number}")
    await house.world.until(lambda: len(house.journal()) == 4)

    house.world.remove_bot(guild)
    await house.reka.until(lambda: house.reka.chats[0].closed_early)
    await house.until_ended()
    await house.world.until(lambda: remembered_of(house, guild) == 0)

    assert set(house.journal()) == {"dropped"}
    assert len(house.reka.chats) == 1


@pytest.mark.parametrize("thread", [False, True], ids=["channel", "thread"])
async def test_a_deleted_place_ends_its_answer_and_is_forgotten(
    house: House, caplog: pytest.LogCaptureFixture, thread: bool
) -> None:
    """Its siblings and its parent are other places."""
    parent = house.world.add_channel("parent")
    place = house.world.add_thread(parent, "aside") if thread else house.world.add_channel("room")
    house.reka.enqueue(Script("Noted."), Script("Kept."))
    await house.hears("my secret", "Noted.", channel=place)
    await house.hears("keep this", "Kept.", channel=parent)
    await growing(house, place)

    house.world.remove_channel(place)
    await house.reka.until(lambda: house.reka.chats[2].closed_early)
    await house.until_ended()
    await house.until_remembered("keep this", "Kept.")

    house.reka.enqueue(Script("Yes."))
    await house.hears("still there?", "Kept.", "Yes.", channel=parent)
    assert house.told()[0] == ("human", "alice: keep this")
    assert_calm(caplog)


async def test_a_channel_deleted_later_is_forgotten_with_its_private_exchanges(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """All that was said in it, to whomever."""
    room = house.world.add_channel("room")
    house.reka.enqueue(Script("Noted."), Script("Psst."))
    await house.hears("my secret", "Noted.", channel=room)
    house.alice.uses(room, "ask", {"question": "a secret?", "private": True})
    await house.until_shown("Noted.", "Psst.", channel=room, viewer=house.alice)
    await house.until_remembered("my secret", "Noted.", "a secret?", "Psst.")

    house.world.remove_channel(room)
    await house.until_remembered()

    assert_calm(caplog)


async def test_back_in_the_guild_the_bot_begins_afresh(house: House) -> None:
    """Invited again, it answers, and knows nothing of what was said before."""
    guild, lounge = elsewhere(house)
    house.reka.enqueue(Script("Noted."), Script("No idea."))
    await house.hears("the word is rose", "Noted.", channel=lounge)
    house.world.remove_bot(guild)
    await house.world.until(lambda: remembered_of(house, guild) == 0)

    guild.with_bot = True
    guild.members[house.world.bot.id] = house.world.bot
    house.world.emit(GuildJoined(guild))
    await house.hears("which word?", "Noted.", "No idea.", channel=lounge)

    assert house.told() == [("human", "alice: which word?")]
