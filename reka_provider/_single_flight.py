"""One piece of work for all who wait for it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs the work of a key once while anybody waits for it; the last one to leave takes it along."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, tuple[asyncio.Future[T], list[int]]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, or of the work of the same key that is already under way.

        An error is raised for each who waits.
        """
        flight = self._flights.get(key)
        if flight is None or flight[0].done():
            flight = (asyncio.ensure_future(work()), [0])
            self._flights[key] = flight
        task, waiting = flight
        waiting[0] += 1
        try:
            return await asyncio.shield(task)
        finally:
            waiting[0] -= 1
            if not waiting[0]:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                if not task.done():
                    task.cancel()
                    await asyncio.wait([task])
