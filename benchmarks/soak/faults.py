"""The troubles of a story, made to happen: at Discord, at its gateway, at Reka, in the database."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.story import asked_number, whole
from benchmarks.soak.story import Trouble
from sandbox.faults import Fault, Faults
from sandbox.gateway import Gateway
from sandbox.reka_space import Chat, Script

STOPPED_S = 4.0
_SLOW_LOCKS, _SLOW_LOCK_S, _SLOW_GAP_S = 30, 0.1, 0.03
_STALL_S = 4.0
BUSY_FOR_S = 12
"""Longer than the client waits between attempts: the person is told at once."""
_PIECES = 25
_OPENED_WITHIN_S = 30.0

_CREATE = ("POST", "/channels/{c}/messages")
_EDIT = ("PATCH", "/channels/{c}/messages/{m}")
_TOKEN_EDIT = ("PATCH", "/webhooks/{a}/{t}/messages/@original")
_REST: dict[Trouble, tuple[tuple[str, str], Sequence[Fault]]] = {
    Trouble.CREATE_429_SHARED: (_CREATE, [Fault.rate_limit("shared", 0.8)]),
    Trouble.CREATE_429_USER: (_CREATE, [Fault.rate_limit("user", 1.0)]),
    Trouble.EDIT_429_USER: (_EDIT, [Fault.rate_limit("user", 1.2)]),
    Trouble.EDIT_429_GLOBAL: (_EDIT, [Fault.rate_limit("global", 0.7)]),
    Trouble.CREATE_500: (_CREATE, [Fault.status(500)]),
    Trouble.CREATE_503_AFTER: (_CREATE, [Fault.status(503, after_effect=True)]),
    Trouble.EDIT_502: (_EDIT, [Fault.status(502), Fault.status(502)]),
    Trouble.CREATE_CUT_BEFORE: (_CREATE, [Fault.reset_before()]),
    Trouble.CREATE_CUT_AFTER: (_CREATE, [Fault.reset_after()]),
    Trouble.EDIT_CUT_BEFORE: (_EDIT, [Fault.reset_before()]),
    Trouble.EDIT_CUT_AFTER: (_EDIT, [Fault.reset_after()]),
    Trouble.CREATE_SLOW: (_CREATE, [Fault.delay(2.0)]),
    Trouble.EDIT_SLOW: (_EDIT, [Fault.delay(3.0)]),
    Trouble.TOKEN_EDIT_500: (_TOKEN_EDIT, [Fault.status(500)]),
    Trouble.TOKEN_EDIT_CUT_AFTER: (_TOKEN_EDIT, [Fault.reset_after()]),
}


@dataclass(slots=True)
class Spoken:
    """What Reka did for one question: its request, when it came, and the trouble it had, if any."""

    chat: Chat
    trouble: Trouble | None
    at_s: float


@dataclass(slots=True)
class TroubledReka:
    """Answers by the question's number; `next_troubles` go to the next chats, one each.

    `spoken` is what was done, by number, in the order in which it was asked for.
    """

    next_troubles: deque[Trouble] = field(default_factory=deque)
    spoken: dict[int, list[Spoken]] = field(default_factory=dict)

    def script(self, chat: Chat) -> Script:
        """How a chat is answered."""
        number = asked_number(chat)
        if number is None:
            return Script("What?")
        trouble = self.next_troubles.popleft() if self.next_troubles else None
        self.spoken.setdefault(number, []).append(Spoken(chat, trouble, time.monotonic()))
        return _script(number, trouble)

    def forget_requests(self) -> None:
        """Let go of what answered requests said: half an hour of histories is a lot of memory."""
        for spoken in self.spoken.values():
            for one in spoken:
                if one.chat.ended_at is not None:
                    one.chat.body = {"conversation_history": []}


def pieces_of(text: str) -> list[str]:
    """The text in so many pieces."""
    size = max(1, -(-len(text) // _PIECES))
    return [text[at : at + size] for at in range(0, len(text), size)]


def _script(number: int, trouble: Trouble | None) -> Script:
    pieces = pieces_of(whole(number))
    first_s, token_s = 0.15, (0.8 + number % 5 * 0.4) / len(pieces)
    match trouble:
        case Trouble.REKA_CUT:
            return Script(
                pieces=pieces, first_token_s=first_s, token_s=token_s, cut_after_pieces=_PIECES // 2
            )
        case Trouble.REKA_ERROR:
            said = {"type": "internal_error", "message": "the model is gone"}
            half = pieces[: _PIECES // 2]
            return Script(pieces=half, first_token_s=first_s, token_s=token_s, error=said)
        case Trouble.REKA_BUSY:
            return Script(status=429, headers={"Retry-After": "1"}, body="{}")
        case Trouble.REKA_BUSY_LONG:
            return Script(status=429, headers={"Retry-After": f"{BUSY_FOR_S}"}, body="{}")
        case Trouble.REKA_500:
            return Script(status=500, body="upstream error")
        case Trouble.REKA_STALL:
            stalled = _opened_later(_PIECES // 2, _STALL_S)
            return Script(pieces=pieces, first_token_s=first_s, token_s=token_s, gate=stalled)
        case _:
            return Script(pieces=pieces, first_token_s=first_s, token_s=token_s)


def _opened_later(pieces: int, after_s: float) -> asyncio.Semaphore:
    """Lets so many pieces through, and the rest after some seconds."""
    gate = asyncio.Semaphore(pieces)

    def open_it() -> None:
        for _ in range(_PIECES):
            gate.release()

    asyncio.get_running_loop().call_later(after_s, open_it)
    return gate


class Breakages:
    """Makes troubles happen; `process` ones are for whoever has the process. Close it: database locks are its tasks."""

    def __init__(self, faults: Faults, gateway: Gateway, reka: TroubledReka, database: Path) -> None:
        self._faults = faults
        self._gateway = gateway
        self._reka = reka
        self._database = database
        self._locking: set[asyncio.Task[None]] = set()

    async def cause(self, trouble: Trouble) -> None:
        """Let it happen now, or to the next request that it is for."""
        if trouble in _REST:
            (method, route), faults = _REST[trouble]
            self._faults.next(method, route, *faults)
            return
        match trouble:
            case Trouble.GATEWAY_CUT:
                await self._gateway.drop()
            case Trouble.GATEWAY_4000:
                await self._gateway.drop(4000)
            case Trouble.GATEWAY_RECONNECT:
                self._gateway.reconnect()
            case Trouble.GATEWAY_INVALID:
                self._gateway.invalid_session(resumable=False)
            case Trouble.DATABASE_STOP:
                self._lock(1, STOPPED_S)
            case Trouble.DATABASE_SLOW:
                self._lock(_SLOW_LOCKS, _SLOW_LOCK_S)
            case _ if trouble.family == "reka":
                self._reka.next_troubles.append(trouble)

    async def close(self) -> None:
        """Return when every lock is given back."""
        if self._locking:
            await asyncio.wait(self._locking)

    def _lock(self, times: int, held_s: float) -> None:
        task = asyncio.create_task(asyncio.to_thread(_hold_locks, self._database, times, held_s))
        self._locking.add(task)
        task.add_done_callback(self._locking.discard)


def _hold_locks(database: Path, times: int, held_s: float) -> None:
    """Write-lock a SQLite file so many times, as another program, or a disk that takes its time, would."""
    with closing(sqlite3.connect(database, timeout=_OPENED_WITHIN_S, isolation_level=None)) as connection:
        for _ in range(times):
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(held_s)
            connection.execute("ROLLBACK")
            time.sleep(_SLOW_GAP_S)
