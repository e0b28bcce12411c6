"""Questions that were asked while nobody was there to hear them: Discord tells a new session nothing of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from conversation.model import Place
from conversation.ports import MemoryUnavailable, MissedQuestions, MissedUnknown, Ownership, ReplyJournal
from delivery.scheduler import Scheduler, Urgency

log = logging.getLogger(__name__)

LIVELY_S = 3_600.0
MOST_PLACES = 100
MOST_MESSAGES = 50
RESTS_S = (5.0, 15.0, 60.0, 120.0)  # before what could not be read is tried again
UNHEARD_S = 5.0  # before the last sign of life: an event that was delivered and not yet claimed


class CatchUp:
    """Reads, in places of the last hour, what came while Discord told nobody: since the last process that heard
    everything, or since the session was lost in which this one heard.

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
        """Take up what was missed since the last process, one request at a time.

        Done once. What cannot be read is tried again a few times; without a database also the next time that the
        gateway is ready, and by the next process.
        """
        if self._begun or self._away_since_s is None:
            return
        self._begun = True
        await self._before()
        self._begun = await self._read_all(missed, self._away_since_s, _anywhere, self._ownership.caught_up)

    async def after_lost_session(
        self, missed: MissedQuestions, *, since_s: float, heard_in: Callable[[Place], bool]
    ) -> None:
        """Take up what was asked since `since_s` (epoch seconds), when a session was lost that heard these places.

        A new session begins now: of what came between the two Discord tells nothing.
        """
        await self._read_all(missed, since_s, heard_in, _nothing_to_note)

    async def _read_all(
        self,
        missed: MissedQuestions,
        since_s: float,
        heard_in: Callable[[Place], bool],
        done: Callable[[], Awaitable[None]],
    ) -> bool:
        """Whether it is `done`, for good or as far as Discord lets us read; False for want of a database."""
        places: list[Place] | None = None
        unread: list[Place] = []
        found = 0
        for rest_s in (*RESTS_S, None):
            try:
                if places is None:
                    lately_s = self._now_s() - LIVELY_S
                    lively = await self._journal.places_since(lately_s, limit=MOST_PLACES)
                    places = unread = [place for place in lively if heard_in(place)]
                    since_s = max(since_s - UNHEARD_S, lately_s)
                unread, more = await self._read(missed, since_s, unread)
                found += more
                if not unread or rest_s is None:
                    await done()
                    break
            except MemoryUnavailable as error:
                if rest_s is None:
                    log.warning("cannot see what was missed", extra={"why": str(error)})
                    return False
            await asyncio.sleep(rest_s)
        if unread:
            log.warning("Discord did not tell what was missed", extra={"places": len(unread)})
        log.info("caught up", extra={"places": len(places or ()) - len(unread), "questions": found})
        return True

    async def _read(
        self, missed: MissedQuestions, since_s: float, places: Sequence[Place]
    ) -> tuple[list[Place], int]:
        """Read these places; which could not be read, and how many questions were found in the others."""
        unread = []
        found = 0
        for place in places:
            await self._scheduler.ticket((), Urgency.FIRST)  # somebody waits for an answer there, maybe
            try:
                found += await missed.take_up(place, since_s=since_s, limit=MOST_MESSAGES)
            except MissedUnknown as error:
                fields = {"channel_id": place.channel_id, "why": str(error)}
                log.info("could not read what was missed", extra=fields)
                unread.append(place)
        self.taken_up += found
        return unread, found


def _anywhere(_place: Place) -> bool:
    return True


async def _nothing_to_note() -> None:
    """No other process needs to know."""
