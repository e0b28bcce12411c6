"""Questions that were asked while no process was there to hear them: Discord tells a new session nothing of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from conversation.ports import MemoryUnavailable, MissedQuestions, Ownership, ReplyJournal
from delivery.scheduler import Scheduler, Urgency

log = logging.getLogger(__name__)

LIVELY_S = 3_600.0
MOST_PLACES = 100
MOST_MESSAGES = 50
UNHEARD_S = 5.0  # before the last sign of life: an event that was delivered and not yet claimed


class CatchUp:
    """Reads, in places of the last hour, what came since the last process that heard everything.

    What was heard after all is in the journal, and is not taken up a second time. `before` returns when what was left
    half-answered stands in line: it is older, and is answered first.
    """

    def __init__(
        self,
        journal: ReplyJournal,
        ownership: Ownership,
        scheduler: Scheduler,
        before: Callable[[], Awaitable[None]],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._ownership = ownership
        self._scheduler = scheduler
        self._before = before
        self._now_s = now_s
        self._away_since_s: float | None = None
        self._begun = False
        self.taken_up = 0
        """How many questions were found so far."""

    async def open(self) -> None:
        """Find out since when nobody has heard anything. Raises MemoryUnavailable."""
        self._away_since_s = await self._ownership.away_since_s()
        if self._away_since_s is None:
            await self._ownership.caught_up()  # there is nothing to miss before the first process

    async def run(self, missed: MissedQuestions) -> None:
        """Take up what was missed since the last process, one request at a time, each after all that is live.

        Done once: a gateway that comes back tells by itself what came meanwhile.
        """
        if self._begun or self._away_since_s is None:
            return
        self._begun = True
        await self._before()
        try:
            await self._read(missed, self._away_since_s)
            await self._ownership.caught_up()
        except MemoryUnavailable as error:
            log.warning("cannot see what was missed", extra={"why": str(error)})

    async def _read(self, missed: MissedQuestions, away_since_s: float) -> None:
        lately_s = self._now_s() - LIVELY_S
        places = await self._journal.places_since(lately_s, limit=MOST_PLACES)
        found = 0
        for place in places:
            await self._scheduler.ticket((), Urgency.FIRST)  # somebody waits for an answer there, maybe
            since_s = max(away_since_s - UNHEARD_S, lately_s)
            found += await missed.take_up(place, since_s=since_s, limit=MOST_MESSAGES)
        self.taken_up += found
        log.info("caught up", extra={"places": len(places), "questions": found})
