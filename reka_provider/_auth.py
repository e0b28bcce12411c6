"""Cookies or a bearer token to the access token that each request carries."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from reka_provider._cumulative import LOGIN_ADVICE
from reka_provider._errors import RekaAuthError, RekaError
from reka_provider._http import Http, Patience, read_up_to
from reka_provider._single_flight import SingleFlight
from reka_provider._types import CookiesType

TOKEN_PATH = "/bff/auth/access_token"  # noqa: S105 - an address, no secret
_LARGEST_TOKEN_BODY_BYTES = 256 * 1024
_MARGIN_S = 30.0
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Auth:
    """Trades the session's cookies for an access token, keeps it, and renews it once for all who wait."""

    def __init__(self, *, cookies: Mapping[str, str], bearer: str | None) -> None:
        self.cookies = dict(cookies)
        self._token = None if bearer is None else _checked_token(bearer)
        self._usable_until_s = math.inf  # of the monotonic clock
        self._renewals: SingleFlight[tuple[str, float]] = SingleFlight()

    def secrets(self) -> list[str]:
        """What no message may quote."""
        return [text for text in (self._token, *self.cookies.values()) if text and len(text) >= 4]

    @property
    def renewable(self) -> bool:
        """Whether there is a session to trade for another token."""
        return any(name == "appSession" or name.startswith("appSession.") for name in self.cookies)

    def headers(self) -> dict[str, str]:
        """The Cookie header, where there are cookies."""
        if not self.cookies:
            return {}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    async def token(self, http: Http, patience: Patience, *, stale: str | None = None) -> str:
        """An access token other than `stale`. Raises RekaError.

        Wire: GET /bff/auth/access_token with the cookies answers {"accessToken": jwt} (reka-api.md 1.1).
        """
        if self._token is not None and self._token != stale and time.monotonic() < self._usable_until_s:
            return self._token
        if not self.renewable:
            raise RekaAuthError(self._nothing_to_trade())
        limit_s = patience.left_s

        async def fetch() -> tuple[str, float]:
            own = Patience(limit_s)
            return await self._fetch(http, own), limit_s - own.left_s

        token, waited_s = await self._renewals.run("token", fetch)
        patience.left_s = max(0.0, patience.left_s - waited_s)
        return token

    def _nothing_to_trade(self) -> str:
        if self._token is not None:
            return "Reka does not accept the bearer token any more: give a fresh one (REKA_BEARER_TOKEN)."
        if self.cookies:
            return f"The cookies hold no appSession. {LOGIN_ADVICE}"
        return f"Reka needs credentials, and there are none. {LOGIN_ADVICE}"

    async def _fetch(self, http: Http, patience: Patience) -> str:
        failure: RekaError
        response = await http.request(
            "GET", TOKEN_PATH, headers={"Accept": "*/*", **self.headers()}, patience=patience
        )
        try:
            body = await read_up_to(response, _LARGEST_TOKEN_BODY_BYTES)
        except (aiohttp.ClientError, OSError) as error:
            failure = http.translate(error)
        else:
            token = _token_in(body)
            if token is not None:
                self._token = token
                self._usable_until_s = _usable_until_s(token)
                return token
            failure = RekaAuthError(f"Reka gives no access token: the session has ended. {LOGIN_ADVICE}")
        finally:
            response.close()
        raise failure


def read_cookies(cookies: CookiesType) -> dict[str, str]:
    """Cookies by name, from a mapping, a header, or a path to an exported file. Raises RekaAuthError."""
    if isinstance(cookies, Mapping):
        found = {str(name): str(value) for name, value in cookies.items()}
    elif isinstance(cookies, str) and not cookies.rstrip().lower().endswith((".json", ".txt")):
        found = _cookies_in_header(cookies)
    else:
        found = _cookies_in_file(Path(os.fspath(cookies).strip()))
    for name, value in found.items():
        if not _COOKIE_NAME.fullmatch(name) or not value.isprintable() or ";" in value or not value.isascii():
            raise RekaAuthError("A cookie's name or value has characters that no cookie has. Copy it anew.")
    return found


def _cookies_in_header(header: str) -> dict[str, str]:
    text = header.strip().removeprefix("Cookie:").removeprefix("cookie:")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise RekaAuthError(
                'Cookies must look like "appSession=...; other=...", '
                "or name a .json or .txt file (REKA_COOKIES)."
            )
        found[name.strip()] = value.strip()
    return found


def _cookies_in_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise RekaAuthError(f"The cookie file {path} cannot be read: {reason} (REKA_COOKIES).") from None
    if path.suffix.lower() != ".json":
        return _cookies_in_netscape(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise RekaAuthError(f"The cookie file {path} is no JSON (REKA_COOKIES).") from None
    if isinstance(value, dict) and isinstance(value.get("cookies"), list):
        value = value["cookies"]
    if isinstance(value, dict):
        return {str(name): str(item) for name, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        items = [item for item in value if _is_rekas(str(item.get("domain", "")))]
        return {str(item["name"]): str(item["value"]) for item in items if "name" in item and "value" in item}
    raise RekaAuthError(f'The cookie file {path} must hold [{{"name": ..., "value": ...}}] (REKA_COOKIES).')


def _cookies_in_netscape(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.removeprefix("#HttpOnly_").split("\t")
        # An export may hold the cookies of every site; none but Reka's may leave for Reka.
        if len(fields) == 7 and not fields[0].startswith("#") and _is_rekas(fields[0]):
            found[fields[5]] = fields[6]
    return found


def _is_rekas(domain: str) -> bool:
    host = domain.lstrip(".").lower()
    return host in {"", "reka.ai", "space.reka.ai", "localhost", "127.0.0.1"}


def _checked_token(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise RekaAuthError(
            "The bearer token must be one word without spaces or line ends (api_key, REKA_BEARER_TOKEN)."
        )
    return token


def _token_in(body: bytes) -> str | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = value.get("accessToken") if isinstance(value, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        return None
    return token or None


def _usable_until_s(token: str) -> float:
    """When to fetch the next token, on the monotonic clock: a little before the JWT's `exp`."""
    try:
        claims = token.split(".")[1]
        life_s = (
            float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
            - time.time()
        )
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return math.inf
    if not math.isfinite(life_s) or life_s <= 0:
        return math.inf  # a clock is wrong; a 401 will tell
    return time.monotonic() + life_s - min(_MARGIN_S, life_s * 0.1)
