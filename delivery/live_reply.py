"""One growing reply: drafts come in, creates and edits go out, and the newest text always wins.

The reader only replaces the newest draft; the writer compares it with what is on screen and sends the next step
that the scheduler grants. So no token ever waits for Discord, and no edit ever shows text older than need be.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from delivery.compose import MOST_PAGES, WHOLE_ANSWER, PageComposer
from delivery.histogram import Histogram
from delivery.ledger import Pace
from delivery.scheduler import Call, Scheduler, Ticket, Urgency
from delivery.surface import (
    Attachment,
    Draft,
    MessageRef,
    Offer,
    Surface,
    SurfaceError,
    SurfaceGone,
    SurfaceUnsure,
)

FIRST_EDIT_AFTER_S = 0.4  # the first message holds one token; soon after it there is more to read
YOUNG_EDITS = 4  # the first window's worth of progress
NONCE_HOLDS_S = (
    120.0  # Discord remembers a nonce for "a few minutes"; later a repeat would double the message
)
BACK_OFF_S = 0.25
BACK_OFF_CEILING_S = 8.0
GIVE_UP_EDITS_S = 120.0  # an ended reply whose last edit fails for so long is left to repair

Posted = Callable[[int, MessageRef], Awaitable[None]]
Removed = Callable[[MessageRef], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page shows on screen; `content` is None where another process wrote it."""

    ref: MessageRef
    content: str | None
    offers: tuple[Offer, ...] = ()
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """The next request that brings the screen closer to the draft."""

    page: int
    content: str
    offers: tuple[Offer, ...]
    attachment: Attachment | None
    ref: MessageRef | None  # None: create it
    surplus: bool = False  # the draft has fewer pages than the screen: remove this one
    last: bool = False  # the draft's last page


@dataclass(frozen=True, slots=True)
class Words:
    """Words of ours that belong to an answer, in the reader's language."""

    thinking: str = ""
    """The label of the line that shows a model's reasoning before it answers."""
    rest: str = ""
    """What the last page of a very long answer says of the file that holds all of it."""
    filename: str = WHOLE_ANSWER
    """That file's name."""


@dataclass(slots=True)
class LiveReplyCounts:
    """What this process delivered so far."""

    creates: int = 0
    edits: int = 0
    repeated_creates: int = 0
    repeated_edits: int = 0
    first_words_s: Histogram = field(default_factory=Histogram)
    """From the question to the first change on screen, for replies whose `waited_s` is known, as all below."""
    text_age_s: Histogram = field(default_factory=Histogram)
    """How long the oldest words that a change brought had waited to be seen."""
    end_lag_s: Histogram = field(default_factory=Histogram)
    """From the model's end to the whole answer on screen."""


