"""AsyncReka: the web session API of space.reka.ai."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from reka_provider._auth import Auth
from reka_provider._breaker import Breaker
from reka_provider._cookie_jar import CookieJar, jar_of, jar_of_environment
from reka_provider._errors import RekaAuthError, RekaRequestError, RekaResponseError
from reka_provider._http import Body, Http, Patience, Traffic
from reka_provider._images import check_image, to_bytes
from reka_provider._parts import image_of_url
from reka_provider._refusals import SPACE
from reka_provider._space_answer import states_of
from reka_provider._space_request import ChatOptions, browser_headers, speaks_of_pictures, with_known_models
from reka_provider._turns import Turn, turns_of, wire_turn
from reka_provider._types import CompletionState, CookiesType, ImageType, Messages
from reka_provider._uploads import Uploads

DEFAULT_URL = "https://space.reka.ai"


class AsyncReka:
    """A client for space.reka.ai, for one account and one event loop.

    Args:
        cookies: those of a logged-in browser, `appSession` among them; as they are, or the path of an exported
            file. What Reka renews of them is kept, and written back into that file.
        api_key: a ready-made bearer token. Alone, no token is fetched; with cookies it serves until refused.
        base_url: where Reka is; https://space.reka.ai unless REKA_URL says otherwise.
        proxy: an http(s) proxy, for Reka alone.
        idle_timeout: seconds without any byte from sending a request on, headers included.
        connect_timeout: seconds until a connection stands, the proxy's included.
        backoff: seconds of the first pause between attempts; each further one is twice as long.
        concurrency: how many answers may run at once, the others wait in order; 0 for no bound.

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
        concurrency: int = 0,
    ) -> None:
        from_environment = cookies is None and api_key is None
        if from_environment:
            api_key = os.environ.get("REKA_BEARER_TOKEN") or None
        self._http = Http(
            base_url or os.environ.get("REKA_URL") or DEFAULT_URL,
            SPACE,
            proxy=proxy or os.environ.get("REKA_PROXY") or None,
            connect_timeout_s=connect_timeout,
            idle_timeout_s=idle_timeout,
            backoff_s=backoff,
            secrets=self._secrets,
            concurrency=concurrency,
        )
        self._headers = browser_headers(self._http.base_url)
        host = str(urlsplit(self._http.base_url).hostname)
        jar = jar_of_environment(host) if from_environment else jar_of(cookies or {}, host)
        self._auth = Auth(jar, bearer=api_key)
        self._uploads = Uploads(self._http, self._post, self._auth)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; running answers break off. Cookies that Reka renewed are in their file then."""
        await self._http.close()
        await self._auth.jar.close()

    @property
    def breakers(self) -> Mapping[str, Breaker]:
        """What is known of the health of each endpoint, by "METHOD /path"; for reading."""
        return self._http.breakers

    @property
    def traffic(self) -> Traffic:
        """What was asked and how it went; for reading."""
        return self._http.traffic

    @property
    def waiting(self) -> int:
        """How many streams wait until one ends: `concurrency` of them are under way."""
        return self._http.turnstile.waiting

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
        auth = self._auth if access_token is None else Auth(CookieJar({}), bearer=access_token)
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
        use_search_engine: bool = False,
        use_code_interpreter: bool = False,
        random_seed: int | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text in pieces, none empty, as it grows; with `stream=False` in one, once whole.

        Args:
            model: the model's name; reka-core by default.
            messages: oldest first, one at least of the user.
            stream: whether to yield pieces.
            image: a picture (or its https URL) that rides on the last user message.
            use_search_engine: whether the model may search the web.
            use_code_interpreter: whether it may run code.
            random_seed: from 0 to 2**63 - 1; the time in milliseconds where there is none.

        Raises:
            RekaError: `.partial` is the text yielded before it.
            RekaResponseError: also where Reka took back text that was yielded.
        """
        yielded = ""
        answer = self.stream(
            messages=messages,
            model=model,
            image=image,
            use_search_engine=use_search_engine,
            use_code_interpreter=use_code_interpreter,
            random_seed=random_seed,
        )
        async with aclosing(answer) as states:
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
        use_search_engine: bool = False,
        use_code_interpreter: bool = False,
        random_seed: int | None = None,
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only, until it is whole; closing it ends the answer upstream.

        Args:
            messages: oldest first, one at least of the user.
            model: the model's name; reka-core by default.
            image: a picture (or its https URL) that rides on the last user message.
            use_search_engine: whether the model may search the web.
            use_code_interpreter: whether it may run code.
            random_seed: from 0 to 2**63 - 1; the time in milliseconds where there is none.

        Yields:
            States whose `text` is the whole answer so far, never empty. If Reka revises its text, so do they.

        Raises:
            RekaAuthError: the session ended and could not be renewed.
            RekaRateLimitError: wait `.retry_after` seconds, where Reka said so.
            RekaError: any other; `.partial` is the last text yielded.

        Wire: POST /api/chat; each event repeats the whole text (reka-api.md 1.3).
        """
        options = ChatOptions(model, use_search_engine, use_code_interpreter, random_seed)
        riding = None if image is None else await asyncio.to_thread(_riding_image, image)
        turns = turns_of(messages, image=riding)
        async with self._http.turnstile, aclosing(self._ask(turns, options, Patience())) as states:
            async for state in states:
                yield state

    async def _ask(
        self, turns: list[Turn], options: ChatOptions, patience: Patience
    ) -> AsyncGenerator[CompletionState, None]:
        """The answer; where Reka no longer knows a picture that it was given before, it is given once more."""
        remembered = self._uploads.remembered()
        history, urls = await self._with_urls(turns, patience)
        began = False
        try:
            async with aclosing(self._answer(options.body(history), options, patience)) as states:
                async for state in states:
                    began = True
                    yield state
            return
        except RekaRequestError as error:
            if began or not remembered & urls or not speaks_of_pictures(error):
                raise
        self._uploads.forget(remembered & urls)
        history, _ = await self._with_urls(turns, patience)
        async with aclosing(self._answer(options.body(history), options, patience)) as states:
            async for state in states:
                yield state

    async def _answer(
        self, body: bytes, options: ChatOptions, patience: Patience
    ) -> AsyncGenerator[CompletionState, None]:
        headers = {"Content-Type": "application/json"}
        try:
            response = await self._post("/api/chat", lambda: body, headers, self._auth, patience)
        except RekaRequestError as error:
            raise with_known_models(error, options.model) from None
        try:
            async with aclosing(states_of(response, self._http)) as states:
                async for state in states:
                    yield state
        finally:
            # Of a body that was read to its end this does nothing, and the connection lives on.
            response.close()

    def _secrets(self) -> list[str]:
        return self._auth.secrets()

    async def _with_urls(
        self, turns: list[Turn], patience: Patience
    ) -> tuple[list[dict[str, str]], frozenset[str]]:
        """The turns as the wire has them, and the URLs of those pictures that this client uploaded itself."""
        history = []
        own: set[str] = set()
        for turn in turns:
            url = turn.image
            if isinstance(url, bytes):
                url = await self._uploads.url_of(url, patience)
                own.add(url)
            history.append(wire_turn(turn, url))
        return history, frozenset(own)

    async def _post(
        self, path: str, body: Body, headers: dict[str, str], auth: Auth, patience: Patience
    ) -> aiohttp.ClientResponse:
        """The answer to a POST with an access token, renewed once where Reka refuses it."""

        async def post(token: str) -> aiohttp.ClientResponse:
            own = {**headers, "Authorization": f"Bearer {token}"}
            sent = {**self._headers, **auth.jar.headers(), **own}
            return await self._http.request(
                "POST", path, headers=sent, body=body, patience=patience, on_answer=auth.jar.hear
            )

        token = await auth.token(self._http, patience)
        try:
            return await post(token)
        except RekaAuthError as error:
            if error.status != 401 or not auth.renewable:
                raise
        return await post(await auth.token(self._http, patience, stale=token))


def _checked_bytes(image: ImageType) -> bytes:
    data = to_bytes(image)
    check_image(data)
    return data


def _riding_image(image: ImageType) -> str | bytes:
    if isinstance(image, str) and image.lower().startswith(("https://", "http://")):
        return image_of_url(image)
    return to_bytes(image)
