"""One piece of work for all who wait."""

from __future__ import annotations

import asyncio

import pytest

from reka_provider._single_flight import SingleFlight


class Work:
    """Counts its runs, and ends when told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self) -> int:
        self.runs += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return self.runs


async def test_all_who_wait_share_one_run() -> None:
    """Ten requests that find the token expired must not fetch ten."""
    work, flights = Work(), SingleFlight[int]()
    waiting = [asyncio.create_task(flights.run("key", work)) for _ in range(10)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 10
    assert await flights.run("key", work) == 2


async def test_a_failure_is_told_to_each_and_not_kept() -> None:
    """The next one tries anew."""
    work, flights = Work(), SingleFlight[int]()
    work.failure = ValueError("no")
    work.gate.set()
    results = await asyncio.gather(*(flights.run("key", work) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 3
    work.failure = None
    assert await flights.run("key", work) == 2


async def test_one_who_leaves_does_not_stop_the_others() -> None:
    """The first one's reader may have closed the page."""
    work, flights = Work(), SingleFlight[int]()
    first = asyncio.create_task(flights.run("key", work))
    second = asyncio.create_task(flights.run("key", work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.gate.set()
    assert await second == 1


async def test_the_last_one_to_leave_takes_the_work_along() -> None:
    """No task outlives those who want its result."""
    work, flights = Work(), SingleFlight[int]()
    waiting = [asyncio.create_task(flights.run("key", work)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert work.cancelled == 1
