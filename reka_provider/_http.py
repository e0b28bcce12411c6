"""One aiohttp session and one policy: what is tried again, for how long, and what is not even sent.

The whole of it, by what has happened, is the table in docs/reka-failures.md.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiohttp

from reka_provider._breaker import Breaker
from reka_provider._connection_errors import Way, checked_url
from reka_provider._errors import RekaError, RekaQuotaError, RekaRateLimitError
from reka_provider._limits import UsedUpLimits
from reka_provider._receive_buffer import READ_AHEAD_BYTES, socket_for
from reka_provider._refusals import Service, redirect_error, status_error
from reka_provider._retry_after import reset_s, retry_after_s
from reka_provider._turnstile import Turnstile

ATTEMPTS = 4
ALL_WAITS_S = 10.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_LARGEST_ERROR_BODY_BYTES = 64 * 1024
_LARGEST_REQUEST_ID_CHARS = 100
_ERROR_BODY_S = 5.0
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_\-.=%+/]{40,}")

Body = Callable[[], "aiohttp.FormData | bytes | None"]
"""Makes the body of each attempt anew: a form can be sent only once."""

OnAnswer = Callable[[aiohttp.ClientResponse], None]
"""Looks at the status and headers of an answer, and raises nothing."""

_Outcome = aiohttp.ClientResponse | RekaError


@dataclass(slots=True)
class Patience:
    """How much longer one call may wait between attempts, over all of its requests together, in seconds."""

    left_s: float = ALL_WAITS_S


@dataclass(slots=True)
class Traffic:
    """What a client has asked for and how it went, to be counted by others."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    """Answers of status 429, for lack of credits or not."""
    held_back: int = 0
    """Requests that were not sent, since a limit was known to be used up."""


class Http:
    """Requests to one server. The session is made with the first request, in the loop that runs then.

    `turnstile` is for streams: `async with http.turnstile:` around the whole life of each, its response's close
    included. `breakers` holds one for each endpoint that was asked, by "METHOD /path"; they and `traffic` are for
    reading. `clock` is in seconds and never goes back.
    """

    def __init__(
        self,
        base_url: str,
        service: Service,
        *,
        proxy: str | None,
        connect_timeout_s: float,
        idle_timeout_s: float,
        backoff_s: float,
        secrets: Callable[[], list[str]],
        concurrency: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = checked_url(base_url, service.url_setting)
        checked_proxy = checked_url(proxy, "proxy (REKA_PROXY)", may_log_in=True) if proxy else None
        self._way = Way(self.base_url, checked_proxy, connect_timeout_s, idle_timeout_s)
        self._service = service
        self._backoff_s = backoff_s
        self._secrets = secrets
        self._proxy_secrets = _passwords_in(checked_proxy)
        self._session: aiohttp.ClientSession | None = None
        self._answers: weakref.WeakSet[aiohttp.ClientResponse] = weakref.WeakSet()
        self._clock = clock
        self._used_up = UsedUpLimits(clock)
        self.turnstile = Turnstile(concurrency)
        self.breakers: dict[str, Breaker] = {}
        self.traffic = Traffic()

    async def close(self) -> None:
        """Close all connections, whose answers break off; the next request opens new ones."""
        for answer in [one for one in self._answers if not one.content.is_eof()]:
            # aiohttp closes the connection, but whoever waits for its bytes would wait for ever.
            answer.content.set_exception(aiohttp.ServerDisconnectedError())
        self._answers.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = lambda: None,
        patience: Patience,
        model: str = "",
        on_answer: OnAnswer = lambda _: None,
    ) -> aiohttp.ClientResponse:
        """The answer to a request, of status 2xx and not yet read; the caller closes it.

        Retried before that: refused connections and 429, 500, 502, 503, 504; at most three times, as long as
        `patience` lasts. A wait that does not fit is not begun, nor is a request to an endpoint that is down.
        Limits are kept apart by `model`. `on_answer` sees each answer, refusals too. Raises RekaError.
        """
        endpoint = f"{method} {path.partition('?')[0]}"
        breaker = self.breakers.get(endpoint)
        if breaker is None:
            breaker = self.breakers[endpoint] = Breaker(self._clock)
        probe = breaker.admit()
        self.traffic.requests += 1
        lane = (endpoint, model)

        async def attempt() -> _Outcome:
            held = await self._until_whole(lane, patience)
            if held is not None:
                return held
            outcome, headers_back = await self._attempt(method, path, dict(headers), body, on_answer)
            self._note_limits(lane, outcome, headers_back)
            return outcome

        outcome: _Outcome | None = None
        try:
            outcome = await self._repeated(attempt, breaker, patience)
        finally:
            if outcome is None:
                breaker.abandoned(probe=probe)
        if isinstance(outcome, RekaError):
            breaker.failed(outcome, probe=probe)
            raise outcome
        breaker.answered()
        self._answers.add(outcome)
        return outcome

    def translate(self, error: aiohttp.ClientError | OSError | ValueError) -> RekaError:
        """The error of ours for one of the connection. Never chain the two: aiohttp's holds our headers."""
        return self._way.error_for(error)

    def scrub(self, text: str) -> str:
        """`text` without our secrets and without anything that looks like one."""
        return _TOKEN_LIKE.sub("***", self._without_secrets(text))

    def request_id(self, response: aiohttp.ClientResponse) -> str | None:
        """Reka's name for the request, fit to be shown."""
        given = response.headers.get("X-Request-ID")
        return self._without_secrets(given)[:_LARGEST_REQUEST_ID_CHARS] if given else None

    async def _repeated(
        self, attempt: Callable[[], Awaitable[_Outcome]], breaker: Breaker, patience: Patience
    ) -> _Outcome:
        """What the first attempt came to, or a further one where it failed in passing."""
        outcome = await attempt()
        for number in range(ATTEMPTS - 1):
            if not isinstance(outcome, RekaError) or not _may_pass(outcome, breaker):
                break
            wait_s = self._wait_s(outcome, number, patience)
            if wait_s > patience.left_s:
                break
            patience.left_s -= wait_s
            await asyncio.sleep(wait_s)
            if not _may_pass(outcome, breaker):
                break  # what befell others meanwhile has shown that it does not
            self.traffic.retries += 1
            again = await attempt()
            if isinstance(again, RekaRateLimitError) and again.status is None:
                break  # not sent, since a limit is used up: Reka's own refusal says more
            outcome = again
        return outcome

    def _wait_s(self, failure: RekaError, number: int, patience: Patience) -> float:
        """Seconds to wait after a failure, the first of which has `number` 0; jitter keeps callers apart."""
        backoff_s: float = self._backoff_s * 2**number
        if not failure.retry_after:
            return backoff_s * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret
        spare_s = max(0.0, patience.left_s - failure.retry_after)
        return failure.retry_after + random.uniform(0.0, min(self._backoff_s, spare_s))  # noqa: S311 - the same

    async def _until_whole(self, lane: tuple[str, str], patience: Patience) -> RekaError | None:
        """Wait while the limit of `lane` is used up; the error where that takes longer than `patience`."""
        while (wait_s := self._used_up.wait_s(lane)) > 0:
            if wait_s > patience.left_s:
                self.traffic.held_back += 1
                said = f"Reka's limit is used up for another {wait_s:.0f} s, so it was not asked."
                return RekaRateLimitError(said, retry_after=wait_s)
            patience.left_s -= wait_s
            await asyncio.sleep(wait_s)
        return None

    def _note_limits(
        self, lane: tuple[str, str], outcome: _Outcome, headers: Mapping[str, str] | None
    ) -> None:
        wait_s = None if headers is None else reset_s(headers, now_s=time.time())
        if wait_s is not None:
            asked_s = outcome.retry_after if isinstance(outcome, RekaError) else None
            self._used_up.note(lane, asked_s or wait_s)

    async def _attempt(
        self, method: str, path: str, headers: dict[str, str], body: Body, on_answer: OnAnswer
    ) -> tuple[_Outcome, Mapping[str, str] | None]:
        """What one attempt came to, and the headers of the answer where there was one."""
        try:
            response = await self._open().request(
                method,
                self.base_url + path,
                headers=headers,
                data=body(),
                proxy=self._way.proxy,
                allow_redirects=False,  # they would carry the credentials along
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Returned, not raised: an error raised here would have aiohttp's for its context.
            return self.translate(error), None
        on_answer(response)
        if 200 <= response.status < 300:
            return response, response.headers
        return await self._refusal(response), response.headers

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, socket_factory=socket_for),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=self._way.connect_timeout_s, sock_read=self._way.idle_timeout_s
                ),
                requote_redirect_url=False,
                read_bufsize=READ_AHEAD_BYTES,
            )
        return self._session

    async def _refusal(self, response: aiohttp.ClientResponse) -> RekaError:
        try:
            async with asyncio.timeout(_ERROR_BODY_S):
                body = await read_up_to(response, _LARGEST_ERROR_BODY_BYTES)
        except (aiohttp.ClientError, OSError):
            body = b""  # the status says enough
        finally:
            response.close()
        status = response.status
        if 300 <= status < 400:
            location = self._without_secrets(response.headers.get("Location", ""))
            error = redirect_error(location, base_url=self.base_url, service=self._service)
        elif status == 407:
            error = self._way.proxy_error(None)
        else:
            error = status_error(status, body, self.scrub, self._service)
        error.status = status
        error.request_id = self.request_id(response)
        self.traffic.rate_limited += status == 429
        if status in _RETRIED and not isinstance(error, RekaQuotaError):
            error.retry_after = retry_after_s(response.headers, now_s=time.time(), status=status)
        return error

    def _without_secrets(self, text: str) -> str:
        for secret in (*self._secrets(), *self._proxy_secrets):
            text = text.replace(secret, "***")
        return text


async def read_up_to(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """The body, or a little more than its first `limit_bytes`. Raises what aiohttp raises."""
    body = bytearray()
    while len(body) <= limit_bytes and (chunk := await response.content.readany()):
        body += chunk
    return bytes(body)


def _may_pass(error: RekaError, breaker: Breaker) -> bool:
    """Whether another attempt may fare better; a probe has none, and nobody has while the breaker is open."""
    if isinstance(error, RekaQuotaError) or breaker.state == "open":
        return False
    return error.status in _RETRIED or isinstance(error.__cause__, ConnectionRefusedError)


def _passwords_in(proxy: str | None) -> tuple[str, ...]:
    password = urlsplit(proxy).password if proxy else None
    # What is shorter would blacken ordinary words.
    return tuple({text for text in (password, unquote(password)) if len(text) >= 4}) if password else ()
