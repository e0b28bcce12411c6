"""Bytes of a body that breaks off while nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from reka_provider._arriving_bytes import FEW_STREAMS, let_gather, next_bytes


@asynccontextmanager
async def body_that_breaks_off(*chunks: bytes, silent: bool = False) -> AsyncIterator[aiohttp.ClientResponse]:
    """A response whose body sends `chunks`, and then breaks off or falls silent; nothing of it is read yet."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
            if silent:
                await ended.wait()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    timeout = aiohttp.ClientTimeout(sock_read=0.1)
    async with server, aiohttp.ClientSession(timeout=timeout) as session:
        async with session.get(f"http://127.0.0.1:{port}") as response:
            yield response
        ended.set()


async def until_broken(response: aiohttp.ClientResponse) -> None:
    async with asyncio.timeout(2.0):
        while response.content.exception() is None:  # noqa: ASYNC110 - aiohttp has no event for it
            await asyncio.sleep(0.01)


async def test_what_came_before_a_break_is_read_first() -> None:
    """Whoever is busy when the connection breaks has still paid for it."""
    async with body_that_breaks_off(b"one ", b"two") as response:
        await until_broken(response)
        assert await next_bytes(response.content) == b"one two"
        for _ in range(2):
            with pytest.raises(aiohttp.ClientPayloadError):
                await next_bytes(response.content)


async def test_what_came_before_a_silence_is_read_first() -> None:
    """The same for a time-out."""
    async with body_that_breaks_off(b"one", silent=True) as response:
        await until_broken(response)
        assert await next_bytes(response.content) == b"one"
        with pytest.raises(TimeoutError):
            await next_bytes(response.content)


async def test_a_break_while_waiting_is_raised() -> None:
    """There is nothing to read before it."""
    async with body_that_breaks_off(b"one") as response:
        assert await next_bytes(response.content) == b"one"
        with pytest.raises(aiohttp.ClientPayloadError):
            await next_bytes(response.content)


@asynccontextmanager
async def body_that_drips(drops: int, every_s: float) -> AsyncIterator[aiohttp.ClientResponse]:
    """A response whose body comes one byte at a time."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % drops)
        try:
            for _ in range(drops):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(every_s)
        except ConnectionError:
            return  # the reader has gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}") as response,
    ):
        yield response


async def pieces_of(response: aiohttp.ClientResponse, streams: int) -> list[bytes]:
    """The body as a client reads it that reads `streams` at once."""
    pieces = []
    while piece := await next_bytes(response.content):
        pieces.append(piece)
        await let_gather(response, piece, streams)
    return pieces


async def test_of_many_streams_each_is_read_in_larger_pieces() -> None:
    """A thousand answers, each read at every token, would leave no time for anything else."""
    async with body_that_drips(100, 0.002) as response:
        pieces = await pieces_of(response, FEW_STREAMS + 100)

    assert b"".join(pieces) == b"x" * 100
    assert len(pieces) < 20


async def test_of_few_streams_each_is_read_as_it_comes() -> None:
    """Text that is there is shown."""
    async with body_that_drips(20, 0.02) as response:
        pieces = await pieces_of(response, FEW_STREAMS)

    assert b"".join(pieces) == b"x" * 20
    assert len(pieces) > 10


async def test_a_backlog_is_read_without_rest() -> None:
    """Whoever is behind must not wait."""
    async with body_that_drips(20, 0.02) as response:
        begun_s = asyncio.get_running_loop().time()
        await let_gather(response, b"x" * 100_000, 1_000)
        assert asyncio.get_running_loop().time() - begun_s < 0.1


async def test_a_reader_that_is_cancelled_while_resting_leaves_the_connection_readable() -> None:
    """A paused connection would never tell that it broke."""
    async with body_that_drips(5, 0.01) as response:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await let_gather(response, b"x", 1_000)
        assert b"".join(await pieces_of(response, 1)) == b"xxxxx"
