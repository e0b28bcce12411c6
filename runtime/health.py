"""Whether the bot lives, whether it can answer now, and its numbers: three pages for supervisors, over HTTP.

/healthz: 200 as long as the event loop turns. /readyz: 200 or 503, and which part is not ready. /metrics: for
Prometheus. None of them holds a message's text, a name or a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from conversation.ports import MemoryUnavailable, ReplyJournal
from runtime.metrics import CONTENT_TYPE, Gateway, Metrics
from runtime.services import CannotStart, Services

DATABASE_ANSWERS_IN_S = 2.0
LEAVES_WITHIN_S = 0.2

# A service answers without these: pictures are then left out, and the models' facts come from our own table.
_SIDE_ENDPOINTS: Final = frozenset({"GET /models", "POST /api/upload-image"})

Check = Callable[[], Awaitable[str | None]]
"""Why a part is not ready, in a few words without addresses; None where it is."""


class Readiness:
    """Asks each part whether the bot can answer now; those who ask at once share one look."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._looking: asyncio.Task[dict[str, str | None]] | None = None

    async def reasons(self) -> dict[str, str | None]:
        """For each part why it is not ready, None where it is."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def aclose(self) -> None:
        """End a look that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> dict[str, str | None]:
        found = await asyncio.gather(*(check() for check in self._checks.values()))
        return dict(zip(self._checks, found, strict=True))


def checks_of(services: Services, gateway: Gateway, stopping: asyncio.Event) -> dict[str, Check]:
    """What has to be right for the bot to answer: its connection to Discord, its memory, and a Reka."""

    async def discord() -> str | None:
        return "stopping" if stopping.is_set() else why_not_connected(gateway)

    async def database() -> str | None:
        return await why_no_memory(services.journal)

    async def reka() -> str | None:
        return why_no_reka({name: down() for name, down in services.rekas.down.items()})

    return {"gateway": discord, "database": database, "reka": reka}


def why_not_connected(gateway: Gateway) -> str | None:
    """Why not all shards of this process are connected."""
    if not gateway.shards:
        return "not connected yet"
    down = [str(shard) for shard, connected in gateway.shards.items() if not connected]
    return f"not connected: shard {', '.join(down)}" if down else None


async def why_no_memory(journal: ReplyJournal, *, within_s: float = DATABASE_ANSWERS_IN_S) -> str | None:
    """Why the database does not answer; its own words may name hosts, and stay out of it."""
    try:
        async with asyncio.timeout(within_s):
            await journal.find(0)  # nobody's: all it tells is that there is an answer
    except MemoryUnavailable:
        return "does not answer"
    except TimeoutError:
        return f"does not answer within {within_s:g} s"
    return None


def why_no_reka(down: Mapping[str, Mapping[str, float]]) -> str | None:
    """Why no service can be asked now: each has an endpoint that is known to be down for some seconds more.

    One whose time is up will be asked by the next question: nobody knows that it is down.
    """
    waits: list[float] = []
    for endpoints in down.values():
        wait_s = max((wait for name, wait in endpoints.items() if name not in _SIDE_ENDPOINTS), default=0.0)
        if wait_s <= 0:
            return None
        waits.append(wait_s)
    return f"down, asked again in {min(waits):.0f} s" if waits else None


@asynccontextmanager
async def serving_health(
    readiness: Readiness, metrics: Metrics, *, host: str, port: int
) -> AsyncIterator[None]:
    """Serve the three pages.

    Raises:
        CannotStart: nothing can listen there.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        reasons = await readiness.reasons()
        ready = not any(reasons.values())
        told = {"ready": ready, **{part: reason or "ok" for part, reason in reasons.items()}}
        return web.json_response(told, status=200 if ready else 503)

    async def numbers(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", numbers)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=LEAVES_WITHIN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise CannotStart(
                f"HEALTH_PORT {port} on {host} cannot be listened on ({error.strerror}); name a free port, and in "
                "HEALTH_HOST an address of this machine."
            ) from None
        yield
    finally:
        await runner.cleanup()
        await readiness.aclose()
