"""The lock that keeps the processes of a fleet from logging in at once, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.engine import StorageError
from storage.identify_lock import PostgresIdentifyLock
from tests.contract.postgres_cluster import shared_cluster

APPLICATION = 1_234_567_890_123_456_789


@pytest.fixture
def url() -> str:
    cluster = shared_cluster()
    return cluster.url(cluster.new_database())


@pytest.fixture
async def lock(url: str) -> AsyncIterator[PostgresIdentifyLock]:
    opened = PostgresIdentifyLock(url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def other(url: str) -> AsyncIterator[PostgresIdentifyLock]:
    """That of another process."""
    opened = PostgresIdentifyLock(url)
    yield opened
    await opened.aclose()


async def until_held(lock: PostgresIdentifyLock, application_id: int = APPLICATION, bucket: int = 0) -> float:
    """Take the lock and let it go; how long it took, in seconds."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with lock.held(application_id, bucket, after_s=0):
        return loop.time() - began_s


async def test_other_process_waits_for_the_end_of_the_pause(
    lock: PostgresIdentifyLock, other: PostgresIdentifyLock
) -> None:
    """The log-in is sent at the end of the block, and Discord counts from there."""
    async with lock.held(APPLICATION, 0, after_s=0.4):
        waiting = asyncio.create_task(until_held(other))
        await asyncio.sleep(0.2)
        assert not waiting.done()

    assert 0.55 <= await waiting < 3


@pytest.mark.parametrize(("application_id", "bucket"), [(APPLICATION, 1), (APPLICATION + 1, 0)])
async def test_other_buckets_and_other_bots_do_not_wait(
    lock: PostgresIdentifyLock, other: PostgresIdentifyLock, application_id: int, bucket: int
) -> None:
    """Two bots may share a database, and a large bot logs in many shards at once."""
    async with lock.held(APPLICATION, 0, after_s=30), asyncio.timeout(5):
        await until_held(other, application_id, bucket)


async def test_failed_log_in_lets_go_at_once(lock: PostgresIdentifyLock, other: PostgresIdentifyLock) -> None:
    """Nobody logged in, so nobody has to wait."""
    with pytest.raises(ConnectionError):
        async with lock.held(APPLICATION, 0, after_s=30):
            raise ConnectionError

    async with asyncio.timeout(5):
        await until_held(other)


async def test_end_of_a_process_lets_go(lock: PostgresIdentifyLock, other: PostgresIdentifyLock) -> None:
    """A process that stops within the pause must not hold up the one that takes its place."""
    async with lock.held(APPLICATION, 0, after_s=30):
        pass
    await lock.aclose()

    async with asyncio.timeout(5):
        await until_held(other)


async def test_who_gives_up_waiting_leaves_the_line(
    lock: PostgresIdentifyLock, other: PostgresIdentifyLock
) -> None:
    """discord.py gives up a connection after a minute; its place in the line must not stay."""
    async with lock.held(APPLICATION, 0, after_s=0):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await until_held(other)

    async with asyncio.timeout(5):
        await until_held(lock)


async def test_server_that_dies_is_told_and_lets_go(lock: PostgresIdentifyLock) -> None:
    """The database may restart while somebody logs in: that is no error of theirs."""
    async with lock.held(APPLICATION, 0, after_s=0.05):
        await asyncio.to_thread(shared_cluster().restart)
    await asyncio.sleep(0.2)

    async with asyncio.timeout(5):
        await until_held(lock)


async def test_no_server_is_one_sentence_without_the_password() -> None:
    """It goes into the log."""
    lock = PostgresIdentifyLock("postgresql+asyncpg://reka:hunter2@127.0.0.1:1/reka")
    with pytest.raises(StorageError, match=r"^The database gives no turn to log in: .*\.$") as caught:
        await until_held(lock)
    await lock.aclose()

    assert "hunter2" not in str(caught.value)
