"""One message's way through the house: admit -> claim -> attach -> recall -> stream + deliver -> remember.

`Conversation.answer` reads top to bottom. Each step is one call; streaming and delivering run side by side.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from conversation.admit import Rules
from conversation.answering import Answering, Interrupt, Limits
from conversation.asking import put_question
from conversation.attach import Attached, Attachments, join_notes
from conversation.claiming import Claiming
from conversation.ending import ConversationCounts, Ending
from conversation.forgetting import Forgetting
from conversation.line import Lines, Standing
from conversation.mending import Mending
from conversation.model import (
    Ask,
    Author,
    Claim,
    IncomingFile,
    Place,
    Quote,
    Refusal,
    ReplyState,
    StoredReply,
    Turn,
    WayBack,
)
from conversation.ports import ChatModel, GuildMembers, History, ReplyJournal
from conversation.recall import Budget, QuotedTurn, recall, would_tell
from conversation.recent import RecentEvents
from conversation.repair import Repair
from conversation.sentences import note, say
from conversation.signs import Signs
from conversation.telling import Telling, one_draft
from conversation.thoughts import Thoughts, answer_now
from conversation.work import Work, Works
from delivery.live_reply import LiveReplyCounts
from delivery.scheduler import Scheduler
from delivery.surface import Draft, MessageRef, Surface
from reka_provider import ChatMessage

TAIL_CHARS = 1_000  # of an answer that goes on, so that the model knows where
REPEATED = Refusal("again-running")
COURTESY_S = 1.0  # a sentence of ours that waits for a limit of Discord's must not hold up a restart


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
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._model = model
        self._history = history
        self._journal = journal
        self._attachments = attachments
        self._budget = budget
        self._limits = limits
        self._system_prompt = system_prompt
        self._now_s = now_s
        self._lines: Lines[Place] = Lines()
        self._recent = RecentEvents()
        self._works = Works()
        self._claiming = Claiming(journal, members, rules, self._lines, now_s)
        self._signs = Signs(scheduler, self._works)
        self._telling = Telling(scheduler, journal)
        self._thoughts = Thoughts(now_s=now_s)
        self.memory = Forgetting(self._works, history, self._thoughts)
        self.counts = ConversationCounts()
        self._ending = Ending(journal, self._telling, self.counts)
        mending = Mending(
            works=self._works,
            lines=self._lines,
            journal=journal,
            history=history,
            telling=self._telling,
            ending=self._ending,
            scheduler=scheduler,
            ask_again=self._ask_again,
            now_s=now_s,
        )
        self.repair = Repair(self._works, journal, self._ending, mending)

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
        await self._works.run(work, lambda: self._ending.guarded(work, lambda: self._answer(work)))

    async def answer_again(
        self,
        stored: StoredReply,
        author: Author,
        surface: Surface,
        *,
        after_thought: bool = False,
        way_back: WayBack | None = None,
    ) -> Refusal | None:
        """Answer a question anew whose answer broke off, over the messages of the broken one.

        `after_thought`: the model had done nothing but think, so it is told its thoughts and to answer now.
        Returns why not, where it is not done; else returns None once it is answered. `author` pays for it.
        """
        question = await self._history.question(stored.reply_id)
        if question is None or not (question.text or question.pictures or question.quote):
            return Refusal("again-forgotten")
        claim = await self._claiming.claim_again(stored, author, way_back)
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
        refusal: Refusal | None = None

        async def way() -> None:
            nonlocal refusal
            refusal = await self._answer_again(work, claim, stored, after_thought=after_thought)

        await self._works.run(work, lambda: self._ending.guarded(work, way))
        return refusal

    async def go_on(
        self,
        stored: StoredReply,
        author: Author,
        surface: Surface,
        *,
        page: Quote,
        begun: Callable[[], Coroutine[Any, Any, None]],
        way_back: WayBack | None = None,
    ) -> Refusal | None:
        """Answer on from where a limit cut an answer short, as a reply and a turn of its own; once for each.

        `page` is the message at whose end it goes on, without its text; `begun` does something small once it is
        certain that this press goes on. Returns as `answer_again` does; `author` pays for it.
        """
        if stored.state is ReplyState.CLAIMED:
            return Refusal("again-running")
        newest = await self._history.turns_before(stored.place, stored.reply_id + 1, limit=1)
        if not newest or newest[0].reply_id != stored.reply_id or newest[0].role != "assistant":
            return Refusal("again-forgotten")
        if newest[0].complete or page.message_id is None:
            return Refusal("again-running")
        ask = Ask(
            page.message_id,  # the journal claims each event once, and so each page's continuation
            stored.place,
            author,
            say("go-on-question", stored.locale),
            quote=replace(page, text=newest[0].text[-TAIL_CHARS:]),
            locale=stored.locale,
            way_back=way_back,
        )
        work = Work(ask, surface)
        refusal: Refusal | None = None

        async def way() -> None:
            nonlocal refusal
            refusal = await self._claim_and_answer(work, begun)

        await self._works.run(work, lambda: self._ending.guarded(work, way))
        return refusal

    async def show_thought(self, ask: Ask, reply_id: int, surface: Surface) -> None:
        """Show the person of `ask` what the model thought before it wrote that reply."""
        thought = self._thoughts.of(reply_id, reader_id=ask.author.id)
        if thought is None:
            await self.say_more(ask, surface, say("thought-gone", ask.locale))
            return
        work = Work(ask, surface)
        await self._works.run(
            work, lambda: self._ending.guarded(work, lambda: self._telling.show_thought(work, thought))
        )

    async def say_once(self, ask: Ask, surface: Surface, sentence: str) -> None:
        """Answer an event with one sentence of ours that is no part of any conversation."""
        if self._recent.is_new(ask.event_id):
            await self.say_more(ask, surface, sentence)

    async def say_more(self, ask: Ask, surface: Surface, sentence: str) -> None:
        """Say one more sentence of ours about an event that was answered already."""
        work = Work(ask, surface)
        await self._works.run(
            work, lambda: self._ending.guarded(work, lambda: self._telling.say(work, sentence))
        )

    async def drain(self, grace_s: float, *, farewell_s: float = 5.0) -> None:
        """Take no more questions; let answers end for `grace_s`, then end the rest, each with a note."""
        self._claiming.closed = True
        self.repair.close()
        await self._works.wait(grace_s)
        for work in self._works:
            if work.answering is not None:
                work.answering.interrupt(Interrupt.RESTARTED)  # those behind it in line follow by themselves
        await self._works.wait(COURTESY_S)
        await self._works.wait_for_answers(farewell_s - COURTESY_S)
        await self._works.cancel()

    # The way of one question ---------------------------------------------------------------------------------

    async def _answer(self, work: Work) -> None:
        refusal = await self._claim_and_answer(work)
        if refusal is REPEATED:
            self.counts.repeated_events += 1
        elif refusal is not None:
            self.counts.refused += 1
            await self._telling.refuse(work, refusal)

    async def _claim_and_answer(
        self, work: Work, begun: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> Refusal | None:
        """Why it is not answered, or None once it is."""
        with self._lines.join(work.ask.place) as standing:
            refusal = await self._claiming.claim(work)
            if work.claim is None:
                return refusal or REPEATED
            self.counts.questions += 1
            if begun is not None:
                self._works.aside(begun())
            await self._answer_claimed(work, work.claim, standing)
        return None

    async def _answer_claimed(self, work: Work, claim: Claim, standing: Standing[Place]) -> None:
        ask = work.ask
        quoted = await self._quoted_turn(ask)
        own = await self._own(ask, quoted, claim)
        async with asyncio.TaskGroup() as attaching:
            files = attaching.create_task(self._attachments.fetch(own))
            await self._signs.wait_for_turn(work, standing)
            attached = await files
        await self._reply_to(work, claim, quoted, attached)

    async def _ask_again(
        self, work: Work, claim: Claim, shown: tuple[MessageRef, ...], quoted_files: tuple[IncomingFile, ...]
    ) -> None:
        """Answer a question after the death of who answered it first, over what that one left on screen."""
        question = await self._history.question(claim.reply_id)
        if question is not None and question.quote is not None:
            work.ask = replace(work.ask, quote=replace(question.quote, files=quoted_files))
        quoted = await self._quoted_turn(work.ask)
        attached = Attached()
        if question is None or not question.pictures:
            attached = await self._attachments.fetch(await self._own(work.ask, quoted, claim))
        await self._reply_to(work, claim, quoted, attached, shown=shown)

    async def _own(self, ask: Ask, quoted: QuotedTurn | None, claim: Claim) -> Ask:
        """The question, without the files of a quoted message that goes along as a turn with its pictures."""
        goes_along = quoted is not None and await self._goes_along(quoted, ask.place, claim.reply_id)
        return _without_quoted_files(ask) if goes_along else ask

    async def _reply_to(
        self,
        work: Work,
        claim: Claim,
        quoted: QuotedTurn | None,
        attached: Attached,
        *,
        shown: tuple[MessageRef, ...] = (),
    ) -> None:
        ask = work.ask
        if attached.pictures:
            await self._history.add_pictures(claim.reply_id, attached.pictures)
        # As memory has it: it may have been edited meanwhile, and what it quotes may have been deleted.
        question = await self._history.question(claim.reply_id) or Turn(
            "user", ask.text, ask.author.name, attached.pictures, reply_id=claim.reply_id, quote=ask.quote
        )
        await self._reply(work, claim, question, quoted, attached, shown=shown)

    async def _answer_again(
        self, work: Work, claim: Claim, stored: StoredReply, *, after_thought: bool
    ) -> Refusal | None:
        work.live = self._telling.live_reply(work, stored.messages)
        with self._lines.join(work.ask.place) as standing:
            await standing.turn()
            # Anew: it may have been deleted before this work could be told.
            question = await self._history.question(stored.reply_id)
            if question is None:
                await self._ending.finish(work, ReplyState.BROKEN)
                return Refusal("again-forgotten")
            quoted = await self._quoted_turn(replace(work.ask, quote=question.quote))
            thought = (
                self._thoughts.of(stored.reply_id, reader_id=stored.author.id) if after_thought else None
            )
            hint = answer_now(thought or "") if after_thought else ""
            await self._reply(work, claim, question, quoted, Attached(), shown=stored.messages, hint=hint)
        return None

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
        hint: str = "",
    ) -> None:
        """Recall, stream and deliver side by side, remember. `hint` is for the model, beside the system prompt."""
        ask = work.ask
        live = work.live = self._telling.live_reply(work, shown, measured=True)
        if not question.text and not question.pictures and question.quote is None:
            nothing_to_ask = Draft("", ended=True, note=note(join_notes(attached.notes)))
            state = await self._ending.shown(work, live.deliver(one_draft(nothing_to_ask)))
            await self._ending.finish(work, state)
            return
        turns = await self._history.turns_before(ask.place, claim.reply_id, limit=self._budget.turns)
        messages = recall(
            turns,
            question,
            budget=self._budget,
            system_prompt="\n\n".join(filter(None, (self._system_prompt, hint))),
            quoted=quoted,
        )
        has_words = bool(question.text) or question.quote is not None
        answering = work.answering = self._answering(work, claim, messages, attached, has_words=has_words)
        typing = asyncio.create_task(self._signs.typing(work, live))
        try:
            state = await self._ending.shown(work, live.deliver(answering.drafts()))
        finally:
            typing.cancel()
            try:
                await asyncio.wait({typing})
            finally:
                await answering.settled()
        self._thoughts.shown_at(claim.reply_id, live.messages)
        if state is ReplyState.BROKEN and answering.answer.strip():  # refused by Discord: nobody saw its end
            await self._history.remember(claim.reply_id, answering.answer, complete=False)
        if state is ReplyState.ENDED and answering.broke_off:
            state = ReplyState.BROKEN
        await self._ending.finish(work, state)

    def _answering(
        self, work: Work, claim: Claim, messages: list[ChatMessage], attached: Attached, *, has_words: bool
    ) -> Answering:
        ask = work.ask
        notes = [*attached.notes, *(say(kind, ask.locale) for kind in ask.notes)]
        states = put_question(
            self._model,
            messages,
            has_words=has_words,
            on_left_out=lambda: notes.append(say("note-pictures-refused", ask.locale)),
            on_begun=work.answered_by,
        )
        answering = Answering(
            states,
            reply_id=claim.reply_id,
            limits=self._limits,
            ends_at_s=work.surface.ends_at_s,
            locale=ask.locale,
            notes=notes,
            remember=lambda text, complete: self._history.remember(claim.reply_id, text, complete=complete),
            keep_thought=lambda text: self._thoughts.keep(claim.reply_id, ask.place, ask.question, text),
            now_s=self._now_s,
        )
        if self._claiming.closed:
            answering.interrupt(Interrupt.RESTARTED)
        return answering


def _without_quoted_files(ask: Ask) -> Ask:
    """A quoted message that goes along as a turn brings its pictures itself."""
    return ask if ask.quote is None else replace(ask, quote=replace(ask.quote, files=()))
