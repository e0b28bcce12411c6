"""How the way of a question ends: shown or not, closed in the journal, counted, logged, cleared away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from conversation.model import ReplyState
from conversation.ports import MemoryUnavailable, ReplyJournal
from conversation.telling import Telling
from conversation.work import Work
from delivery.surface import SurfaceError, SurfaceForbidden, SurfaceGone, SurfaceRefused

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ConversationCounts:
    """What this process has done so far."""

    questions: int = 0
    answered: int = 0
    broken: int = 0
    dropped: int = 0
    refused: int = 0
    repeated_events: int = 0
    unexpected: int = 0
    lost: int = 0
    """Questions that were claimed and ended with neither an answer nor a note on screen."""


class Ending:
    """Ends what began, however it went."""

    def __init__(self, journal: ReplyJournal, telling: Telling, counts: ConversationCounts) -> None:
        self._journal = journal
        self._telling = telling
        self._counts = counts

    @property
    def counts(self) -> ConversationCounts:
        """What is counted here, for those who end a reply without a way to go."""
        return self._counts

    async def guarded(self, work: Work, way: Callable[[], Awaitable[None]]) -> None:
        """Go the way of `work`, and clear up behind it where it was dropped."""
        try:
            work.begin()
            await self._with_apology(work, way)
        except asyncio.CancelledError:
            if work.why_dropped is None:
                raise
            await self._clear_away(work)

    async def _with_apology(self, work: Work, way: Callable[[], Awaitable[None]]) -> None:
        """The one handler of the unexpected: a line with the traceback, and a sentence to the person."""
        try:
            await way()
        except MemoryUnavailable as error:
            log.warning("memory is out of reach", extra=work.log_fields(why=str(error)))
            await self._telling.apologise(work, "memory-unavailable", text=work.text)
            if work.claim is not None:
                await self.finish(work, ReplyState.BROKEN)
        except Exception:
            self._counts.unexpected += 1
            log.exception("unexpected", extra=work.log_fields())
            await self._telling.apologise(work, "unexpected", text=work.text)
            if work.claim is not None:
                await self.finish(work, ReplyState.BROKEN)

    async def shown(self, work: Work, delivery: Awaitable[None]) -> ReplyState:
        """Deliver, and tell what became of it; a reply that may not be whole stays `claimed`."""
        try:
            await delivery
        except SurfaceGone:
            work.why_dropped = "reply gone"
        except SurfaceForbidden:
            work.why_dropped = "may not write here"
        except SurfaceRefused as error:
            # AutoMod, say. What stands there is cut off where Discord last agreed: the person has to know.
            log.warning("Discord refused a text", extra=work.log_fields(why=str(error)))
            await self._telling.apologise(work, "discord-refused")
            return ReplyState.BROKEN
        except SurfaceError as error:
            log.warning("could not show the whole answer", extra=work.log_fields(why=str(error)))
            return ReplyState.CLAIMED
        return ReplyState.DROPPED if work.why_dropped is not None else ReplyState.ENDED

    async def finish(self, work: Work, state: ReplyState) -> None:
        """Write how the reply ended; one that stays `claimed` is left to repair.

        What stands on screen is right, whether the journal can be reached or not.
        """
        if work.claim is not None:
            try:
                if state is ReplyState.CLAIMED:
                    await self._journal.hand_on(work.claim.reply_id)
                else:
                    await self._journal.finish(work.claim.reply_id, state)
            except MemoryUnavailable as error:
                log.warning("could not close a reply", extra=work.log_fields(why=str(error)))
        match state:
            case ReplyState.ENDED:
                self._counts.answered += 1
                log.info("answered", extra=work.log_fields())
            case ReplyState.BROKEN | ReplyState.CLAIMED:
                self._counts.broken += 1
                self._counts.lost += state is ReplyState.BROKEN and not (work.live and work.live.messages)
                if failure := work.error_fields():
                    log.warning("answer broke off", extra=work.log_fields(**failure))
            case _:
                self._counts.dropped += 1
                log.info("dropped", extra=work.log_fields(why=work.why_dropped))

    async def _clear_away(self, work: Work) -> None:
        """After a drop: take off the screen what nobody wants there any more, and close the journal's row."""
        if work.live is not None:
            try:
                if work.why_dropped == "question deleted":
                    await work.live.withdraw()
                elif work.why_dropped == "reply deleted":
                    await work.live.take_back()  # its next page may be on its way
            except (SurfaceError, MemoryUnavailable) as error:
                log.warning("could not remove an answer", extra=work.log_fields(why=str(error)))
        if work.claim is not None and work.why_dropped != "shutdown":
            await self.finish(work, ReplyState.DROPPED)
