"""The sandbox as one server on 127.0.0.1: REST, gateway, CDN, the page that people use, and Reka's official API."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.cdn import Cdn
from sandbox.faults import Faults
from sandbox.gateway import Gateway
from sandbox.limits import Limits
from sandbox.payloads import Payloads
from sandbox.people import People
from sandbox.reka_platform import RekaPlatformServer
from sandbox.rest import API_PATH, RecordedRequest, Rest
from sandbox.world import World

REKA_API_PATH = "/reka/v1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LARGEST_REQUEST_BYTES = 64 * 1024 * 1024


class Sandbox:
    """A loopback Discord that an unmodified discord.py bot can live in.

    `async with Sandbox() as sandbox:` serves until the block ends. `token` is the only bot token it takes;
    `reka_label` and `reka_is_stand_in` are what the page says of who answers. State is in `world`, trouble in
    `faults`, `limits` and `gateway`. `reka_platform` is Reka's official API as a stand-in serves it, at
    `reka_api_url`, whoever answers the bot.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        world: World | None = None,
        token: str | None = None,
        reka_label: str = "",
        reka_is_stand_in: bool = True,
    ) -> None:
        self.world = world or World()
        self.token = token or _new_token(self.world.bot.id)
        self.limits = Limits()
        self.faults = Faults()
        self.cdn = Cdn(self.world)
        payloads = Payloads(self.world, self.cdn)
        self.gateway = Gateway(self.world, payloads, self.faults, token=self.token)
        self._rest = Rest(
            self.world,
            payloads,
            self.limits,
            self.faults,
            token=self.token,
            gateway_url=lambda: self.gateway.url,
        )
        self.people = People(
            self.world,
            self.cdn,
            online=lambda: self.gateway.online,
            counters=lambda: {
                "rate_limited": self.limits.rejected.total(),
                "requests": self._rest.request_count,
            },
            reka={"label": reka_label, "stand_in": reka_is_stand_in},
        )
        self.reka_platform = RekaPlatformServer()
        self._rest.on_answer = self.people.counters_changed
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def application_id(self) -> int:
        """The bot's application id."""
        return self.world.application_id

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._port

    @property
    def url(self) -> str:
        """Scheme, host and port: where the CDN's links point, too."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """The REST base, as DISCORD_API_URL wants it."""
        return self.url + API_PATH

    @property
    def reka_api_url(self) -> str:
        """Where the official Reka API is, as REKA_API_URL wants it; any key will do."""
        return self.url + REKA_API_PATH

    @property
    def gateway_url(self) -> str:
        """The gateway's address, as GET /gateway/bot answers it."""
        return self.gateway.url

    @property
    def page_url(self) -> str:
        """The chat page."""
        return self.url + "/"

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every REST request so far, in the order of the answers."""
        return self._rest.requests

    @property
    def invalid_requests(self) -> int:
        """Answers that count toward Discord's ban of 10,000 in 10 minutes (401, 403, 404, 429)."""
        return self._rest.invalid_requests

    async def start(self) -> None:
        """Listen on 127.0.0.1; raises OSError where the port is taken."""
        app = web.Application(middlewares=[_loopback_only], client_max_size=_LARGEST_REQUEST_BYTES)
        parts = (self._rest, self.gateway, self.cdn, self.people)
        app.add_routes([route for part in parts for route in part.routes()])
        app.add_routes(self.reka_platform.routes(REKA_API_PATH))
        app.on_shutdown.append(self._say_goodbye)
        # No access log: paths of interaction routes hold tokens.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        self.cdn.origin = self.url
        self.reka_platform.url = self.reka_api_url
        self.gateway.url = f"ws://127.0.0.1:{self._port}/gateway/"

    async def stop(self) -> None:
        """Close every connection and stop listening; sessions of the gateway stay resumable."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _say_goodbye(self, _app: web.Application) -> None:
        await self.gateway.close()
        await self.people.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that point here from elsewhere, and other sites' pages: neither may speak as a person."""
    origin = request.headers.get("Origin")
    if not _is_loopback(request.host) or (origin and not _is_loopback(origin.partition("://")[2])):
        return web.Response(status=403, text="This sandbox answers on 127.0.0.1 alone.")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return name in _HOSTS


def _new_token(bot_id: int) -> str:
    """A token in the shape of Discord's: the bot's id, a time, a secret."""
    first = urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{first}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
