"""Loopback servers below HTTP: one that passes bytes on and counts, one that dies at a given byte."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CLOSED_WITHIN_S = 1.0


@dataclass(slots=True)
class Relay:
    """Passes all bytes on to a server, and so sees every connection of a client."""

    target: str
    url: str = ""
    opened: int = 0
    open: int = 0
    heads: list[bytes] = field(default_factory=list)
    """The first bytes of each connection."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def all_closed(self) -> None:
        """Wait until the client has closed every connection. Raises TimeoutError."""
        async with asyncio.timeout(_CLOSED_WITHIN_S):
            while self.open:
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end on either side."""
        self.opened += 1
        self.open += 1
        target = urlsplit(self.target)
        upstream: asyncio.StreamWriter | None = None
        try:
            self.heads.append(await reader.read(65536))
            back, upstream = await asyncio.open_connection(target.hostname, target.port)
            upstream.write(self.heads[-1])
            down = asyncio.create_task(_pipe(back, writer))
            try:
                await _pipe(reader, upstream)
            finally:
                down.cancel()
                await asyncio.wait([down])
        except OSError:
            return  # one side is gone, which ends the other
        finally:
            self.open -= 1
            self._changed.set()
            writer.close()
            if upstream is not None:
                upstream.close()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
        sink.close()


@asynccontextmanager
async def relay_to(url: str) -> AsyncIterator[Relay]:
    """A relay before the server at `url`; also a forward proxy to it for plain http."""
    relay = Relay(url)
    async with await asyncio.start_server(relay.serve, "127.0.0.1", 0) as server:
        relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{urlsplit(url).path}"
        yield relay


@dataclass(slots=True)
class DyingServer:
    """Answers every request with the first `cut` bytes of a recorded answer, headers included, and dies."""

    recorded: bytes
    cut: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        await _read_request(reader)
        writer.write(self.recorded[: self.cut])
        writer.close()


@asynccontextmanager
async def dying_server(recorded: bytes) -> AsyncIterator[DyingServer]:
    """A server that dies."""
    dying = DyingServer(recorded)
    async with await asyncio.start_server(dying.serve, "127.0.0.1", 0) as server:
        dying.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield dying


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """The address of a server that reads a head, says this, and keeps the line open."""
    leaving = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        with suppress(OSError):
            await reader.read()
        writer.close()
        leaving.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(_CLOSED_WITHIN_S):
            await leaving.wait()  # the client has let go of the connection


async def _read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)


async def recorded_from(url: str, path: str, body: bytes, *headers: str) -> bytes:
    """All bytes of a server's answer to a POST, as they come over the wire."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [f"POST {path} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *headers]
    lines.append(f"Content-Length: {len(body)}")
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return await reader.read()
    finally:
        writer.close()
