"""Downloads of attachments: which hosts, how much, and what each failure is called."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from conversation.model import FileUnavailable
from runtime.cdn import AttachmentCdn

LIMIT_BYTES = 100_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Cdn:
    """A real server on loopback that answers as a test says and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answer: Handler | None = None
        self.sent_bytes = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        assert self.answer is not None
        return await self.answer(request)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Cdn]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port: int = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Cdn]:
    async with Cdn().serving() as server:
        yield server


@pytest.fixture
async def cdn(server: Cdn) -> AsyncIterator[AttachmentCdn]:
    async with AttachmentCdn(discord_api_url=f"{server.url}/api/v10", total_s=1.5, silence_s=0.3) as cdn:
        yield cdn


def fixed(status: int = 200, body: bytes = b"picture", **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return answer


async def reason_of(cdn: AttachmentCdn, url: str, limit_bytes: int = LIMIT_BYTES) -> str:
    with pytest.raises(FileUnavailable) as caught:
        await cdn.fetch(url, limit_bytes=limit_bytes)
    return caught.value.reason


async def test_file_arrives_whole(cdn: AttachmentCdn, server: Cdn) -> None:
    """Its query is what makes a signed address work, so it must arrive unchanged."""
    server.answer = fixed(body=b"x" * LIMIT_BYTES)

    body = await cdn.fetch(f"{server.url}/attachments/1/2/a%20b.png?ex=1&is=2&hm=3&", limit_bytes=LIMIT_BYTES)

    assert body == b"x" * LIMIT_BYTES
    assert server.requests[0].raw_path == "/attachments/1/2/a%20b.png?ex=1&is=2&hm=3&"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/cat.png?ex=1&is=2&hm=3&",
        "https://media.discordapp.net/attachments/1/2/cat.png",
        "https://cdn.discordapp.com:443/cat.png",
        "HTTPS://CDN.DiscordApp.com/cat.png",
    ],
)
def test_discord_hosts_are_allowed(url: str) -> None:
    """Scheme and host have no case, and 443 is what https means."""
    assert AttachmentCdn().allows(url)
    assert AttachmentCdn(discord_api_url="http://127.0.0.1:8080/api/v10").allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/cat.png",
        "ftp://cdn.discordapp.com/cat.png",
        "file:///etc/passwd",
        "https://cdn.discordapp.com:8443/cat.png",
        "https://cdn.discordapp.com:80/cat.png",
        "https://cdn.discordapp.com:99999/cat.png",
        "https://cdn.discordapp.com./cat.png",
        "https://cdn.discordapp.com.evil.example/cat.png",
        "https://evil-cdn.discordapp.com/cat.png",
        "https://discordapp.com/cat.png",
        "https://discord.com/cat.png",
        "https://cdn.discordapp.com@evil.example/cat.png",
        "https://user:password@cdn.discordapp.com/cat.png",
        "https://@cdn.discordapp.com/cat.png",
        "https://cdn.discordapp.com%2eevil.example/cat.png",
        "https://cdn.discordapp.com%00.evil.example/cat.png",
        "https://cdn.discordapp.com\\@evil.example/cat.png",
        "https://cdn.discordapp.com\n.evil.example/cat.png",
        "https://cdn.disc\tordapp.com/cat.png",
        " https://cdn.discordapp.com/cat.png",
        "https://\uff43dn.discordapp.com/cat.png",
        "https://cdn.discordapp\u3002com/cat.png",
        "https://\u0441dn.discordapp.com/cat.png",
        "https://xn--dn-klc.discordapp.com/cat.png",
        "https:cdn.discordapp.com/cat.png",
        "//cdn.discordapp.com/cat.png",
        "/cat.png",
        "https://127.0.0.1/cat.png",
        "https://[::1]/cat.png",
        "https://[cdn.discordapp.com/cat.png",
        "http://169.254.169.254/latest/meta-data/",
        "",
    ],
)
async def test_every_other_host_is_forbidden(url: str) -> None:
    """An address that reaches elsewhere would let a stranger use the bot's place in the network."""
    async with AttachmentCdn() as cdn:
        assert not cdn.allows(url)
        assert await reason_of(cdn, url) == "file-forbidden-host"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/a",
        "https://127.0.0.1:8080/a",
        "http://localhost:8080/a",
        "http://127.1:8080/a",
        "http://127.0.0.1/a",
        "http://u@127.0.0.1:8080/a",
        "http://127.0.0.1.:8080/a",
    ],
)
def test_another_discord_is_allowed_exactly(url: str) -> None:
    """The sandbox's address opens its own door and no other of the machine."""
    cdn = AttachmentCdn(discord_api_url="http://127.0.0.1:8080/api/v10")

    assert cdn.allows("http://127.0.0.1:8080/attachments/1")
    assert not cdn.allows(url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(cdn: AttachmentCdn, server: Cdn, status: int) -> None:
    """A redirect would lead past the list of hosts."""
    server.answer = fixed(status, Location=f"{server.url}/elsewhere")

    assert await reason_of(cdn, f"{server.url}/a.png") == "file-unreachable"
    assert [request.path for request in server.requests] == ["/a.png"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, "file-gone"),
        (404, "file-gone"),
        (410, "file-gone"),
        (204, "file-unreachable"),
        (206, "file-unreachable"),
        (401, "file-unreachable"),
        (429, "file-unreachable"),
        (500, "file-unreachable"),
        (503, "file-unreachable"),
    ],
)
async def test_each_status_has_its_reason(cdn: AttachmentCdn, server: Cdn, status: int, reason: str) -> None:
    """A picture that expired asks for another sentence than a server that is down."""
    server.answer = fixed(status, body=b"")

    assert await reason_of(cdn, f"{server.url}/a.png") == reason


