"""`python -m benchmarks.provider.loopback TOKENS`: Reka's answers on loopback, at the least cost to the server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from benchmarks.provider.answers import Wire, events

TOKENS_PER_S = 40
_TICK_S = 1 / TOKENS_PER_S
_REST_S = 0.01
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"
_BACKLOG = 1024


def chunk(body: bytes) -> bytes:
    """`body` as one chunk of HTTP's chunked transfer encoding."""
    return b"%x\r\n%s\r\n" % (len(body), body)


class Answers:
    """Prepared answers by the path of the request, as the writes that each consists of.

    /burst/...: all at once, in one chunk. /events/...: all at once, each event a chunk of its own. /paced/...: an
    event every 25 ms. /first/...: the first token at once, the rest 10 ms later.
    """

    def __init__(self, tokens: int) -> None:
        self._writes: dict[bytes, tuple[list[bytes], float]] = {}
        wires: tuple[tuple[Wire, bytes], ...] = (
            ("official", b"/v1/chat/completions"),
            ("space", b"/api/chat"),
        )
        for wire, path in wires:
            of_wire = events(wire, tokens)
            opening = 2 if wire == "official" else 1  # the role comes in an event of its own
            first, rest = b"".join(of_wire[:opening]), b"".join(of_wire[opening:])
            whole = [_HEAD + chunk(first + rest) + _END]
            self._writes[b"/burst" + path] = whole, 0.0
            self._writes[b"/events" + path] = [b"".join((_HEAD, *map(chunk, of_wire), _END))], 0.0
            self._writes[b"/first" + path] = [_HEAD + chunk(first), chunk(rest) + _END], _REST_S
            self._writes[b"/paced" + path] = (
                [_HEAD + chunk(first), *map(chunk, of_wire[opening:]), _END],
                _TICK_S,
            )

    def of(self, path: bytes) -> tuple[list[bytes], float]:
        """The writes of an answer and the seconds between them. Raises KeyError."""
        return self._writes[path]


class Connection(asyncio.Protocol):
    """One connection, which may ask again and again."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._request = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server makes no other
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._request += data
        head, blank, body = self._request.partition(b"\r\n\r\n")
        if not blank or len(body) < _body_bytes(head):
            return
        self._request = b""
        writes, pause_s = self._answers.of(head.split(b" ", 2)[1])
        self._write(writes, 0, pause_s, asyncio.get_running_loop().time())

    def _write(self, writes: Sequence[bytes], at: int, pause_s: float, begun: float) -> None:
        assert self._transport is not None  # noqa: S101 - it asked through it
        self._transport.write(writes[at])
        if at + 1 < len(writes):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(
                begun + (at + 1) * pause_s, self._write, writes, at + 1, pause_s, begun
            )


def _body_bytes(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve(tokens: int) -> None:
    """Print the address and answer until the standard input ends."""
    answers = Answers(tokens)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0, backlog=_BACKLOG)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
