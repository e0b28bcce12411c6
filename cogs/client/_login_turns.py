"""Who may log in at the gateway, and when: one shard of each bucket at a time (Gateway, max_concurrency)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from cogs import IdentifyLock
from conversation.ports import MemoryUnavailable

log = logging.getLogger(__name__)


class LoginTurns:
    """Keeps the log-ins of one bucket `every_s` seconds apart; `buckets` is how many Discord lets us use at once."""

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.buckets = 1
        self._every_s = every_s
        self._clock = clock
        self._last_s: dict[int, float] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(
        self, shard_id: int, application_id: int, others: IdentifyLock | None
    ) -> AsyncIterator[None]:
        """Wait for this shard's turn, and let it log in inside; `others` are this bot's other processes.

        Where those cannot be asked, the shard logs in all the same: an early one costs a few seconds more, while
        one that waited for the database would leave its servers without a bot.
        """
        bucket = shard_id % self.buckets
        async with self._locks[bucket], AsyncExitStack() as stack:
            if bucket in self._last_s:
                await asyncio.sleep(max(0.0, self._last_s[bucket] + self._every_s - self._clock()))
            if others is not None:
                try:
                    await stack.enter_async_context(
                        others.held(application_id, bucket, after_s=self._every_s)
                    )
                except MemoryUnavailable as error:
                    log.warning("logs in without asking", extra={"shard": shard_id, "why": str(error)})
            yield
            self._last_s[bucket] = self._clock()
