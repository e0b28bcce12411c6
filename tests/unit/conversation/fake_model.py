"""A model that says what a test tells it to, when it tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from conversation.ports import Origin
from reka_provider import ChatMessage, CompletionState

Step = str | CompletionState | float | asyncio.Event | Exception
"""The answer so far (its text, or all of it), seconds to wait, a gate to wait at, or an error to end with."""


@dataclass(slots=True)
class Stream:
    """One answer asked for: with what, and how it ended."""

    messages: Sequence[ChatMessage]
    ended: bool = False
    closed_early: bool = False

    @property
    def question(self) -> str:
        """The words of the last message."""
        return words_of(self.messages[-1])


def words_of(message: ChatMessage) -> str:
    """A message's text, without its pictures."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


@dataclass(slots=True)
class FakeModel:
    """Plays one script per answer, in order, then `otherwise` for ever."""

    otherwise: tuple[Step, ...] = ("Fine.",)
    streams: list[Stream] = field(default_factory=list)
    _scripts: deque[tuple[Step, ...]] = field(default_factory=deque)

    def answers(self, *steps: Step) -> None:
        """Play `steps` for the next answer that has no script yet."""
        self._scripts.append(steps)

    @property
    def running(self) -> int:
        """How many answers are being written now."""
        return sum(not stream.ended for stream in self.streams)

    async def stream(
        self, *, messages: Sequence[ChatMessage], on_begun: Callable[[Origin], None] | None = None
    ) -> AsyncGenerator[CompletionState, None]:
        stream = Stream(messages)
        self.streams.append(stream)
        script = self._scripts.popleft() if self._scripts else self.otherwise
        begun = whole = False
        try:
            for step in script:
                match step:
                    case str() | CompletionState():
                        await asyncio.sleep(0)
                        if on_begun is not None and not begun:
                            on_begun(Origin("fake", "scripted"))
                        begun = True
                        yield CompletionState(step) if isinstance(step, str) else step
                    case asyncio.Event():
                        await step.wait()
                    case Exception():
                        whole = True
                        raise step
                    case _:
                        await asyncio.sleep(step)
            whole = True
        finally:
            stream.ended = True
            stream.closed_early = not whole
