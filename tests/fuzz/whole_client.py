"""Any bytes for a response, through the clients as programs use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Self

from reka_provider import AsyncReka, AsyncRekaPlatform, RekaError
from tests.fuzz.corpus import SECRET

_MESSAGES = [{"role": "user", "content": "Hi"}]
_IDLE_S = 2.0

Call = Callable[[str], Awaitable[None]]


class AnyServer:
    """Answers a request to /N with the bytes that were put in as number N, and closes."""

    def __init__(self) -> None:
        self._responses: dict[bytes, bytes] = {}
        self._numbers: Iterator[int] = iter(range(10**12))
        self._server: asyncio.Server | None = None
        self._port = 0

    def put(self, response: bytes) -> str:
        """The base URL under which it is the answer to every request."""
        number = b"%d" % next(self._numbers)
        self._responses[number] = response
        return f"http://127.0.0.1:{self._port}/{number.decode()}"

    def drop(self, url: str) -> None:
        """Forget it."""
        del self._responses[url.rpartition("/")[2].encode()]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._responses), "127.0.0.1", 0, backlog=512
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, responses: dict[bytes, bytes]) -> None:
        self._responses = responses
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        # The body of a request is small and comes with its head; what follows an answer is of no interest.
        if b"\r\n\r\n" in self._head:
            self._transport.write(self._responses.get(self._head.split(b"/", 2)[1].split(b" ")[0], b""))
            self._transport.close()


async def _complete_space(url: str) -> None:
    cookies = {"appSession": SECRET}
    async with AsyncReka(
        cookies=cookies, api_key=SECRET, base_url=url, idle_timeout=_IDLE_S, backoff=0
    ) as reka:
        await _read(reka.create_completion(messages=_MESSAGES))


async def _complete_official(url: str) -> None:
    async with AsyncRekaPlatform(api_key=SECRET, base_url=url, idle_timeout=_IDLE_S, backoff=0) as reka:
        await _read(reka.create_completion(messages=_MESSAGES))


async def _complete_at_once(url: str) -> None:
    async with AsyncRekaPlatform(api_key=SECRET, base_url=url, idle_timeout=_IDLE_S, backoff=0) as reka:
        await _read(reka.create_completion(messages=_MESSAGES, stream=False))


async def _read(answer: AsyncGenerator[str, None]) -> None:
    async with aclosing(answer) as pieces:
        async for piece in pieces:
            assert piece, "an empty piece"


async def _list_models(url: str) -> None:
    async with AsyncRekaPlatform(api_key=SECRET, base_url=url, idle_timeout=_IDLE_S, backoff=0) as reka:
        await reka.list_models()


async def _get_token(url: str) -> None:
    async with AsyncReka(
        cookies={"appSession": SECRET}, base_url=url, idle_timeout=_IDLE_S, backoff=0
    ) as reka:
        assert await reka.get_access_token()


CALLS: tuple[Call, ...] = (_complete_space, _complete_official, _complete_at_once, _list_models, _get_token)


async def try_response(server: AnyServer, call: Call, response: bytes) -> None:
    """Make one call whose every answer is `response`. Raises what is no RekaError, or quotes the secret."""
    url = server.put(response)
    said = ""
    try:
        await call(url)
    except RekaError as error:
        said = f"{error} {error!r} {error.request_id} {error.__cause__!r} {error.__context__!r}"
    finally:
        server.drop(url)
    assert SECRET not in said, "an error quotes a secret"
