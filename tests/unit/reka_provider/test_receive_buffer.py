"""What the system takes in for a reader who is busy."""

from __future__ import annotations

import asyncio

from reka_provider._http import Http, Patience
from reka_provider._receive_buffer import RECEIVE_BUFFER_BYTES
from reka_provider._refusals import PLATFORM

SENT_BYTES = 8 * 1024 * 1024


class Torrent(asyncio.Protocol):
    """Answers with more than anybody reads."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SENT_BYTES)
        self.transport.write(bytes(SENT_BYTES))


async def test_an_answer_is_not_taken_in_far_ahead_of_its_reader() -> None:
    """Five hundred answers that came at once took up to 768 KiB each."""
    loop = asyncio.get_running_loop()
    async with await loop.create_server(Torrent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http = Http(
            f"http://127.0.0.1:{port}",
            PLATFORM,
            proxy=None,
            connect_timeout_s=5,
            idle_timeout_s=5,
            backoff_s=0,
            secrets=list,
        )
        response = await http.request("GET", "/", headers={}, patience=Patience())
        try:
            largest = 0
            for _ in range(20):
                # A turn of the loop between two reads is when the system's buffer fills.
                await asyncio.sleep(0.005)
                largest = max(largest, len(await response.content.readany()))
        finally:
            response.close()
            await http.close()
    assert largest <= 4 * RECEIVE_BUFFER_BYTES
