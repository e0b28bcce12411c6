"""Something that tells others what happens in it."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from sandbox import changes


class Watched(ABC):
    """Tells listeners of changes, and lets tests wait for what they expect."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[changes.Change], None]] = []
        self._stirred: set[asyncio.Future[None]] = set()

    def emit(self, change: changes.Change) -> None:
        """Tell every listener, and whoever waits in `until`."""
        for listener in list(self.listeners):
            listener(change)
        for waiter in self._stirred:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, holds: Callable[[], object], timeout_s: float = 5.0) -> None:
        """Wait until `holds()` is true; looked at with every change, and every 50 ms for what is no change.

        Raises:
            TimeoutError: with the screen as it stands, after `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while not holds():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"still not so after {timeout_s:g} s; on screen:\n{self.screen()}")
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._stirred.add(waiter)
            try:
                await asyncio.wait((waiter,), timeout=min(left_s, 0.05))
            finally:
                self._stirred.discard(waiter)

    @abstractmethod
    def screen(self) -> str:
        """Describe what there is to see, for error messages."""
