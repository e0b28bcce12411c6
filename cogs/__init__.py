"""The rooms that know discord.py. Each extension is wired by its `setup` and imports no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from discord.ext import commands

from conversation.pipeline import Conversation
from conversation.ports import CommandDigests, ReplyJournal

EXTENSIONS: Final = ("cogs.chat",)


class Fetch(Protocol):
    """Downloads an attachment from the hosts that the operator allows; raises FileUnavailable."""

    def __call__(self, url: str, *, limit_bytes: int) -> Awaitable[bytes]: ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the client and its extensions use of the rest of the house.

    `end_calls` ends the calls to Discord that are under way; `lost_answers` are the errors of the HTTP session
    after which nobody knows whether a request took effect.
    """

    conversation: Conversation
    journal: ReplyJournal
    digests: CommandDigests
    end_calls: Callable[[], Awaitable[None]]
    fetch: Fetch
    lost_answers: tuple[type[Exception], ...]


class WiredBot(commands.AutoShardedBot):
    """A bot whose extensions find what they use in `wiring`."""

    wiring: Wiring
