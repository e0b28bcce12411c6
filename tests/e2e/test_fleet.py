"""Several processes of one bot over one PostgreSQL: each server has one of them, and none is asked twice."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession

from bot import NO_SHARE, warn_of_budget
from cogs.client import Pace
from conversation.sentences import say
from runtime.settings import Settings
from sandbox.entities import Channel, Guild
from sandbox.reka_space import Script
from sandbox.world import World
from tests.contract.postgres_cluster import shared_cluster
from tests.e2e.house import House, Route, environment_for, open_house
from tests.e2e.processes import Program, running_bot
from tests.e2e.test_health import Pages, free_port

PUT_COMMANDS: Route = ("PUT", "/applications/{application_id}/commands")
MEMBER: Route = ("GET", "/guilds/{guild_id}/members/{user_id}")


def database() -> str:
    """An empty PostgreSQL database."""
    cluster = shared_cluster()
    return cluster.url(cluster.new_database())


def guild_on(world: World, shard: int, count: int = 2) -> Guild:
    """A guild that this shard hears (Gateway, Sharding)."""
    while True:
        guild = world.add_guild(f"of shard {shard}")
        if (guild.id >> 22) % count == shard:
            return guild


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two processes of one shard each, and a channel that each of them hears."""

    house: House
    env: dict[str, str]
    channels: tuple[Channel, Channel]
    folder: Path

    @asynccontextmanager
    async def process(self, shard: int, **more: str) -> AsyncIterator[Program]:
        """The process of a shard, online, with `more` settings."""
        env = {**self.env, "SHARD_IDS": f"{shard}", **more}
        async with running_bot(env, self.folder) as program:
            gateway = self.house.sandbox.gateway
            await program.until(lambda: shard in gateway.shards, timeout_s=25)
            yield program

    def asks(self, shard: int, *answers: str) -> None:
        """Alice asks in the channel of a shard, and Reka will say this."""
        self.house.reka.enqueue(Script(pieces=answers))
        self.house.alice.says(self.channels[shard], f"{self.house.at_reka} speak")


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with open_house(tmp_path, start=False) as house:
        env = environment_for(
            house.sandbox, house.reka, tmp_path,
            DATABASE_URL=database(), SHARD_COUNT="2", GRACE_S="20", REST_BUDGET="23",
        )  # fmt: skip
        first, second = (next(iter(guild_on(house.world, shard).channels.values())) for shard in range(2))
        yield Fleet(house, env, (first, second), tmp_path)


async def test_fleet_answers_everywhere_and_logs_in_one_by_one(fleet: Fleet) -> None:
    """Both start at the same moment, as a supervisor starts them, with an empty database between them."""
    house = fleet.house
    house.sandbox.gateway.refuses_early = True
    async with AsyncExitStack() as stack:
        processes = [stack.enter_async_context(fleet.process(shard)) for shard in range(2)]
        await asyncio.gather(*processes)
        await _tell_stories(fleet)

    assert (len(house.sandbox.gateway.identifies), house.sandbox.gateway.early_identifies) == (2, 0)
    assert len(house.sent(PUT_COMMANDS)) == 1


async def _tell_stories(fleet: Fleet) -> None:
    house = fleet.house
    for shard in range(2):
        fleet.asks(shard, f"Here is {shard}.")
        await house.until_shown(f"Here is {shard}.", channel=fleet.channels[shard])
    direct = house.world.dm(house.alice)
    house.reka.enqueue(Script(pieces=["In private."]))
    await house.hears("psst", "In private.", channel=direct)
    house.reka.enqueue(Script(pieces=["By command."]))
    house.alice.uses(fleet.channels[1], "ask", {"question": "and so?"})
    await house.until_shown("Here is 1.", "By command.", channel=fleet.channels[1])
    assert len(house.reka.chats) == 4


