"""The gateway without a library in between: refusals, resumes, shards."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from tests.unit.sandbox.conftest import Raw

Frame = dict[str, Any]
Socket = aiohttp.ClientWebSocketResponse


async def _connect(raw: Raw) -> Socket:
    ws = await raw.session.ws_connect(raw.sandbox.gateway_url + "?v=10&encoding=json&compress=zlib-stream")
    hello: Frame = await ws.receive_json()
    assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
    return ws


async def _identify(raw: Raw, ws: Socket, **changes: object) -> None:
    data = {"token": raw.sandbox.token, "intents": 4609, "properties": {}} | changes
    await ws.send_json({"op": 2, "d": data})


async def _ready(raw: Raw, **changes: object) -> tuple[Socket, Frame]:
    ws = await _connect(raw)
    await _identify(raw, ws, **changes)
    ready: Frame = await ws.receive_json()
    assert ready["t"] == "READY"
    return ws, ready["d"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 99, "d": {}}, 4001),
        ({"no": "op"}, 4002),
    ],
)
async def test_broken_rule_has_its_close_code(raw: Raw, frame: Frame, code: int) -> None:
    """A client learns by the code whether to come back."""
    ws = await _connect(raw)
    await ws.send_json(frame)
    closed = await ws.receive()

    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code)


async def test_heartbeats_are_acknowledged_unless_silenced(raw: Raw) -> None:
    """A zombie connection is one that stays silent."""
    ws = await _connect(raw)
    await ws.send_json({"op": 1, "d": None})
    assert (await ws.receive_json())["op"] == 11

    raw.sandbox.gateway.silence()
    await ws.send_json({"op": 1, "d": None})
    with pytest.raises(TimeoutError):
        await ws.receive_json(timeout=0.05)


async def test_ready_names_the_shard_and_a_loopback_address(raw: Raw) -> None:
    """Without the first AutoShardedClient crashes; without the second a resume goes to the internet."""
    _ws, ready = await _ready(raw, shard=[0, 1])

    assert ready["shard"] == [0, 1]
    assert ready["resume_gateway_url"].startswith("ws://127.0.0.1:")


async def test_resume_replays_what_was_missed_in_order(raw: Raw) -> None:
    """Then RESUMED, with an object for its data."""
    world = raw.sandbox.world
    ws, ready = await _ready(raw)
    created: Frame = await ws.receive_json()
    await raw.sandbox.gateway.drop(4000)
    for number in range(3):
        world.person("alice").says(world.channel("general"), f"{world.bot.mention} {number}")

    again = await _connect(raw)
    data = {"token": raw.sandbox.token, "session_id": ready["session_id"], "seq": created["s"]}
    await again.send_json({"op": 6, "d": data})
    frames: list[Frame] = [await again.receive_json() for _ in range(4)]

    assert [frame["t"] for frame in frames] == ["MESSAGE_CREATE"] * 3 + ["RESUMED"]
    assert [frame["s"] for frame in frames] == [created["s"] + at for at in range(1, 5)]
    assert frames[3]["d"] == {}


async def test_unknown_session_is_invalid(raw: Raw) -> None:
    """Op 9 false: identify anew."""
    ws = await _connect(raw)
    await ws.send_json({"op": 6, "d": {"token": raw.sandbox.token, "session_id": "none", "seq": 1}})

    assert await ws.receive_json() == {"op": 9, "d": False, "s": None, "t": None}


async def test_goodbye_with_1000_ends_the_session_and_4000_does_not(raw: Raw) -> None:
    """The close code is how a bot says whether it will be back."""
    for code, known in ((1000, False), (4000, True)):
        ws, ready = await _ready(raw)
        await ws.close(code=code)
        await raw.sandbox.world.until(lambda: not raw.sandbox.gateway.online)
        again = await _connect(raw)
        data = {"token": raw.sandbox.token, "session_id": ready["session_id"], "seq": 2}
        await again.send_json({"op": 6, "d": data})
        assert ((await again.receive_json())["t"] == "RESUMED") is known
        await again.close()
        await raw.sandbox.world.until(lambda: not raw.sandbox.gateway.online)
    assert raw.sandbox.gateway.close_codes[0] == 1000


async def test_events_without_their_intent_stay_away(raw: Raw) -> None:
    """A bot that did not ask for typing signs gets none."""
    world = raw.sandbox.world
    ws, _ready_data = await _ready(raw, intents=1 << 9)
    world.person("alice").types(world.channel("general"))
    world.person("alice").says(world.dm(world.person("alice")), "direct")
    world.person("alice").says(world.channel("general"), "heard")

    assert (await ws.receive_json())["t"] == "MESSAGE_CREATE"
    with pytest.raises(TimeoutError):
        await ws.receive_json(timeout=0.05)


async def test_thousand_guilds_are_cheap(raw: Raw) -> None:
    """Benchmarks give each channel a guild of its own."""
    world = raw.sandbox.world
    for number in range(999):
        world.add_guild(f"guild {number}")
    ws, ready = await _ready(raw)

    assert len(ready["guilds"]) == 1000
    frames: list[Frame] = [await ws.receive_json() for _ in range(1000)]
    assert {frame["t"] for frame in frames} == {"GUILD_CREATE"}


async def test_too_many_frames_close_the_connection(raw: Raw) -> None:
    """120 a minute."""
    ws = await _connect(raw)
    for _ in range(121):
        await ws.send_json({"op": 1, "d": None})
    closed = None
    while closed is None:
        frame = await ws.receive()
        closed = frame if frame.type is aiohttp.WSMsgType.CLOSE else None

    assert closed.data == 4008


async def test_until_shows_the_screen_when_it_gives_up(sandbox: Sandbox) -> None:
    """A failing story says what stood there instead."""
    sandbox.world.person("alice").says(sandbox.world.channel("general"), "anybody?")

    with pytest.raises(TimeoutError, match="alice: 'anybody"):
        await sandbox.world.until(lambda: False, timeout_s=0.01)


async def test_refused_connection_becomes_no_websocket(raw: Raw) -> None:
    """The first connect of a bot must survive this; discord.py alone does not."""
    raw.sandbox.gateway.refuse(times=1)

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await _connect(raw)
    await _connect(raw)
