"""Bounded, redirect-free downloads of attachments from the hosts where Discord keeps them."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from conversation.model import FileUnavailable

__all__ = ["AttachmentCdn"]

_log = logging.getLogger(__name__)

_Origin = tuple[str, str | None, int | None]
_DISCORD_ORIGINS: frozenset[_Origin] = frozenset(
    {("https", "cdn.discordapp.com", 443), ("https", "media.discordapp.net", 443)}
)
_GONE = frozenset({403, 404, 410})  # Discord answers 404 once a signed address has expired
_CHUNK_BYTES = 64 * 1024


class AttachmentCdn:
    """Fetches attachments, and nothing else: no other host, no redirect, no cookie, no credentials.

    The HTTP session is made at the first fetch and belongs to that event loop; `close` ends it for good.

    Args:
        discord_api_url: a REST base other than Discord's own, whose scheme, host and port are allowed too.
        total_s: the longest that one download may take.
        silence_s: the longest to connect, and the longest without a byte.
    """

    def __init__(
        self, *, discord_api_url: str | None = None, total_s: float = 30.0, silence_s: float = 10.0
    ) -> None:
        self._origins = _DISCORD_ORIGINS
        if discord_api_url is not None:
            self._origins |= {_origin(URL(discord_api_url))}
        self._timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=silence_s, sock_read=silence_s)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; a fetch after this one is refused."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def allows(self, url: str) -> bool:
        """Whether `url` names one of the allowed hosts, exactly."""
        return self._allowed(url) is not None

    async def fetch(self, url: str, *, limit_bytes: int) -> bytes:
        """The bytes that stand at `url`, at most `limit_bytes` of them.

        Raises:
            FileUnavailable: with the reason "file-forbidden-host", "file-too-large", "file-gone" (403, 404,
                410) or "file-unreachable" (all else: a redirect, a time-out, a connection cut short).
        """
        address = self._allowed(url)
        if address is None:
            # The host comes from outside and may be anything: it is not worth a place in the log.
            _refuse("file-forbidden-host")
        try:
            async with self._opened().get(address, allow_redirects=False) as response:
                return await _read(response, limit_bytes=limit_bytes)
        except (aiohttp.ClientError, TimeoutError) as error:
            _refuse("file-unreachable", host=address.host, error=type(error).__name__)

    def _allowed(self, url: str) -> URL | None:
        try:
            authority = urlsplit(url).netloc
            # Parsed once: what is compared here is the very object that is fetched.
            address = URL(url)
        except ValueError:
            return None
        # Parsers drop spaces and line breaks and fold look-alike letters: "exactly" has no room for that.
        if not (url.isprintable() and authority.isascii()) or " " in url or "@" in authority:
            return None
        return address if _origin(address) in self._origins else None

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            _refuse("file-unreachable", error="closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                # A small body that unpacks to a huge one never gets unpacked.
                auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._session


async def _read(response: aiohttp.ClientResponse, *, limit_bytes: int) -> bytes:
    host = response.url.host
    if response.status in _GONE:
        _refuse("file-gone", host=host, status=response.status)
    if response.status != 200 or response.headers.get("Content-Encoding", "identity") != "identity":
        _refuse("file-unreachable", host=host, status=response.status)
    # The header may only shorten the wait. What counts is what arrives.
    if response.content_length is not None and response.content_length > limit_bytes:
        _refuse("file-too-large", host=host, announced_bytes=response.content_length)
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit_bytes:
            _refuse("file-too-large", host=host, read_bytes=len(body))
    return bytes(body)


def _refuse(reason: str, **facts: object) -> NoReturn:
    _log.info("attachment not fetched", extra={"reason": reason, **facts})
    raise FileUnavailable(reason)


def _origin(url: URL) -> _Origin:
    return (url.scheme, url.host, url.port)
