"""One aiohttp session: time-outs, retries, proxy, and what each status means."""

from __future__ import annotations

import asyncio
import errno
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import tenacity

from reka_provider._cumulative import LOGIN_ADVICE, error_from_object
from reka_provider._errors import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)
from reka_provider._retry_after import retry_after_s

ATTEMPTS = 4
ALL_WAITS_S = 10.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_LARGEST_ERROR_BODY_BYTES = 64 * 1024
_LARGEST_QUOTE_CHARS = 200
_ERROR_BODY_S = 5.0
_LOGIN_ADDRESS = re.compile(r"log.?in|sign.?in|auth", re.IGNORECASE)
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_\-.=%+/]{40,}")

Body = Callable[[], "aiohttp.FormData | bytes | None"]
"""Makes the body of each attempt anew: a form can be sent only once."""


@dataclass(slots=True)
class Patience:
    """How much longer one call may wait between attempts, over all of its requests together, in seconds."""

    left_s: float = ALL_WAITS_S


class _OutOfPatience(tenacity.stop.stop_base):
    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        return retry_state.upcoming_sleep > self._patience.left_s


class Http:
    """Requests to one server. The session is made with the first request, in the loop that runs then."""

    def __init__(
        self,
        base_url: str,
        *,
        proxy: str | None,
        connect_timeout_s: float,
        idle_timeout_s: float,
        backoff_s: float,
        secrets: Callable[[], list[str]],
    ) -> None:
        self.base_url = _checked_url(base_url, "base_url (REKA_URL)")
        self._proxy = _checked_url(proxy, "proxy (REKA_PROXY)", may_log_in=True) if proxy else None
        self._idle_timeout_s = idle_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._backoff_s = backoff_s
        self._secrets = secrets
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; the next request opens new ones."""
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
    ) -> aiohttp.ClientResponse:
        """The answer to a request, of status 2xx and not yet read; the caller closes it.

        Retried before that: refused connections and 429, 500, 502, 503, 504; at most three times, as long as
        `patience` lasts. A wait that does not fit is not begun. Raises RekaError.
        """

        def spend(state: tenacity.RetryCallState) -> None:
            patience.left_s -= state.upcoming_sleep

        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_transient),
            wait=self._wait_s,
            stop=tenacity.stop_any(tenacity.stop_after_attempt(ATTEMPTS), _OutOfPatience(patience)),
            before_sleep=spend,
            reraise=True,
        )
        return await attempts(self._attempt, method, path, dict(headers), body)

    def translate(self, error: aiohttp.ClientError | OSError | ValueError) -> RekaError:
        """The error of ours for one of the connection. Never chain the two: aiohttp's holds our headers."""
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return RekaTimeoutError(f"No connection to Reka came about within {self._connect_timeout_s:g} s.")
        if isinstance(error, TimeoutError):
            return RekaTimeoutError(f"Reka sent nothing for {self._idle_timeout_s:g} s.")
        if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
            return self._proxy_error(error)
        host = urlsplit(self.base_url).netloc  # without a password: _checked_url refuses those
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return RekaConnectionError(f"The certificate of {host} is not trusted, so nothing was sent.")
        if isinstance(error, aiohttp.ClientConnectorError):
            refused = error.os_error.errno == errno.ECONNREFUSED
            reason = "it refuses connections" if refused else str(error.os_error)[:_LARGEST_QUOTE_CHARS]
            made: RekaError = RekaConnectionError(f"Reka could not be reached at {host}: {reason}.")
            if refused:
                made.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
            return made
        if isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError)):
            return RekaConnectionError(f"The connection to Reka at {host} broke off.")
        if isinstance(error, aiohttp.ClientResponseError):
            return RekaResponseError("Reka's answer is not valid HTTP.")
        return RekaConnectionError(f"The request to Reka at {host} failed ({type(error).__name__}).")

    def _proxy_error(self, error: aiohttp.ClientError | None) -> RekaError:
        """What the proxy's failure means; without an error it has answered 407."""
        proxy = urlsplit(self._proxy or "")
        where = f"{proxy.hostname}:{proxy.port}" if proxy.port else str(proxy.hostname)
        status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
        if error is None or status == 407:
            said = f"The proxy {where} wants a name and a password: write http://name:password@{where}."
            return RekaProxyError(said, status=407)
        if status is not None:
            return RekaProxyError(f"The proxy {where} refuses to serve ({status}).", status=status)
        return RekaProxyError(f"The proxy {where} cannot be reached. Check proxy (REKA_PROXY).")

    def _redirect_error(self, location: str) -> RekaError:
        target, here = urlsplit(location), urlsplit(self.base_url)
        to_login = _LOGIN_ADDRESS.search(target.netloc + target.path)
        if to_login or (target.netloc in {"", here.netloc} and target.scheme in {"", here.scheme}):
            return RekaAuthError(f"Reka redirects to its log-in page: the session has ended. {LOGIN_ADVICE}")
        where = f"{target.scheme or here.scheme}://{target.hostname}"
        return RekaResponseError(f"Reka redirects to {where}. If it has moved, set base_url (REKA_URL).")

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, RekaError) and failure.retry_after:
            return failure.retry_after
        backoff_s: float = self._backoff_s * 2 ** (state.attempt_number - 1)
        return backoff_s * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret

    async def _attempt(
        self, method: str, path: str, headers: dict[str, str], body: Body
    ) -> aiohttp.ClientResponse:
        failure: RekaError
        try:
            response = await self._open().request(
                method,
                self.base_url + path,
                headers=headers,
                data=body(),
                proxy=self._proxy,
                allow_redirects=False,  # they would carry the credentials along
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self.translate(error)
        else:
            if 200 <= response.status < 300:
                return response
            failure = await self._refusal(response)
        raise failure  # outside `except`, so that the error of aiohttp is no context of it

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=self._connect_timeout_s, sock_read=self._idle_timeout_s
                ),
                requote_redirect_url=False,
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
        if 300 <= response.status < 400:
            error = self._redirect_error(response.headers.get("Location", ""))
        elif response.status == 407:
            error = self._proxy_error(None)
        else:
            error = _status_error(response.status, self._quote(body), _object_in(body))
        error.status = response.status
        error.request_id = response.headers.get("X-Request-ID", "")[:100] or None
        if not isinstance(error, RekaQuotaError) and response.status in _RETRIED:
            error.retry_after = retry_after_s(response.headers, now_s=time.time())
        return error

    def _quote(self, body: bytes) -> str:
        if body.lstrip()[:1] == b"<":
            return "a web page"
        text = " ".join(body.decode("utf-8", "replace").split())
        found = _object_in(body)
        inner = found.get("error", found) if found else None
        if isinstance(inner, dict):
            text = str(inner.get("message") or inner.get("detail") or text)
        elif isinstance(inner, str):
            text = inner
        return self.scrub(text)[:_LARGEST_QUOTE_CHARS]

    def scrub(self, text: str) -> str:
        """`text` without our secrets and without anything that looks like one."""
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return _TOKEN_LIKE.sub("***", text)


