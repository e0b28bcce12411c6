"""Connections: closed when nobody reads, kept when they can serve again, and the proxy before them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from reka_provider import RekaError, RekaProxyError, RekaTimeoutError
from sandbox.reka_space import RekaSpace, Script
from tests.contract.reka.faces import AsyncFace, Face, Kind, MakeFace
from tests.contract.reka.failures import everything_in, failure_of
from tests.contract.reka.loopback import relay_to, saying
from tests.contract.reka.wires import Wire

PASSWORD = "pass-word-Ty63"


async def closed_within_s(wire: Wire, since_s: float) -> float:
    """Seconds until the server saw that its newest answer is not read any more."""
    (*_, chat) = wire.server.chats
    await wire.server.until(lambda: chat.closed_early, timeout_s=1.0)
    assert chat.ended_at is not None
    return float(chat.ended_at) - since_s


async def test_closing_early_ends_the_answer_upstream(reka: Face, wire: Wire) -> None:
    """Ours: within 100 ms; nobody will read the rest, and it costs tokens."""
    wire.server.enqueue(Script("one two three", gate=asyncio.Semaphore(1)))
    assert await reka.first_piece_then_close() == "one"
    assert await closed_within_s(wire, time.monotonic()) < 0.1


@pytest.mark.parametrize("pieces", [0, 1], ids=["before-the-headers", "in-mid-stream"])
async def test_cancelling_the_reader_ends_the_answer_upstream(
    reka: Face, wire: Wire, kind: Kind, pieces: int
) -> None:
    """Ours: cancelling closes the upstream within 100 ms; a blocking reader is cancelled by closing its client."""
    wire.server.enqueue(Script("one two", silent_after_pieces=pieces))
    reading = asyncio.create_task(reka.pieces())
    await wire.server.until(lambda: bool(wire.server.chats))
    await asyncio.sleep(0.05)
    cancelled_s = time.monotonic()
    if kind.face is AsyncFace:
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    else:
        await reka.close()
        with pytest.raises(RekaError):
            await reading
    assert await closed_within_s(wire, cancelled_s) < 0.1


async def test_closing_the_client_ends_all_its_answers(reka: Face, wire: Wire) -> None:
    """Ours: nothing of a closed client is left running."""
    wire.server.enqueue(*[Script("one two", silent_after_pieces=1)] * 3)
    reading = [asyncio.create_task(reka.pieces()) for _ in range(3)]
    await wire.server.until(lambda: len(wire.server.chats) == 3)
    await asyncio.sleep(0.05)
    await reka.close()
    ends = await asyncio.gather(*reading, return_exceptions=True)
    assert all(isinstance(end, RekaError) for end in ends)
    await wire.server.until(lambda: all(chat.closed_early for chat in wire.server.chats), timeout_s=1.0)


ENDS: list[Callable[[], Script]] = [
    lambda: Script("one two"),
    lambda: Script("one two", bare_json=True),
    lambda: Script("one two", compress=True),
    lambda: Script("one two", hold_open=True),
    lambda: Script("one two", token_s=0.005, cut_after_pieces=1),
    lambda: Script("one two", silent_after_pieces=0),
    lambda: Script("one two", silent_after_pieces=1),
    lambda: Script("one two", garbage_after_pieces=1),
    lambda: Script("one", error={"type": "server_error", "message": "lamp"}),
    lambda: Script(body="<html>page</html>"),
    lambda: Script(status=400, body="no"),
    lambda: Script(status=429, headers={"Retry-After": "60"}),
    lambda: Script(raw_chunks=[]),
]


async def test_no_end_of_an_answer_leaks_a_connection(make: MakeFace, wire: Wire) -> None:
    """Ours: no connection leaks: however answers end, closing the client leaves none open."""
    async with relay_to(wire.server.url) as relay:
        face = make(base_url=relay.url, idle_timeout=0.1)
        for script in ENDS:
            wire.server.enqueue(script())
            await face.pieces_before(RekaError)
        wire.server.enqueue(Script("one two three", gate=asyncio.Semaphore(1)))
        await face.first_piece_then_close()
        await asyncio.sleep(0)
        assert relay.open <= 1  # what still serves is kept for the next question; all others are gone
        await face.close()
        await relay.all_closed()


@pytest.mark.parametrize("form", ["stream", "whole", "compressed"])
async def test_answers_that_end_well_share_one_connection(make: MakeFace, wire: Wire, form: str) -> None:
    """Ours: a handshake costs more than the first token of a short answer."""
    async with relay_to(wire.server.url) as relay:
        face = make(base_url=relay.url)
        for _ in range(4):
            wire.server.enqueue(Script("one two", compress=form == "compressed", bare_json=form == "whole"))
            await face.pieces(stream=form != "whole")
        assert relay.opened == 1


async def test_many_answers_run_at_once(reka: Face, wire: Wire, kind: Kind) -> None:
    """Ours: without REKA_CONCURRENCY nothing is bounded, the connector neither."""
    count = 150 if kind.face is AsyncFace else 5  # as many as a pool of threads has for sure
    gate = asyncio.Semaphore(0)
    wire.server.enqueue(*[Script("one two", gate=gate)] * count)
    reading = [asyncio.create_task(reka.pieces()) for _ in range(count)]
    await wire.server.until(lambda: len(wire.server.chats) == count)
    for _ in range(2 * count):
        gate.release()
    answers = await asyncio.gather(*reading)
    assert {"".join(answer) for answer in answers} == {"one two"}


async def test_concurrency_is_bounded_where_it_is_asked_for(make: MakeFace, wire: Wire) -> None:
    """Ours: REKA_CONCURRENCY; the place is held for the whole life of a stream."""
    face = make(concurrency=2)
    wire.server.enqueue(*[Script("one two", token_s=0.02)] * 5)
    answers = await asyncio.gather(*(face.pieces() for _ in range(5)))
    assert len(answers) == 5
    starts = sorted(chat.received_at for chat in wire.server.chats)
    ends = sorted(chat.ended_at for chat in wire.server.chats)
    assert all(start >= end for start, end in zip(starts[2:], ends, strict=False))


async def test_who_waits_for_a_place_is_served_in_order(make: MakeFace, wire: Wire) -> None:
    """Ours: a fair queue; who leaves it costs nobody a turn."""
    face = make(concurrency=1)
    gate = asyncio.Semaphore(0)
    wire.server.enqueue(*[Script("one", gate=gate)] * 4)
    reading = []
    for number in range(4):
        question = [{"role": "user", "content": f"number {number}"}]
        reading.append(asyncio.create_task(face.pieces(question)))
        await asyncio.sleep(0.02)
    if isinstance(face, AsyncFace):
        reading.pop(2).cancel()
    for _ in range(4):
        gate.release()
    await asyncio.gather(*reading)
    asked = [str(chat.body) for chat in wire.server.chats]
    numbers = [next(number for number in range(4) if f"number {number}" in body) for body in asked]
    assert numbers == ([0, 1, 3] if isinstance(face, AsyncFace) else [0, 1, 2, 3])


async def test_the_proxy_is_used(make: MakeFace, wire: Wire) -> None:
    """4: the known client fails with every proxy."""
    async with relay_to(wire.server.url) as relay:
        address = relay.url.removeprefix("http://").partition("/")[0]
        face = make(proxy=f"http://name:{PASSWORD}@{address}")
        assert await face.pieces()
        await face.close()
    assert wire.server.url.encode() in relay.heads[0].partition(b"\r\n")[0]
    assert b"Proxy-Authorization: Basic" in relay.heads[0]


async def test_a_proxy_that_cannot_be_reached_is_told(make: MakeFace) -> None:
    """Ours: bad input (a proxy that refuses): it says that it is the proxy, and keeps its password to itself."""
    failure = await failure_of(make(proxy=f"http://name:{PASSWORD}@127.0.0.1:9"))
    assert type(failure) is RekaProxyError
    assert "REKA_PROXY" in str(failure)
    assert PASSWORD not in everything_in(failure)


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_is_told(make: MakeFace, status: int) -> None:
    """Ours: a refusal to connect comes from the proxy, so no key has to be copied anew."""
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"
    async with saying(answer.encode()) as address:
        face = make(base_url="https://reka.example", proxy=f"http://name:{PASSWORD}@{address}")
        failure = await failure_of(face)
    assert type(failure) is RekaProxyError
    assert failure.status == status
    assert PASSWORD not in everything_in(failure)


async def test_a_proxy_that_wants_a_password_is_told(make: MakeFace, wire: Wire) -> None:
    """Ours: 407 comes from the proxy also where it passes plain requests on."""
    if isinstance(wire.server, RekaSpace):
        wire.server.faults.append(wire.fault(407))
        await make().call("get_access_token")
    wire.server.faults.append(wire.fault(407))
    failure = await failure_of(make(proxy=wire.server.url))
    assert type(failure) is RekaProxyError
    assert "name:password@" in str(failure)


async def test_a_proxy_that_says_nothing_is_left(make: MakeFace) -> None:
    """Ours: the connection must stand in time, the proxy's part of it included."""
    async with saying(b"") as address:
        face = make(base_url="https://reka.example", proxy=f"http://{address}", connect_timeout=0.2)
        assert type(await failure_of(face)) is RekaTimeoutError


@pytest.mark.parametrize(
    "answer", [b"oops\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01"]
)
async def test_what_is_no_http_is_an_error_of_ours(make: MakeFace, answer: bytes) -> None:
    """Ours: nothing but our errors comes out of any bytes."""
    async with saying(answer) as address:
        face = make(base_url=f"http://{address}", idle_timeout=0.2)
        await failure_of(face)
        await face.close()
