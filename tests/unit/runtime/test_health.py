"""When the bot says that it is ready, and what its pages look like."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from conversation.model import StoredReply
from delivery.ledger import Ledger
from runtime.health import (
    Readiness,
    checks_of,
    serving_health,
    why_no_memory,
    why_no_reka,
    why_not_connected,
)
from runtime.metrics import Metrics
from runtime.services import CannotStart, open_services
from runtime.settings import load_settings
from storage.engine import StorageError
from tests.contract.memory_store import MemoryStore
from tests.unit.runtime.test_metrics import ENVIRONMENT, FakeGateway, Nowhere


class Down(MemoryStore):
    """A database that is gone."""

    async def find(self, reply_id: int) -> StoredReply | None:
        raise StorageError("The database did not answer: connection to 10.0.0.7 refused.")


class Hanging(MemoryStore):
    """A database behind a cable that somebody pulled."""

    async def find(self, reply_id: int) -> StoredReply | None:
        await asyncio.Event().wait()
        return None


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@asynccontextmanager
async def served(readiness: Readiness, folder: Path, port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """The pages of a bot that never went online, and a client to ask for them."""
    database = f"sqlite+aiosqlite:///{folder / 'reka.db'}"
    settings = load_settings({**ENVIRONMENT, "DATABASE_URL": database}, None)
    async with (
        open_services(settings, Nowhere(), Ledger()) as services,
        serving_health(readiness, Metrics(services, FakeGateway()), host="127.0.0.1", port=port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield client


# What is ready ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shards", "reason"),
    [
        ({}, "not connected yet"),
        ({0: True}, None),
        ({0: True, 1: True}, None),
        ({0: True, 1: False, 2: False}, "not connected: shard 1, 2"),
    ],
)
def test_every_shard_has_to_be_connected(shards: dict[int, bool], reason: str | None) -> None:
    """The servers of the one that is not get no answer."""
    assert why_not_connected(FakeGateway(shards)) == reason


@pytest.mark.parametrize(
    ("down", "reason"),
    [
        ({"official": {}}, None),
        ({"official": {"POST /chat/completions": 7.4}}, "down, asked again in 7 s"),
        ({"official": {"POST /chat/completions": 7.0}, "space": {}}, None),
        (
            {"official": {"POST /chat/completions": 7.0}, "space": {"POST /api/chat": 3.0}},
            "down, asked again in 3 s",
        ),
        ({"official": {"GET /models": 7.0}}, None),
        ({"space": {"POST /api/upload-image": 7.0}}, None),
        ({"official": {"POST /chat/completions": 0.0}}, None),
    ],
    ids=["well", "down", "another-stands-in", "both-down", "no-list", "no-pictures", "due-to-be-asked"],
)
def test_reka_is_not_ready_only_while_nobody_would_be_asked(
    down: dict[str, dict[str, float]], reason: str | None
) -> None:
    """A bot that could answer must not be taken for one that cannot; one that nobody asks must not stay so."""
    assert why_no_reka(down) == reason


async def test_a_database_that_answers_is_ready() -> None:
    """However little it holds."""
    assert await why_no_memory(MemoryStore()) is None


async def test_a_database_that_fails_is_not_ready_and_its_address_stays_inside() -> None:
    """Whoever may ask for health need not know where the database is."""
    assert await why_no_memory(Down()) == "does not answer"


async def test_a_database_that_hangs_is_not_ready_in_time() -> None:
    """A probe that waits for minutes tells a supervisor nothing."""
    assert await why_no_memory(Hanging(), within_s=0.01) == "does not answer within 0.01 s"


async def test_a_bot_that_stops_is_not_ready(tmp_path: Path) -> None:
    """It takes no more questions, though it lives until its answers have ended."""
    stopping = asyncio.Event()
    database = f"sqlite+aiosqlite:///{tmp_path / 'reka.db'}"
    settings = load_settings({**ENVIRONMENT, "DATABASE_URL": database}, None)
    async with open_services(settings, Nowhere(), Ledger()) as services:
        readiness = Readiness(checks_of(services, FakeGateway({0: True}), stopping))
        assert not any((await readiness.reasons()).values())

        stopping.set()

        assert await readiness.reasons() == {"gateway": "stopping", "database": None, "reka": None}


async def test_many_who_ask_at_once_share_one_look() -> None:
    """Health must not cost the database what answers need."""
    looks = 0
    let_go = asyncio.Event()

    async def slow() -> str | None:
        nonlocal looks
        looks += 1
        await let_go.wait()
        return None

    readiness = Readiness({"database": slow})
    asking = [asyncio.create_task(readiness.reasons()) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one who leaves takes nothing from the others
    let_go.set()
    answers = await asyncio.gather(*asking[1:])

    assert looks == 1
    assert answers == [{"database": None}] * 49


# The pages --------------------------------------------------------------------------------------------------


async def test_the_pages_tell_supervisors_what_they_ask(tmp_path: Path) -> None:
    """Alive is one thing, ready another: a bot must not be killed since Discord is down."""

    async def no() -> str | None:
        return "not connected yet"

    async def yes() -> str | None:
        return None

    async with served(Readiness({"gateway": no, "database": yes}), tmp_path, free_port()) as client:
        async with client.get("/healthz") as alive:
            assert (alive.status, await alive.text()) == (200, "ok\n")
        async with client.get("/readyz") as ready:
            assert ready.status == 503
            assert await ready.json() == {"ready": False, "gateway": "not connected yet", "database": "ok"}
        async with client.get("/metrics") as metrics:
            assert metrics.status == 200
            assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = await metrics.text()
            assert "reka_bot_replies_lost_total 0.0" in text
            assert "process_resident_memory_bytes" in text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/healthz", 405), ("DELETE", "/metrics", 405)]
)
async def test_there_is_nothing_else(tmp_path: Path, method: str, path: str, status: int) -> None:
    """Pages for supervisors are no way in."""
    async with served(Readiness({}), tmp_path, free_port()) as client, client.request(method, path) as answer:
        assert answer.status == status


async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    """Two bots on one machine with the same .env is how it happens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]

        with pytest.raises(CannotStart, match=rf"HEALTH_PORT {port} on 127\.0\.0\.1 .*name a free port"):
            async with served(Readiness({}), tmp_path, port):
                pass


async def test_the_pages_leave_at_once_though_somebody_is_still_asking(tmp_path: Path) -> None:
    """A supervisor that waits for an answer must not hold up the end."""
    began = asyncio.Event()

    async def hangs() -> str | None:
        began.set()
        await asyncio.Event().wait()
        return None

    async with aiohttp.ClientSession() as stranger:
        port = free_port()
        async with asyncio.timeout(5):
            async with served(Readiness({"database": hangs}), tmp_path, port):
                asking = asyncio.create_task(stranger.get(f"http://127.0.0.1:{port}/readyz").__aenter__())
                await began.wait()
        await asyncio.wait({asking})
        assert isinstance(asking.exception(), aiohttp.ClientError)
