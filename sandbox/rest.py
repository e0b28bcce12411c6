"""The REST side as one gate: every request is recorded, troubled, authorised, limited, handled, answered."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from sandbox.access import Access
from sandbox.call import Call, Route, read_body
from sandbox.faults import Fault, Faults
from sandbox.limits import GLOBAL, Limits, Verdict
from sandbox.payloads import Payloads
from sandbox.refusals import ApiError, unauthorized
from sandbox.rest_commands import CommandRoutes
from sandbox.rest_interactions import InteractionRoutes
from sandbox.rest_messages import MessageRoutes
from sandbox.rest_places import PlaceRoutes
from sandbox.world import World

API_PATH = "/api/v10"
_INVALID = frozenset({401, 403, 404, 429})


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it went: `route` is the template, `status` 0 where the connection was reset instead.

    `at_s` is the monotonic time of its arrival, `answered_s` that of its answer; `body` its JSON; `fault` the
    scripted one that it met.
    """

    method: str
    path: str
    route: str
    status: int
    at_s: float
    answered_s: float
    body: object = None
    fault: Fault | None = None


class Rest:
    """Discord's REST API for one bot token.

    `requests` is every request in the order of the answers; `invalid_requests` counts the answers 401, 403, 404
    and 429, those of scope "shared" excepted.
    """

    def __init__(
        self,
        world: World,
        payloads: Payloads,
        limits: Limits,
        faults: Faults,
        *,
        token: str,
        gateway_url: Callable[[], str],
    ) -> None:
        self._limits = limits
        self._faults = faults
        self._token = token
        access = Access(world)
        self._routes = [
            *PlaceRoutes(world, payloads, access, gateway_url=gateway_url).routes(),
            *MessageRoutes(world, payloads, access).routes(),
            *CommandRoutes(world, payloads, access).routes(),
            *InteractionRoutes(world, payloads).routes(),
        ]
        self.requests: list[RecordedRequest] = []
        self.request_count = 0
        self.invalid_requests = 0
        self.on_answer: Callable[[], None] = lambda: None
        faults.know((route.method, route.path) for route in self._routes)

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to bind, the last one for whatever Discord does not have."""
        bound: list[web.AbstractRouteDef] = [
            web.route(route.method, API_PATH + route.path, self._bind(route)) for route in self._routes
        ]
        return [*bound, web.route("*", "/api/{tail:.*}", self._no_route)]

    def _bind(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            arrived_s = time.monotonic()
            fault = self._faults.take(route.method, route.path)
            status, headers, body, said = await self._serve(route, request, fault)
            self._record(request, route.path, status, arrived_s, said, headers, fault)
            if status == 0:
                _reset(request)
                return web.Response()
            return self._write(status, headers, body)

        return handle

    async def _no_route(self, request: web.Request) -> web.StreamResponse:
        self._record(request, "", 404, time.monotonic(), None, {})
        return self._write(404, {}, {"message": "404: Not Found", "code": 0})

    async def _serve(
        self, route: Route, request: web.Request, fault: Fault | None
    ) -> tuple[int, dict[str, str], object, object]:
        """Return status (0: reset the connection), headers, body of the answer, and JSON of the request."""
        await asyncio.sleep(self._faults.latency_s + (fault.delay_s if fault else 0.0))
        said: object = None
        try:
            said, files = await read_body(request)
            status, headers, body = self._early_end(fault)
            if status < 0:
                call = Call(route.method, route.path, request.match_info, request.query, said, files)
                status, headers, body = self._handle(route, call, request)
        except ApiError as refused:
            status, headers, body = refused.status, {}, refused.body
        if fault and fault.after_effect:
            status, headers, body = _failed(fault)
        await asyncio.sleep(self._faults.latency_s)
        return status, headers, body, said

    def _early_end(self, fault: Fault | None) -> tuple[int, dict[str, str], object]:
        """What a fault makes of a request before it does anything; a status of -1 lets it go on."""
        if fault is None or fault.after_effect:
            return -1, {}, None
        if fault.scope:
            verdict = self._limits.reject(fault.scope, fault.retry_after_s)
            headers = verdict.headers
            if not fault.with_headers:
                headers = {name: value for name, value in headers.items() if not name.startswith("X-")}
            return 429, headers, _slow_down(verdict)
        if fault.reset or fault.status_code is not None:
            return _failed(fault)
        return -1, {}, None

    def _handle(self, route: Route, call: Call, request: web.Request) -> tuple[int, dict[str, str], object]:
        if route.bot and request.headers.get("Authorization") != f"Bot {self._token}":
            raise unauthorized()
        lanes = [GLOBAL] if route.bot else []
        lanes += route.lanes(call) if route.lanes else []
        verdict = self._limits.admit(lanes)
        if not verdict.allowed:
            return 429, verdict.headers, _slow_down(verdict)
        try:
            status, body = route.handler(call)
        except ApiError as refused:
            return refused.status, verdict.headers, refused.body
        return status, verdict.headers, body

    def _record(
        self,
        request: web.Request,
        route: str,
        status: int,
        arrived_s: float,
        said: object,
        headers: dict[str, str],
        fault: Fault | None = None,
    ) -> None:
        self.request_count += 1
        path = request.path.removeprefix(API_PATH)
        self.requests.append(
            RecordedRequest(request.method, path, route, status, arrived_s, time.monotonic(), said, fault)
        )
        if status in _INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self.invalid_requests += 1
        self.on_answer()

    def _write(self, status: int, headers: dict[str, str], body: object) -> web.Response:
        skew_s = self._faults.clock_skew_s
        if self._faults.no_limit_headers:
            headers = {name: value for name, value in headers.items() if not name.startswith("X-RateLimit")}
        elif "X-RateLimit-Reset" in headers:
            headers = headers | {"X-RateLimit-Reset": f"{float(headers['X-RateLimit-Reset']) + skew_s:.3f}"}
        headers = headers | {"Date": formatdate(time.time() + skew_s, usegmt=True)}
        if body is None:
            return web.Response(status=status, headers=headers)
        if isinstance(body, str):
            return web.Response(
                status=status, headers=headers | {"Content-Type": "text/html"}, body=body.encode()
            )
        # Exactly this type: with a charset after it discord.py takes the body for text and crashes.
        headers = headers | {"Content-Type": "application/json"}
        return web.Response(status=status, headers=headers, body=json.dumps(body).encode())


def _failed(fault: Fault) -> tuple[int, dict[str, str], object]:
    if fault.reset:
        return 0, {}, None
    status = fault.status_code or 500
    if fault.code is not None:
        return status, {}, {"message": fault.message, "code": fault.code}
    return status, {}, f"<html><head><title>{status}</title></head><body>upstream error</body></html>"


def _slow_down(verdict: Verdict) -> dict[str, object]:
    body: dict[str, object] = {
        "message": "You are being rate limited.",
        "retry_after": verdict.retry_after_s,
        "global": verdict.scope == "global",
    }
    if verdict.code is not None:
        body["code"] = verdict.code
    return body


def _reset(request: web.Request) -> None:
    """Break the connection with a RST, so that the client sees ECONNRESET and no orderly end."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
