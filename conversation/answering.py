"""The answer while the model writes it: states in, drafts out, and a note where it ends before its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum

from conversation.attach import join_notes
from conversation.offers import go_on, show_thinking, try_again
from conversation.sentences import note, say, say_error
from conversation.visible import shows_something
from delivery.compose import apart
from delivery.surface import Draft, Offer
from reka_provider import CompletionState, RekaError, RekaNoTextError

ENDS_BEFORE_S = 20.0  # the note and the last edit have to be on screen before the place closes

AT_MODELS_LIMIT = "length"  # finish reasons (reka-api.md 2.1)
FILTERED = "content_filter"


class Interrupt(Enum):
    """Why an answer ends although the model has not ended."""

    TOO_LONG = "note-too-long"
    TOO_SLOW = "note-too-slow"
    TOKEN_ENDING = "note-token-ending"  # noqa: S105 - a kind of sentence, no secret
    RESTARTED = "note-restarted"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one answer may become."""

    answer_s: float = 600.0
    answer_chars: int = 40_000


class Answering:
    """One answer on its way from the model to the screen and into memory.

    `text` is what the model wrote so far, as it came; once it has ended, `answer` is that text without what the
    model thought before it.

    Args:
        states: the model's answer so far, newest only; closed in any case.
        reply_id: which reply the buttons under it speak of.
        ends_at_s: epoch seconds at which the place where it appears closes; None where it does not.
        notes: sentences that go under the answer whatever becomes of it; read when it ends.
        remember: told (answer, complete) as soon as the model ends, while the last edit is on its way.
        keep_thought: told what the model thought, before the last draft; whether it can be shown on request.
    """

    def __init__(
        self,
        states: AsyncGenerator[CompletionState, None],
        *,
        reply_id: int,
        limits: Limits,
        ends_at_s: float | None,
        locale: str,
        notes: Sequence[str],
        remember: Callable[[str, bool], Awaitable[None]],
        keep_thought: Callable[[str], bool],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._states = states
        self._reply_id = reply_id
        self._limits = limits
        self._ends_at_s = ends_at_s
        self._locale = locale
        self._notes = notes
        self._remember = remember
        self._keep_thought = keep_thought
        self._now_s = now_s
        self._timeout: asyncio.Timeout | None = None
        self._interrupt: Interrupt | None = None
        self._ended = False
        self._remembering: asyncio.Task[None] | None = None
        self._reasoning = ""
        self._finish_reason: str | None = None
        self.text = ""
        self.answer = ""
        self.error: RekaError | None = None

    @property
    def broke_off(self) -> bool:
        """Whether it ended in a way that asking again may mend."""
        if self._filtered:
            return False
        return self.error is not None or self._interrupt is Interrupt.RESTARTED or self._only_thought

    @property
    def _filtered(self) -> bool:
        return self._finish_reason == FILTERED

    @property
    def _only_thought(self) -> bool:
        """Whether it came to an end, or to a limit, before the model had done thinking."""
        failed = self.error is not None and not isinstance(self.error, RekaNoTextError)
        stopped = failed or self._interrupt is Interrupt.RESTARTED or self._filtered
        return bool(self._ended and not stopped and self._reasoning and not self.answer.strip())

    @property
    def _cut_short(self) -> bool:
        """Whether a limit ended it, so that there is more to say."""
        at_limit = self._interrupt in (Interrupt.TOO_LONG, Interrupt.TOO_SLOW, Interrupt.TOKEN_ENDING)
        return (
            self.error is None
            and bool(self.answer.strip())
            and (at_limit or self._finish_reason == AT_MODELS_LIMIT)
        )

    def interrupt(self, why: Interrupt) -> None:
        """End the answer now, with a note that says why; one that has ended already stays as it is."""
        if self._interrupt is None and not self._ended:
            self._interrupt = why
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(asyncio.get_running_loop().time())

    async def drafts(self) -> AsyncGenerator[Draft, None]:
        """Yield the answer as it stands; the last draft has `ended` set and carries the notes."""
        if self._interrupt is None and not self._time_left_s():
            self._interrupt = self._why_out_of_time()  # it waited too long in line: the model is not asked
        try:
            async with (
                asyncio.timeout(self._time_left_s()) as self._timeout,
                aclosing(self._states) as states,
            ):
                if self._interrupt is None:
                    async for state in states:
                        self._take(state)
                        if len(state.text) > self._limits.answer_chars:
                            self.text = state.text[: self._limits.answer_chars].rstrip()
                            self._interrupt = Interrupt.TOO_LONG
                            break
                        # The first message appears with the first character that shows.
                        yield Draft(state.text if shows_something(state.text) else "", state.reasoning)
        except TimeoutError:
            self._interrupt = self._interrupt or self._why_out_of_time()
        except RekaError as error:
            self.error = error
            if isinstance(error, RekaNoTextError):
                self._finish_reason = error.finish_reason
                self._reasoning = error.reasoning or self._reasoning
        finally:
            self._timeout = None
            self._ended = True
        yield self._last_draft()

    def _take(self, state: CompletionState) -> None:
        self.text = state.text
        self._reasoning = state.reasoning
        self._finish_reason = state.finish_reason

    def _last_draft(self) -> Draft:
        thought = apart(self.text, self._reasoning)
        self.answer = thought.answer if shows_something(thought.answer) else ""
        self._reasoning = thought.reasoning
        if not (self.answer.strip() or self._reasoning or self.error or self._interrupt or self._filtered):
            self.error = RekaNoTextError("Reka's answer shows nothing.", finish_reason=self._finish_reason)
        if self.answer.strip():
            limited = self._finish_reason in (AT_MODELS_LIMIT, FILTERED)
            complete = self.error is None and self._interrupt is None and not limited
            self._remembering = asyncio.create_task(self._keep(self.answer, complete))
        return Draft(
            self.answer,
            ended=True,
            note=note(join_notes([*self._notes, self._last_words()])),
            offers=tuple(self._offers()),
        )

    def _offers(self) -> Iterator[Offer]:
        if self._only_thought or self._cut_short:
            yield go_on(self._reply_id, self._locale)
        elif self.broke_off:
            yield try_again(self._reply_id, self._locale)
        if self._keep_thought(self._reasoning):
            yield show_thinking(self._reply_id, self._locale)

    async def settled(self) -> None:
        """Return once memory holds the answer, where there was one to keep."""
        if self._remembering is not None:
            await self._remembering

    async def _keep(self, text: str, complete: bool) -> None:
        await self._remember(text, complete)

    def _time_left_s(self) -> float:
        if self._ends_at_s is None:
            return self._limits.answer_s
        return max(0.0, min(self._limits.answer_s, self._ends_at_s - ENDS_BEFORE_S - self._now_s()))

    def _why_out_of_time(self) -> Interrupt:
        if self._ends_at_s is not None and self._now_s() >= self._ends_at_s - ENDS_BEFORE_S - 1:
            return Interrupt.TOKEN_ENDING
        return Interrupt.TOO_SLOW

    def _last_words(self) -> str:
        if self._filtered:
            return say("reka-filtered", self._locale)
        if self._only_thought and self._interrupt is None:
            return say("note-only-thought", self._locale)
        if self.error is not None:
            why = say_error(self.error, self._locale, now_s=self._now_s())
            return say("note-broke-off", self._locale, why=why) if self.answer.strip() else why
        if self._interrupt is not None:
            return say(
                self._interrupt.value,
                self._locale,
                limit=self._limits.answer_chars,
                minutes=round(self._limits.answer_s / 60),
            )
        return say("note-at-models-limit", self._locale) if self._cut_short else ""
