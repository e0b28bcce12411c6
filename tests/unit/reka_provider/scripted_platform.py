"""A loopback server of the official API that says exactly what a test scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def said(text: str, end: str | None = None) -> bytes:
    delta = {"content": text} if text else {}
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": end}]}).encode() + b"\n\n"


STOP = said("", "stop")
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}\n\n'
DONE = b"data: [DONE]\n\n"
MODELS = {
    "object": "list",
    "data": [
        {
            "id": "reka-flash-3",
            "input_modalities": ["text"],
            "context_length": 65536,
            "max_output_length": 58982,
        },
        {"id": "reka-edge-2603", "input_modalities": ["text", "image", "video"], "context_length": 16384},
    ],
}


class Platform:
    """A server that answers chats by a script, and notes what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = pieces(said("Hi"), STOP, DONE)
        self.models: Any = MODELS
        self.models_status = 200
        self.chats: list[dict[str, Any]] = []
        self.listings = 0
        self.headers: list[dict[str, str]] = []
        self.peers: set[object] = set()
        self.closed = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.chats.append(await request.json())
        self.peers.add(request.transport)
        try:
            return await self.answer(request)
        except (asyncio.CancelledError, ConnectionError):
            self.closed.set()
            raise

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self.listings += 1
        self.headers.append(dict(request.headers))
        return web.json_response(self.models, status=self.models_status)


def pieces(*chunks: bytes, pause_s: float = 0.0, silent: bool = False) -> Answer:
    """Send `chunks` one by one; then, where `silent`, nothing for ever."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Request-ID": "r-7"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause_s)
        if silent:
            await asyncio.Event().wait()
        return response

    return answer


def refusal(status: int, message: str, kind: str = "validation_error") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        error = {"error": {"type": kind, "message": message}}
        return web.json_response(error, status=status, headers={"X-Request-ID": "r-7"})

    return answer
