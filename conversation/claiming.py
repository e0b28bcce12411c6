"""Who may ask, in the order in which they came: admit -> claim.

The claims of a place follow the order of arrival, since recall goes by it; those of a person follow one another,
since each counts against the quota of the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from conversation.admit import HOUR_S, Facts, Rules, admit, refuse_queue
from conversation.line import Lines
from conversation.model import Author, Claim, MembershipUnknown, Place, Refusal, StoredReply, WayBack
from conversation.ports import GuildMembers, ReplyJournal
from conversation.work import Work


class Claiming:
    """Admits questions and claims them in the journal."""

    def __init__(
        self,
        journal: ReplyJournal,
        members: GuildMembers,
        rules: Rules,
        lines: Lines[Place],
        now_s: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._members = members
        self._rules = rules
        self._lines = lines
        self._now_s = now_s
        self._arrivals: Lines[Place] = Lines()
        self._askers: Lines[int] = Lines()
        self.closed = False

    async def claim(self, work: Work) -> Refusal | None:
        """Set `work.claim`, or say why not; with neither, the event was claimed before."""
        try:
            return await self._claim(work)
        finally:
            work.decided.set()

    async def _claim(self, work: Work) -> Refusal | None:
        ask = work.ask
        if self.closed:
            return Refusal("restarting")
        if refusal := refuse_queue(self._rules, in_line=self._lines.length(ask.place) - 1):
            return refusal
        with self._arrivals.join(ask.place) as arrival, self._askers.join(ask.author.id) as asker:
            await arrival.turn()
            await asker.turn()
            if refusal := await self._admit(ask.place, ask.author, in_line=0):
                return refusal
            claiming = asyncio.create_task(self._journal.claim(ask, text=ask.text))
            try:
                work.claim = await asyncio.shield(claiming)
            except asyncio.CancelledError:
                work.claim = await claiming  # whoever clears up has to know what was written
                raise
        return None

    async def claim_again(
        self, stored: StoredReply, author: Author, way_back: WayBack | None
    ) -> Claim | Refusal:
        """The right to answer a broken reply anew, or why not; `author` pays for it."""
        if self.closed:
            return Refusal("restarting")
        with self._askers.join(author.id) as asker:
            await asker.turn()
            in_line = self._lines.length(stored.place)
            if refusal := await self._admit(stored.place, author, in_line=in_line):
                return refusal
            claim = await self._journal.claim_again(stored.reply_id, author.id, way_back=way_back)
        return claim or Refusal("again-running")

    async def _admit(self, place: Place, author: Author, *, in_line: int) -> Refusal | None:
        try:
            shares = await self._shares_allowed_guild(place, author)
        except MembershipUnknown:
            return Refusal("try-later")
        facts = Facts(in_line, await self._asked_at(author.id), self._now_s(), shares)
        return admit(place, facts, self._rules)

    async def _shares_allowed_guild(self, place: Place, author: Author) -> bool:
        if not self._rules.allowed_guilds or place.guild_id is not None:
            return True
        return await self._members.shares_guild(author.id, self._rules.allowed_guilds)

    async def _asked_at(self, author_id: int) -> list[float]:
        if self._rules.questions_per_user_hour == 0:
            return []
        return await self._journal.asked_since(author_id, self._now_s() - HOUR_S)
