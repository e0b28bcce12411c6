"""One message's way through the house: admit -> claim -> attach -> recall -> stream + deliver -> remember.

`Conversation.answer` reads top to bottom. Each step is one call; streaming and delivering run side by side.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from conversation.admit import Rules
from conversation.answering import Answering, Interrupt, Limits
from conversation.asking import put_question
from conversation.attach import Attached, Attachments, join_notes
from conversation.claiming import Claiming
from conversation.line import Lines, Standing
from conversation.model import Ask, Author, Claim, Place, Refusal, ReplyState, StoredReply, Turn
from conversation.ports import ChatModel, GuildMembers, History, ReplyJournal
from conversation.recall import Budget, QuotedTurn, recall, would_tell
from conversation.recent import RecentEvents
from conversation.sentences import note, say
from conversation.signs import Signs
from conversation.telling import Telling, one_draft, try_again
from conversation.work import Work, Works
from delivery.live_reply import LiveReplyCounts
from delivery.scheduler import Scheduler
from delivery.surface import (
    Draft,
    MessageRef,
    Surface,
    SurfaceError,
    SurfaceForbidden,
    SurfaceGone,
    SurfaceRefused,
)
from reka_provider import ChatMessage

log = logging.getLogger(__name__)

COURTESY_S = 1.0  # a sentence of ours that waits for a limit of Discord's must not hold up a restart


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


class Conversation:
    """Answers questions: in order within a place, side by side between places, each exactly once."""

    def __init__(
        self,
        *,
        model: ChatModel,
        history: History,
        journal: ReplyJournal,
        members: GuildMembers,
        scheduler: Scheduler,
        attachments: Attachments,
        rules: Rules,
        budget: Budget,
        limits: Limits,
        system_prompt: str,
        model_name: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._model = model
        self._history = history
        self._journal = journal
        self._attachments = attachments
        self._budget = budget
        self._limits = limits
        self._system_prompt = system_prompt
        self._model_name = model_name
        self._now_s = now_s
        self._lines: Lines[Place] = Lines()
        self._recent = RecentEvents()
        self._works = Works()
        self._claiming = Claiming(journal, members, rules, self._lines, now_s)
        self._signs = Signs(scheduler, self._works)
        self._telling = Telling(scheduler, journal)
        self.counts = ConversationCounts()

    @property
    def delivery_counts(self) -> LiveReplyCounts:
        """What this process delivered so far."""
        return self._telling.counts

    @property
    def in_flight(self) -> int:
        """How many questions are being answered or wait."""
        return len(self._works)

    # The doors ---------------------------------------------------------------------------------------------

    async def answer(self, ask: Ask, surface: Surface) -> None:
        """Answer one question on `surface`; an event that comes twice is answered once.

        Never raises for what Reka, Discord or the question do; the unexpected is logged here with its traceback.
        """
        if not self._recent.is_new(ask.event_id):
            self.counts.repeated_events += 1
            return
        work = Work(ask, surface)
        await self._works.run(work, lambda: self._guarded(work, lambda: self._answer(work)))

    async def answer_again(self, stored: StoredReply, author: Author, surface: Surface) -> Refusal | None:
        """Answer a question anew whose answer broke off, over the messages of the broken one.

        Returns why not, where it is not done; else returns None once it is answered. `author` pays for it.
        """
        question = await self._history.question(stored.reply_id)
        if question is None or not (question.text or question.pictures or question.quote):
            return Refusal("again-forgotten")
        claim = await self._claiming.claim_again(stored, author)
        if isinstance(claim, Refusal):
            return claim
        ask = Ask(
            stored.event_id,
            stored.place,
            author,
            question.text,
            locale=stored.locale,
            question=stored.question,
        )
        work = Work(ask, surface, claim=claim)
        await self._works.run(
            work, lambda: self._guarded(work, lambda: self._answer_again(work, claim, stored, question))
        )
        return None

    async def say_once(self, ask: Ask, surface: Surface, sentence: str) -> None:
        """Answer an event with one sentence of ours that is no part of any conversation."""
        if self._recent.is_new(ask.event_id):
            await self.say_more(ask, surface, sentence)

    async def say_more(self, ask: Ask, surface: Surface, sentence: str) -> None:
        """Say one more sentence of ours about an event that was answered already."""
        work = Work(ask, surface)
        await self._works.run(work, lambda: self._guarded(work, lambda: self._telling.say(work, sentence)))

    async def forget(self, place: Place) -> int:
        """Forget what was said in `place`; the number of turns forgotten."""
        return await self._history.forget(place)

    async def message_deleted(self, channel_id: int, message_id: int) -> None:
        """A message is gone from the screen: end the answer that it asked for or that it shows, and forget it."""
        ref = MessageRef(channel_id, message_id)
        if any(work.live is not None and work.live.took_away(ref) for work in self._works):
            return
        dropped = self._works.drop("question deleted", lambda work: work.ask.question == ref)
        dropped += self._works.drop("reply deleted", lambda work: work.shows(ref))
        await self._history.forget_message(channel_id, message_id)
        if dropped:
            await self._works.ended(dropped)
            await self._history.forget_message(channel_id, message_id)  # what they wrote on their way out

    async def message_edited(self, channel_id: int, message_id: int, text: str, *, quoted: str) -> None:
        """A message was edited: memory holds what it says now, as a question (`text`) and where it is quoted."""
        await self._history.revise(channel_id, message_id, text, quoted=quoted)

    async def message_withheld(self, channel_id: int, message_id: int) -> None:
        """A message was edited so that Discord shows it to us no more: what it said is not ours to keep."""
        await self._history.forget_message(channel_id, message_id)

    async def channel_gone(self, channel_id: int) -> None:
        """A channel was deleted: end what is under way in it and forget what was said."""
        dropped = self._works.drop("channel deleted", lambda work: work.ask.place.channel_id == channel_id)
        await self._works.ended(dropped)  # what they wrote on their way out is forgotten, too
        await self._history.forget_channel(channel_id)

    async def guild_gone(self, guild_id: int) -> None:
        """The bot was removed from a guild: end what is under way in it and forget what was said."""
        dropped = self._works.drop("guild left", lambda work: work.ask.place.guild_id == guild_id)
        await self._works.ended(dropped)
        await self._history.forget_guild(guild_id)

    async def drain(self, grace_s: float, *, farewell_s: float = 5.0) -> None:
        """Take no more questions; let answers end for `grace_s`, then end the rest, each with a note."""
        self._claiming.closed = True
        await self._works.wait(grace_s)
        for work in self._works:
            if work.answering is not None:
                work.answering.interrupt(Interrupt.RESTARTED)  # those behind it in line follow by themselves
        await self._works.wait(COURTESY_S)
        await self._works.wait_for_answers(farewell_s - COURTESY_S)
        await self._works.cancel()

    # The way of one question ---------------------------------------------------------------------------------

    async def _guarded(self, work: Work, way: Callable[[], Awaitable[None]]) -> None:
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
        except Exception:
            self.counts.unexpected += 1
            log.exception("unexpected", extra=work.log_fields())
            await self._telling.apologise(work, "unexpected", text=work.text)
            if work.claim is not None:
                await self._finish(work, ReplyState.BROKEN)

    async def _answer(self, work: Work) -> None:
        with self._lines.join(work.ask.place) as standing:
            refusal = await self._claiming.claim(work)
            if work.claim is not None:
                self.counts.questions += 1
                await self._answer_claimed(work, work.claim, standing)
            elif refusal is None:
                self.counts.repeated_events += 1
        if refusal is not None:
            self.counts.refused += 1
            await self._telling.refuse(work, refusal)

    async def _answer_claimed(self, work: Work, claim: Claim, standing: Standing[Place]) -> None:
        ask = work.ask
        quoted = await self._quoted_turn(ask)
        async with asyncio.TaskGroup() as attaching:
            own = ask
            if quoted is not None and await self._goes_along(quoted, ask.place, claim.reply_id):
                own = _without_quoted_files(ask)
            files = attaching.create_task(self._attachments.fetch(own))
            await self._signs.wait_for_turn(work, standing)
            attached = await files
        if attached.pictures:
            await self._history.add_pictures(claim.reply_id, attached.pictures)
        # As memory has it: it may have been edited meanwhile, and what it quotes may have been deleted.
        question = await self._history.question(claim.reply_id) or Turn(
            "user", ask.text, ask.author.name, attached.pictures, reply_id=claim.reply_id, quote=ask.quote
        )
        await self._reply(work, claim, question, quoted, attached)

    async def _answer_again(self, work: Work, claim: Claim, stored: StoredReply, question: Turn) -> None:
        with self._lines.join(work.ask.place) as standing:
            await standing.turn()
            quoted = await self._quoted_turn(replace(work.ask, quote=question.quote))
            await self._reply(work, claim, question, quoted, Attached(), shown=stored.messages)

    async def _quoted_turn(self, ask: Ask) -> QuotedTurn | None:
        """Which remembered turn the question's reference is; a context menu's asks for nothing but its target."""
        if ask.question is None or ask.quote is None or ask.quote.message_id is None:
            return None
        return await self._turn_of(ask.place.channel_id, ask.quote.message_id)

    async def _turn_of(self, channel_id: int, message_id: int) -> QuotedTurn | None:
        stored = await self._journal.find_by_message(channel_id, message_id)
        if stored is None:
            return None
        asked = stored.question == MessageRef(channel_id, message_id)
        return QuotedTurn(stored.reply_id, "user" if asked else "assistant")

    async def _goes_along(self, quoted: QuotedTurn, place: Place, reply_id: int) -> bool:
        """Whether a quoted turn is among those that recall will send: not forgotten, not private, not too old."""
        turns = await self._history.turns_before(place, reply_id, limit=self._budget.turns)
        return would_tell(turns, quoted, budget=self._budget)

    async def _reply(
        self,
        work: Work,
        claim: Claim,
        question: Turn,
        quoted: QuotedTurn | None,
        attached: Attached,
        *,
        shown: tuple[MessageRef, ...] = (),
    ) -> None:
        """Recall, stream and deliver side by side, remember."""
        ask = work.ask
        live = work.live = self._telling.live_reply(work, shown)
        if not question.text and not question.pictures and question.quote is None:
            nothing_to_ask = Draft("", ended=True, note=note(join_notes(attached.notes)))
            state = await self._shown(work, live.deliver(one_draft(nothing_to_ask)))
            await self._finish(work, state)
            return
        turns = await self._history.turns_before(ask.place, claim.reply_id, limit=self._budget.turns)
        messages = recall(
            turns, question, budget=self._budget, system_prompt=self._system_prompt, quoted=quoted
        )
        has_words = bool(question.text) or question.quote is not None
        answering = work.answering = self._answering(work, claim, messages, attached, has_words=has_words)
        typing = asyncio.create_task(self._signs.typing(work, live))
        try:
            state = await self._shown(work, live.deliver(answering.drafts()))
        finally:
            typing.cancel()
            try:
                await asyncio.wait({typing})
            finally:
                await answering.settled()
        if state is ReplyState.BROKEN and answering.text.strip():  # refused by Discord: nobody saw its end
            await self._history.remember(claim.reply_id, answering.text, complete=False)
        if state is ReplyState.ENDED and answering.broke_off:
            state = ReplyState.BROKEN
        await self._finish(work, state)

    def _answering(
        self, work: Work, claim: Claim, messages: list[ChatMessage], attached: Attached, *, has_words: bool
    ) -> Answering:
        ask = work.ask
        notes = [*attached.notes, *(say(kind, ask.locale) for kind in ask.notes)]
        states = put_question(
            self._model,
            messages,
            model_name=self._model_name,
            has_words=has_words,
            on_left_out=lambda: notes.append(say("note-pictures-refused", ask.locale)),
        )
        answering = Answering(
            states,
            limits=self._limits,
            ends_at_s=work.surface.ends_at_s,
            locale=ask.locale,
            notes=notes,
            offer=try_again(claim, ask.locale),
            remember=lambda text, complete: self._history.remember(claim.reply_id, text, complete=complete),
            now_s=self._now_s,
        )
        if self._claiming.closed:
            answering.interrupt(Interrupt.RESTARTED)
        return answering

    async def _shown(self, work: Work, delivery: Awaitable[None]) -> ReplyState:
        """Deliver, and tell what became of it; the row of a reply that may not be whole stays `claimed`."""
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

    async def _finish(self, work: Work, state: ReplyState) -> None:
        if work.claim is not None:
            await self._journal.finish(work.claim.reply_id, state)
        match state:
            case ReplyState.ENDED:
                self.counts.answered += 1
                log.info("answered", extra=work.log_fields())
            case ReplyState.BROKEN | ReplyState.CLAIMED:
                self.counts.broken += 1
                if failure := work.error_fields():
                    log.warning("answer broke off", extra=work.log_fields(**failure))
            case _:
                self.counts.dropped += 1
                log.info("dropped", extra=work.log_fields(why=work.why_dropped))

    async def _clear_away(self, work: Work) -> None:
        """After `_drop`: take the answer off the screen where its question is gone, and close the journal's row."""
        if work.why_dropped == "question deleted" and work.live is not None:
            try:
                await work.live.withdraw()
            except SurfaceError as error:
                log.warning("could not remove an answer", extra=work.log_fields(why=str(error)))
        if work.claim is not None and work.why_dropped != "shutdown":
            await self._finish(work, ReplyState.DROPPED)


def _without_quoted_files(ask: Ask) -> Ask:
    """A quoted message that goes along as a turn brings its pictures itself."""
    return ask if ask.quote is None else replace(ask, quote=replace(ask.quote, files=()))
