"""One vocabulary for both loopback Rekas: what a script says is what either does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from sandbox.reka_platform import COMPLETIONS_PATH, RekaPlatformServer
from sandbox.reka_space import CHAT_PATH, RekaSpace, Script

Server = RekaSpace | RekaPlatformServer
Read = Callable[[], Awaitable[tuple[bytes, bool]]]


@pytest.fixture(params=[RekaSpace, RekaPlatformServer])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with request.param(token_s=0.0) as running:
        yield running


@pytest.fixture
async def read(server: Server) -> AsyncIterator[Read]:
    """Asks once, and reads the body and whether it broke off."""
    if isinstance(server, RekaSpace):
        url = server.url + CHAT_PATH
        body: dict[str, object] = {"conversation_history": [{"type": "human", "text": "Hi"}]}
    else:
        url = server.url + COMPLETIONS_PATH
        body = {"model": "reka-flash-3", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": "Bearer your_api_key"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask() -> tuple[bytes, bool]:
            said = b""
            try:
                async with session.post(url, json={**body, "stream": True}) as response:
                    async for part in response.content.iter_any():
                        said += part
            except aiohttp.ClientError:
                return said, True
            return said, False

        yield ask


def data_of(body: bytes) -> list[str]:
    return [line.partition(":")[2].strip() for line in body.decode().splitlines() if line.startswith("data")]


async def test_a_cut_is_counted_in_bytes(server: Server, read: Read) -> None:
    """So that a test can cut the wire anywhere."""
    server.enqueue(Script("one two", cut_after_bytes=30))
    body, broke = await read()
    assert (len(body), broke) == (30, True)


async def test_an_error_object_takes_the_place_of_the_end(server: Server, read: Read) -> None:
    """Nothing after it says that the answer is whole."""
    server.enqueue(Script("one two", error={"message": "No."}, error_event=True))
    body, broke = await read()
    assert json.loads(data_of(body)[-1]) == {"error": {"message": "No."}}
    assert b"event: error\n" in body
    assert b'"stop"' not in body
    assert not broke


async def test_garbage_stands_among_the_events(server: Server, read: Read) -> None:
    """A burst of them comes in one write."""
    server.enqueue(Script("one two", garbage_after_pieces=1, burst=True))
    body, _ = await read()
    data = data_of(body)
    at = data.index("oops")
    assert "one" in data[at - 1]
    assert "two" in data[at + 1]


async def test_lines_have_the_form_that_the_script_wants(server: Server, read: Read) -> None:
    """Each is right by the standard of event streams."""
    server.enqueue(
        Script("né", newline="\r", space=False, chunk_bytes=1), Script("né", ascii_only=True), Script("né")
    )
    (spare, _), (escaped, _), (plain, _) = await read(), await read(), await read()
    assert b"\n" not in spare
    assert b'data:{"' in spare
    assert "né" in spare.decode()
    assert b"n\\u00e9" in escaped
    assert "né".encode() in plain


async def test_comments_come_while_one_waits(server: Server, read: Read) -> None:
    """Before the first piece and between pieces."""
    server.enqueue(Script("one two", first_token_s=0.03, token_s=0.03, comment_s=0.01))
    body, _ = await read()
    assert body.count(b": still here\n\n") >= 4
    assert "two" in body.decode()
