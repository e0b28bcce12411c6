"""The operator's command: for the application's owner alone, and only for their eyes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.entities import Interaction, Message
from sandbox.faults import Fault
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import House, Route, open_house

PUT: Route = ("PUT", "/applications/{application_id}/commands")
APPLICATION: Route = ("GET", "/oauth2/applications/@me")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with both services; Alice owns the application."""
    async with open_house(tmp_path, official=True, REKA_FALLBACK="space") as opened:
        yield opened


async def answer_to(house: House, used: Interaction) -> Message:
    """What the command was answered, once it was."""
    await house.world.until(lambda: used.original is not None and not used.original.thinking, timeout_s=10)
    assert used.original is not None
    return used.original


async def does(house: House, action: str, person: Person | None = None) -> Message:
    """Use the command and wait for its answer."""
    used = (person or house.alice).uses(house.general, "operator", {"action": action})
    return await answer_to(house, used)


def rows(message: Message) -> dict[str, str]:
    """The table of a status."""
    lines = message.content.strip("`\n").splitlines()
    return dict(re.split(r"  +", line, maxsplit=1) for line in lines)


async def test_status_tells_how_the_bot_is_doing(house: House) -> None:
    """What an operator asks first when somebody says that the bot is slow."""
    house.platform.enqueue(Script("Hello Alice."))
    await house.hears("hello", "Hello Alice.")
    await house.until_ended()

    message = await does(house, "status")

    assert message.ephemeral
    told = rows(message)
    assert told["Reka"] == "official answers, space stands in"
    assert told["last answer"].startswith("by official, reka-flash-3, ")
    assert told["official"] == "1 answered, 0 failed"
    assert told["answers"].startswith("0 under way; 1 whole, 0 broken off")
    assert told["servers"] == str(sum(guild.with_bot for guild in house.world.guilds.values()))
    assert re.fullmatch(r"0: (\d+ ms|away)", told["shards"])
    assert re.fullmatch(r"\d+ a second of 46, 0 wait; \d+ so far", told["requests"])
    assert told["429s"] == "none"
    assert told["database"].startswith("answers in ")
    assert told["version"].startswith("0.")


async def test_only_the_owner_is_answered(house: House) -> None:
    """Administrators of every server see the command; what it does is not theirs to do."""
    synced = len(house.sent(PUT))

    for action in ("status", "sync", "reload"):
        message = await does(house, action, house.bob)

        assert message.ephemeral
        assert message.content == "This command is for whoever runs me: ask me anything else."
    assert len(house.sent(PUT)) == synced


async def test_the_command_is_shown_to_administrators_of_servers_alone(house: House) -> None:
    """In direct messages Discord would show it to everybody."""
    [command] = [one for one in house.world.commands.values() if one.name == "operator"]

    assert str(command.body["default_member_permissions"]) == str(1 << 3)
    assert command.body["contexts"] == [0]
    assert command.body["integration_types"] == [0]
    with pytest.raises(LookupError):
        house.alice.uses(house.world.dm(house.alice), "operator", {"action": "status"})


async def test_sync_sends_the_commands_although_nothing_changed(house: House) -> None:
    """Discord's copy may be wrong in ways that no look at names and descriptions shows."""
    synced = len(house.sent(PUT))

    message = await does(house, "sync")

    assert len(house.sent(PUT)) == synced + 1
    assert message.content == (
        "Discord now has these commands of mine: Ask about this message, ask, operator, reset."
    )


async def test_sync_that_discord_refuses_says_so(house: House) -> None:
    """The limit of new commands a day, say."""
    house.sandbox.faults.next(*PUT, Fault.status(400))

    message = await does(house, "sync")

    assert message.content.startswith("Discord did not take my commands (400")


async def test_reload_loads_the_cogs_and_loses_no_question(house: House) -> None:
    """A question that comes while nobody listens must wait, and an answer under way go on."""
    gate = asyncio.Semaphore(1)
    answers = [f"Hello Bob, {number}." for number in range(3)]
    house.platform.enqueue(Script("Hello Alice.", gate=gate), *map(Script, answers))
    dm = house.world.dm(house.bob)
    house.alice.says(house.general, f"{house.at_reka} hello")
    await house.world.until(lambda: house.shows("Hello"), timeout_s=10)

    used = house.alice.uses(house.general, "operator", {"action": "reload"})
    await house.world.until(
        lambda: len(house.sent(APPLICATION)) > 1, timeout_s=10
    )  # who owns it? now it begins
    for number in range(3):
        house.bob.says(dm, f"hello {number}")
        await asyncio.sleep(0.1)  # for half a second, while Alice's handler may end by itself, nobody listens
    message = await answer_to(house, used)
    gate.release()

    assert message.content == "Loaded anew: cogs.chat, cogs.operator."
    await house.until_shown("Hello Alice.")
    await house.until_shown(*answers, channel=dm)
    assert "whole" in rows(await does(house, "status"))["answers"]