async def test_endless_body_is_cut(cdn: AttachmentCdn, server: Cdn) -> None:
    """Without a length the only bound is the one kept while reading."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)
            server.sent_bytes += 10_000

    server.answer = endless

    assert await reason_of(cdn, f"{server.url}/a.png") == "file-too-large"
    # What the buffers of both ends hold beyond the limit.
    assert server.sent_bytes < 30_000_000


async def test_announced_size_ends_it_before_the_body(cdn: AttachmentCdn, server: Cdn) -> None:
    """Nobody needs a gigabyte to learn that it is too much."""

    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(2**40)})
        await response.prepare(request)
        await asyncio.sleep(5)
        return response

    server.answer = huge

    async with asyncio.timeout(0.25):
        assert await reason_of(cdn, f"{server.url}/a.png") == "file-too-large"


@asynccontextmanager
async def raw_server(answer: bytes, *, hang_s: float = 0.0) -> AsyncIterator[str]:
    """The address of a server that sends exactly these bytes to whoever asks for anything."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(hang_s)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*talks)
    await asyncio.sleep(0.01)  # a closed transport lets go of its socket one turn of the loop later


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=["cut", "negative", "no number", "chunks cut", "no chunk", "other protocol", "silence"],
)
async def test_answer_that_breaks_off_is_no_file(answer: bytes) -> None:
    """Half a picture would be shown to the model as a whole one."""
    async with raw_server(answer) as url, AttachmentCdn(discord_api_url=url, silence_s=0.3) as cdn:
        assert await reason_of(cdn, f"{url}/a.png") == "file-unreachable"


async def test_length_that_is_too_small_ends_the_file_there() -> None:
    """What comes after the announced end is not the file, and never counts as a second answer."""
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshortHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    )
    async with raw_server(answer) as url, AttachmentCdn(discord_api_url=url, silence_s=0.3) as cdn:
        assert await cdn.fetch(f"{url}/a.png", limit_bytes=LIMIT_BYTES) == b"short"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_packed_answer_is_refused_unopened(cdn: AttachmentCdn, server: Cdn, encoding: str) -> None:
    """Ten kilobytes of gzip can unpack to ten megabytes before anybody counts."""
    server.answer = fixed(body=gzip.compress(bytes(10_000_000)), Content_Encoding=encoding)

    assert await reason_of(cdn, f"{server.url}/a.png") == "file-unreachable"
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


async def test_silent_server_is_given_up() -> None:
    """A question must not wait for a server that stopped sending."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"
    async with (
        raw_server(answer, hang_s=0.5) as url,
        AttachmentCdn(discord_api_url=url, silence_s=0.1) as cdn,
        asyncio.timeout(0.4),
    ):
        assert await reason_of(cdn, f"{url}/a.png") == "file-unreachable"


async def test_trickling_server_is_given_up(cdn: AttachmentCdn, server: Cdn) -> None:
    """A byte now and then keeps the silence short, so the whole has its limit too."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    server.answer = trickle

    async with AttachmentCdn(discord_api_url=server.url, total_s=0.3, silence_s=0.2) as impatient:
        async with asyncio.timeout(1):
            assert await reason_of(impatient, f"{server.url}/a.png") == "file-unreachable"


async def test_closed_port_is_unreachable() -> None:
    """Discord's own network has bad days."""
    async with raw_server(b"") as url:
        pass  # it ends here
    async with AttachmentCdn(discord_api_url=url) as cdn:
        assert await reason_of(cdn, f"{url}/a.png") == "file-unreachable"


async def test_no_cookie_is_kept(cdn: AttachmentCdn, server: Cdn) -> None:
    """What one person's file set must not travel with another's."""
    server.answer = fixed(Set_Cookie="seen=1; Path=/")

    await cdn.fetch(f"{server.url}/a.png", limit_bytes=LIMIT_BYTES)
    await cdn.fetch(f"{server.url}/b.png", limit_bytes=LIMIT_BYTES)

    assert "Cookie" not in server.requests[1].headers
    assert "Authorization" not in server.requests[1].headers


async def test_log_holds_the_host_and_no_query(
    cdn: AttachmentCdn, server: Cdn, caplog: pytest.LogCaptureFixture
) -> None:
    """The query is a key to a private file."""
    server.answer = fixed(404)

    with caplog.at_level(logging.DEBUG, logger="runtime.cdn"):
        await reason_of(cdn, f"{server.url}/private/a.png?ex=1&hm=abcdef")

    (record,) = [one for one in caplog.records if one.name == "runtime.cdn"]
    assert (vars(record)["reason"], vars(record)["status"]) == ("file-gone", 404)
    assert "abcdef" not in str(vars(record))
    assert "private" not in str(vars(record))


async def test_after_closing_nothing_is_fetched(cdn: AttachmentCdn, server: Cdn) -> None:
    """A question that is still under way at the end gets a note and opens nothing anew."""
    server.answer = fixed()
    await cdn.fetch(f"{server.url}/a.png", limit_bytes=LIMIT_BYTES)

    await cdn.close()
    await cdn.close()

    assert await reason_of(cdn, f"{server.url}/a.png") == "file-unreachable"
    assert len(server.requests) == 1


async def test_closing_ends_a_download_under_way(cdn: AttachmentCdn, server: Cdn) -> None:
    """A stop must not wait for somebody else's slow server."""
    asked = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.sleep(5)
        return web.Response()

    server.answer = hang
    fetching = asyncio.create_task(reason_of(cdn, f"{server.url}/a.png"))
    await asked.wait()

    await cdn.close()

    async with asyncio.timeout(0.2):
        assert await fetching == "file-unreachable"
