"""How long a shard waits before it comes back, and when it may log in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cogs.client._gateway_socket import Backoff, Pace
from cogs.client._login_turns import LoginTurns
from conversation.ports import MemoryUnavailable


class Clock:
    """Stands still until a test moves it; seconds."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def pauses(backoff: Backoff, clock: Clock, times: int) -> list[float]:
    """The next pauses, each waited through and followed by trouble at once."""
    waited = []
    for _ in range(times):
        waited.append(backoff.delay())
        clock.at_s += waited[-1]
    return waited


def test_pauses_double_up_to_the_longest() -> None:
    """A gateway that is down must not be knocked at by a thousand bots a second, nor be found a quarter-hour late."""
    clock = Clock()
    waited = pauses(Backoff(Pace(), clock), clock, 9)

    dues = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert all(due / 2 <= pause <= due for due, pause in zip(dues, waited, strict=True))


def test_shards_do_not_come_back_as_one() -> None:
    """Discord closes all connections of a host at the same time."""
    clock = Clock()

    assert len({Backoff(Pace(), clock).delay() for _ in range(20)}) > 1


def test_quiet_minute_forgives_earlier_trouble() -> None:
    """A deployment of Discord's once a day is no reason to stay away for half a minute."""
    clock = Clock()
    backoff = Backoff(Pace(), clock)
    pauses(backoff, clock, 8)

    clock.at_s += 61
    assert backoff.delay() <= 0.5


def test_connection_that_lives_for_a_moment_is_still_trouble() -> None:
    """A gateway that lets in and throws out would otherwise be asked for ever at the first pace."""
    clock = Clock()
    backoff = Backoff(Pace(), clock)
    for _ in range(5):
        pauses(backoff, clock, 1)
        clock.at_s += 20

    assert backoff.delay() > 5


def test_thousand_tries_overflow_nothing() -> None:
    """An outage may last for a day."""
    clock = Clock()

    assert pauses(Backoff(Pace(), clock), clock, 5_000)[-1] <= 30


class Others:
    """The bot's other processes, as a lock that writes down what is done to it; it fails where it `is_gone`."""

    def __init__(self, *, is_gone: bool = False) -> None:
        self.told: list[tuple[int, int, float]] = []
        self._is_gone = is_gone

    @asynccontextmanager
    async def held(self, application_id: int, bucket: int, *, after_s: float) -> AsyncIterator[None]:
        if self._is_gone:
            raise MemoryUnavailable("The database is gone.")
        self.told.append((application_id, bucket, after_s))
        yield


async def test_second_log_in_of_a_bucket_waits() -> None:
    """Discord answers an early one with op 9, and counts it."""
    turns = LoginTurns(0.1)
    loop = asyncio.get_running_loop()
    async with turns.turn(0, 500, None):
        began_s = loop.time()
    async with turns.turn(1, 500, None):
        assert loop.time() - began_s >= 0.1


async def test_buckets_do_not_wait_for_each_other() -> None:
    """A large bot may log in 16 shards at once; one after the other, a restart of it would take minutes."""
    turns = LoginTurns(60.0)
    turns.buckets = 16
    for shard in range(16):
        async with asyncio.timeout(1), turns.turn(shard, 500, None):
            pass


async def test_failed_log_in_costs_no_wait() -> None:
    """Nobody logged in: a gateway that was down would otherwise be found seconds later."""
    turns = LoginTurns(60.0)
    with pytest.raises(ConnectionError):
        async with turns.turn(0, 500, None):
            raise ConnectionError

    async with asyncio.timeout(1), turns.turn(0, 500, None):
        pass


async def test_other_processes_are_kept_out_by_bucket() -> None:
    """They share nothing with this one but the database."""
    others = Others()
    turns = LoginTurns(0.25)
    turns.buckets = 2
    async with turns.turn(3, 500, others):
        pass

    assert others.told == [(500, 1, 0.25)]


async def test_log_in_goes_on_without_the_database() -> None:
    """An outage of the database must not become one of the gateway."""
    async with LoginTurns(0.1).turn(0, 500, Others(is_gone=True)):
        pass
