"""Questions that were asked while no process was there to hear them: Discord tells a new session nothing of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from conversation.ports import MemoryUnavailable, MissedQuestions, Ownership, ReplyJournal
from delivery.scheduler import Scheduler, Urgency

log = logging.getLogger(__name__)

LIVELY_S = 3_600.0
MOST_PLACES = 100
MOST_MESSAGES = 50
UNHEARD_S = 15.0  # before the last sign of life: an event that was delivered and not yet claimed


class CatchUp:
    """Reads, in places of the last hour, what came after the last question that was heard there."""

    def __init__(
        self,
        journal: ReplyJournal,
        ownership: Ownership,
        scheduler: Scheduler,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._ownership = ownership
        self._scheduler = scheduler
        self._now_s = now_s
        self._begun = False
        self.taken_up = 0
        """How many questions were found so far."""

    async def run(self, missed: MissedQuestions) -> None:
        """Take up what was missed since the last process, one request at a time, each after all that is live.

        Done once: a gateway that comes back tells by itself what came meanwhile.
        """
        if self._begun:
            return
        self._begun = True
        try:
            away_since_s = await self._ownership.away_since_s()
            now_s = self._now_s()
            if away_since_s is None or away_since_s < now_s - LIVELY_S:
                return
            places = await self._journal.places_since(now_s - LIVELY_S, limit=MOST_PLACES)
        except MemoryUnavailable as error:
            log.warning("cannot see what was missed", extra={"why": str(error)})
            return
        found = 0
        for place, newest in places:
            await self._scheduler.ticket((), Urgency.COURTESY)
            found += await missed.take_up(
                place, after_id=newest, since_s=away_since_s - UNHEARD_S, limit=MOST_MESSAGES
            )
        self.taken_up += found
        log.info("caught up", extra={"places": len(places), "questions": found})
