"""Who may write direct messages where the operator names guilds, when Discord does not tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conversation.sentences import say
from sandbox.faults import Fault
from sandbox.reka_space import Script
from tests.e2e.house import House, Route, open_house

MEMBER: Route = ("GET", "/guilds/{guild_id}/members/{user_id}")
TRY_LATER = say("try-later", "en-US")
NOT_ALLOWED = say("dm-not-allowed", "en-US")


@pytest.fixture
async def closed_house(tmp_path: Path) -> AsyncIterator[House]:
    """A bot that is open to two guilds alone; alice is a member of both, the stranger of none."""
    async with open_house(tmp_path, start=False) as house:
        second = house.world.add_guild("Second", channels=("lounge",))
        stranger = house.world.add_person("stranger")
        for guild in (house.world.home, second):
            guild.members.pop(stranger.id, None)
        allowed = frozenset({house.world.home.id, second.id})
        house.settings = house.settings.model_copy(update={"allowed_guilds": allowed})
        await house.start_bot()
        yield house


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.reset_before()], ids=["503", "reset"])
async def test_a_failed_look_up_is_no_answer_and_is_not_remembered(closed_house: House, fault: Fault) -> None:
    """A member would be shut out for ten minutes by one hiccup, and a stranger must not get in by one."""
    house = closed_house
    house.sandbox.faults.next(*MEMBER, fault, times=8)  # aiohttp asks again by itself after a reset
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("Hi."))

    await house.hears("hello", TRY_LATER, channel=dm)
    house.sandbox.faults.clear()
    await house.hears("hello again", TRY_LATER, "Hi.", channel=dm)

    assert house.told() == [("human", "alice: hello again")]


async def test_a_stranger_stays_out_when_a_look_up_fails(closed_house: House) -> None:
    """Doubt is no membership: their questions would cost the operator's money."""
    house = closed_house
    house.sandbox.faults.next(*MEMBER, Fault.status(503))
    stranger = house.world.person("stranger")
    dm = house.world.dm(stranger)

    stranger.says(dm, "hello")
    await house.until_shown(TRY_LATER, channel=dm)
    stranger.says(dm, "hello")
    await house.until_shown(TRY_LATER, NOT_ALLOWED, channel=dm)

    assert house.reka.chats == []


async def test_one_guild_that_knows_the_person_is_enough(closed_house: House) -> None:
    """A failure about one of them leaves no doubt then."""
    house = closed_house
    house.sandbox.faults.next(*MEMBER, Fault.status(503))
    house.reka.enqueue(Script("Hi."))

    await house.hears("hello", "Hi.", channel=house.world.dm(house.alice))

    assert len(house.sent(MEMBER)) == 2
