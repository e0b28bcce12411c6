"""RekaSpace: a loopback Reka that behaves as space.reka.ai does, with scriptable pace and faults.

What it serves, and how, is described in the web session part of the project's notes on Reka: an access token
for the session's cookie, chat as a stream of cumulative events, image upload. It shares no code with the
client, so that a misreading of the wire shows as a failing test.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox._reka_persona import Turn, answer, pieces
from sandbox._reka_script import TOKEN_PATH, Chat, Fault, Script, Upload
from sandbox._reka_stream import Spoken, as_object, error_event, event, follow

__all__ = ["Chat", "Fault", "RekaSpace", "Script", "Upload"]

CHAT_PATH = "/api/chat"
UPLOAD_PATH = "/api/upload-image"
_LARGEST_BODY_BYTES = 64 * 1024 * 1024


class RekaSpace:
    """The stand-in's server, on 127.0.0.1 alone.

    `sessions` are the values of appSession that it knows; None stands for any. `think_s` is how
    long an answer without a script takes to begin, `token_s` its pace after that, in seconds a word. Tokens live
    for `token_life_s`. With `rotates_sessions` each token request ends its session and sets the cookie of a new one.
    `answer_by` makes the script of a chat that has none.
    The first of `set_cookies` with the path of a request puts its lines into the answer, as Set-Cookie.
    """

    def __init__(self, port: int = 0, *, token_s: float = 0.03, think_s: float = 0.0) -> None:
        self.token_s = token_s
        self.think_s = think_s
        self.token_life_s = 3600.0
        self.token_delay_s = 0.0
        self.sessions: set[str] | None = None
        self.bearer_tokens = {"your_api_key"}
        self.faults: deque[Fault] = deque()
        self.chats: list[Chat] = []
        self.uploads: list[Upload] = []
        self.set_cookies: deque[tuple[str, Sequence[str]]] = deque()
        self.rotates_sessions = False
        self.token_requests = 0
        self.answer_by: Callable[[Chat], Script] = self._persona
        self._port = port
        self._scripts: deque[Script] = deque()
        self._issued: set[str] = set()
        self._media: dict[str, Upload] = {}
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def issued_tokens(self) -> frozenset[str]:
        """The access tokens that are valid now."""
        return frozenset(self._issued)

    async def start(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose; a later start keeps it."""
        app = web.Application(client_max_size=_LARGEST_BODY_BYTES)
        app.router.add_get(TOKEN_PATH, self._access_token)
        app.router.add_post(CHAT_PATH, self._chat)
        app.router.add_post(UPLOAD_PATH, self._upload)
        app.router.add_get("/media/{name}", self._serve_media)
        app.on_response_prepare.append(self._add_cookies)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self._runner = runner

    async def close(self) -> None:
        """Stop listening and end every answer."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def enqueue(self, *scripts: Script) -> None:
        """Answer the next chats by these, one each."""
        self._scripts.extend(scripts)

    def expire_tokens(self) -> None:
        """Refuse every token issued so far."""
        self._issued.clear()

    def forget_media(self) -> None:
        """Know no uploaded image any more: a chat that refers to one is refused."""
        self._media.clear()

    async def until(self, predicate: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until `predicate` holds; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not predicate():
                await self._changed.wait()

    def _note(self) -> None:
        waiting, self._changed = self._changed, asyncio.Event()
        waiting.set()

    def _fault(self, path: str) -> web.Response | None:
        for fault in self.faults:
            if fault.path == path:
                self.faults.remove(fault)
                body = fault.body.encode() if isinstance(fault.body, str) else fault.body
                headers = {"Content-Type": "application/json", **fault.headers}
                return web.Response(status=fault.status, body=body, headers=headers)
        return None

    async def _access_token(self, request: web.Request) -> web.Response:
        self.token_requests += 1
        self._note()
        await asyncio.sleep(self.token_delay_s)
        session = request.cookies.get("appSession") or "".join(
            request.cookies[name] for name in sorted(request.cookies) if name.startswith("appSession.")
        )
        fault = self._fault(TOKEN_PATH)
        if fault is not None:
            return fault
        if not session or (self.sessions is not None and session not in self.sessions):
            return web.json_response({"error": "not_authenticated"}, status=401)
        if self.rotates_sessions and self.sessions is not None:
            new = secrets.token_hex(16)
            self.sessions = (self.sessions - {session}) | {new}
            self.set_cookies.append((TOKEN_PATH, [f"appSession={new}; Path=/; HttpOnly; SameSite=Lax"]))
        token = _jwt(self.token_life_s)
        self._issued.add(token)
        return web.json_response({"accessToken": token})

    async def _add_cookies(self, request: web.Request, response: web.StreamResponse) -> None:
        for waiting in self.set_cookies:
            if waiting[0] == request.path:
                self.set_cookies.remove(waiting)
                for line in waiting[1]:
                    response.headers.add("Set-Cookie", line)
                return

    def _refusal(self, request: web.Request) -> web.Response | None:
        fault = self._fault(request.path)
        if fault is not None:
            return fault
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._issued | self.bearer_tokens:
            return web.json_response({"detail": "invalid token"}, status=401)
        return None

    async def _upload(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        form = await request.post()
        image = form.get("image")
        if not isinstance(image, web.FileField):
            return web.json_response({"detail": "no part named image"}, status=400)
        name = f"{secrets.token_hex(8)}.png"
        media_url = f"{self.url}/media/{name}"
        made = Upload(image.file.read(), image.filename, image.content_type, media_url, request.headers)
        self._media[name] = made
        self.uploads.append(made)
        self._note()
        return web.json_response({"media_url": made.media_url})

    async def _serve_media(self, request: web.Request) -> web.Response:
        found = self._media.get(request.match_info["name"])
        if found is None:
            return web.json_response({"detail": "no such image"}, status=404)
        return web.Response(body=found.data, content_type=found.content_type)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        chat = Chat(await request.json(), request.headers, time.monotonic())
        if any(self._is_forgotten(turn.get("image_url")) for turn in chat.conversation_history):
            return web.json_response({"detail": "image_url: no such image"}, status=400)
        self.chats.append(chat)
        self._note()
        script = self._scripts.popleft() if self._scripts else self.answer_by(chat)
        try:
            headers = {"X-Request-ID": f"space-{len(self.chats)}"}
            response = await follow(script, _spoken(script, chat), request, headers)
            chat.finished = True
        except (asyncio.CancelledError, ConnectionError):
            chat.closed_early = True
            raise
        finally:
            chat.ended_at = time.monotonic()
            self._note()
        return response

    def _is_forgotten(self, url: object) -> bool:
        own, _, name = str(url).rpartition("/")
        return own == f"{self.url}/media" and name not in self._media

    def _persona(self, chat: Chat) -> Script:
        turns = [
            Turn(str(turn.get("type")), str(turn.get("text", "")), turn.get("image_url"))
            for turn in chat.conversation_history
        ]
        pictures = {upload.media_url: upload.data for upload in self.uploads}
        return Script(
            answer(turns, pictures), token_s=self.token_s, first_token_s=self.think_s + self.token_s * 4
        )


def _spoken(script: Script, chat: Chat) -> Spoken:
    """The answer of a script in the events of this service, each of which repeats the whole text."""
    grown = list(script.pieces) or pieces(script.text)
    if script.bare_json:
        value = _event_object("".join(grown), chat, len(grown), script.finish_reason)
        return as_object(script, value, len(grown))
    error = error_event(script)
    return Spoken(_events(script, grown, chat, ends=error is None), b"", error or b"", script.content_type)


def _events(script: Script, grown: list[str], chat: Chat, *, ends: bool) -> Iterator[bytes]:
    revised = [] if script.revise_to is None else [script.revise_to]
    last = len(grown) + len(revised)
    for number, text in enumerate(chain(accumulate(grown), revised), 1):
        finish_reason = script.finish_reason if ends and number == last else None
        yield event(script, _event_object(text, chat, number, finish_reason), "message")


def _event_object(text: str, chat: Chat, generated: int, finish_reason: str | None) -> dict[str, Any]:
    read = sum(len(str(turn.get("text", "")).split()) for turn in chat.conversation_history)
    value: dict[str, Any] = {"type": "model", "text": text}
    if finish_reason is not None:
        value["finish_reason"] = finish_reason
    return {**value, "metadata": {"input_tokens": read, "generated_tokens": generated}}


def _jwt(life_s: float) -> str:
    now_s = time.time()
    claims = {
        "iss": "reka-space-sandbox",
        "iat": int(now_s),
        "exp": now_s + life_s,
        "jti": secrets.token_hex(4),
    }
    parts = (_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join([*parts, secrets.token_urlsafe(24)])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
