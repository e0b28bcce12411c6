"""Cookies or a bearer token to the access token that each request carries."""

from __future__ import annotations

import base64
import json
import math
import time

import aiohttp

from reka_provider._cookie_jar import CookieJar
from reka_provider._errors import RekaAuthError, RekaError
from reka_provider._http import Http, Patience, read_up_to
from reka_provider._refusals import LOGIN_ADVICE
from reka_provider._single_flight import SingleFlight

TOKEN_PATH = "/bff/auth/access_token"  # noqa: S105 - an address, no secret
_LARGEST_TOKEN_BODY_BYTES = 256 * 1024
_MARGIN_S = 30.0


class Auth:
    """Trades the session's cookies for an access token, keeps it, and renews it once for all who wait."""

    def __init__(self, jar: CookieJar, *, bearer: str | None) -> None:
        self.jar = jar
        self._token = None if bearer is None else _checked_token(bearer)
        self._usable_until_s = math.inf  # of the monotonic clock
        self._renewals: SingleFlight[tuple[str, float]] = SingleFlight()

    def secrets(self) -> list[str]:
        """What no message may quote."""
        return [text for text in (self._token, *self.jar.values) if text and len(text) >= 4]

    @property
    def renewable(self) -> bool:
        """Whether there is a session to trade for another token, or may be one soon."""
        return self.jar.has_session or self.jar.has_file

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
            return await self._renew(http, own), limit_s - own.left_s

        token, waited_s = await self._renewals.run("token", fetch)
        patience.left_s = max(0.0, patience.left_s - waited_s)
        return token

    async def _renew(self, http: Http, patience: Patience) -> str:
        """A token for the session; for the one that a person put into the file, where Reka refuses ours."""
        await self.jar.reread()
        if not self.jar.has_session:
            raise RekaAuthError(self._nothing_to_trade())
        try:
            return await self._fetch(http, patience)
        except RekaAuthError:
            if not await self.jar.reread():
                raise
        return await self._fetch(http, patience)

    def _nothing_to_trade(self) -> str:
        if self._token is not None:
            return "Reka does not accept the bearer token any more: give a fresh one (REKA_BEARER_TOKEN)."
        if self.jar:
            return f"The cookies hold no appSession. {LOGIN_ADVICE}"
        return f"Reka needs credentials, and there are none. {LOGIN_ADVICE}"

    async def _fetch(self, http: Http, patience: Patience) -> str:
        failure: RekaError
        response = await http.request(
            "GET",
            TOKEN_PATH,
            headers={"Accept": "*/*", **self.jar.headers()},
            patience=patience,
            on_answer=self.jar.hear,
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
