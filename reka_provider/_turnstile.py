"""At most so many streams at once, first come, first served; pure asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from types import TracebackType

from reka_provider._errors import RekaRequestError


class Turnstile:
    """Lets at most `places` in at once, in the order of arrival; 0 lets all in.

    Used as `async with turnstile:` around the whole life of a stream, its response's close included. Whoever is
    cancelled while waiting leaves the queue. Raises RekaRequestError for a number below 0.
    """

    def __init__(self, places: int) -> None:
        if isinstance(places, bool) or not isinstance(places, int) or places < 0:
            raise RekaRequestError("concurrency (REKA_CONCURRENCY) must be a whole number, 0 for no bound.")
        self.places = places
        self.inside = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many stand before it."""
        return len(self._queue)

    async def __aenter__(self) -> None:
        if not self.places or self.inside < self.places:
            self.inside += 1  # while a place is free nobody waits: a place that falls free goes to who waits
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # whoever gave a place back may have passed it over already
                    self._queue.remove(turn)
            else:
                self._give_back()  # the place was handed over in the moment of the cancellation
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def _give_back(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)  # `inside` stays as it is: the place goes from hand to hand
                return
        self.inside -= 1
