"""What readers see of each answer, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.delivery.answers import TAG_CHARS
from sandbox.changes import Change, MessageChanged, MessageCreated
from sandbox.entities import Message
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many answers stand there right, and once each. `stray` messages belong to no question."""

    right: int
    lost: int
    wrong: int
    doubled: int
    stray: int

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, wrong, doubled or stray."""
        return not (self.lost or self.wrong or self.doubled or self.stray)


class Screen:
    """Watches the bot's messages in the world; `expected` are the whole texts by tag.

    `all_shown` is set once each of them stands there whole.
    """

    def __init__(self, world: World, expected: Mapping[str, str]) -> None:
        self._world = world
        self._expected = expected
        self._pending = set(expected)
        self.all_shown = asyncio.Event()
        world.listeners.append(self._on_change)

    def close(self) -> None:
        """Watch no longer."""
        self._world.listeners.remove(self._on_change)

    @property
    def pending(self) -> int:
        """How many answers do not stand there whole yet."""
        return len(self._pending)

    def _on_change(self, change: Change) -> None:
        if not isinstance(change, MessageCreated | MessageChanged):
            return
        message = change.message
        if message.author is self._world.bot:
            tag = message.content[:TAG_CHARS]
            if tag in self._pending and message.content == self._expected[tag]:
                self._pending.remove(tag)
                if not self._pending:
                    self.all_shown.set()

    def messages(self) -> dict[str, list[Message]]:
        """The bot's messages by the tag that they begin with; "" are those of no question of this load."""
        found: dict[str, list[Message]] = {}
        for channel in self._world.channels.values():
            for message in channel.messages.values():
                if message.author is self._world.bot:
                    tag = message.content[:TAG_CHARS]
                    found.setdefault(tag if tag in self._expected else "", []).append(message)
        return found

    def verdict(self, *, stray_before: int) -> Verdict:
        """Compare the screen with what Reka wrote; `stray_before` messages stood there when the load began."""
        found = self.messages()
        shown = {tag: found.get(tag, []) for tag in self._expected}
        right = sum(
            len(messages) == 1 and messages[0].content == self._expected[tag]
            for tag, messages in shown.items()
        )
        lost = sum(not messages for messages in shown.values())
        doubled = sum(len(messages) > 1 for messages in shown.values())
        stray = len(found.get("", [])) - stray_before
        return Verdict(right, lost, len(shown) - right - lost - doubled, doubled, stray)