class LiveReply:
    """Shows the drafts of one reply on one surface, within Discord's limits.

    Args:
        nonce_base: unique for this reply and attempt; at most 22 characters.
        posted: told of each new message before anything else is sent (page number from 0).
        removed: told of each message that was taken away again, the reply having become shorter.
        shown: the pages of an earlier attempt, which this one writes over.
        courtesy: this is a sentence of ours, and answers go before it.
        most_pages: what is longer comes as a file, where files may be sent.
        waited_s: how long ago the question was asked; None where nobody measures this reply.
        taken_away: where the messages are noted that this reply removes by itself.
    """

    def __init__(
        self,
        surface: Surface,
        scheduler: Scheduler,
        *,
        nonce_base: str,
        posted: Posted,
        removed: Removed | None = None,
        shown: tuple[MessageRef, ...] = (),
        courtesy: bool = False,
        most_pages: int = MOST_PAGES,
        words: Words | None = None,
        counts: LiveReplyCounts | None = None,
        waited_s: float | None = None,
        taken_away: set[MessageRef] | None = None,
    ) -> None:
        self._surface = surface
        self._scheduler = scheduler
        self._nonce_base = nonce_base
        self._posted = posted
        self._removed = removed
        self._courtesy = courtesy
        self._taken_away = taken_away if taken_away is not None else set()
        words = words or Words()
        self._composer = PageComposer(
            surface.limit_chars,
            wraps_urls=surface.wraps_urls,
            thinking=words.thinking,
            rest=words.rest if surface.takes_files else "",
            most_pages=most_pages,
            filename=words.filename,
        )
        self._shown = [Shown(ref, None) for ref in shown]
        self._counts = counts or LiveReplyCounts()
        self._asked_at = None if waited_s is None else scheduler.now() - waited_s
        self._unseen_since: float | None = None  # words have waited since then to be sent
        self._sent_since: float | None = None  # and those that the request under way brings, since then
        self._draft = Draft("")
        self._contents: list[str] = []
        self._changed = asyncio.Event()
        self._ended_at: float | None = None
        self._ticket: Ticket | None = None
        self._created_at = float("-inf")
        self._shown_at = float("-inf")
        self._sent_chars = 0
        self._edits = 0
        self._failures = 0
        self._broken = False
        self._creating: tuple[_Step, Call[MessageRef]] | None = None
        self.lost_a_create = False
        """Whether a create was lost that may not be repeated: nobody can tell whether its message stands there."""

    @property
    def messages(self) -> tuple[MessageRef, ...]:
        """The messages on screen, in order."""
        return tuple(page.ref for page in self._shown)

    async def deliver(self, drafts: AsyncGenerator[Draft, None]) -> None:
        """Show `drafts` until the last one is on screen; the generator is closed in any case.

        Raises:
            SurfaceGone, SurfaceForbidden, SurfaceRefused: nothing more can be shown.
            SurfaceUnsure: Discord did not answer for minutes; what stands on screen may not be the end.
        """
        reader = asyncio.create_task(self._read(drafts))
        lanes = () if self._courtesy else self._surface.create_lanes(0)
        self._scheduler.keep_end(lanes)
        try:
            await self._write()
        finally:
            self._scheduler.ended(lanes)
            reader.cancel()
            await asyncio.wait({reader})
            failure = None if reader.cancelled() else reader.exception()
        if failure is not None:
            raise failure

    async def _read(self, drafts: AsyncGenerator[Draft, None]) -> None:
        try:
            async with aclosing(drafts):
                async for draft in drafts:
                    self._take_draft(draft)
            if not self._draft.ended:
                self._take_draft(replace(self._draft, ended=True))
        except BaseException:
            self._broken = True
            self._changed.set()
            raise

    def _take_draft(self, draft: Draft) -> None:
        self._draft = draft
        if self._unseen_since is None:
            self._unseen_since = self._scheduler.now()
        if draft.ended:
            self._ended_at = self._scheduler.now()
            if self._ticket is not None:
                self._ticket.hasten(self._final_rank())
        self._changed.set()

    async def _write(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._broken:
                return  # `deliver` raises what broke; the screen keeps what it shows
            while not self._broken and (step := self._next_step()) is not None:
                await self._take(step)
            self._unseen_since = None  # what else came changes nothing on screen
            if self._draft.ended:
                if self._asked_at is not None and self._ended_at is not None:
                    self._counts.end_lag_s.observe(self._scheduler.now() - self._ended_at)
                return

    def _next_step(self) -> _Step | None:
        draft = self._draft
        composed = self._composer.composed(
            draft.text, ended=draft.ended, note=draft.note, reasoning=draft.reasoning
        )
        contents = composed.contents
        last = len(contents) - 1
        for page, content in enumerate(contents):
            at_end = page == last and draft.ended
            offers = draft.offers if at_end else ()
            attachment = composed.attachment if at_end and self._surface.takes_files else None
            if page == len(self._shown):
                return _Step(page, content, offers, attachment, None, last=page == last)
            shown = self._shown[page]
            if (shown.content, shown.offers, shown.attachment) != (content, offers, attachment):
                return _Step(page, content, offers, attachment, shown.ref, last=page == last)
        if draft.ended and contents and len(self._shown) > len(contents):
            return _Step(len(self._shown) - 1, "", (), None, self._shown[-1].ref, surplus=True)
        return None

    def _urgency(self, step: _Step) -> Urgency:
        if self._courtesy:
            return Urgency.COURTESY
        if self._draft.ended:
            return Urgency.FINAL
        if step.ref is None:
            return Urgency.FIRST
        return Urgency.PROGRESS if step.last else Urgency.FULL_PAGE

    def _lanes(self, step: _Step) -> tuple[str, ...]:
        if step.ref is None:
            return self._surface.create_lanes(step.page)
        return () if step.surplus else self._surface.edit_lanes(step.ref)

    async def _take(self, step: _Step) -> None:
        """Wait until `step` may be sent, and send what is then the next step."""
        lanes = self._lanes(step)
        ticket = await self._granted(lanes, self._urgency(step))
        newest = self._next_step()
        self._sent_chars = len(self._draft.text)
        if newest is None or self._lanes(newest) != lanes:
            self._scheduler.give_back(ticket)
            return
        if newest.last:
            self._sent_since, self._unseen_since = self._unseen_since, None
        if newest.ref is None:
            await self._create(newest, ticket)
        elif newest.surplus:
            await self._remove(newest.ref, ticket)
        else:
            await self._edit(newest, newest.ref, ticket)

    async def _granted(self, lanes: tuple[str, ...], urgency: Urgency) -> Ticket:
        progress = urgency is Urgency.PROGRESS
        ticket = self._ticket = self._scheduler.ticket(
            lanes,
            urgency,
            rank=self._shown_at if progress else self._final_rank() if urgency is Urgency.FINAL else 0.0,
            not_before=self._created_at + FIRST_EDIT_AFTER_S if progress else float("-inf"),
            pace=Pace.YOUNG if self._edits < YOUNG_EDITS else Pace.EVEN,
        )
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.granted.done() and not ticket.granted.cancelled():
                self._scheduler.give_back(ticket)
            raise
        finally:
            self._ticket = None
        return ticket

    async def _edit(self, step: _Step, ref: MessageRef, ticket: Ticket) -> None:
        call = self._scheduler.send(
            ticket,
            lambda: self._surface.edit(ref, step.content, offers=step.offers, attachment=step.attachment),
        )
        try:
            await call.done()
        except SurfaceUnsure:
            if self._given_up():
                raise
            self._counts.repeated_edits += 1
            self._unseen_since, self._sent_since = self._sent_since or self._unseen_since, None
            await self._back_off()
            return
        self._failures = 0
        self._counts.edits += 1
        self._edits += 1
        self._note_shown()
        self._shown[step.page] = Shown(ref, step.content, step.offers, step.attachment)

    async def _remove(self, ref: MessageRef, ticket: Ticket) -> None:
        self._taken_away.add(ref)  # first: Discord's event of it may overtake the answer
        call = self._scheduler.send(ticket, lambda: self._surface.delete(ref))
        try:
            await call.done(repeats_inside=True)
        except SurfaceUnsure:
            if self._given_up():
                raise
            await self._back_off()
            return
        self._failures = 0
        self._shown.pop()
        if self._removed is not None:
            await self._removed(ref)

    def _given_up(self) -> bool:
        """Whether Discord has failed for too long since the end to try once more."""
        return self._ended_at is not None and self._scheduler.now() - self._ended_at > GIVE_UP_EDITS_S

    async def _create(self, step: _Step, ticket: Ticket) -> None:
        """Create a page; one whose answer was lost is repeated with the same nonce, or else looked for."""
        nonce = self._nonce(step)
        repeat_until = self._scheduler.now() + NONCE_HOLDS_S
        while True:
            call = self._scheduler.send(
                ticket,
                lambda: self._surface.create(
                    step.page, step.content, nonce=nonce, offers=step.offers, attachment=step.attachment
                ),
            )
            self._creating = (step, call)
            try:
                ref = await self._created(step, call)
                break
            except SurfaceUnsure as lost:
                if not self._surface.repeatable(step.page):
                    self.lost_a_create = True
                    raise
                await self._back_off()
                ticket = await self._granted(ticket.lanes, self._urgency(step))
                if self._scheduler.now() > repeat_until:  # the wait for the ticket counts, too
                    self._scheduler.give_back(ticket)
                    found = await self._surface.find(step.page, nonce=nonce, content=step.content)
                    if found is None:
                        raise SurfaceUnsure("a create whose answer was lost never happened") from lost
                    ref = found
                    break
            self._counts.repeated_creates += 1
        self._creating = None
        self._failures = 0
        self._counts.creates += 1
        self._created_at = self._scheduler.now()
        self._note_shown()
        self._shown.append(Shown(ref, step.content, step.offers, step.attachment))
        await self._posted(step.page, ref)

    def _note_shown(self) -> None:
        now = self._scheduler.now()
        if self._asked_at is not None:
            if self._shown_at == float("-inf"):
                self._counts.first_words_s.observe(now - self._asked_at)
            if self._sent_since is not None:
                self._counts.text_age_s.observe(now - self._sent_since)
        self._shown_at, self._sent_since = now, None

    def _final_rank(self) -> float:
        """Of the ends that wait, the one that brings most text goes first."""
        return float(self._sent_chars - len(self._draft.text))

    def _nonce(self, step: _Step) -> str:
        return f"{self._nonce_base}.{step.page}"

    async def _created(self, step: _Step, call: Call[MessageRef]) -> MessageRef:
        """The new message's address, from the answer's body where the call itself returns only later."""
        await call.done(message_needed=True, repeats_inside=self._surface.repeatable(step.page))
        if call.task.done():
            return call.task.result()
        message = call.attempt.message
        if message is None:
            raise SurfaceUnsure("the answer named no message")
        return MessageRef(*message)

    async def _back_off(self) -> None:
        self._failures += 1
        ceiling_s = min(BACK_OFF_CEILING_S, BACK_OFF_S * 2.0**self._failures)
        await asyncio.sleep(random.uniform(ceiling_s / 2, ceiling_s))  # noqa: S311 - jitter, no secret

    async def withdraw(self) -> None:
        """Remove every message of this reply from the screen: its question is gone.

        Call it after `deliver` ended or was cancelled; a create that was then under way is waited for.
        """
        await self._adopt_what_was_under_way()
        await self._remove_down_to(0)

    async def take_back(self) -> None:
        """Remove the message whose create was under way when `deliver` was cancelled: it would stand there for ever.

        What stood there before stays.
        """
        stood = len(self._shown)
        await self._adopt_what_was_under_way()
        await self._remove_down_to(stood)

    async def _adopt_what_was_under_way(self) -> None:
        if self._creating is not None:
            step, call = self._creating
            ref = await self._outcome(step, call)
            self._creating = None
            if ref is not None:
                self._shown.append(Shown(ref, None))

    async def _remove_down_to(self, pages: int) -> None:
        self._ended_at = self._scheduler.now()
        while len(self._shown) > pages:
            ticket = await self._granted((), Urgency.FINAL)
            try:
                await self._remove(self._shown[-1].ref, ticket)
            except SurfaceGone:
                self._shown.pop()  # gone already, which is what we want

    async def _outcome(self, step: _Step, call: Call[MessageRef]) -> MessageRef | None:
        """What became of a create that nobody waited for; None where no message came of it."""
        try:
            return await self._created(step, call)
        except SurfaceUnsure:
            return await self._surface.find(step.page, nonce=self._nonce(step), content=step.content)
        except SurfaceError:
            return None
