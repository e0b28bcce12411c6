"""The rooms that know discord.py. Each extension is wired by its `setup` and imports no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from discord.ext import commands

from conversation.catch_up import CatchUp
from conversation.pipeline import Conversation
from conversation.ports import CommandDigests, ReplyJournal

EXTENSIONS: Final = ("cogs.chat", "cogs.operator")


class Fetch(Protocol):
    """Downloads an attachment from the hosts that the operator allows; raises FileUnavailable."""

    def __call__(self, url: str, *, limit_bytes: int) -> Awaitable[bytes]: ...


class IdentifyLock(Protocol):
    """Keeps the processes of one bot from logging in at the gateway at the same time."""

    def held(self, application_id: int, bucket: int, *, after_s: float) -> AbstractAsyncContextManager[None]:
        """Inside, and for `after_s` seconds after an end without an error, no other process is inside.

        Raises MemoryUnavailable on the way in, where nobody can tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the client and its extensions use of the rest of the house.

    `end_calls` ends the calls to Discord that are under way; `lost_answers` are the errors of the HTTP session
    after which nobody knows whether a request took effect. `status` is what the operator is told of the process, as
    (name, value). `identify_lock` is None where there are no other processes.
    """

    conversation: Conversation
    journal: ReplyJournal
    digests: CommandDigests
    catch_up: CatchUp
    end_calls: Callable[[], Awaitable[None]]
    fetch: Fetch
    lost_answers: tuple[type[Exception], ...]
    status: Callable[[], Awaitable[Sequence[tuple[str, str]]]]
    identify_lock: IdentifyLock | None = None


class WiredBot(commands.AutoShardedBot):
    """A bot whose extensions find what they use in `wiring`."""

    wiring: Wiring

    async def sync_commands(self) -> Sequence[str]:
        """Send the commands to Discord, changed or not; their names. Raises what the request raises."""
        raise NotImplementedError

    async def reload_extensions(self) -> Mapping[str, commands.ExtensionError | None]:
        """Load each extension anew from disk; why not, where one could not be, which then runs on as it was."""
        raise NotImplementedError