async def read_up_to(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """The body, or a little more than its first `limit_bytes`. Raises what aiohttp raises."""
    body = bytearray()
    while len(body) <= limit_bytes and (chunk := await response.content.readany()):
        body += chunk
    return bytes(body)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, RekaQuotaError) or not isinstance(error, RekaError):
        return False
    return error.status in _RETRIED or isinstance(error.__cause__, ConnectionRefusedError)


def _status_error(status: int, said: str, found: dict[str, object] | None) -> RekaError:
    says = f" and says: {said}" if said else ""
    if status == 401:
        return RekaAuthError(f"Reka does not accept the credentials (401). {LOGIN_ADVICE}")
    if status == 403:
        return RekaAuthError(f"Reka refuses access (403){says}. {LOGIN_ADVICE}")
    if status == 402 or (status == 429 and found and isinstance(error_from_object(found), RekaQuotaError)):
        return RekaQuotaError(f"Reka's account has no credits left ({status}){says}.")
    if status == 429:
        return RekaRateLimitError(f"Reka asks to wait (429){says}.")
    if status == 413:
        return RekaRequestError("The request is larger than Reka takes (413): send a smaller image.")
    if status < 500:
        return RekaRequestError(f"Reka calls the request wrong ({status}){says}.")
    return RekaResponseError(f"Reka has a fault of its own ({status}){says}.")


def _object_in(body: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _checked_url(url: str, name: str, *, may_log_in: bool = False) -> str:
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        valid = valid and (may_log_in or parts.username is None)
    except ValueError:
        valid = False
    if not valid or any(ord(char) <= 32 for char in url.strip()):
        raise RekaRequestError(f"{name} must be an address that begins with http:// or https://.")
    return url.strip().rstrip("/")
