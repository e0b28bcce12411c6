"""Who lives: leases that move, and what the database sees of a process."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from conversation.model import Place, Shards, WayBack
from storage.engine import Database, open_engine
from storage.journal import SqlJournal
from storage.owners import KEPT_S, LEASE_S, SqlOwners
from tests.contract.postgres_cluster import shared_cluster
from tests.contract.stores import Clock, MirrorSealer, ask

ROOT = Path(__file__).parents[3]

HOLD_AND_WAIT = """
import asyncio, sys
from storage.engine import open_engine
from storage.owners import SqlOwners

async def main():
    await SqlOwners(await open_engine(sys.argv[1])).renew()
    print("here", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@dataclass(slots=True)
class Process:
    """One process at the database, as the others see it."""

    database: Database
    owners: SqlOwners
    journal: SqlJournal


@asynccontextmanager
async def process(url: str, clock: Clock, *, shards: Shards | None = None) -> AsyncIterator[Process]:
    database = await open_engine(url)
    try:
        yield Process(
            database,
            SqlOwners(database, clock, shards=shards, clock=clock),
            SqlJournal(database, clock, sealer=MirrorSealer(), shards=shards),
        )
    finally:
        await database.dispose()


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'reka.db'}"


def postgres_url(_folder: Path) -> str:
    cluster = shared_cluster()
    return cluster.url(cluster.new_database())


def locks_in(folder: Path) -> list[Path]:
    """What processes left beside the database."""
    return list(folder.glob("*-process-*"))


async def looks(owners: SqlOwners, clock: Clock, *, for_s: float) -> frozenset[int]:
    """Renew every 5 s for so long; what the last look found dead."""
    end_s = clock.at_s + for_s
    while clock.at_s < end_s:
        clock.at_s = min(end_s, clock.at_s + 5)
        dead = await owners.renew()
    return dead


@pytest.mark.parametrize("url_in", [sqlite_url, postgres_url], ids=["sqlite", "postgresql"])
async def test_a_process_that_lives_is_not_dead(url_in: Callable[[Path], str], tmp_path: Path) -> None:
    """However long it is watched; its replies are on somebody's screen, and growing."""
    url, clock = url_in(tmp_path), Clock()
    async with process(url, clock) as one, process(url, clock) as other:
        for _ in range(10):
            assert await one.owners.renew() == frozenset()
            assert await other.owners.renew() == frozenset()
            clock.at_s += 5


@pytest.mark.parametrize("url_in", [sqlite_url, postgres_url], ids=["sqlite", "postgresql"])
async def test_a_lease_that_stands_still_is_over(url_in: Callable[[Path], str], tmp_path: Path) -> None:
    """The process hangs, or its machine is cut off: nobody else can tell."""
    url, clock = url_in(tmp_path), Clock()
    async with process(url, clock) as one, process(url, clock) as hung:
        await hung.owners.renew()
        await one.owners.renew()

        assert await looks(one.owners, clock, for_s=LEASE_S - 1) == frozenset()
        assert await looks(one.owners, clock, for_s=1) == {hung.database.owner}


async def test_a_killed_process_is_found_dead_at_once_on_sqlite(tmp_path: Path) -> None:
    """What it left on screen must be mended within seconds of the next start."""
    url = sqlite_url(tmp_path)
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_AND_WAIT, url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"here\n"
    async with process(url, Clock(time.time())) as one:
        assert await one.owners.renew() == frozenset()
        victim.kill()
        await victim.wait()

        assert len(await one.owners.renew()) == 1
    assert locks_in(tmp_path) == []


async def test_a_process_without_a_connection_is_found_dead_soon_on_postgresql(tmp_path: Path) -> None:
    """Not at once: after a restart of the server nobody has a connection for a moment."""
    url, clock = postgres_url(tmp_path), Clock()
    async with process(url, clock) as one:
        async with process(url, clock) as killed:
            await killed.owners.renew()
        await one.owners.renew()

        assert one.owners.certain_in_s == 6
        assert await looks(one.owners, clock, for_s=5) == frozenset()
        assert one.owners.certain_in_s == 1
        assert await looks(one.owners, clock, for_s=1) == {killed.database.owner}
        assert one.owners.certain_in_s is None


