"""One client of the gateway: its websocket, and the session that outlives it (Gateway, API v10)."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum

from aiohttp import web

_KEPT_EVENTS = 5_000
_SENDS_PER_MINUTE = 120


class Op(IntEnum):
    """Gateway opcodes that the sandbox speaks; others that clients may send are taken and ignored."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Close codes of the gateway (Opcodes and Status Codes)."""

    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    RATE_LIMITED = 4008
    INVALID_SHARD = 4010
    DISALLOWED_INTENTS = 4014
    SCRIPTED = 0  # no code of Discord's: the one that a test wants


@dataclass(eq=False, slots=True)
class Connection:
    """One websocket; its frames leave in order, each not before its time."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport | None
    sent_away: bool = False
    outbox: asyncio.Queue[tuple[float, str | bytes]] = field(default_factory=asyncio.Queue)
    received_s: deque[float] = field(default_factory=deque)

    def send(self, op: Op, data: object, *, hold_s: float = 0.0) -> None:
        """Queue a frame that is no event."""
        self.push(json.dumps({"op": op, "d": data, "s": None, "t": None}), hold_s=hold_s)

    def push(self, frame: str | bytes, *, hold_s: float = 0.0) -> None:
        """Queue a frame as it stands."""
        self.outbox.put_nowait((time.monotonic() + hold_s, frame))

    async def sent(self) -> None:
        """Wait until all that is queued has left."""
        await self.outbox.join()

    async def close(self, code: int) -> None:
        """Send the client away; what it answers to that ends no session of its."""
        self.sent_away = True
        await self.ws.close(code=code)

    def cut(self) -> None:
        """Break the connection without a word."""
        if self.transport:
            self.transport.abort()

    def within_send_limit(self) -> bool:
        """Count one frame of the client; False past 120 in a minute."""
        now = time.monotonic()
        self.received_s.append(now)
        while self.received_s[0] < now - 60:
            self.received_s.popleft()
        return len(self.received_s) <= _SENDS_PER_MINUTE

    async def drain(self) -> None:
        """Send what is queued, for as long as the websocket lives; after that, drop it."""
        while True:
            not_before_s, frame = await self.outbox.get()
            wait_s = not_before_s - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            with suppress(ConnectionError):  # the reader of this websocket sees the end and settles it
                if isinstance(frame, bytes):
                    await self.ws.send_bytes(frame)
                else:
                    await self.ws.send_str(frame)
            self.outbox.task_done()


@dataclass(eq=False, slots=True)
class Session:
    """An identified client; `connection` is None while it is away and its events are kept for it."""

    id: str
    shard: tuple[int, int] | None
    intents: int
    connection: Connection | None
    seq: int = 0
    away_since_s: float = 0.0
    kept: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))

    def hears(self, guild_id: int | None) -> bool:
        """Whether events of that guild (None: direct messages) go to this shard."""
        number, count = self.shard or (0, 1)
        return (0 if guild_id is None else (guild_id >> 22) % count) == number

    def dispatch(self, event: str, data: object, *, hold_s: float = 0.0) -> None:
        """Give the session one event with the next sequence number, now or when it resumes."""
        self.seq += 1
        frame = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.seq, "d": data})
        self.kept.append((self.seq, frame))
        if self.connection:
            self.connection.push(frame, hold_s=hold_s)
