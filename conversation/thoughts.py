"""What a model thought before it answered, kept for a while for whoever asks to see it.

It is held in memory alone: nothing else depends on it, and so nobody has to ask for its deletion in a database.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from conversation.model import MessageRef, Place

LIMIT_BYTES = 4 * 1024 * 1024
LIFE_S = 3_600.0
TOLD_CHARS = 6_000  # of a thought that the model is told again: where it had come to


@dataclass(slots=True)
class _Thought:
    place: Place
    question: MessageRef | None
    text: bytes = field(repr=False)
    kept_at_s: float
    messages: tuple[MessageRef, ...] = ()


class Thoughts:
    """The reasoning of the newest answers.

    Args:
        limit_bytes: of all together; the oldest go first.
        life_s: how long each is kept.
    """

    def __init__(
        self,
        *,
        limit_bytes: int = LIMIT_BYTES,
        life_s: float = LIFE_S,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._life_s = life_s
        self._now_s = now_s
        self._thoughts: OrderedDict[int, _Thought] = OrderedDict()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def keep(self, reply_id: int, place: Place, question: MessageRef | None, text: str) -> bool:
        """Keep `text` in place of an earlier attempt's; False where there is nothing to keep, or too much."""
        self._drop(reply_id)
        data = text.strip().encode("utf-8", "replace")
        if not data or len(data) > self._limit_bytes:
            return False
        self._thoughts[reply_id] = _Thought(place, question, data, self._now_s())
        self._bytes += len(data)
        self._tidy()
        return True

    def shown_at(self, reply_id: int, messages: tuple[MessageRef, ...]) -> None:
        """Know the messages of the answer, so that the thought goes where one of them is deleted."""
        if thought := self._thoughts.get(reply_id):
            thought.messages = messages

    def of(self, reply_id: int, *, reader_id: int) -> str | None:
        """What the model thought; None where it is not kept (any more), or is not for this person's eyes."""
        self._tidy()
        thought = self._thoughts.get(reply_id)
        if thought is None or thought.place.private_to not in (None, reader_id):
            return None
        return thought.text.decode()

    def forget_place(self, place: Place) -> None:
        """Forget what was thought in one conversation."""
        key = (place.channel_id, place.private_to)
        self._forget(lambda thought: (thought.place.channel_id, thought.place.private_to) == key)

    def forget_message(self, ref: MessageRef) -> None:
        """Forget what was thought about a question that is gone, or for an answer of which a page is gone."""
        self._forget(lambda thought: ref == thought.question or ref in thought.messages)

    def forget_channel(self, channel_id: int) -> None:
        """Forget what was thought in a channel."""
        self._forget(lambda thought: thought.place.channel_id == channel_id)

    def forget_guild(self, guild_id: int) -> None:
        """Forget what was thought in a guild."""
        self._forget(lambda thought: thought.place.guild_id == guild_id)

    def _forget(self, which: Callable[[_Thought], bool]) -> None:
        for reply_id in [reply_id for reply_id, thought in self._thoughts.items() if which(thought)]:
            self._drop(reply_id)

    def _tidy(self) -> None:
        """Let go of the oldest: those that are too old, and those for which there is no room."""
        oldest_s = self._now_s() - self._life_s
        while self._thoughts:
            reply_id, thought = next(iter(self._thoughts.items()))
            if thought.kept_at_s > oldest_s and self._bytes <= self._limit_bytes:
                return
            self._drop(reply_id)

    def _drop(self, reply_id: int) -> None:
        thought = self._thoughts.pop(reply_id, None)
        if thought is not None:
            self._bytes -= len(thought.text)


def answer_now(thought: str) -> str:
    """What a model is told that thought until it had no room left to answer; `thought` is what it thought."""
    told = (
        "You thought about the last message until you had no room left to answer it. Answer it now, at once."
    )
    if not thought.strip():
        return told
    return f"{told} The end of what you thought:\n\n{thought.strip()[-TOLD_CHARS:]}"
