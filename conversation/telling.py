"""What the bot says in its own words: refusals, hints, apologies; and the reply that shows them."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator

from conversation.model import MessageRef, Place, Refusal
from conversation.offers import try_again
from conversation.ports import MemoryUnavailable, ReplyJournal
from conversation.sentences import moment, note, say
from conversation.work import Work
from delivery.live_reply import LiveReply, LiveReplyCounts, Words
from delivery.scheduler import Scheduler
from delivery.surface import Draft, SurfaceError

log = logging.getLogger(__name__)

TOLD_ONCE_IN_S = 60.0
TOLD_KEPT = 1_000


class Telling:
    """Makes the replies of questions, and says what is no answer."""

    def __init__(self, scheduler: Scheduler, journal: ReplyJournal) -> None:
        self._scheduler = scheduler
        self._journal = journal
        self._told: OrderedDict[tuple[int, Place, str], float] = OrderedDict()
        self.counts = LiveReplyCounts()

    def live_reply(
        self,
        work: Work,
        shown: tuple[MessageRef, ...] = (),
        *,
        courtesy: bool = False,
        measured: bool = False,
        first_page: int = 0,
    ) -> LiveReply:
        """A growing reply to `work`, which the journal follows where it was claimed; `measured` is an answer's.

        `first_page`: it writes over the messages of a longer reply from that page on, and the rest stays.
        """
        claim = work.claim
        attempt = claim.attempt if claim else 0

        async def posted(page: int, ref: MessageRef) -> None:
            if claim is not None:
                await self._journal.posted(claim.reply_id, first_page + page, ref)

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
            courtesy=courtesy,
            words=Words(say("thinking", work.ask.locale), note(say("rest-in-file", work.ask.locale))),
            counts=self.counts,
            waited_s=time.monotonic() - work.began_at if measured else None,
            taken_away=work.taken_away,
        )

    async def say(self, work: Work, sentence: str) -> None:
        """Say one sentence that is no part of any conversation; answers of the model go before it."""
        work.courtesy = True
        work.live = self.live_reply(work, courtesy=True)
        await self._deliver(work, Draft(sentence, ended=True))

    async def show_thought(self, work: Work, thought: str) -> None:
        """Show what the model thought: one message, and what is longer as a file."""
        locale = work.ask.locale
        work.courtesy = True
        words = Words(rest=note(say("thought-in-file", locale)), filename="thinking.md")
        work.live = LiveReply(
            work.surface,
            self._scheduler,
            nonce_base=str(work.ask.event_id),
            posted=_nowhere,
            courtesy=True,
            most_pages=1,
            words=words,
            counts=self.counts,
        )
        await self._deliver(work, Draft(thought, ended=True))

    async def refuse(self, work: Work, refusal: Refusal) -> None:
        """Say why a question is not answered; the same to the same person once a minute."""
        log.info("refused", extra=work.log_fields(why=refusal.kind))
        if work.ask.question is None or self._is_news(work, refusal.kind):
            await self.say(work, say_refusal(refusal, work.ask.locale))

    def _is_news(self, work: Work, kind: str) -> bool:
        key = (work.ask.author.id, work.ask.place, kind)
        now = time.monotonic()
        last = self._told.get(key)
        if last is not None and now - last < TOLD_ONCE_IN_S:
            return False
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)
        return True

    async def apologise(self, work: Work, kind: str, *, text: str = "") -> None:
        """End a reply with a note of this kind, and a button where the question can be asked again."""
        locale = work.ask.locale
        shown = work.live.messages if work.live is not None else ()
        offers = (try_again(work.claim.reply_id, locale),) if work.claim is not None else ()
        work.live = self.live_reply(work, shown)
        await self._deliver(work, Draft(text, ended=True, note=note(say(kind, locale)), offers=offers))

    async def _deliver(self, work: Work, draft: Draft) -> None:
        if work.live is None:
            return
        try:
            await work.live.deliver(one_draft(draft))
        except (SurfaceError, MemoryUnavailable) as error:
            log.warning("could not say a sentence", extra=work.log_fields(why=str(error)))


async def _nowhere(page: int, ref: MessageRef) -> None:
    """The journal follows answers alone."""


async def one_draft(draft: Draft) -> AsyncGenerator[Draft, None]:
    """A reply that is whole from the first."""
    yield draft


def say_refusal(refusal: Refusal, locale: str) -> str:
    """The sentence of a refusal."""
    values = dict(refusal.values)
    if refusal.retry_at is not None:
        values["retry"] = moment(refusal.retry_at)
    return say(refusal.kind, locale, **values)
