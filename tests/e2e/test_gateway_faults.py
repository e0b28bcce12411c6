"""The gateway asks to reconnect, hangs up, refuses and forgets; each question is answered once all the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import discord
import pytest

from sandbox.reka_space import Script
from tests.e2e.house import House, open_house


@pytest.fixture
def quick_identify(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py's public hook pauses for 5 s between identifies, as Discord asks: no matter here."""

    async def at_once(_client: discord.Client, _shard_id: int | None, *, initial: bool = False) -> None:
        """No pause."""

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def asks_once(house: House) -> None:
    """A question is answered, and no earlier one a second time."""
    chats = len(house.reka.chats)
    house.reka.enqueue(Script(pieces=["Here."]))
    house.alice.says(house.general, f"{house.at_reka} still there?")
    await house.world.until(lambda: house.replies() and house.replies()[-1].content == "Here.")
    assert len(house.reka.chats) == chats + 1


async def test_reconnect_resumes_and_loses_no_question(house: House) -> None:
    """Op 7 comes with every deployment of Discord's."""
    house.sandbox.gateway.reconnect()
    await house.world.until(lambda: house.sandbox.gateway.resumes == 1)

    await asks_once(house)

    assert len(house.sandbox.gateway.identifies) == 1


@pytest.mark.parametrize("code", [None, 1000, 4000], ids=["cut", "1000", "4000"])
async def test_question_asked_while_the_connection_was_away_is_answered_once(
    house: House, code: int | None
) -> None:
    """A resumed session replays what was missed; what was answered already is no news."""
    house.reka.enqueue(Script(pieces=["before"]))
    asked = house.alice.says(house.general, f"{house.at_reka} before?")
    await house.until_shown("before")
    await house.sandbox.gateway.drop(code)
    house.reka.enqueue(Script(pieces=["while away"]))
    house.sandbox.gateway.redeliver(asked)
    house.alice.says(house.general, f"{house.at_reka} while away?")

    await house.until_shown("before", "while away")

    assert house.sandbox.gateway.resumes == 1
    assert len(house.reka.chats) == 2
    await asks_once(house)


async def test_answer_grows_on_while_the_gateway_is_away(house: House) -> None:
    """Creates and edits go by REST: a lost socket costs no reader a word."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["one ", "two ", "three"], gate=gate))
    house.alice.says(house.general, f"{house.at_reka} count")
    gate.release()
    await house.until_shown("one")

    await house.sandbox.gateway.drop()
    gate.release()
    gate.release()
    await house.until_shown("one two three")

    await asks_once(house)


async def test_invalid_session_that_may_resume_resumes(house: House) -> None:
    """Op 9 true."""
    house.sandbox.gateway.invalid_session(resumable=True)
    await house.world.until(lambda: house.sandbox.gateway.resumes == 1)

    await asks_once(house)


@pytest.mark.usefixtures("quick_identify")
async def test_invalid_session_begins_a_new_one_at_our_gateway(house: House) -> None:
    """Op 9 false: discord.py then asks its default address, which is Discord's own unless we say otherwise."""
    house.sandbox.gateway.invalid_session(resumable=False)
    await house.world.until(lambda: len(house.sandbox.gateway.identifies) == 2)

    await asks_once(house)


@pytest.mark.usefixtures("quick_identify")
async def test_session_that_cannot_be_resumed_is_replaced(house: House) -> None:
    """4009: the session timed out while the connection was away."""
    await house.sandbox.gateway.drop(4009)
    await house.world.until(lambda: len(house.sandbox.gateway.identifies) == 2)

    await asks_once(house)


@asynccontextmanager
async def closed_door(target_port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port that refuses connections until the event is set, and then leads to `target_port`."""
    opened = asyncio.Event()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        opener = asyncio.create_task(_open(door, opened, target_port))
        try:
            yield door.getsockname()[1], opened
        finally:
            opener.cancel()
            await asyncio.gather(opener, return_exceptions=True)


async def _open(door: socket.socket, opened: asyncio.Event, target_port: int) -> None:
    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target_port)
        await asyncio.gather(_carry(reader, back), _carry(there, writer))

    await opened.wait()
    server = await asyncio.start_server(lead, sock=door)
    async with server:
        await server.serve_forever()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):  # one side left: then the other has nothing to hear
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.mark.usefixtures("quick_identify")
async def test_gateway_that_refuses_at_first_is_found_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """discord.py tries again after 5 s; meanwhile the log has a sentence and no page of traceback."""
    async with (
        open_house(tmp_path, start=False) as house,
        closed_door(urlsplit(house.sandbox.url).port or 0) as (port, opened),
    ):
        house.sandbox.gateway.url = f"ws://127.0.0.1:{port}/gateway/"
        starting = asyncio.create_task(house.start_bot())
        await house.world.until(lambda: failures(caplog))
        opened.set()
        await starting

        await asks_once(house)
        await house.stop_bot()

    [line] = failures(caplog)
    assert "Retrying" in line
    assert "ClientConnectorError" in line
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.usefixtures("quick_identify")
async def test_lost_gateway_costs_one_line_a_try(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Refused while reconnecting: discord.py backs off by itself; its traceback would tell nothing more."""
    port = urlsplit(house.sandbox.url).port
    assert port is not None
    await house.sandbox.stop()
    await house.world.until(lambda: failures(caplog))
    await house.sandbox.start()
    await house.world.until(lambda: house.sandbox.gateway.online, timeout_s=10)

    assert all("reconnect" in line for line in failures(caplog))
    assert not [record for record in caplog.records if record.exc_info]
    await asks_once(house)