async def test_rolling_restart_loses_and_doubles_nothing(fleet: Fleet) -> None:
    """One process after the other is replaced while both of them write."""
    house = fleet.house
    async with fleet.process(0) as kept:
        async with fleet.process(1) as replaced:
            gates = []
            for shard in range(2):
                gates.append(asyncio.Semaphore(0))
                house.reka.enqueue(Script(pieces=["Half ", "and whole."], gate=gates[shard]))
                house.alice.says(fleet.channels[shard], f"{house.at_reka} speak")
                gates[shard].release()
                await house.until_shown("Half", channel=fleet.channels[shard])
            replaced.signal(signal.SIGTERM)
            await replaced.until(lambda: "stopping" in "".join(replaced.errors))
            gates[1].release()
            await house.until_shown("Half and whole.", channel=fleet.channels[1])
            assert await replaced.ended(20) == 0
        async with fleet.process(1):
            gates[0].release()
            await house.until_shown("Half and whole.", channel=fleet.channels[0])
            for shard in range(2):
                fleet.asks(shard, "On we go.")
                await house.until_shown("Half and whole.", "On we go.", channel=fleet.channels[shard])
        assert "Traceback" not in "".join(kept.errors)


async def test_each_process_tells_of_its_own_shard_on_its_own_port(fleet: Fleet) -> None:
    """Prometheus adds them up: what two tell of one shard would count twice, and a dead one would seem to live."""
    async with AsyncExitStack() as stack:
        ports = [free_port(), free_port()]
        processes = [
            stack.enter_async_context(fleet.process(shard, HEALTH_PORT=str(port)))
            for shard, port in enumerate(ports)
        ]
        first, _ = await asyncio.gather(*processes)
        pages = [
            Pages(fleet.house, await stack.enter_async_context(ClientSession(f"http://127.0.0.1:{port}")))
            for port in ports
        ]
        for each in pages:
            assert (await each.until_ready(expected=True))["gateway"] == "ok"
        fleet.asks(1, "Here is 1.")
        await fleet.house.until_shown("Here is 1.", channel=fleet.channels[1])

        told = [await each.samples() for each in pages]
        assert [each["reka_bot_questions_total"] for each in told] == [0, 1]
        assert [[name for name in each if name.startswith("reka_bot_gateway_up")] for each in told] == [
            ["reka_bot_gateway_up,shard=0"],
            ["reka_bot_gateway_up,shard=1"],
        ]

        first.signal(signal.SIGTERM)
        await first.ended(20)
        assert (await pages[1].ready())[0] == 200
        with pytest.raises(ClientConnectionError):
            await pages[0].ready()


async def test_direct_message_is_let_in_by_a_server_of_another_process(tmp_path: Path) -> None:
    """Shard 0 hears all direct messages, and knows a half of the servers whose members may write them."""
    async with open_house(
        tmp_path, start=False, pace=Pace(), DATABASE_URL=database(), SHARD_IDS="0", SHARD_COUNT="2"
    ) as house:
        elsewhere = guild_on(house.world, 1)
        stranger = house.world.add_person("stranger")
        elsewhere.members.pop(stranger.id, None)
        house.settings = house.settings.model_copy(update={"allowed_guilds": frozenset({elsewhere.id, 7})})
        await house.start_bot()

        house.reka.enqueue(Script("Hi."))
        await house.hears("hello", "Hi.", channel=house.world.dm(house.alice))
        stranger.says(house.world.dm(stranger), "hello")
        await house.until_shown(say("dm-not-allowed", "en-US"), channel=house.world.dm(stranger))

        assert len(house.sent(MEMBER)) == 2  # 7 is of shard 0, where it would be known: nobody is asked


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        ({"shard_ids": (0,), "shard_count": 4}, True),
        ({"shard_ids": (0,), "shard_count": 4, "rest_budget": 11.5}, False),
        ({"shard_ids": (0,), "shard_count": 4, "discord_api_url": "http://proxy/api/v10"}, False),
        ({"shard_ids": (0, 1), "shard_count": 2}, False),
        ({}, False),
    ],
)
def test_process_that_takes_the_whole_budget_of_a_fleet_says_so(
    given: dict[str, object], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Four times the requests that Discord allows end in 429s, and in the end in a ban."""
    warn_of_budget(Settings.model_validate({"discord_token": "a.b.c", **given}))

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == (
        [NO_SHARE] if warned else []
    )
