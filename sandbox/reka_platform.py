"""RekaPlatformServer: a loopback official Reka API, with the pace and the faults that a script asks for.

What it serves, and how, is described in the part on the official API of the project's notes on Reka. It shares
no code with the client, so that a misreading of the wire shows as a failing test.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from sandbox._platform_answer import Envelope, spoken
from sandbox._platform_models import REASONING_MODELS, catalogue
from sandbox._platform_request import (
    Chat,
    Refused,
    SentImage,
    check,
    error_body,
    prompt_tokens,
    turns_of,
)
from sandbox._reka_persona import answer, pieces, thoughts
from sandbox._reka_script import Fault, Script
from sandbox._reka_stream import follow

__all__ = [
    "COMPLETIONS_PATH",
    "MODELS_PATH",
    "Chat",
    "Fault",
    "RateLimit",
    "RekaPlatformServer",
    "Script",
    "SentImage",
    "error_body",
]

COMPLETIONS_PATH = "/chat/completions"
MODELS_PATH = "/models"
_LARGEST_BODY_BYTES = 64 * 1024 * 1024
_REASONING_TOKENS = 300  # seen of reka-flash-3: 256 are too few for any text, 512 are enough

_Headers = Mapping[str, str]
_Handler = Callable[[web.Request, _Headers], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class RateLimit:
    """So many requests in a window; told in one of the two documented forms of headers."""

    requests: int
    window_s: float = 60.0
    form: Literal["research", "vision"] = "research"
    _ends_s: float = 0.0
    _left: int = 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether one more request fits, and the headers that say how many do."""
        now_s = time.time()
        if now_s >= self._ends_s:
            self._ends_s, self._left = now_s + self.window_s, self.requests
        fits = self._left > 0
        self._left -= fits
        wait_s = 0 if fits else math.ceil(self._ends_s - now_s)
        if self.form == "vision":
            return fits, {
                "x-ratelimit-requests-limit": str(self.requests),
                "x-ratelimit-requests-remaining": str(self._left),
                "x-ratelimit-requests-reset": str(math.ceil(self._ends_s - now_s)),
                "retry-after": str(wait_s),
            }
        headers = {
            "x-ratelimit-limit": str(self.requests),
            "x-ratelimit-remaining": str(self._left),
            "x-ratelimit-reset": f"{self._ends_s:.2f}",
        }
        return fits, headers if fits else {**headers, "retry-after": str(wait_s)}


