"""The small signs beside an answer: that the bot types, and that a question waits for its turn."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from conversation.line import Standing
from conversation.model import Place
from conversation.work import Work, Works
from delivery.ledger import reaction_lane
from delivery.live_reply import LiveReply
from delivery.scheduler import Scheduler, Urgency
from delivery.surface import SurfaceError, SurfaceForbidden

log = logging.getLogger(__name__)

TYPING_EVERY_S = 8.0  # the sign lasts 10 s
WAITING_SHOWN_AFTER_S = 0.5


class Signs:
    """Shows signs as Discord's limits allow; under load they are the first thing to go."""

    def __init__(self, scheduler: Scheduler, works: Works) -> None:
        self._scheduler = scheduler
        self._works = works

    async def typing(self, work: Work, live: LiveReply) -> None:
        """Show the typing sign until the first words stand there; Discord shows its own for interactions."""
        if work.ask.question is None:
            return
        while not live.messages:
            ticket = self._scheduler.ticket((), Urgency.SIGN)
            try:
                await ticket
            except asyncio.CancelledError:
                ticket.granted.cancel()
                raise
            if live.messages:
                return  # it would show after the first words
            try:
                await self._scheduler.send(ticket, work.surface.typing).done()
            except SurfaceForbidden:
                return  # the answer itself will meet the same, and that is the line to log
            except SurfaceError as error:
                log.info("could not show the typing sign", extra=work.log_fields(why=str(error)))
                return
            await asyncio.sleep(TYPING_EVERY_S)

    async def wait_for_turn(self, work: Work, standing: Standing[Place]) -> None:
        """Return when the turn of `work` has come, its wait shown meanwhile."""
        if standing.is_first:
            return
        over = asyncio.Event()
        self._works.aside(self._mark_waiting(work, over))
        try:
            await standing.turn()
        finally:
            over.set()

    async def _mark_waiting(self, work: Work, over: asyncio.Event) -> None:
        """Show that a question waits, until it does no more; a wait too short to notice is not shown."""
        try:
            async with asyncio.timeout(WAITING_SHOWN_AFTER_S):
                await over.wait()
            return
        except TimeoutError:
            if not await self._show_waiting(work, True, unless=over):
                return
        await over.wait()
        await self._show_waiting(work, False)

    async def _show_waiting(self, work: Work, shown: bool, unless: asyncio.Event | None = None) -> bool:
        """Put up or take back the sign as the limits of reactions allow; whether it was tried."""
        question = work.ask.question
        lanes = (reaction_lane(question.channel_id),) if question is not None else ()
        ticket = self._scheduler.ticket(lanes, Urgency.FIRST)
        await ticket
        if unless is not None and unless.is_set():
            self._scheduler.give_back(ticket)
            return False
        try:
            await self._scheduler.send(ticket, partial(work.surface.waiting, shown)).done(repeats_inside=True)
        except SurfaceError as error:
            log.info("could not show that a question waits", extra=work.log_fields(why=str(error)))
        return True
