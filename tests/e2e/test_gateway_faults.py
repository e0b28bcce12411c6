"""The gateway asks to reconnect, hangs up, refuses and forgets; each question is answered once all the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import discord
import pytest

from cogs.client import Pace
from sandbox.gateway import Stage
from sandbox.reka_space import Script
from tests.e2e.house import House, environment_for, open_house
from tests.e2e.processes import running_bot

PACE = Pace(first_pause_s=0.04, identify_every_s=0.05, invalid_session_s=(0.05, 0.1))
"""As fast as a story can be told; Discord's own times are in the unit tests of the pace."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A fresh world, with a bot in it that logs in again without Discord's pauses."""
    async with open_house(tmp_path, pace=PACE) as opened:
        yield opened


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


async def test_invalid_session_begins_a_new_one_at_our_gateway(house: House) -> None:
    """Op 9 false: discord.py then asks its default address, which is Discord's own unless we say otherwise."""
    house.sandbox.gateway.invalid_session(resumable=False)
    await house.world.until(lambda: len(house.sandbox.gateway.identifies) == 2)

    await asks_once(house)


async def test_session_that_cannot_be_resumed_is_replaced(house: House) -> None:
    """4009: the session timed out while the connection was away."""
    await house.sandbox.gateway.drop(4009)
    await house.world.until(lambda: len(house.sandbox.gateway.identifies) == 2)

    await asks_once(house)


@pytest.mark.parametrize("code", [None, 4009], ids=["invalid session", "4009"])
async def test_question_asked_between_two_sessions_is_answered_once(house: House, code: int | None) -> None:
    """Discord replays nothing to a new session: what came meanwhile is read from the channel."""
    await asks_once(house)  # from now on people talk with the bot here
    if code is None:
        house.sandbox.gateway.invalid_session(resumable=False)
    else:
        await house.sandbox.gateway.drop(code)
    await house.world.until(lambda: not house.sandbox.gateway.online)
    house.reka.enqueue(Script(pieces=["between"]))
    house.alice.says(house.general, f"{house.at_reka} and now?")

    await house.until_shown("Here.", "between")

    assert len(house.sandbox.gateway.identifies) == 2
    assert len(house.reka.chats) == 2
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


