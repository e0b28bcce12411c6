"""Looks for replies that nobody works on any more, as long as the process lives, and has them mended."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from conversation.ending import Ending
from conversation.mending import Mending, RepairCounts
from conversation.model import Ask, LeftReply, ReplyState
from conversation.ports import MemoryUnavailable, Ownership, ReplyJournal, SurfaceFinder
from conversation.work import Work, Works

log = logging.getLogger(__name__)

RENEW_EVERY_S = 5.0
_LOOKED_WITHIN_S = 10.0
_MOST_STUMBLES = 3  # over a bug on the way to one reply: the next try is as likely to meet it


class Repair:
    """Takes over what nobody works on; `run` it as long as the process lives."""

    def __init__(self, works: Works, journal: ReplyJournal, ending: Ending, mending: Mending) -> None:
        self._works = works
        self._journal = journal
        self._ending = ending
        self._mending = mending
        self._finder: SurfaceFinder | None = None
        self._wanted = asyncio.Event()
        self._looked = asyncio.Event()
        self._begun: set[int] = set()
        self._stumbles: dict[int, int] = {}

    @property
    def counts(self) -> RepairCounts:
        """What became of the replies that were left."""
        return self._mending.counts

    def close(self) -> None:
        """Begin no more repairs at all."""
        self._mending.closed = True

    def begin(self, finder: SurfaceFinder) -> None:
        """Repair from now on; Discord can be reached."""
        self._finder = finder
        self._wanted.set()

    def pause(self) -> None:
        """Begin no more repairs until `begin`."""
        self._finder = None

    async def run(self, ownership: Ownership) -> None:
        """Renew this process's lease for ever, and repair what others, or this one, left."""
        reachable = True
        while True:
            self._wanted.clear()
            try:
                dead = await ownership.renew()
                await self._look_around(dead, all_known=ownership.certain_in_s is None)
                reachable = True
            except MemoryUnavailable as error:
                if reachable:
                    log.warning("cannot see what was left", extra={"why": str(error)})
                reachable = False
            except Exception:
                log.exception("unexpected")  # the lease has to be renewed all the same
            try:
                async with asyncio.timeout(min(RENEW_EVERY_S, ownership.certain_in_s or RENEW_EVERY_S)):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def looked(self) -> None:
        """Return when what the last process left stands in line, before all that is heard from now on; or after some
        seconds without a database, or with a process of which nobody knows yet whether it lives."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKED_WITHIN_S):
                await self._looked.wait()

    async def _look_around(self, dead: frozenset[int], *, all_known: bool) -> None:
        finder = self._finder
        if finder is None or self._mending.closed:
            return
        in_flight = self._works.reply_ids
        for left in await self._journal.left(dead=dead, in_flight=in_flight):
            reply_id = left.stored.reply_id
            if reply_id not in self._begun and reply_id not in self._works.reply_ids:
                self._begun.add(reply_id)
                self._works.aside(self._mend(left, finder))
        if all_known:
            self._looked.set()

    async def _mend(self, left: LeftReply, finder: SurfaceFinder) -> None:
        stored = left.stored
        try:
            try:
                surface = finder.surface(left)
            except Exception:  # there is no work yet whose one handler could meet it
                log.exception("unexpected", extra={"reply_id": stored.reply_id})
                if not self._given_up(stored.reply_id):
                    return
                surface = None
            if surface is None:
                await self._close_unreachable(left)
                return
            ask = Ask(
                stored.event_id,
                stored.place,
                stored.author,
                "",
                locale=stored.locale,
                question=stored.question,
                way_back=left.way_back,
            )
            work = Work(ask, surface, courtesy=True)
            await self._works.run(
                work, lambda: self._ending.guarded(work, lambda: self._mending.mend(work, left, finder))
            )
        except MemoryUnavailable as error:
            log.warning("could not repair yet", extra={"reply_id": stored.reply_id, "why": str(error)})
        finally:
            self._begun.discard(stored.reply_id)

    def _given_up(self, reply_id: int) -> bool:
        """Count one more bug on the way to this reply; whether that is enough of them."""
        self._ending.counts.unexpected += 1
        self._stumbles[reply_id] = self._stumbles.get(reply_id, 0) + 1
        return self._stumbles[reply_id] >= _MOST_STUMBLES

    async def _close_unreachable(self, left: LeftReply) -> None:
        """A private answer whose token has ended, say: nobody can change what stands there any more."""
        stored = left.stored
        if await self._journal.take_over(left) is not None:
            await self._journal.finish(stored.reply_id, ReplyState.DROPPED)
            self._stumbles.pop(stored.reply_id, None)
            self._mending.counts.unreachable += 1
            self._ending.counts.lost += not stored.messages
            log.info("left as it is", extra={"reply_id": stored.reply_id, "shown": len(stored.messages)})
