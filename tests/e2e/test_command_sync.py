"""Slash commands go to Discord when they changed, and only then: new ones are limited to 200 a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.reka_space import RekaSpace
from sandbox.server import Sandbox
from tests.e2e.house import House, Route, open_house, settings_for

GET: Route = ("GET", "/applications/{application_id}/commands")
PUT: Route = ("PUT", "/applications/{application_id}/commands")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose bot was online once, and is away."""
    async with open_house(tmp_path) as opened:
        await opened.stop_bot()
        yield opened


def traffic(house: House) -> tuple[int, int]:
    return len(house.sent(GET)), len(house.sent(PUT))


async def restart(house: House) -> None:
    await house.start_bot()
    await house.stop_bot()


async def test_first_start_sends_the_commands_once(house: House) -> None:
    """All in one request; nothing else writes commands."""
    assert traffic(house) == (1, 1)
    assert {(command.name, command.kind) for command in house.world.commands.values()} == {
        ("ask", 1),
        ("reset", 1),
        ("Ask about this message", 3),
        ("operator", 1),
    }


async def test_second_start_only_looks(house: House) -> None:
    """A bot that restarts often would use the day's limit up."""
    await restart(house)

    assert traffic(house) == (2, 1)


async def test_command_that_somebody_removed_is_sent_again(house: House) -> None:
    """What stands there counts, not what was sent once."""
    house.world.remove_command(next(iter(house.world.commands.values())))

    await restart(house)

    assert traffic(house) == (2, 2)
    assert len(house.world.commands) == 4


async def test_command_that_somebody_changed_is_sent_again(house: House) -> None:
    """The same name with other words is another command."""
    bodies = [command.body for command in house.world.commands.values()]
    changed = [
        {**body, "description": "Ask somebody else"} if body["name"] == "ask" else body for body in bodies
    ]
    house.world.set_commands(None, changed, replace=True)

    await restart(house)

    assert traffic(house) == (2, 2)
    assert "Ask somebody else" not in [
        command.body.get("description") for command in house.world.commands.values()
    ]


async def test_another_application_gets_them_although_the_database_is_the_same(
    house: House, tmp_path: Path
) -> None:
    """A test bot and the real one may share a database; what was sent is known of each."""
    bodies = [command.body for command in house.world.commands.values()]
    async with Sandbox() as sandbox, RekaSpace() as reka:
        other = House(sandbox, reka, settings_for(sandbox, reka, tmp_path))
        other.world.set_commands(None, bodies, replace=True)

        await restart(other)
        await restart(other)

        assert other.world.application_id != house.world.application_id
        assert traffic(other) == (2, 1)
