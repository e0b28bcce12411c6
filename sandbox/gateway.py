"""The loopback gateway: sessions that identify, hear events, go away and resume (Gateway, API v10).

Only TEXT frames are sent, which every client accepts whatever compression it asked for.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox import changes
from sandbox.dispatches import GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT, Dispatch, Dispatches
from sandbox.entities import Interaction, Json, Message
from sandbox.faults import Faults
from sandbox.payloads import Payloads
from sandbox.session import Close, Connection, Op, Session
from sandbox.world import World

_HEARTBEAT_MS = 41_250
_RESUMABLE_S = 180.0
_RACE_S = 0.004
_GOODBYE_S = 1.0
_LONGEST_FRAME_BYTES = 4096
_IDENTIFY_EVERY_S = 5.0
_END_OF_ZLIB_FRAME = b"\x00\x00\xff\xff"
_NEW_SESSION_CODES = frozenset({4007, 4009})
_SESSION_ENDING_CODES = frozenset({1000, 1001})

Stage = Literal["hello", "login"]
"""Where a connection may be closed: before it knows who is there, or when it is told."""


class Gateway:
    """All sessions of the bot, and ways to trouble them.

    `identifies` are what clients sent (without the token), `resumes` counts; `close_codes` lists the codes that
    clients closed with (None: the connection broke). `connects_s` are the monotonic times at which somebody
    knocked. `silent` stops heartbeat acknowledgements, `race_s` is how far behind the answer of its request the
    bot's own event may come.

    `early_identifies` counts those within `identify_every_s` after another of the same bucket (shard modulo the
    world's `max_concurrency`). They are let in, so that a test may restart a bot as fast as it likes, unless
    `refuses_early` is set: then op 9 answers them, as at Discord.
    """

    def __init__(self, world: World, payloads: Payloads, faults: Faults, *, token: str) -> None:
        self._world = world
        self._payloads = payloads
        self._faults = faults
        self._token = token
        self._dispatches = Dispatches(world, payloads)
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._race = random.Random()
        self.url = ""
        self.identifies: list[Json] = []
        self.resumes = 0
        self.close_codes: list[int | None] = []
        self.silent = False
        self.connects_s: list[float] = []
        self.early_identifies = 0
        self.identify_every_s = _IDENTIFY_EVERY_S
        self.refuses_early = False
        self._identified_s: dict[int, float] = {}
        self._refusals_left = 0
        self._hang_ups: dict[Stage, deque[int | None]] = {"hello": deque(), "login": deque()}
        self.race_s = _RACE_S
        self.heartbeat_interval_ms = _HEARTBEAT_MS
        world.listeners.append(self._on_change)

    # ------------------------------------------------------------------ what tests look at and do

    @property
    def sessions(self) -> list[Session]:
        """The sessions that are connected."""
        return [session for session in self._sessions.values() if session.connection]

    @property
    def online(self) -> bool:
        """Whether the bot has a connected session."""
        return any(session.connection for session in self._sessions.values())

    @property
    def shards(self) -> set[int]:
        """The shards that are connected; a client that names none is shard 0."""
        return {session.shard[0] if session.shard else 0 for session in self.sessions}

    async def drop(self, code: int | None = None, *, shard: int | None = None) -> None:
        """Close every connection, or that of a shard, with `code`, or cut it without a word; events are kept for who
        resumes.

        After 4007 and 4009 a session cannot be resumed (Opcodes and Status Codes).
        """
        for connection in list(self._connections):
            theirs = [session for session in self.sessions if session.connection is connection]
            if shard is not None and shard not in {session.shard[0] for session in theirs if session.shard}:
                continue
            for session in theirs:
                self._detach(session, forget=code in _NEW_SESSION_CODES)
            if code is None:
                connection.cut()
            else:
                await connection.close(code)

    def hang_up(self, *codes: int | None, at: Stage = "hello") -> None:
        """Close the next connections with these codes in order (None: cut it), right after HELLO or, with `at`
        "login", in place of the answer to IDENTIFY or RESUME, which is then as if it had not come."""
        self._hang_ups[at].extend(codes)

    def tell(self, event: str, data: object) -> None:
        """Send every session an event as it is, sound or not."""
        for session in self.sessions:
            session.dispatch(event, data)

    def garble(self) -> None:
        """Send every session a compressed frame that cannot be unpacked."""
        for session in self.sessions:
            _connected(session).push(b"no zlib at all" + _END_OF_ZLIB_FRAME)

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for session in self.sessions:
            _connected(session).send(Op.RECONNECT, None)

    def invalid_session(self, *, resumable: bool) -> None:
        """Tell every client that its session is invalid (op 9); one that is not resumable is forgotten."""
        for session in self.sessions:
            connection = _connected(session)
            self._detach(session, forget=not resumable)
            connection.send(Op.INVALID_SESSION, resumable)

    def redeliver(self, thing: Message | Interaction) -> None:
        """Send the event of a message or interaction once more, as Discord sometimes does."""
        change: changes.Change = (
            changes.MessageCreated(thing) if isinstance(thing, Message) else changes.InteractionCreated(thing)
        )
        self._on_change(change)

    def silence(self, silent: bool = True) -> None:
        """Stop (or start again) acknowledging heartbeats."""
        self.silent = silent

    def refuse(self, times: int = 1) -> None:
        """Answer the next attempts to connect with a 503 in place of the websocket handshake."""
        self._refusals_left = times

    # ------------------------------------------------------------------ serving

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to bind."""
        return [web.get("/gateway", self._serve), web.get("/gateway/", self._serve)]

    async def close(self) -> None:
        """Send every client away; their sessions stay resumable."""
        gone = [connection.close(WSCloseCode.GOING_AWAY) for connection in self._connections]
        await asyncio.gather(*gone)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.connects_s.append(time.monotonic())
        if self._refusals_left:
            self._refusals_left -= 1
            return web.Response(status=503, text="upstream connect error")
        ws = web.WebSocketResponse(timeout=_GOODBYE_S, compress=False, max_msg_size=1 << 20)
        await ws.prepare(request)
        transport = request.transport
        connection = Connection(ws, transport if isinstance(transport, asyncio.Transport) else None)
        self._connections.add(connection)
        sender = asyncio.create_task(connection.drain())
        connection.send(Op.HELLO, {"heartbeat_interval": self.heartbeat_interval_ms})
        session: Session | None = None
        try:
            if self._hang_ups["hello"]:
                await self._hang_up(connection, "hello")
            async for frame in ws:
                refused: Close | None = Close.DECODE_ERROR
                if frame.type is WSMsgType.TEXT:
                    session, refused = self._hear(connection, session, frame.data)
                if refused is Close.SCRIPTED:
                    await self._hang_up(connection, "login")
                elif refused is not None:
                    await connection.close(refused)
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            self._connections.discard(connection)
            self._left(connection, session)
        return ws

    async def _hang_up(self, connection: Connection, at: Stage) -> None:
        code = self._hang_ups[at].popleft()
        await connection.sent()
        if code is None:
            connection.cut()
        else:
            await connection.close(code)

    def _left(self, connection: Connection, session: Session | None) -> None:
        code = connection.ws.close_code
        by_client = not connection.sent_away
        if by_client:
            self.close_codes.append(None if code == WSCloseCode.ABNORMAL_CLOSURE else code)
        if session is not None and session.connection is connection:
            self._detach(session, forget=by_client and code in _SESSION_ENDING_CODES)

    def _hear(
        self, connection: Connection, session: Session | None, text: str
    ) -> tuple[Session | None, Close | None]:
        """Take one frame; return the session it belongs to, and a close code where it breaks the rules."""
        if not connection.within_send_limit():
            return session, Close.RATE_LIMITED
        try:
            frame = json.loads(text)
            op, data = int(frame["op"]), frame.get("d")
        except (ValueError, KeyError, TypeError):
            return session, Close.DECODE_ERROR
        if len(text.encode()) > _LONGEST_FRAME_BYTES:
            return session, Close.DECODE_ERROR
        if op == Op.HEARTBEAT:
            if not self.silent:
                connection.send(Op.HEARTBEAT_ACK, None, hold_s=self._faults.latency_s)
            return session, None
        if op in (Op.IDENTIFY, Op.RESUME) and self._hang_ups["login"]:
            return session, Close.SCRIPTED
        if op == Op.IDENTIFY and isinstance(data, dict):
            return (session, Close.ALREADY_AUTHENTICATED) if session else self._identify(connection, data)
        if op == Op.RESUME and isinstance(data, dict):
            return (session, Close.ALREADY_AUTHENTICATED) if session else self._resume(connection, data)
        if op in (Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS):
            return session, None if session else Close.NOT_AUTHENTICATED
        return session, Close.UNKNOWN_OPCODE

    def _identify(self, connection: Connection, data: Json) -> tuple[Session | None, Close | None]:
        self.identifies.append({key: value for key, value in data.items() if key != "token"})
        if data.get("token") != self._token:
            return None, Close.AUTHENTICATION_FAILED
        intents = data.get("intents")
        if not isinstance(intents, int):
            return None, Close.DECODE_ERROR
        refused = GUILD_MEMBERS | GUILD_PRESENCES | (0 if self._world.content_intent else MESSAGE_CONTENT)
        if intents & refused:
            return None, Close.DISALLOWED_INTENTS
        shard = data.get("shard")
        pair: tuple[int, int] | None = None
        if shard is not None:
            pair = _shard(shard)
            if pair is None:
                return None, Close.INVALID_SHARD
        if self._is_early(pair[0] if pair else 0) and self.refuses_early:
            connection.send(Op.INVALID_SESSION, False)
            return None, None
        session = Session(secrets.token_hex(16), pair, intents, connection)
        self._forget_the_long_gone()
        self._sessions[session.id] = session
        self._greet(session)
        self._world.emit(changes.BotPresence(True))
        return session, None

    def _is_early(self, shard: int) -> bool:
        """Note an IDENTIFY; whether it came before its time (Gateway, max_concurrency)."""
        bucket = shard % self._world.max_concurrency
        now_s = time.monotonic()
        last_s = self._identified_s.get(bucket)
        self._identified_s[bucket] = now_s
        early = last_s is not None and now_s - last_s < self.identify_every_s
        self.early_identifies += early
        return early

    def _greet(self, session: Session) -> None:
        guilds = [
            guild for guild in self._world.guilds.values() if guild.with_bot and session.hears(guild.id)
        ]
        ready: Json = {
            "v": 10,
            "user": self._payloads.own_user(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "private_channels": [],
            "application": {
                "id": str(self._world.application_id),
                "flags": self._payloads.application_flags,
            },
        }
        if session.shard:
            ready["shard"] = list(session.shard)
        session.dispatch("READY", ready, hold_s=self._faults.latency_s)
        for guild in guilds:
            self._give(session, self._dispatches.guild_create(guild), self._faults.latency_s)

    def _resume(self, connection: Connection, data: Json) -> tuple[Session | None, Close | None]:
        self.resumes += 1
        if data.get("token") != self._token:
            return None, Close.AUTHENTICATION_FAILED
        session = self._sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        oldest = session.kept[0][0] if session and session.kept else 1
        if session is None or not isinstance(seq, int) or not oldest - 1 <= seq <= session.seq:
            connection.send(Op.INVALID_SESSION, False)
            return None, None
        session.connection = connection
        for number, frame in session.kept:
            if number > seq:
                connection.push(frame, hold_s=self._faults.latency_s)
        session.dispatch("RESUMED", {}, hold_s=self._faults.latency_s)
        self._world.emit(changes.BotPresence(True))
        return session, None

    def _detach(self, session: Session, *, forget: bool) -> None:
        session.connection = None
        session.away_since_s = time.monotonic()
        if forget:
            self._sessions.pop(session.id, None)
        self._world.emit(changes.BotPresence(self.online))

    def _forget_the_long_gone(self) -> None:
        since_s = time.monotonic() - _RESUMABLE_S
        for session in list(self._sessions.values()):
            if session.connection is None and session.away_since_s < since_s:
                del self._sessions[session.id]

    # ------------------------------------------------------------------ telling

    def _on_change(self, change: changes.Change) -> None:
        if not self._sessions:
            return
        dispatch = self._dispatches.of(change)
        if dispatch is None:
            return
        hold_s = self._faults.latency_s
        if dispatch.caused_by_bot:
            # Event and answer race at Discord; here they take turns at random.
            hold_s += self._race.choice((0.0, self.race_s))
        for session in self._sessions.values():
            if session.hears(dispatch.guild_id):
                self._give(session, dispatch, hold_s)

    def _give(self, session: Session, dispatch: Dispatch, hold_s: float) -> None:
        if dispatch.intent and not session.intents & dispatch.intent:
            return
        payload: Callable[[], Json] = dispatch.payload
        if dispatch.bare and not session.intents & MESSAGE_CONTENT:
            payload = dispatch.bare
        session.dispatch(dispatch.event, payload(), hold_s=hold_s)


def _shard(given: object) -> tuple[int, int] | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    number, count = given
    fits = isinstance(number, int) and isinstance(count, int) and 0 <= number < count
    return (number, count) if fits else None


def _connected(session: Session) -> Connection:
    if session.connection is None:
        raise LookupError("that session is away")
    return session.connection
