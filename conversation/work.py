"""The questions under way, so that a deletion can end one and a shutdown can wait for all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conversation.answering import Answering
from conversation.model import Ask, Claim
from conversation.ports import Origin
from delivery.live_reply import LiveReply
from delivery.surface import MessageRef, Surface


@dataclass(slots=True, eq=False)
class Work:
    """One question on its way."""

    ask: Ask
    surface: Surface
    claim: Claim | None = None
    live: LiveReply | None = None
    answering: Answering | None = None
    origin: Origin | None = None  # who writes the answer, once it has begun
    why_dropped: str | None = None
    courtesy: bool = False  # all that is left to do is to say a sentence of ours
    task: asyncio.Task[None] | None = None
    decided: asyncio.Event = field(default_factory=asyncio.Event)  # it is claimed, or never will be
    taken_away: set[MessageRef] = field(
        default_factory=set
    )  # by the bot itself: their deletion is nobody's wish
    began_at: float = field(default_factory=time.monotonic)
    _begun: bool = False

    def log_fields(self, **more: object) -> dict[str, object]:
        """Ids and the duration so far, for one line of the operator's log."""
        place = self.ask.place
        shown = self.live.messages if self.live is not None else ()
        return {
            "event_id": self.ask.event_id,
            "reply_id": self.claim.reply_id if self.claim else None,
            "guild_id": place.guild_id,
            "channel_id": place.channel_id,
            "message_id": shown[0].message_id if shown else None,
            "ms": round((time.monotonic() - self.began_at) * 1000),
            **({"reka": self.origin.service, "model": self.origin.model} if self.origin else {}),
            **more,
        }

    def answered_by(self, origin: Origin) -> None:
        """Know who writes the answer, for the log."""
        self.origin = origin

    @property
    def text(self) -> str:
        """What the model wrote so far."""
        return self.answering.text if self.answering is not None else ""

    def shows(self, ref: MessageRef) -> bool:
        """Whether `ref` is one of the messages that answer it."""
        return self.live is not None and ref in self.live.messages

    def error_fields(self) -> dict[str, object]:
        """What the log should tell of the model's failure, where there was one."""
        error = self.answering.error if self.answering is not None else None
        if error is None:
            return {}
        return {"error": type(error).__name__, "status": error.status, "request_id": error.request_id}

    def drop(self, why: str) -> None:
        """End it: nobody waits for it any more. Its stream upstream ends with it."""
        if self.why_dropped is None and self.task is not None:
            self.why_dropped = why
            if self._begun:
                self.task.cancel()

    def begin(self) -> None:
        """Take the first step; raises CancelledError where it was dropped before.

        A task that is cancelled before its first step never runs, and so could not clean up.
        """
        self._begun = True
        if self.why_dropped is not None:
            raise asyncio.CancelledError


class Works:
    """Owns the task of each question under way, and the small jobs beside them."""

    def __init__(self) -> None:
        self._works: set[Work] = set()
        self._asides: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Work]:
        return iter(list(self._works))

    def __len__(self) -> int:
        return len(self._works)

    @property
    def reply_ids(self) -> frozenset[int]:
        """Of those that were claimed."""
        return frozenset(work.claim.reply_id for work in self._works if work.claim is not None)

    async def run(self, work: Work, way: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Go the way of one question in a task of its own, and return when it has ended."""
        work.task = asyncio.create_task(way())
        self._works.add(work)
        work.task.add_done_callback(lambda _: self._works.discard(work))
        work.task.add_done_callback(lambda _: work.decided.set())
        await asyncio.wait({work.task})  # cancelling the caller leaves the work to its owner
        if not work.task.cancelled():
            work.task.result()

    def aside(self, job: Coroutine[Any, Any, None]) -> None:
        """Do something small beside the answers."""
        task = asyncio.create_task(job)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def drop(self, why: str, which: Callable[[Work], bool]) -> list[Work]:
        """Drop those that are meant, and tell which they were."""
        dropped = [work for work in self if which(work)]
        for work in dropped:
            work.drop(why)
        return dropped

    async def ended(self, works: Iterable[Work]) -> None:
        """Return when all of `works` have ended."""
        if tasks := [work.task for work in works if work.task is not None]:
            await asyncio.wait(tasks)

    async def wait(self, timeout_s: float) -> None:
        """Return when all is done, or after `timeout_s`."""
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=timeout_s)

    async def wait_for_answers(self, timeout_s: float) -> None:
        """Return when all is done but courtesies, or after `timeout_s`."""
        tasks = [work.task for work in self._works if work.task is not None and not work.courtesy]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)

    async def cancel(self, *, within_s: float = 5.0) -> None:
        """End whatever is left and wait until it has ended; what is not cleared away `within_s` stays as it is."""
        for work in self:
            work.drop("shutdown")
        for task in list(self._asides):
            task.cancel()
        await self.wait(within_s)
        while tasks := self._tasks():
            for task in tasks:
                task.cancel()
            await self.wait(1.0)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [work.task for work in self._works if work.task is not None] + list(self._asides)
