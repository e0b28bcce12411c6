"""AsyncReka: the web session API of space.reka.ai."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self

import aiohttp

from reka_provider._auth import Auth, read_cookies
from reka_provider._cumulative import CumulativeAnswer
from reka_provider._errors import RekaAuthError, RekaError, RekaResponseError
from reka_provider._http import Body, Http, Patience
from reka_provider._images import check_image, to_bytes
from reka_provider._turns import Turn, image_of_url, turns_of, wire_turn
from reka_provider._types import CompletionState, CookiesType, ImageType, Messages
from reka_provider._uploads import Uploads

DEFAULT_URL = "https://space.reka.ai"
DEFAULT_MODEL = "reka-core"
_LINGER_S = 0.25
_USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


class AsyncReka:
    """A client for space.reka.ai, for one account and one event loop.

    Args:
        cookies: those of a logged-in browser, `appSession` among them.
        api_key: a ready-made bearer token. Alone, no token is fetched; with cookies it serves until refused.
        base_url: where Reka is; https://space.reka.ai unless REKA_URL says otherwise.
        proxy: an http(s) proxy, for Reka alone.
        idle_timeout: seconds without any byte from sending a request on, headers included.
        connect_timeout: seconds until a connection stands, the proxy's included.
        backoff: seconds of the first pause between attempts; each further one is twice as long.

    With neither cookies nor api_key, REKA_BEARER_TOKEN, REKA_APP_SESSION and REKA_COOKIES are read from the
    environment; REKA_URL and REKA_PROXY wherever base_url and proxy are not given.

    Raises RekaAuthError and RekaRequestError for arguments that cannot be right.
    """

    def __init__(
        self,
        *,
        cookies: CookiesType | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        proxy: str | None = None,
        idle_timeout: float = 60.0,
        connect_timeout: float = 10.0,
        backoff: float = 0.5,
    ) -> None:
        given = read_cookies(cookies) if cookies is not None else {}
        if cookies is None and api_key is None:
            api_key = os.environ.get("REKA_BEARER_TOKEN") or None
            given = _cookies_of_environment()
        self._auth = Auth(cookies=given, bearer=api_key)
        self._http = Http(
            base_url or os.environ.get("REKA_URL") or DEFAULT_URL,
            proxy=proxy or os.environ.get("REKA_PROXY") or None,
            connect_timeout_s=connect_timeout,
            idle_timeout_s=idle_timeout,
            backoff_s=backoff,
            secrets=self._auth.secrets,
        )
        self._uploads = Uploads(self._http, self._post, self._auth)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; running answers break off."""
        await self._http.close()

    async def get_access_token(self) -> str:
        """The access token that requests carry, fetched where there is none. Raises RekaError."""
        return await self._auth.token(self._http, Patience())

    async def upload_image(self, image: ImageType, *, access_token: str | None = None) -> str:
        """Upload a picture as it is; the URL by which a turn can refer to it.

        `access_token` takes the place of this client's credentials. Raises RekaRequestError for what is no
        picture, and any RekaError of the request.

        Wire: POST /api/upload-image, multipart, field `image`, answers {"media_url": ...} (reka-api.md 1.4).
        """
        data = await asyncio.to_thread(_checked_bytes, image)
        auth = self._auth if access_token is None else Auth(cookies={}, bearer=access_token)
        return await self._uploads.upload(data, auth, Patience())

    async def keep_image(self, data: bytes) -> str:
        """The URL of a picture, uploaded unless this client has done so lately; messages with it then need no upload.

        Raises as `upload_image` does.
        """
        return await self._uploads.url_of(data, Patience())

    async def create_completion(
        self,
        model: str | None = None,
        messages: Messages = (),
        stream: bool = True,
        *,
        image: ImageType | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text in pieces, none empty, as it grows; with `stream=False` in one, once whole.

        Args:
            model: the model's name; reka-core by default.
            messages: oldest first, one at least of the user.
            stream: whether to yield pieces.
            image: a picture (or its https URL) that rides on the last user message.

        Raises:
            RekaError: `.partial` is the text yielded before it.
            RekaResponseError: also where Reka took back text that was yielded.
        """
        yielded = ""
        async with aclosing(self.stream(messages=messages, model=model, image=image)) as states:
            if not stream:
                async for state in states:
                    yielded = state.text
                yield yielded
                return
            async for state in states:
                if not state.text.startswith(yielded):
                    raise RekaResponseError("Reka revised text it had already sent.", partial=yielded)
                piece = state.text[len(yielded) :]
                if piece:
                    yielded = state.text
                    yield piece

    async def stream(
        self,
        *,
        messages: Messages,
        model: str | None = None,
        image: ImageType | None = None,
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only, until it is whole; closing it ends the answer upstream.

        Args:
            messages: oldest first, one at least of the user.
            model: the model's name; reka-core by default.
            image: a picture (or its https URL) that rides on the last user message.

        Yields:
            States whose `text` is the whole answer so far, never empty. If Reka revises its text, so do they.

        Raises:
            RekaAuthError: the session ended and could not be renewed.
            RekaRateLimitError: wait `.retry_after` seconds, where Reka said so.
            RekaError: any other; `.partial` is the last text yielded.

        Wire: POST /api/chat; each event repeats the whole text (reka-api.md 1.3).
        """
        patience = Patience()
        riding = None if image is None else await asyncio.to_thread(_riding_image, image)
        history = await self._with_urls(turns_of(messages, image=riding), patience)
        body = json.dumps(
            {
                "conversation_history": history,
                "stream": True,
                "use_search_engine": False,
                "use_code_interpreter": False,
                "model_name": model or DEFAULT_MODEL,
                "random_seed": time.time_ns() // 1_000_000,
            }
        ).encode()
        response = await self._post(
            "/api/chat", lambda: body, {"Content-Type": "application/json"}, self._auth, patience
        )
        try:
            async with aclosing(self._states(response)) as states:
                async for state in states:
                    yield state
        finally:
            # Of a body that was read to its end this does nothing, and the connection lives on.
            response.close()

    async def _states(self, response: aiohttp.ClientResponse) -> AsyncGenerator[CompletionState, None]:
        answer = CumulativeAnswer(self._http.scrub)
        failure: RekaError | None = None
        shown = ""
        while answer.finish_reason is None:
            try:
                chunk = await response.content.readany()
            except (aiohttp.ClientError, OSError) as error:
                failure = self._http.translate(error)
                break
            if not chunk:
                break
            state = answer.feed(chunk)
            if state is not None:
                shown = state.text
                yield state
            if answer.failure is not None:
                break
        failure = failure or answer.failure
        if failure is None:
            state = answer.finish()
            if state is not None:
                shown = state.text
                yield state
            failure = answer.failure
        if failure is not None:
            failure.partial = shown
            failure.request_id = failure.request_id or response.headers.get("X-Request-ID")
            raise failure
        await _linger(response)

    async def _with_urls(self, turns: list[Turn], patience: Patience) -> list[dict[str, str]]:
        history = []
        for turn in turns:
            image = turn.image
            url = await self._uploads.url_of(image, patience) if isinstance(image, bytes) else image
            history.append(wire_turn(turn, url))
        return history

    async def _post(
        self, path: str, body: Body, headers: dict[str, str], auth: Auth, patience: Patience
    ) -> aiohttp.ClientResponse:
        """The answer to a POST with an access token, renewed once where Reka refuses it."""

        async def post(token: str) -> aiohttp.ClientResponse:
            sent = {**self._headers(), **auth.headers(), **headers, "Authorization": f"Bearer {token}"}
            return await self._http.request("POST", path, headers=sent, body=body, patience=patience)

        token = await auth.token(self._http, patience)
        try:
            return await post(token)
        except RekaAuthError as error:
            if error.status != 401 or not auth.renewable:
                raise
        return await post(await auth.token(self._http, patience, stale=token))

    def _headers(self) -> dict[str, str]:
        """What a browser would send; which of it Reka needs is unknown (reka-api.md 1.2)."""
        origin = self._http.base_url
        return {
            "Accept": "*/*",
            "Accept-Language": "en-US,en;q=0.9",
            "Origin": origin,
            "Referer": f"{origin}/chat",
            "Sec-Fetch-Dest": "empty",
            "Sec-Fetch-Mode": "cors",
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": _USER_AGENT,
        }


async def _linger(response: aiohttp.ClientResponse) -> None:
    """Read a finished answer's end, so that its connection can serve again; one that is held open cannot."""
    try:
        async with asyncio.timeout(_LINGER_S):
            while await response.content.readany():
                pass
    except (aiohttp.ClientError, OSError):
        return  # the answer is whole; how its connection ends concerns nobody


def _cookies_of_environment() -> dict[str, str]:
    found = read_cookies(os.environ["REKA_COOKIES"]) if os.environ.get("REKA_COOKIES") else {}
    session = os.environ.get("REKA_APP_SESSION")
    return read_cookies({**found, "appSession": session}) if session else found


def _checked_bytes(image: ImageType) -> bytes:
    data = to_bytes(image)
    check_image(data)
    return data


def _riding_image(image: ImageType) -> str | bytes:
    if isinstance(image, str) and image.lower().startswith(("https://", "http://")):
        return image_of_url(image)
    return to_bytes(image)
