"""What it means for a caller when a connection to Reka, or to the proxy before it, fails; pure."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from reka_provider._errors import (
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)

_LARGEST_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class Way:
    """How requests reach a server; addresses as `checked_url` gives them."""

    base_url: str
    proxy: str | None
    connect_timeout_s: float
    idle_timeout_s: float

    def error_for(self, error: aiohttp.ClientError | OSError | ValueError) -> RekaError:
        """The error of ours for one of the connection. Never chain the two: aiohttp's holds our headers."""
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return RekaTimeoutError(f"No connection to Reka came about within {self.connect_timeout_s:g} s.")
        if isinstance(error, TimeoutError):
            return RekaTimeoutError(f"Reka sent nothing for {self.idle_timeout_s:g} s.")
        if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
            return self.proxy_error(error)
        host = urlsplit(self.base_url).netloc  # without a password: checked_url refuses those
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return RekaConnectionError(f"The certificate of {host} is not trusted, so nothing was sent.")
        if isinstance(error, aiohttp.ClientConnectorError):
            refused = error.os_error.errno == errno.ECONNREFUSED
            reason = "it refuses connections" if refused else str(error.os_error)[:_LARGEST_REASON_CHARS]
            made = RekaConnectionError(f"Reka could not be reached at {host}: {reason}.")
            if refused:
                made.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
            return made
        if isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError)):
            return RekaConnectionError(f"The connection to Reka at {host} broke off.")
        if isinstance(error, aiohttp.ClientResponseError):
            return RekaResponseError("Reka's answer is not valid HTTP.")
        return RekaConnectionError(f"The request to Reka at {host} failed ({type(error).__name__}).")

    def proxy_error(self, error: aiohttp.ClientError | None) -> RekaError:
        """What the proxy's failure means; without an error it has answered 407."""
        proxy = urlsplit(self.proxy or "")
        where = f"{proxy.hostname}:{proxy.port}" if proxy.port else str(proxy.hostname)
        status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
        if error is None or status == 407:
            said = f"The proxy {where} wants a name and a password: write http://name:password@{where}."
            return RekaProxyError(said, status=407)
        if status is not None:
            return RekaProxyError(f"The proxy {where} refuses to serve ({status}).", status=status)
        return RekaProxyError(f"The proxy {where} cannot be reached. Check proxy (REKA_PROXY).")


def checked_url(url: str, name: str, *, may_log_in: bool = False) -> str:
    """`url` without a slash at its end. Raises RekaRequestError, which names the setting, if it is no address."""
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        valid = valid and (may_log_in or parts.username is None)
    except ValueError:
        valid = False
    if not valid or any(ord(char) <= 32 for char in url.strip()):
        raise RekaRequestError(f"{name} must be an address that begins with http:// or https://.")
    return url.strip().rstrip("/")
