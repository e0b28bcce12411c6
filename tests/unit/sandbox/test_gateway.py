"""The gateway without a library in between: refusals, resumes, shards."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.gateway import Stage
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


@pytest.mark.parametrize("at", ["hello", "login"])
async def test_connections_are_hung_up_on_in_the_order_of_the_script(raw: Raw, at: Stage) -> None:
    """A client that comes back at once after any of the codes makes a storm."""
    gateway = raw.sandbox.gateway
    gateway.hang_up(4000, 4008, at=at)
    for code in (4000, 4008):
        ws = await _connect(raw)
        if at == "login":
            await _identify(raw, ws)
        closed = await ws.receive()
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code)

    await _ready(raw)

    assert len(gateway.connects_s) == 3
    assert len(gateway.identifies) == 1


async def test_connection_may_be_cut_in_place_of_the_answer(raw: Raw) -> None:
    """A client sees that as 1006."""
    raw.sandbox.gateway.hang_up(None, at="login")
    ws = await _connect(raw)
    await _identify(raw, ws)
    await ws.receive()

    assert ws.close_code == 1006


async def test_shards_hear_their_own_guilds_and_the_first_one_direct_messages(raw: Raw) -> None:
    """shard = (guild_id >> 22) % count (Gateway, Sharding)."""
    world = raw.sandbox.world
    for number in range(30):
        world.add_guild(f"guild {number}")
    raw.sandbox.gateway.identify_every_s = 0.0
    sockets: list[Socket] = []
    heard: set[int] = set()
    for shard in range(2):
        ws, ready = await _ready(raw, shard=[shard, 2])
        theirs = {int(guild["id"]) for guild in ready["guilds"]}
        assert theirs  # those of one instant are of all shards
        assert all((guild_id >> 22) % 2 == shard for guild_id in theirs)
        for _ in theirs:
            await ws.receive_json()
        heard |= theirs
        sockets.append(ws)
    assert heard == set(world.guilds)

    world.person("alice").says(world.dm(world.person("alice")), "direct")

    assert (await sockets[0].receive_json(timeout=5))["t"] == "MESSAGE_CREATE"
    with pytest.raises(TimeoutError):
        await sockets[1].receive_json(timeout=0.05)


async def test_one_shard_may_be_troubled_alone(raw: Raw) -> None:
    """The others of a process must not notice."""
    gateway = raw.sandbox.gateway
    first, _ = await _ready(raw, shard=[0, 2])
    _second, _ = await _ready(raw, shard=[1, 2])
    assert gateway.shards == {0, 1}

    await gateway.drop(4000, shard=0)

    assert gateway.shards == {1}
    while (frame := await first.receive()).type is aiohttp.WSMsgType.TEXT:
        pass
    assert frame.data == 4000


async def test_early_identify_is_counted_by_bucket(raw: Raw) -> None:
    """One in 5 s for each of `max_concurrency` buckets."""
    raw.sandbox.world.max_concurrency = 2
    for shard in (0, 1):
        await _ready(raw, shard=[shard, 4])
    assert raw.sandbox.gateway.early_identifies == 0

    await _ready(raw, shard=[2, 4])

    assert raw.sandbox.gateway.early_identifies == 1


async def test_early_identify_is_refused_where_asked_for(raw: Raw) -> None:
    """Op 9 false, as at Discord."""
    raw.sandbox.gateway.refuses_early = True
    _first, _ = await _ready(raw, shard=[0, 2])
    ws = await _connect(raw)
    await _identify(raw, ws, shard=[1, 2])

    assert await ws.receive_json() == {"op": 9, "d": False, "s": None, "t": None}
    assert raw.sandbox.gateway.shards == {0}


async def test_address_comes_with_what_is_left_for_today(raw: Raw) -> None:
    """A client that has none left must wait."""
    raw.sandbox.world.log_ins_left = 3
    raw.sandbox.world.max_concurrency = 16
    limit = (await raw("GET", "/gateway/bot")).json["session_start_limit"]

    assert limit == {"total": 1000, "remaining": 3, "reset_after": 86_400_000, "max_concurrency": 16}


async def test_nonsense_is_sent_as_it_is(raw: Raw) -> None:
    """What a client cannot read must not end it."""
    ws, _ = await _ready(raw)
    created: Frame = await ws.receive_json()
    raw.sandbox.gateway.tell("MESSAGE_CREATE", None)
    raw.sandbox.gateway.garble()

    told: Frame = await ws.receive_json()
    garbled = await ws.receive()

    assert (told["t"], told["d"], told["s"]) == ("MESSAGE_CREATE", None, created["s"] + 1)
    assert garbled.type is aiohttp.WSMsgType.BINARY
