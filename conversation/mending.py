"""One reply that a dead process left: finished, asked again, or ended with a note; never twice, never in a loop.

It is taken over in the journal first, so that of two processes one mends it. Then the screen is looked at, since the
journal may be one message behind it. What memory holds whole is shown; a young question that still stands there is
asked again, once; everything else is closed with a note and a button.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from conversation.ending import Ending
from conversation.line import Lines
from conversation.model import Claim, IncomingFile, LeftReply, MessageRef, Place, ReplyState, Turn
from conversation.offers import try_again
from conversation.ports import History, MemoryUnavailable, ReplyJournal, Scene, Seen, SurfaceFinder
from conversation.sentences import note, say
from conversation.sighting import Sighting
from conversation.telling import Telling, one_draft
from conversation.work import Work, Works
from delivery.live_reply import LiveReply
from delivery.scheduler import Scheduler
from delivery.surface import Draft, OfferKind, SurfaceError

log = logging.getLogger(__name__)

ASKED_LATELY_S = 120.0  # who asked longer ago has gone on, or asked anew
MOST_DEATHS = 5  # after so many even the note is left out: it may be what kills
HOLDS_LINE_S = 30.0  # as long a reply that Discord does not take keeps the next question of its place waiting
MOST_TRIES = 12  # by one process; some two hours
_ENDING_CHARS = 40
FIRST_REST_S, LONGEST_REST_S = 15.0, 900.0

AskAgain = Callable[[Work, Claim, tuple[MessageRef, ...], tuple[IncomingFile, ...]], Awaitable[None]]


@dataclass(slots=True)
class RepairCounts:
    """What became of the replies that were left."""

    asked_again: int = 0
    finished: int = 0
    """Shown whole out of memory, or found whole on screen."""
    labelled: int = 0
    removed: int = 0
    """Their question was gone."""
    unreachable: int = 0
    given_up: int = 0


class Mending:
    """Mends replies, each in its turn among those of its place."""

    def __init__(
        self,
        *,
        works: Works,
        lines: Lines[Place],
        journal: ReplyJournal,
        history: History,
        telling: Telling,
        ending: Ending,
        scheduler: Scheduler,
        ask_again: AskAgain,
        now_s: Callable[[], float],
    ) -> None:
        self._works = works
        self._lines = lines
        self._journal = journal
        self._history = history
        self._telling = telling
        self._ending = ending
        self._sighting = Sighting(journal, ending, scheduler)
        self._ask_again = ask_again
        self._now_s = now_s
        self._tries: dict[int, int] = {}
        self._rests_until_s: dict[int, float] = {}
        self.closed = False
        self.counts = RepairCounts()

    async def mend(self, work: Work, left: LeftReply, finder: SurfaceFinder) -> None:
        """Take the reply over and bring it to its end on `work.surface`."""
        if self._now_s() < self._rests_until_s.get(left.stored.reply_id, 0.0):
            return
        with self._lines.join(work.ask.place, counted=False) as standing:
            await standing.turn()  # whoever answers here now must not be taken for what was left
            if self.closed:
                return
            try:
                claim = await self._journal.take_over(left)
                if claim is not None:
                    work.claim = claim
                    work.live = self._telling.live_reply(work, left.stored.messages)
                    await self._mend(work, claim, left, finder)
            except MemoryUnavailable as error:  # what stands there stays; it is looked for again
                log.warning("could not repair yet", extra=work.log_fields(why=str(error)))

    async def _mend(self, work: Work, claim: Claim, left: LeftReply, finder: SurfaceFinder) -> None:
        if left.deaths >= MOST_DEATHS:
            log.error("gave a reply up: whoever repairs it dies", extra=work.log_fields(deaths=left.deaths))
            self.counts.given_up += 1
            await self._journal.finish(claim.reply_id, ReplyState.BROKEN)
            return
        scene = await self._sighting.look(work, claim, left, finder)
        if scene is None:
            return
        if scene.waiting:
            self._works.aside(self._take_sign_back(work))
        again = await self._worth_asking(left, scene)
        lately = self._asked_lately(left)
        messages = await self._sighting.messages(work, claim, left, scene, lately=lately, again=again)
        if messages is None:
            return
        refs = tuple(message.ref for message in messages)
        work.live = self._telling.live_reply(work, refs)  # whoever drops it now takes all of them away
        answer = await self._answer(left)
        if scene.question_gone:
            await self._remove(work, refs)
        elif left.stored.messages and not messages:
            work.why_dropped = "reply deleted"
            await self._ending.finish(work, ReplyState.DROPPED)
        elif _stands_at_its_end(left, messages, answer):
            await self._close(work, messages[-1], answer)
        elif answer is not None and answer.complete:
            await self._show_whole(work, answer, refs)
        elif again:
            log.info("asking again", extra=work.log_fields(attempt=claim.attempt))
            self.counts.asked_again += 1
            work.courtesy = False
            work.ask = replace(work.ask, files=scene.files)
            await self._revise(left, scene)
            refs = await self._first_alone(work, refs)
            await self._ask_again(work, claim, refs, scene.quoted_files)
        else:
            if messages and messages[-1].offers:  # the first try's last page, under the first of a later one
                await self._first_alone(work, refs)
                messages = messages[:1]
            await self._label(work, claim, left, messages)

    async def _answer(self, left: LeftReply) -> Turn | None:
        """What memory holds of this reply's answer."""
        reply_id = left.stored.reply_id
        newest = await self._history.turns_before(left.stored.place, reply_id + 1, limit=1)
        found = newest and newest[0].reply_id == reply_id and newest[0].role == "assistant"
        return newest[0] if found else None

    async def _worth_asking(self, left: LeftReply, scene: Scene) -> bool:
        """Whether somebody still waits, and to ask cannot do harm a second time."""
        first = left.stored.attempt == 1
        return self._asked_lately(left) and first and not self.closed and await self._has_files(left, scene)

    def _asked_lately(self, left: LeftReply) -> bool:
        return self._now_s() - left.asked_at_s < ASKED_LATELY_S

    async def _has_files(self, left: LeftReply, scene: Scene) -> bool:
        """Whether what came with the question can be had again, or has reached memory."""
        if len(scene.files) + len(scene.quoted_files) >= left.files:
            return True
        question = await self._history.question(left.stored.reply_id)
        return question is not None and bool(question.pictures)

    async def _remove(self, work: Work, refs: tuple[MessageRef, ...]) -> None:
        question = work.ask.question
        work.why_dropped = "question deleted"
        live = work.live = self._telling.live_reply(work, refs)
        try:
            await live.withdraw()
        except SurfaceError as error:
            log.warning("could not remove an answer", extra=work.log_fields(why=str(error)))
        if question is not None:
            await self._history.forget_message(question.channel_id, question.message_id)
        self.counts.removed += 1
        await self._ending.finish(work, ReplyState.DROPPED)

    async def _revise(self, left: LeftReply, scene: Scene) -> None:
        """Bring memory up to what the question says now: nobody heard of its edits. Withheld words change nothing."""
        asked, question = scene.asked, left.stored.question
        if asked is not None and asked.text and question is not None:
            await self._history.revise(
                question.channel_id, question.message_id, asked.text, quoted=asked.as_quoted
            )

    async def _first_alone(self, work: Work, refs: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """Take the later messages away: under the first one, which begins anew, they would go on from nothing."""
        if len(refs) < 2:
            return refs
        later = self._telling.live_reply(work, refs[1:], first_page=1)
        try:
            await later.withdraw()
        except SurfaceError as error:
            log.warning("could not remove a page", extra=work.log_fields(why=str(error)))
        return (refs[0], *later.messages)

    async def _close(self, work: Work, last: Seen, answer: Turn | None) -> None:
        """Its end stands there; only the journal does not know."""
        again = OfferKind.TRY_AGAIN in last.offers or (OfferKind.GO_ON in last.offers and answer is None)
        self.counts.labelled += again
        self.counts.finished += not again
        await self._ending.finish(work, ReplyState.BROKEN if again else ReplyState.ENDED)

    async def _show_whole(self, work: Work, answer: Turn, refs: tuple[MessageRef, ...]) -> None:
        live = work.live = self._telling.live_reply(work, refs)
        state = await self._shown(work, live, Draft(answer.text, ended=True))
        self.counts.finished += state is ReplyState.ENDED
        await self._ending.finish(work, state)

    async def _shown(self, work: Work, live: LiveReply, draft: Draft) -> ReplyState:
        """Deliver for as long as the next question of the place may wait; what Discord does not take is tried again
        ever more seldom, and then given up. So is a create that may stand there, and would be posted anew each time."""
        try:
            async with asyncio.timeout(HOLDS_LINE_S):
                state = await self._ending.shown(work, live.deliver(one_draft(draft)))
        except TimeoutError:
            state = ReplyState.CLAIMED
        reply_id = work.claim.reply_id if work.claim is not None else 0
        if state is not ReplyState.CLAIMED:
            self._tries.pop(reply_id, None)
            self._rests_until_s.pop(reply_id, None)
            return state
        tries = self._tries[reply_id] = self._tries.get(reply_id, 0) + 1
        if live.lost_a_create or tries >= MOST_TRIES:
            log.error("gave a reply up: Discord does not take its end", extra=work.log_fields(tries=tries))
            self.counts.given_up += 1
            return ReplyState.BROKEN
        rest_s = min(LONGEST_REST_S, FIRST_REST_S * 2.0**tries)
        self._rests_until_s[reply_id] = self._now_s() + rest_s
        return state

    async def _label(self, work: Work, claim: Claim, left: LeftReply, messages: tuple[Seen, ...]) -> None:
        """End the last message with a note, and a button to ask again."""
        locale = work.ask.locale
        last = messages[-1:]
        text = (last[0].content or "") if last else ""
        if text.startswith(f"-# {say('thinking', locale)}"):
            text = ""  # our own line, while the model thought
        live = work.live = self._telling.live_reply(
            work,
            tuple(message.ref for message in last),
            first_page=max(0, len(left.stored.messages) - 1, len(messages) - 1),
        )
        draft = Draft(
            text,
            ended=True,
            note=note(say("note-restarted", locale)),
            offers=(try_again(claim.reply_id, locale),),
        )
        state = await self._shown(work, live, draft)
        self.counts.labelled += state is ReplyState.ENDED
        await self._ending.finish(work, ReplyState.BROKEN if state is ReplyState.ENDED else state)

    async def _take_sign_back(self, work: Work) -> None:
        await self._sighting.leave_to_send()
        try:
            await work.surface.waiting(False)
        except SurfaceError as error:
            log.info("could not take a sign back", extra=work.log_fields(why=str(error)))


def _stands_at_its_end(left: LeftReply, messages: tuple[Seen, ...], answer: Turn | None) -> bool:
    """Whether nothing is missing on screen: there are an end's buttons, or a note under the answer's last words."""
    if not messages:
        return False
    if messages[-1].offers:
        # Over several pages a later try begins on the first one, and the last is the first try's for long.
        return len(messages) == 1 or left.stored.attempt == 1
    ending = answer.text.strip()[-_ENDING_CHARS:] if answer is not None and answer.complete else ""
    _, found, below = (messages[-1].content or "").rpartition(ending) if ending else ("", "", "")
    return bool(found) and "-# " in below