async def test_gateway_that_refuses_at_first_is_found_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """discord.py tries again after 5 s; meanwhile the log has a sentence and no page of traceback."""
    async with (
        open_house(tmp_path, start=False, pace=PACE) as house,
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


# ---------------------------------------------------------------------- storms


def gaps_s(house: House, since: int) -> list[float]:
    """The seconds between the attempts to connect, from the one after the first `since`."""
    return [after - before for before, after in pairwise(house.sandbox.gateway.connects_s[since:])]


COMES_BACK = [None, 1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009]
"""Every close code after which a client may come back (Opcodes and Status Codes); None is a cut, seen as 1006."""


@pytest.mark.parametrize("code", COMES_BACK)
@pytest.mark.parametrize("at", ["hello", "login"])
async def test_storm_of_closed_connections_meets_longer_and_longer_pauses(
    house: House, at: Stage, code: int | None
) -> None:
    """discord.py alone comes back at once: forty times in two seconds, from every shard of every bot."""
    gateway = house.sandbox.gateway
    gateway.hang_up(code, code, code, at=at)
    await gateway.drop(4000)
    await house.world.until(lambda: gateway.online)

    assert len(gateway.connects_s) == 5
    waited = gaps_s(house, 1)
    dues = [0.02, 0.04, 0.08] if at == "login" else [0.02, 0.02, 0.04]  # the first of them after the drop
    assert all(gap >= due * 0.9 for gap, due in zip(waited, dues[-3:], strict=True)), waited
    await asks_once(house)


@pytest.mark.parametrize("code", [None, 4000], ids=["cut", "4000"])
async def test_session_outlives_tries_that_fail(house: House, code: int | None) -> None:
    """discord.py alone begins a new one after the first failed try, and what was asked meanwhile is lost."""
    gateway = house.sandbox.gateway
    gateway.refuse(times=2)
    gateway.hang_up(code, at="hello")
    await gateway.drop()
    house.reka.enqueue(Script(pieces=["Heard."]))
    house.alice.says(house.general, f"{house.at_reka} anybody?")

    await house.until_shown("Heard.")

    assert (len(gateway.identifies), gateway.resumes) == (1, 1)


async def test_session_lost_for_too_long_is_not_asked_for(tmp_path: Path) -> None:
    """Its address may be a machine that is gone; the gateway's own address is always there."""
    async with open_house(tmp_path, pace=replace(PACE, resumable_s=0.0)) as house:
        gateway = house.sandbox.gateway
        gateway.refuse()
        await gateway.drop()
        await house.world.until(lambda: gateway.online)

        assert (len(gateway.identifies), gateway.resumes) == (2, 0)
        await asks_once(house)


async def test_early_log_in_is_tried_again(house: House) -> None:
    """Another bot of the same token, or the process before this one, was there a second ago."""
    gateway = house.sandbox.gateway
    gateway.refuses_early, gateway.identify_every_s = True, 0.3
    gateway.invalid_session(resumable=False)
    gateway.invalid_session(resumable=False)
    await house.world.until(lambda: len(gateway.identifies) > 2 and gateway.online)

    assert all(gap < 1.0 for gap in gaps_s(house, 1))
    await asks_once(house)


async def test_stop_is_heard_while_a_shard_comes_back(house: House) -> None:
    """discord.py swallows the cancel then; a supervisor would have to kill the bot."""
    gateway = house.sandbox.gateway
    gateway.refuse(times=1_000)
    await gateway.drop()
    await house.world.until(lambda: len(gateway.connects_s) >= 3)

    began_s = time.monotonic()
    await house.stop_bot()
    assert time.monotonic() - began_s < 2.0


# ---------------------------------------------------------------------- silence


async def test_gateway_that_falls_silent_is_left_and_resumed(tmp_path: Path) -> None:
    """A connection that a router forgot looks open for ever; only what does not come tells that it is dead."""
    async with open_house(tmp_path, pace=replace(PACE, silence_s=0.5)) as house:
        house.sandbox.gateway.silence()
        await house.world.until(lambda: house.sandbox.gateway.resumes >= 1)
        house.sandbox.gateway.heartbeat_interval_ms = 100
        house.sandbox.gateway.silence(False)

        await asks_once(house)
        assert len(house.sandbox.gateway.identifies) == 1


# ---------------------------------------------------------------------- nonsense


NONSENSE: list[tuple[str, object]] = [
    ("MESSAGE_CREATE", {"id": "1"}),
    ("MESSAGE_CREATE", {"id": "no number", "channel_id": "no number"}),
    ("MESSAGE_UPDATE", {"id": "1", "channel_id": "2"}),
    ("MESSAGE_DELETE_BULK", {"ids": None}),
    ("GUILD_CREATE", {"id": "1"}),
    ("GUILD_CREATE", None),
    ("CHANNEL_CREATE", []),
    ("INTERACTION_CREATE", {"type": "secret words"}),
    ("THREAD_LIST_SYNC", 7),
    ("TYPING_START", "x"),
    ("NOBODY_KNOWS_THIS", {"at": "all"}),
]


async def test_events_that_cannot_be_read_are_left_out(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """discord.py alone ends the bot at the first: one change at Discord would end all bots at once."""
    for event, data in NONSENSE:
        house.sandbox.gateway.tell(event, data)
    await asks_once(house)

    assert (len(house.sandbox.gateway.connects_s), len(house.sandbox.gateway.identifies)) == (1, 1)
    lines = failures(caplog)
    assert lines
    assert set(lines) == {"an event of the gateway cannot be read"}
    assert not [record for record in caplog.records if record.exc_info or "secret" in str(record.__dict__)]


async def test_stream_that_cannot_be_unpacked_is_begun_anew(house: House) -> None:
    """After a byte that is wrong, nothing that follows can be read."""
    house.sandbox.gateway.garble()
    await house.world.until(lambda: house.sandbox.gateway.resumes == 1)

    await asks_once(house)


# ---------------------------------------------------------------------- the end


ENDS = {
    4004: "DISCORD_TOKEN: Discord does not know this token",
    4010: "SHARD_IDS, SHARD_COUNT: Discord knows no such shard",
    4011: "SHARD_COUNT: the bot is in too many servers for so few shards",
    4012: "Discord no longer speaks this version of its API",
    4013: "Discord does not know what this bot asks of it",
    4014: "MESSAGE_CONTENT: the intent is not enabled",
}


@pytest.mark.parametrize("codes", [(4004, 4010, 4011), (4012, 4013, 4014)])
async def test_end_for_good_is_one_sentence_and_no_second_try(tmp_path: Path, codes: tuple[int, ...]) -> None:
    """A bot that comes back after these is banned; one that ends without a word is a riddle."""

    async def one_end(code: int) -> None:
        folder = tmp_path / str(code)
        folder.mkdir()
        async with open_house(folder, start=False) as house:
            house.sandbox.gateway.hang_up(code, at="login")
            async with running_bot(environment_for(house.sandbox, house.reka, folder), folder) as program:
                assert await program.ended(20) == 2
            said = "\n".join(program.errors)
            assert program.errors[-1].startswith(ENDS[code]), said
            assert "Traceback" not in said
            assert len(house.sandbox.gateway.connects_s) == 1

    await asyncio.gather(*(one_end(code) for code in codes))


async def test_end_for_good_before_the_log_in_is_heard_too(tmp_path: Path) -> None:
    """discord.py alone would knock every five seconds for ever."""
    async with open_house(tmp_path, start=False, pace=PACE) as house:
        house.sandbox.gateway.hang_up(4011, 4011, at="hello")
        with pytest.raises(discord.ConnectionClosed) as caught:
            await house.start_bot()
        house.bot = None

    assert caught.value.code == 4011
    assert len(house.sandbox.gateway.connects_s) == 1


async def test_bot_without_log_ins_left_waits_for_the_next_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord takes the token from who logs in more than 1,000 times a day; a loop of restarts gets there."""
    async with open_house(tmp_path, start=False, pace=PACE) as house:
        house.world.log_ins_left, house.world.log_ins_reset_ms = 0, 86_400_000
        starting = asyncio.create_task(house.start_bot())
        await house.world.until(lambda: failures(caplog))
        assert not house.sandbox.gateway.connects_s
        await house.stop_bot()
        starting.cancel()
        await asyncio.wait({starting})

    assert failures(caplog) == ["Discord lets the bot log in no more today; something restarts it too often"]
