"""One message's way through the house: admit -> claim -> attach -> recall -> stream + deliver -> remember.

`Conversation.answer` reads top to bottom. Each step is one call; streaming and delivering run side by side.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from conversation.admit import HOUR_S, Facts, Rules, admit, refuse_queue
from conversation.answering import Answering, Interrupt, Limits
from conversation.attach import Attached, Attachments, join_notes
from conversation.line import Lines, Standing
from conversation.model import Ask, Author, Claim, Place, Refusal, ReplyState, StoredReply, Turn
from conversation.ports import ChatModel, GuildMembers, History, ReplyJournal
from conversation.recall import Budget, QuotedTurn, recall, would_tell
from conversation.recent import RecentEvents
from conversation.sentences import moment, note, say
from conversation.work import Work, Works
from delivery.ledger import reaction_lane
from delivery.live_reply import LiveReply, LiveReplyCounts
from delivery.scheduler import Scheduler, Urgency
from delivery.surface import (
    Draft,
    MessageRef,
    Offer,
    OfferKind,
    Surface,
    SurfaceError,
    SurfaceForbidden,
    SurfaceGone,
)

log = logging.getLogger(__name__)

TYPING_EVERY_S = 8.0  # the sign lasts 10 s
WAITING_SHOWN_AFTER_S = 0.5


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
        self._members = members
        self._scheduler = scheduler
        self._attachments = attachments
        self._rules = rules
        self._budget = budget
        self._limits = limits
        self._system_prompt = system_prompt
        self._model_name = model_name
        self._now_s = now_s
        self._lines: Lines[Place] = Lines()
        self._arrivals: Lines[Place] = Lines()
        self._askers: Lines[int] = Lines()
        self._recent = RecentEvents()
        self._works = Works()
        self._closing = False
        self.counts = ConversationCounts()
        self.delivery_counts = LiveReplyCounts()

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
        if question is None:
            return Refusal("again-forgotten")
        with self._askers.join(author.id) as asker:
            await asker.turn()
            if refusal := await self._refuse_again(stored, author):
                return refusal
            claim = await self._journal.claim_again(stored.reply_id, author.id)
        if claim is None:
            return Refusal("again-running")
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
            work = Work(ask, surface)
            await self._works.run(work, lambda: self._guarded(work, lambda: self._say(work, sentence)))

    async def forget(self, place: Place) -> int:
        """Forget what was said in `place`; the number of turns forgotten."""
        return await self._history.forget(place)

    async def message_deleted(self, channel_id: int, message_id: int) -> None:
        """A message is gone from the screen: end the answer that it asked for or that it shows, and forget it."""
        ref = MessageRef(channel_id, message_id)
        if any(work.live is not None and work.live.took_away(ref) for work in self._works):
            return
        dropped: list[Work] = []
        for work in self._works:
            if work.ask.question == ref:
                work.drop("question deleted")
            elif work.live is not None and ref in work.live.messages:
                work.drop("reply deleted")
            else:
                continue
            dropped.append(work)
        await self._history.forget_message(channel_id, message_id)
        if dropped:
            await self._works.ended(dropped)
            await self._history.forget_message(channel_id, message_id)  # what they wrote on their way out

    async def message_edited(self, channel_id: int, message_id: int, text: str) -> None:
        """A question was edited: memory holds what stands there now."""
        await self._history.revise(channel_id, message_id, text)

    async def message_withheld(self, channel_id: int, message_id: int) -> None:
        """A message was edited so that Discord shows it to us no more: what it said is not ours to keep."""
        await self._history.forget_message(channel_id, message_id)

    async def channel_gone(self, channel_id: int) -> None:
        """A channel was deleted: end what is under way in it and forget what was said."""
        for work in self._works:
            if work.ask.place.channel_id == channel_id:
                work.drop("channel deleted")
        await self._history.forget_channel(channel_id)

    async def guild_gone(self, guild_id: int) -> None:
        """The bot was removed from a guild: end what is under way in it and forget what was said."""
        for work in self._works:
            if work.ask.place.guild_id == guild_id:
                work.drop("guild left")
        await self._history.forget_guild(guild_id)

    async def drain(self, grace_s: float, *, farewell_s: float = 5.0) -> None:
        """Take no more questions; let answers end for `grace_s`, then end the rest, each with a note."""
        self._closing = True
        await self._works.wait(grace_s)
        for work in self._works:
            if work.answering is not None:
                work.answering.interrupt(Interrupt.RESTARTED)  # those behind it in line follow by themselves
        await self._works.wait(farewell_s)
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
            await self._apologise(work)

    async def _answer(self, work: Work) -> None:
        with self._lines.join(work.ask.place) as standing:
            refusal = await self._claim(work)
            if work.claim is not None:
                await self._answer_claimed(work, work.claim, standing)
        if refusal is not None:
            await self._refuse(work, refusal)

    async def _claim(self, work: Work) -> Refusal | None:
        """Admit the question and claim it, or say why not.

        The claims of a place follow the order of arrival, since recall goes by it; those of a person follow one
        another, since each counts against the quota of the next.
        """
        ask = work.ask
        if self._closing:
            return Refusal("restarting")
        if refusal := refuse_queue(self._rules, in_line=self._lines.length(ask.place) - 1):
            return refusal
        with self._arrivals.join(ask.place) as arrival, self._askers.join(ask.author.id) as asker:
            await arrival.turn()
            await asker.turn()
            if refusal := await self._admit(ask):
                return refusal
            claiming = asyncio.create_task(self._journal.claim(ask, text=ask.text))
            try:
                work.claim = await asyncio.shield(claiming)
            except asyncio.CancelledError:
                work.claim = await claiming  # whoever clears up has to know what was written
                raise
        if work.claim is None:
            self.counts.repeated_events += 1
        else:
            self.counts.questions += 1
        return None

    async def _answer_claimed(self, work: Work, claim: Claim, standing: Standing[Place]) -> None:
        ask = work.ask
        quoted = await self._quoted_turn(ask)
        async with asyncio.TaskGroup() as attaching:
            own = ask
            if quoted is not None and await self._goes_along(quoted, ask.place, claim.reply_id):
                own = _without_quoted_files(ask)
            files = attaching.create_task(self._attachments.fetch(own))
            waited = await self._wait_for_turn(work, standing)
            attached = await files
        if attached.pictures:
            await self._history.add_pictures(claim.reply_id, attached.pictures)
        question = Turn(
            "user", ask.text, ask.author.name, attached.pictures, reply_id=claim.reply_id, quote=ask.quote
        )
        if waited and (stored := await self._history.question(claim.reply_id)) is not None:
            question = stored  # it may have been edited meanwhile
        await self._reply(work, claim, question, quoted, attached)

    async def _answer_again(self, work: Work, claim: Claim, stored: StoredReply, question: Turn) -> None:
        with self._lines.join(work.ask.place) as standing:
            await standing.turn()
            quoted = await self._quoted_turn(replace(work.ask, quote=question.quote))
            await self._reply(work, claim, question, quoted, Attached(), shown=stored.messages)

    async def _admit(self, ask: Ask) -> Refusal | None:
        shares = await self._shares_allowed_guild(ask.place, ask.author)
        facts = Facts(0, await self._asked_at(ask.author.id), self._now_s(), shares)
        return admit(ask.place, facts, self._rules)

    async def _asked_at(self, author_id: int) -> list[float]:
        if self._rules.questions_per_user_hour == 0:
            return []
        return await self._journal.asked_since(author_id, self._now_s() - HOUR_S)

    async def _refuse_again(self, stored: StoredReply, author: Author) -> Refusal | None:
        if self._closing:
            return Refusal("restarting")
        facts = Facts(
            self._lines.length(stored.place),
            await self._asked_at(author.id),
            self._now_s(),
            await self._shares_allowed_guild(stored.place, author),
        )
        return admit(stored.place, facts, self._rules)

    async def _shares_allowed_guild(self, place: Place, author: Author) -> bool:
        if not self._rules.allowed_guilds or place.guild_id is not None:
            return True
        return await self._members.shares_guild(author.id, self._rules.allowed_guilds)

    async def _wait_for_turn(self, work: Work, standing: Standing[Place]) -> bool:
        """Return when its turn has come; whether it had to wait."""
        if standing.is_first:
            return False
        over = asyncio.Event()
        self._works.aside(self._mark_waiting(work, over))
        try:
            await standing.turn()
        finally:
            over.set()
        return True

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
        live = work.live = self._live_reply(work, shown)
        if not question.text and not question.pictures and question.quote is None:
            await live.deliver(_one_draft(Draft("", ended=True, note=note(join_notes(attached.notes)))))
            await self._finish(work, ReplyState.ENDED)
            return
        turns = await self._history.turns_before(ask.place, claim.reply_id, limit=self._budget.turns)
        messages = recall(
            turns, question, budget=self._budget, system_prompt=self._system_prompt, quoted=quoted
        )
        answering = work.answering = Answering(
            self._model.stream(messages=messages, model=self._model_name),
            limits=self._limits,
            ends_at_s=work.surface.ends_at_s,
            locale=ask.locale,
            notes=[*attached.notes, *(say(kind, ask.locale) for kind in ask.notes)],
            offer=self._offer(claim, ask.locale),
            remember=lambda text, complete: self._history.remember(claim.reply_id, text, complete=complete),
            now_s=self._now_s,
        )
        if self._closing:
            answering.interrupt(Interrupt.RESTARTED)
        typing = asyncio.create_task(self._typing(work, live))
        try:
            await live.deliver(answering.drafts())
        except SurfaceGone:
            work.why_dropped = "reply gone"
        except SurfaceForbidden:
            work.why_dropped = "may not write here"
        except SurfaceError as error:
            # What stands there is not the end of it: the journal's row stays open, and is left to repair.
            log.warning("could not show the whole answer", extra=work.log_fields(why=str(error)))
            self.counts.broken += 1
            return
        finally:
            typing.cancel()
            try:
                await asyncio.wait({typing})
            finally:
                await answering.settled()
        if work.why_dropped is not None:
            await self._finish(work, ReplyState.DROPPED)
            return
        if answering.error is not None:
            fields = work.log_fields(
                error=type(answering.error).__name__,
                status=answering.error.status,
                request_id=answering.error.request_id,
            )
            log.warning("answer broke off", extra=fields)
        await self._finish(work, ReplyState.BROKEN if answering.broke_off else ReplyState.ENDED)

    def _live_reply(self, work: Work, shown: tuple[MessageRef, ...]) -> LiveReply:
        claim = work.claim
        attempt = claim.attempt if claim else 0

        async def posted(page: int, ref: MessageRef) -> None:
            if claim is not None:
                await self._journal.posted(claim.reply_id, page, ref)

        async def removed(ref: MessageRef) -> None:
            if claim is not None:
                await self._journal.removed(claim.reply_id, ref)

        return LiveReply(
            work.surface,
            self._scheduler,
            nonce_base=f"{work.ask.event_id}.{attempt}",
            posted=posted,
            removed=removed,
            shown=shown,
            counts=self.delivery_counts,
        )

    def _offer(self, claim: Claim, locale: str) -> Offer:
        return Offer(OfferKind.TRY_AGAIN, claim.reply_id, say("button-try-again", locale))

    async def _typing(self, work: Work, live: LiveReply) -> None:
        """Show the typing sign until the first words stand there."""
        while not live.messages:
            if not self._scheduler.pressed:  # under load the sign is the first thing to go
                try:
                    await work.surface.typing()
                except SurfaceForbidden:
                    return  # the answer itself will meet the same, and that is the line to log
                except SurfaceError as error:
                    log.info("could not show the typing sign", extra=work.log_fields(why=str(error)))
                    return
            await asyncio.sleep(TYPING_EVERY_S)

    async def _finish(self, work: Work, state: ReplyState) -> None:
        if work.claim is not None:
            await self._journal.finish(work.claim.reply_id, state)
        match state:
            case ReplyState.ENDED:
                self.counts.answered += 1
                log.info("answered", extra=work.log_fields())
            case ReplyState.BROKEN:
                self.counts.broken += 1
            case _:
                self.counts.dropped += 1
                log.info("dropped", extra=work.log_fields(why=work.why_dropped))

    # Sentences of ours -----------------------------------------------------------------------------------------

    async def _refuse(self, work: Work, refusal: Refusal) -> None:
        self.counts.refused += 1
        log.info("refused", extra=work.log_fields(why=refusal.kind))
        await self._say(work, say_refusal(refusal, work.ask.locale))

    async def _say(self, work: Work, sentence: str) -> None:
        work.live = self._live_reply(work, ())
        try:
            await work.live.deliver(_one_draft(Draft(sentence, ended=True)))
        except SurfaceError as error:
            log.warning("could not say a sentence", extra=work.log_fields(why=str(error)))

    async def _apologise(self, work: Work) -> None:
        """After the unexpected: the person gets a sentence, and a button where the question can be asked again."""
        locale = work.ask.locale
        shown = work.live.messages if work.live is not None else ()
        offer = self._offer(work.claim, locale) if work.claim is not None else None
        text = work.answering.text if work.answering is not None else ""
        work.live = self._live_reply(work, shown)
        sentence = note(say("unexpected", locale))
        try:
            await work.live.deliver(_one_draft(Draft(text, ended=True, note=sentence, offer=offer)))
        except SurfaceError as error:
            log.warning("could not say a sentence", extra=work.log_fields(why=str(error)))
        if work.claim is not None:
            await self._finish(work, ReplyState.BROKEN)

    async def _clear_away(self, work: Work) -> None:
        """After `_drop`: take the answer off the screen where its question is gone, and close the journal's row."""
        if work.why_dropped == "question deleted" and work.live is not None:
            try:
                await work.live.withdraw()
            except SurfaceError as error:
                log.warning("could not remove an answer", extra=work.log_fields(why=str(error)))
        if work.claim is not None and work.why_dropped != "shutdown":
            await self._finish(work, ReplyState.DROPPED)


async def _one_draft(draft: Draft) -> AsyncGenerator[Draft, None]:
    yield draft


def _without_quoted_files(ask: Ask) -> Ask:
    """A quoted message that goes along as a turn brings its pictures itself."""
    return ask if ask.quote is None else replace(ask, quote=replace(ask.quote, files=()))


def say_refusal(refusal: Refusal, locale: str) -> str:
    """The sentence of a refusal."""
    values = dict(refusal.values)
    if refusal.retry_at is not None:
        values["retry"] = moment(refusal.retry_at)
    return say(refusal.kind, locale, **values)