async def test_after_a_silence_of_the_database_the_watch_begins_anew(tmp_path: Path) -> None:
    """While it was away nobody could renew anything: whoever comes back first must not bury the others."""
    url, clock = postgres_url(tmp_path), Clock()
    async with process(url, clock) as one, process(url, clock) as other:
        await other.owners.renew()
        await one.owners.renew()
        clock.at_s += 60

        assert await one.owners.renew() == frozenset()


async def test_a_process_that_left_is_dead_at_once_and_has_handed_its_replies_on(tmp_path: Path) -> None:
    """The next one need not wait for any lease."""
    url, clock = sqlite_url(tmp_path), Clock()
    async with process(url, clock) as one:
        await one.owners.renew()
        await one.journal.claim(ask(1), text="x")
        await one.owners.leave()
    async with process(url, clock) as other:
        dead = await other.owners.renew()

        assert dead == {one.database.owner}
        [left] = await other.journal.left(dead=(), in_flight=())
        assert left.owner is None


async def test_absence_lasts_from_the_last_sign_of_life_in_the_same_shards(tmp_path: Path) -> None:
    """What was asked in that time, nobody has heard."""
    url, clock = sqlite_url(tmp_path), Clock()
    async with process(url, clock, shards=Shards(frozenset({0}), 2)) as one:
        assert await one.owners.away_since_s() is None
        await one.owners.renew()
        await one.owners.caught_up()
        clock.at_s += 7
        await one.owners.leave()
        left_at_s = clock.at_s
    clock.at_s += 100
    async with process(url, clock, shards=Shards(frozenset({1}), 2)) as neighbour:
        await neighbour.owners.renew()
        assert await neighbour.owners.away_since_s() is None
    for _ in range(2):  # the first of them dies before it has read what was missed
        async with process(url, clock, shards=Shards(frozenset({0}), 2)) as successor:
            await successor.owners.renew()
            assert await successor.owners.away_since_s() == left_at_s


async def test_owners_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    """Every start adds one."""
    url, clock = sqlite_url(tmp_path), Clock()
    async with process(url, clock) as one:
        await one.owners.renew()
        await one.owners.leave()
    clock.at_s += KEPT_S + 1
    async with process(url, clock) as other:
        assert await other.owners.renew() == frozenset()


async def test_a_process_repairs_the_replies_of_its_own_shards(tmp_path: Path) -> None:
    """Only it hears when they are deleted or pressed; direct messages are shard 0's."""
    url, clock = sqlite_url(tmp_path), Clock()
    guild_of_shard_1 = (3 << 22) + 5
    async with (
        process(url, clock, shards=Shards(frozenset({0}), 2)) as zero,
        process(url, clock, shards=Shards(frozenset({1}), 2)) as one,
    ):
        await zero.journal.claim(ask(1, place=Place(1, guild_of_shard_1)), text="x")
        await zero.journal.claim(ask(2, place=Place(2)), text="x")
        await zero.journal.claim(ask(3, place=Place(3, 2 << 22)), text="x")
        await zero.owners.leave()
        await zero.owners.renew()

        assert [each.stored.event_id for each in await zero.journal.left(dead=(), in_flight=())] == [2, 3]
        assert [each.stored.event_id for each in await one.journal.left(dead=(), in_flight=())] == [1]
        assert await one.journal.places_since(0, limit=9) == [Place(1, guild_of_shard_1)]


async def test_a_way_back_is_unreadable_in_the_file(tmp_path: Path) -> None:
    """A stolen backup must not let anybody write in the bot's name."""
    url, clock = sqlite_url(tmp_path), Clock()
    async with process(url, clock) as one:
        asked = replace(ask(1), way_back=WayBack("interaction-token", clock.at_s + 900))
        assert await one.journal.claim(asked, text="x") is not None
    files = (tmp_path / "reka.db").read_bytes()
    assert b"interaction-token" not in files
    assert b"nekot-noitcaretni" in files
