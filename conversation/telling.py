"""What the bot says in its own words: refusals, hints, apologies; and the reply that shows them."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator

from conversation.model import Claim, MessageRef, Place, Refusal
from conversation.ports import ReplyJournal
from conversation.sentences import moment, note, say
from conversation.work import Work
from delivery.live_reply import LiveReply, LiveReplyCounts, Words
from delivery.scheduler import Scheduler
from delivery.surface import Draft, Offer, OfferKind, SurfaceError

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
        self, work: Work, shown: tuple[MessageRef, ...] = (), *, courtesy: bool = False
    ) -> LiveReply:
        """A growing reply to `work`, which the journal follows where it was claimed."""
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
            courtesy=courtesy,
            words=Words(say("thinking", work.ask.locale), note(say("rest-in-file", work.ask.locale))),
            counts=self.counts,
        )

    async def say(self, work: Work, sentence: str) -> None:
        """Say one sentence that is no part of any conversation; answers of the model go before it."""
        work.courtesy = True
        work.live = self.live_reply(work, courtesy=True)
        await self._deliver(work, Draft(sentence, ended=True))

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
        offer = try_again(work.claim, locale) if work.claim is not None else None
        work.live = self.live_reply(work, shown)
        await self._deliver(work, Draft(text, ended=True, note=note(say(kind, locale)), offer=offer))

    async def _deliver(self, work: Work, draft: Draft) -> None:
        if work.live is None:
            return
        try:
            await work.live.deliver(one_draft(draft))
        except SurfaceError as error:
            log.warning("could not say a sentence", extra=work.log_fields(why=str(error)))


async def one_draft(draft: Draft) -> AsyncGenerator[Draft, None]:
    """A reply that is whole from the first."""
    yield draft


def try_again(claim: Claim, locale: str) -> Offer:
    """The button under an answer that broke off."""
    return Offer(OfferKind.TRY_AGAIN, claim.reply_id, say("button-try-again", locale))


def say_refusal(refusal: Refusal, locale: str) -> str:
    """The sentence of a refusal."""
    values = dict(refusal.values)
    if refusal.retry_at is not None:
        values["retry"] = moment(refusal.retry_at)
    return say(refusal.kind, locale, **values)
