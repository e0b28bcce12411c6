"""Which Reka answers: the first that is configured, and the next one where that cannot."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from conversation.fitting import Prompt
from conversation.ports import Origin
from reka_provider import (
    ChatMessage,
    CompletionState,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaNoTextError,
    RekaRateLimitError,
    RekaResponseError,
    RekaTimeoutError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """One Reka: what it would be sent for a conversation, and how it is asked. Both raise RekaError."""

    name: str
    prompt: Callable[[Sequence[ChatMessage]], Prompt]
    ask: Callable[[Prompt], AsyncGenerator[CompletionState, None]]


@dataclass(slots=True)
class ChoosingCounts:
    """Who answered so far, each by the name of the service."""

    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The failures by service and kind of error."""
    written_chars: Counter[str] = field(default_factory=Counter)
    """What each wrote, whole answers and broken ones, reasoning included."""
    input_tokens: Counter[str] = field(default_factory=Counter)
    """As the service itself counts them, and so nothing where it does not tell."""
    output_tokens: Counter[str] = field(default_factory=Counter)
    fell_back: int = 0
    last: Origin | None = None
    """Who wrote the last answer that was whole."""
    last_at_s: float | None = None
    """When it was whole, in epoch seconds."""


class Choosing:
    """A ChatModel over one service or several, best first.

    The next service is asked where one is down, asks to wait, has no credits left or refuses our credentials: people
    should be served, and the operator's log tells. It is never asked once an answer has begun, nor where the
    question itself was refused. Where nobody could answer, the first one's reason is raised.
    """

    def __init__(self, services: Sequence[Service], *, now_s: Callable[[], float] = time.time) -> None:
        if not services:
            raise ValueError("somebody has to answer")
        self._services = tuple(services)
        self._now_s = now_s
        self.counts = ChoosingCounts()

    @property
    def names(self) -> tuple[str, ...]:
        """The services in the order in which they are asked."""
        return tuple(service.name for service in self._services)

    async def stream(
        self, *, messages: Sequence[ChatMessage], on_begun: Callable[[Origin], None] | None = None
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only; closing the generator ends the answer upstream."""
        failure: RekaError | None = None
        for service in self._services:
            origin: Origin | None = None
            newest: CompletionState | None = None
            try:
                prompt = service.prompt(messages)
                async with aclosing(service.ask(prompt)) as states:
                    async for state in states:
                        if origin is None:
                            origin = Origin(service.name, prompt.model)
                            self._begun(origin, failure, on_begun)
                        newest = state
                        yield state
            except RekaError as error:
                self.counts.failed[service.name] += 1
                self.counts.errors[service.name, type(error).__name__] += 1
                if origin is not None:
                    raise
                self._log_failure(service, error)
                failure = failure or error
                if not another_may_help(error):
                    break
            else:
                self._answered(Origin(service.name, prompt.model))
                return
            finally:
                self._wrote(service.name, newest)
        if failure is not None:
            raise failure

    def _begun(
        self, origin: Origin, failure: RekaError | None, on_begun: Callable[[Origin], None] | None
    ) -> None:
        if failure is not None:
            self.counts.fell_back += 1
        if on_begun is not None:
            on_begun(origin)

    def _wrote(self, service: str, newest: CompletionState | None) -> None:
        if newest is None:
            return
        self.counts.written_chars[service] += len(newest.text) + len(newest.reasoning)
        if newest.usage is not None:
            self.counts.input_tokens[service] += newest.usage.input_tokens
            self.counts.output_tokens[service] += newest.usage.output_tokens

    def _answered(self, origin: Origin) -> None:
        self.counts.answered[origin.service] += 1
        self.counts.last = origin
        self.counts.last_at_s = self._now_s()

    def _log_failure(self, service: Service, error: RekaError) -> None:
        if len(self._services) == 1:
            return  # the reply's own line tells of it
        fields = {"error": type(error).__name__, "status": error.status, "request_id": error.request_id}
        if isinstance(error, RekaAuthError):
            fields["why"] = str(error)  # says what the operator has to renew
        log.warning("%s did not answer", service.name, extra=fields)


def another_may_help(error: RekaError) -> bool:
    """Whether the reason lies with the service, and not with what it was asked."""
    if isinstance(error, RekaNoTextError):
        return False  # it did answer, if without a word: it may have refused what was asked
    if isinstance(error, RekaResponseError):
        return error.status is None or error.status >= 500
    return isinstance(error, (RekaAuthError, RekaConnectionError, RekaRateLimitError, RekaTimeoutError))
