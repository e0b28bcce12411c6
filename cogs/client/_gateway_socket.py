"""A shard's connection to the gateway: discord.py's own, which here waits before it comes back, and is hard to kill.

discord.py looks its parts up in `discord.shard`; `install` puts ours there (docs/adr/0012 says why).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, Self, runtime_checkable

import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

log = logging.getLogger(__name__)

# discord.py's parsers meet a payload that lacks something, or holds something else.
_UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError)
_NO_HELLO: Final = "the gateway closed the connection before it took the log-in"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a shard comes back, in seconds.

    Its first pause is up to `first_pause_s`, each further one up to twice as long, at most `longest_pause_s`; after
    `quiet_s` without trouble it begins anew. Before a new session Discord wants a pause between the two of
    `invalid_session_s`. A gateway that says nothing for `silence_s` is taken for dead. A session that was lost for
    longer than `resumable_s` is not asked for again. Of each bucket one shard logs in every `identify_every_s`
    (Discord: 5 s; the rest is for the way there).
    """

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    quiet_s: float = 60.0
    invalid_session_s: tuple[float, float] = (1.0, 5.0)
    silence_s: float = 60.0
    resumable_s: float = 180.0
    identify_every_s: float = 5.5


class Backoff:
    """Tells how long to wait before the next try; the more often it is asked, the longer."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._tries = 0
        self._waited_until_s = clock()

    def delay(self) -> float:
        """The next pause, in seconds: between half of what is due and all of it, so that shards do not come as one."""
        now_s = self._clock()
        if now_s - self._waited_until_s > self._pace.quiet_s:
            self._tries = 0
        due_s = self._pace.first_pause_s * 2.0 ** min(self._tries, 32)
        self._tries += 1
        pause_s = min(due_s, self._pace.longest_pause_s) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._waited_until_s = now_s + pause_s
        return pause_s


class Link:
    """What is known of one shard from one connection to the next."""

    def __init__(self, pace: Pace) -> None:
        self.backoff = Backoff(pace)
        self.socket: DiscordWebSocket | None = None
        self.ended_by: discord.ConnectionClosed | None = None
        """What the gateway said where it wants no more of this shard."""
        self._pace = pace
        self._lost_s: float | None = None

    def lost(self) -> None:
        """The connection is gone; its session waits at Discord for a while."""
        self._lost_s = time.monotonic()

    def session(self) -> DiscordWebSocket | None:
        """The socket whose session may still be resumed."""
        if self.socket is None or self.socket.session_id is None:
            return None
        lost_s = self._lost_s
        if lost_s is not None and time.monotonic() - lost_s > self._pace.resumable_s:
            return None
        return self.socket

    def found(self, socket: DiscordWebSocket) -> None:
        """There is a connection again."""
        self.socket = socket
        self._lost_s = None


class Links:
    """The shards of one client; `turn` is entered to log a shard in, one at a time as Discord allows."""

    def __init__(self, pace: Pace, turn: Callable[[int], AbstractAsyncContextManager[None]]) -> None:
        self.pace = pace
        self.turn = turn
        self._links: defaultdict[int, Link] = defaultdict(lambda: Link(pace))

    def __getitem__(self, shard_id: int) -> Link:
        return self._links[shard_id]


@runtime_checkable
class Linked(Protocol):
    """A client whose shards connect through `GatewaySocket`."""

    links: Links


class GatewaySocket(DiscordWebSocket):
    """discord.py's socket, with a pause before each return, a session that outlives a failed try, and events that
    cannot be read left out: in discord.py the first comes at once, the second is lost, the third ends the bot."""

    link: Link | None = None
    pace = Pace()

    @classmethod
    async def from_client(
        cls,
        client: discord.Client,
        *,
        initial: bool = False,
        gateway: yarl.URL | None = None,
        shard_id: int | None = None,
        session: str | None = None,
        sequence: int | None = None,
        resume: bool = False,
        encoding: str = "json",
        compress: bool = True,
    ) -> Self:
        """Connect, and resume where there is something to resume; else log in when it is this shard's turn.

        Raises:
            ConnectionAbortedError: it was closed again before that; discord.py then waits, by `Backoff`.
        """
        links = client.links if isinstance(client, Linked) else None  # `install` reaches all clients
        link = links[shard_id or 0] if links is not None else None
        if not resume and link is not None and (last := link.session()) is not None:
            resume, gateway, session, sequence = True, last.gateway, last.session_id, last.sequence
        connect = partial(
            super().from_client, client, initial=initial, gateway=gateway, shard_id=shard_id, session=session,
            sequence=sequence, resume=resume, encoding=encoding, compress=compress,
        )  # fmt: skip
        if links is None or link is None:
            return await connect()
        try:
            if resume:
                socket = await connect()
            else:
                async with links.turn(shard_id or 0):
                    socket = await connect()
        except ReconnectWebSocket as signal:
            # As it is, it would end the bot: Shard.reconnect does not know it.
            raise ConnectionAbortedError(_NO_HELLO) from signal
        except discord.ConnectionClosed as error:
            link.ended_by = error
            raise
        socket.link, socket.pace = link, links.pace
        link.found(socket)
        return socket

    async def poll_event(self) -> None:
        """Take one frame; where the connection has to be made anew, wait first, whatever the reason was."""
        try:
            await super().poll_event()
        except ReconnectWebSocket as signal:
            if self.link is not None:
                self.link.lost()
                self._dispatch("shard_disconnect", self.shard_id)  # now, and not only after the pause
                await asyncio.sleep(self._pause_s(self.link, new_session=not signal.resume))
            raise

    def _pause_s(self, link: Link, *, new_session: bool) -> float:
        pause_s = link.backoff.delay()
        return max(pause_s, random.uniform(*self.pace.invalid_session_s)) if new_session else pause_s  # noqa: S311 - no secret

    async def received_message(self, msg: Any, /) -> None:
        """Take one message; an event that cannot be read is left out, with one line in the log."""
        try:
            await super().received_message(msg)
        except _UNREADABLE as error:
            fields = {"shard": self.shard_id, "error": type(error).__name__, "where": _where(error)}
            log.error("an event of the gateway cannot be read", extra=fields)  # noqa: TRY400 - its text may hold words of people
        except zlib.error:
            log.warning("the gateway's stream is broken", extra={"shard": self.shard_id})
            await self.close()
            raise ReconnectWebSocket(self.shard_id) from None


def _where(error: BaseException) -> str:
    """The function that failed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_name if trace is not None else ""


def install(pace: Pace) -> None:
    """Let discord.py connect shards through `GatewaySocket`, and wait by `Backoff` after a try that failed.

    Its own waits reach 17 minutes, in which every shard of the process waits along.
    """
    vars(discord.shard).update(DiscordWebSocket=GatewaySocket, ExponentialBackoff=partial(Backoff, pace))
