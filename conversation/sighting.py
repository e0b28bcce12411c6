"""What stands on screen of a reply that was left: looked at, and where Discord does not show it, found by its nonce."""

from __future__ import annotations

import logging

from conversation.ending import Ending
from conversation.model import Claim, LeftReply, MessageRef, ReplyState
from conversation.ports import ReplyJournal, Scene, Seen, SurfaceFinder
from conversation.sentences import note, say
from conversation.work import Work
from delivery.scheduler import Scheduler, Urgency
from delivery.surface import SurfaceError, SurfaceForbidden, SurfaceGone, SurfaceRefused

log = logging.getLogger(__name__)


class Sighting:
    """Sees what the dead process left; the journal may be one message behind it."""

    def __init__(self, journal: ReplyJournal, ending: Ending, scheduler: Scheduler) -> None:
        self._journal = journal
        self._ending = ending
        self._scheduler = scheduler

    async def look(self, work: Work, claim: Claim, left: LeftReply, finder: SurfaceFinder) -> Scene | None:
        """What stands there; None where that cannot be told (yet), and the journal knows."""
        try:
            return await finder.look(left, before_each=self.leave_to_send)
        except SurfaceError as error:
            await self._turn_away(work, claim, error)
            return None

    async def _turn_away(self, work: Work, claim: Claim, error: SurfaceError) -> None:
        """Close what can be reached no more, and leave to a later look what Discord did not tell."""
        match error:
            case SurfaceGone():
                work.why_dropped = "reply gone"
            case SurfaceForbidden():
                work.why_dropped = "may not read here"
            case SurfaceRefused():
                work.why_dropped = "Discord refused it"
            case _:
                log.warning("could not look at a reply", extra=work.log_fields(why=str(error)))
                await self._journal.give_back(claim)
                return
        await self._ending.finish(work, ReplyState.DROPPED)

    async def leave_to_send(self) -> None:
        """Return when the next request may leave: before the progress of live answers, since a person looks at half of
        one."""
        await self._scheduler.ticket((), Urgency.FIRST)

    async def messages(
        self, work: Work, claim: Claim, left: LeftReply, scene: Scene, *, lately: bool, again: bool
    ) -> tuple[Seen, ...] | None:
        """The reply's messages in order, the journal brought up to what the screen shows; None where Discord did not
        tell, and the journal knows."""
        messages, known = scene.messages, left.stored.messages
        # The dead one's create may be on its way still, or stand where we may not read: its nonce tells in both cases.
        nothing = not (messages or known)
        unseen = nothing or not scene.readable
        if (
            scene.question_gone
        ):  # what came after it was deleted replies to nothing, and is found by its nonce alone
            unseen = nothing and lately
        if unseen and work.surface.repeatable(len(messages)):
            words = (
                f"-# {say('thinking', work.ask.locale)}"
                if again
                else note(say("note-restarted", work.ask.locale))
            )
            try:
                messages = (*messages, Seen(await self._same_create(work, left, len(messages), words)))
            except SurfaceError as error:
                await self._turn_away(work, claim, error)
                return None
        if not messages or messages[-1].ref in known:
            return messages
        ref = messages[-1].ref
        found = await self._journal.find_by_message(ref.channel_id, ref.message_id)
        if found is not None and found.reply_id != claim.reply_id and ref in found.messages:
            return messages[:-1]  # it is another reply's
        await self._journal.posted(claim.reply_id, len(known), ref)
        return messages

    async def _same_create(self, work: Work, left: LeftReply, page: int, words: str) -> MessageRef:
        """Create what the dead one was about to create: where its message stands already, Discord answers with that."""
        nonce = f"{left.stored.event_id}.{left.stored.attempt}.{page}"
        ticket = self._scheduler.ticket(work.surface.create_lanes(page), Urgency.FIRST)
        await ticket
        call = self._scheduler.send(ticket, lambda: work.surface.create(page, words, nonce=nonce))
        await call.done(message_needed=True, repeats_inside=True)
        return MessageRef(*call.attempt.message) if call.attempt.message else await call.task
