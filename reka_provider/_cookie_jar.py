"""The cookies of one client: as given, as Reka rotates them, and as their file has them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

import aiohttp

from reka_provider._cookies import CookieFile, cookie_file, read_cookies
from reka_provider._errors import RekaAuthError
from reka_provider._set_cookie import Rotation, is_session, rotation_in
from reka_provider._types import CookiesType

_FORMER_VALUES = 64
_logger = logging.getLogger(__name__)


class CookieJar:
    """Cookies for one host. Where they came from a file, rotated ones go back into it, in a thread and in order.

    For one event loop. No trouble with the file reaches a request: it is logged once, without any value.
    """

    def __init__(self, cookies: Mapping[str, str], *, host: str = "", file: CookieFile | None = None) -> None:
        self._cookies = dict(cookies)
        self._host = host
        self._file = file
        self._unwritten: dict[str, Rotation] = {}
        self._writing: asyncio.Task[None] | None = None
        self._warned = False
        self._former: deque[str] = deque(maxlen=_FORMER_VALUES)  # an answer under way may still quote them
        self._left: deque[tuple[str, str]] = deque(maxlen=_FORMER_VALUES)  # sessions that the file replaced

    def __bool__(self) -> bool:
        return bool(self._cookies)

    @property
    def values(self) -> list[str]:
        """What no message may quote."""
        return [*self._cookies.values(), *self._former]

    @property
    def has_session(self) -> bool:
        """Whether there is a session to trade for a token."""
        return any(map(is_session, self._cookies))

    @property
    def has_file(self) -> bool:
        """Whether a person may put a fresh session where the cookies came from."""
        return self._file is not None

    def headers(self) -> dict[str, str]:
        """The Cookie header, where there are cookies."""
        if not self._cookies:
            return {}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def hear(self, response: aiohttp.ClientResponse) -> None:
        """Take the cookies that an answer of Reka sets, if it is the answer to a request that carried ours."""
        lines = response.headers.getall("Set-Cookie", ())
        sent = response.request_info.headers.get("Cookie")
        if not lines or not sent or response.status == 407:  # 407 is the proxy's word
            return
        pairs = {(name, value) for name, _, value in (pair.partition("=") for pair in sent.split("; "))}
        if pairs.intersection(self._left):
            return  # it speaks of a session that a person has replaced since
        now_s = time.time()
        for line in lines:
            found = rotation_in(line, self._host, now_s=now_s)
            if found is not None and (found[0] in self._cookies or is_session(found[0])):
                self._rotate(*found, pairs)
        if self._unwritten:
            self._write_soon()

    async def reread(self) -> bool:
        """Take the file's cookies where another hand changed them; False where there is nothing new."""
        if self._file is None:
            return False
        with suppress(RekaAuthError):  # half written, or gone: the cookies at hand may do
            found = await asyncio.to_thread(self._file.fresher)
            if found is not None:
                self._take_over(found)
                return True
        return False

    async def close(self) -> None:
        """Wait until what Reka rotated is in the file."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await asyncio.wait([writing])
            if writing.cancelled() and self._unwritten:
                await self._write()

    def _rotate(self, name: str, rotation: Rotation, sent: set[tuple[str, str]]) -> None:
        old = self._cookies.get(name)
        if rotation.value is None:
            # Of two answers on their way, one may renew what the other, asked earlier, calls outdated.
            if old is None or (name, old) not in sent:
                return
            del self._cookies[name]
        elif rotation.value == old:
            return
        else:
            self._cookies[name] = rotation.value
        if old is not None:
            self._former.append(old)
        if self._file is not None:
            self._unwritten[name] = rotation

    def _take_over(self, found: Mapping[str, str]) -> None:
        self._left.extend(
            (name, value)
            for name, value in self._cookies.items()
            if is_session(name) and found.get(name) != value
        )
        self._former.extend(self._cookies.values())
        self._cookies = dict(found)
        self._unwritten.clear()

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._file is not None and self._unwritten:
            changes = dict(self._unwritten)
            try:
                news = await asyncio.to_thread(self._file.write, changes)
            except (OSError, RekaAuthError) as error:
                self._warn(self._file, error)
                return  # they stay unwritten, and go along with the next rotation
            if news is not None:
                self._take_over(news)
                continue
            self._warned = False
            for name, rotation in changes.items():
                if self._unwritten.get(name) is rotation:
                    del self._unwritten[name]

    def _warn(self, file: CookieFile, error: OSError | RekaAuthError) -> None:
        if self._warned:
            return
        self._warned = True
        reason = error.strerror if isinstance(error, OSError) else "it holds no session any more"
        _logger.warning(
            "Reka renewed its cookies, but %s cannot be written (%s): they are kept in memory alone.",
            file.path,
            reason,
        )


def jar_of(cookies: CookiesType, host: str) -> CookieJar:
    """The jar for what an operator gave. Raises RekaAuthError."""
    file = cookie_file(cookies, host=host)
    given = read_cookies(cookies, host=host) if file is None else file.read()
    return CookieJar(given, host=host, file=file)


def jar_of_environment(host: str) -> CookieJar:
    """The jar for REKA_APP_SESSION and REKA_COOKIES. Raises RekaAuthError."""
    cookies = os.environ.get("REKA_COOKIES")
    session = os.environ.get("REKA_APP_SESSION")
    if not session:
        return jar_of(cookies or {}, host)
    found = read_cookies(cookies, host=host) if cookies else {}
    # A session given beside a file is not the file's, so nothing goes back into it.
    return CookieJar(read_cookies({**found, "appSession": session}), host=host)