class RekaPlatformServer:
    """The stand-in's official API: by itself on 127.0.0.1, or as routes of another server.

    `keys` are the API keys that it takes; None stands for any. `needs_key` False answers without one, too, as a
    server of one's own does. `think_s` is how long an answer without a script takes to begin, `token_s` its pace
    after that, in seconds a word. `reasoning` is where it writes the thoughts of a model that reasons, `models`
    what it lists, `bare_models` the older shape of the list. `faults` and scripts are trouble to come; `chats`
    are the questions so far, with the refused ones; `requests` counts all requests by path.
    """

    def __init__(self, port: int = 0, *, token_s: float = 0.03, think_s: float = 0.0) -> None:
        self.token_s = token_s
        self.think_s = think_s
        self.keys: set[str] | None = None
        self.needs_key = True
        self.reasoning: Literal["field", "tags"] = "field"
        self.models = catalogue()
        self.bare_models = False
        self.rate_limit: RateLimit | None = None
        self.faults: deque[Fault] = deque()
        self.chats: list[Chat] = []
        self.requests: Counter[str] = Counter()
        self.url = ""
        self._port = port
        self._scripts: deque[Script] = deque()
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def routes(self, prefix: str = "/v1") -> list[web.RouteDef]:
        """Its routes; whoever serves them sets `url` to their address, `prefix` included."""
        return [
            web.post(prefix + COMPLETIONS_PATH, self._route(COMPLETIONS_PATH, self._chat)),
            web.get(prefix + MODELS_PATH, self._route(MODELS_PATH, self._list_models)),
            web.route("*", prefix + "/{rest:.*}", self._route("", _nothing_here)),
        ]

    async def start(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose; a later start keeps it."""
        app = web.Application(client_max_size=_LARGEST_BODY_BYTES)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{self._port}/v1"
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

    async def until(self, predicate: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until `predicate` holds; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not predicate():
                await self._changed.wait()

    def _note(self) -> None:
        waiting, self._changed = self._changed, asyncio.Event()
        waiting.set()

    def _route(self, path: str, handler: _Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """What every request goes through: faults, the key, the limit; and an id on each answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests[path or request.path] += 1
            headers = {"X-Request-ID": f"platform-{self.requests.total()}"}
            self._note()
            fault = next((fault for fault in self.faults if fault.path == path), None)
            if fault is not None:
                self.faults.remove(fault)
                body = fault.body.encode() if isinstance(fault.body, str) else fault.body
                headers = {"Content-Type": "application/json", **headers, **fault.headers}
                return web.Response(status=fault.status, body=body, headers=headers)
            try:
                self._check_key(request)
                self._check_limit(headers)
                return await handler(request, headers)
            except Refused as refusal:
                return web.json_response(refusal.body(), status=refusal.status, headers=headers)

        return handle

    def _check_key(self, request: web.Request) -> None:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        key = bearer if scheme == "Bearer" else request.headers.get("X-Api-Key", "")
        if not self.needs_key and not key:
            return
        if not key or (self.keys is not None and key not in self.keys):
            raise Refused(401, "authentication_error", "The API key is missing or not valid.")

    def _check_limit(self, headers: dict[str, str]) -> None:
        if self.rate_limit is None:
            return
        fits, limits = self.rate_limit.take()
        headers |= limits
        if not fits:
            raise Refused(429, "rate_limit_error", "Too many requests.")

    async def _list_models(self, _request: web.Request, headers: _Headers) -> web.StreamResponse:
        listed: Any = {"object": "list", "data": self.models}
        if self.bare_models:
            listed = [{"id": model["id"]} for model in self.models]
        return web.json_response(listed, headers=headers)

    async def _chat(self, request: web.Request, headers: _Headers) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except ValueError as error:
            raise Refused(400, "validation_error", "The body is not JSON.") from error
        if not isinstance(body, dict):
            raise Refused(400, "validation_error", "The body is not an object.")
        chat = Chat(body, request.headers, time.monotonic())
        self.chats.append(chat)
        self._note()
        try:
            return await self._answer(chat, request, headers)
        except Refused as refusal:
            chat.refused = refusal.message
            raise
        except (asyncio.CancelledError, ConnectionError):
            chat.closed_early = True
            raise
        finally:
            chat.ended_at = time.monotonic()
            self._note()

    async def _answer(self, chat: Chat, request: web.Request, headers: _Headers) -> web.StreamResponse:
        model = check(chat.body, self.models)
        script = self._scripts.popleft() if self._scripts else self._persona(chat, model)
        envelope = Envelope(f"chatcmpl-{secrets.token_hex(6)}", chat.model, prompt_tokens(chat.messages))
        response = await follow(script, spoken(script, envelope, stream=chat.stream), request, headers)
        chat.finished = True
        return response

    def _persona(self, chat: Chat, model: Mapping[str, Any]) -> Script:
        """What the stand-in says, cut where the tokens end."""
        turns, pictures = turns_of(chat.messages)
        reasons = model["id"] in REASONING_MODELS
        left = chat.body.get("max_tokens") or model.get("max_output_length") or math.inf
        if reasons:
            left -= _REASONING_TOKENS
        words = pieces(answer(turns, pictures))
        said = words if left >= len(words) else words[: max(int(left), 0)]
        return Script(
            pieces=said,
            reasoning=pieces(thoughts(turns)) if reasons else (),
            reasoning_tags=self.reasoning == "tags",
            finish_reason="stop" if len(said) == len(words) else "length",
            token_s=self.token_s,
            first_token_s=self.think_s + self.token_s * 4,
        )


async def _nothing_here(request: web.Request, _headers: _Headers) -> web.StreamResponse:
    raise Refused(404, "not_found_error", f"There is nothing at {request.path}.")
