"""AsyncRekaPlatform: the official API of Reka, and any server that speaks the same."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit

import aiohttp

from reka_provider._arriving_bytes import let_gather, next_bytes
from reka_provider._breaker import Breaker
from reka_provider._chat_messages import wire_messages
from reka_provider._checked_pictures import CheckedPictures
from reka_provider._deltas import DeltaAnswer
from reka_provider._errors import RekaAuthError, RekaError, RekaRequestError
from reka_provider._http import Http, Patience, Traffic
from reka_provider._images import source_of
from reka_provider._model_list import ModelList
from reka_provider._models import Model
from reka_provider._parts import Message, checked_messages
from reka_provider._refusals import KEY_ADVICE, PLATFORM
from reka_provider._sampling import Sampling, checked_sampling
from reka_provider._types import CompletionState, ImageType, Messages

DEFAULT_URL = "https://api.reka.ai/v1"
DEFAULT_MODEL = "reka-flash-3"
_CHAT_PATH = "/chat/completions"
_LINGER_S = 0.25
_SHORTEST_SECRET_CHARS = 4


class AsyncRekaPlatform:
    """A client for api.reka.ai, or another OpenAI-compatible server, for one key and one event loop.

    Args:
        api_key: the key. A server other than Reka's may need none.
        base_url: where the server is, up to and with /v1; https://api.reka.ai/v1 by default.
        proxy: an http(s) proxy, for Reka alone.
        idle_timeout: seconds without any byte from sending a request on, headers included.
        connect_timeout: seconds until a connection stands, the proxy's included.
        backoff: seconds of the first pause between attempts; each further one is twice as long.
        default_model: the model of questions that name none.
        concurrency: how many answers may stream at once; the others wait in the order of asking. 0: no bound.

    REKA_API_KEY, REKA_API_URL and REKA_PROXY are read from the environment for what is not given.

    Raises RekaAuthError and RekaRequestError for arguments that cannot be right.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        proxy: str | None = None,
        idle_timeout: float = 60.0,
        connect_timeout: float = 10.0,
        backoff: float = 0.5,
        default_model: str = DEFAULT_MODEL,
        concurrency: int = 0,
    ) -> None:
        key = os.environ.get("REKA_API_KEY") if api_key is None else api_key
        self._key = _checked_key(key) if key else None
        self.default_model = _checked_model(default_model)
        self._http = Http(
            base_url or os.environ.get("REKA_API_URL") or DEFAULT_URL,
            PLATFORM,
            proxy=proxy or os.environ.get("REKA_PROXY") or None,
            connect_timeout_s=connect_timeout,
            idle_timeout_s=idle_timeout,
            backoff_s=backoff,
            secrets=self._secrets,
            concurrency=concurrency,
        )
        if self._key is None and urlsplit(self._http.base_url).hostname == urlsplit(DEFAULT_URL).hostname:
            raise RekaAuthError(f"Reka needs an API key, and there is none. {KEY_ADVICE}")
        self._models = ModelList(self._http, self._headers)
        self._pictures = CheckedPictures()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; running answers break off."""
        await self._http.close()

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

    async def create_completion(
        self,
        model: str | None = None,
        messages: Messages = (),
        stream: bool = True,
        *,
        image: ImageType | None = None,
        **sampling: Unpack[Sampling],
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text in pieces, none empty, as it grows; with `stream=False` in one, once whole.

        Args:
            model: the model's id; `default_model` where it is not given.
            messages: oldest first, one at least of the user.
            stream: whether to yield pieces. Without, nothing comes until the answer is whole, and `idle_timeout`
                must allow for that.
            image: a picture (or its https URL) that rides on the last user message.
            sampling: max_tokens, temperature and the others of `Sampling`.

        Raises:
            RekaError: `.partial` is the text yielded before it.
            RekaNoTextError: the answer was all reasoning, or nothing.
        """
        text = ""
        async with aclosing(self._ask(messages, model, image, sampling, streamed=stream)) as states:
            async for state in states:
                piece, text = state.text[len(text) :] if stream else "", state.text
                if piece:
                    yield piece
        if not stream:
            yield text

    async def stream(
        self,
        *,
        messages: Messages,
        model: str | None = None,
        image: ImageType | None = None,
        **sampling: Unpack[Sampling],
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only, until it is whole; closing it ends the answer upstream.

        Args:
            messages: oldest first, one at least of the user.
            model: the model's id; `default_model` where it is not given.
            image: a picture (or its https URL) that rides on the last user message.
            sampling: max_tokens, temperature and the others of `Sampling`.

        Yields:
            States of all text and all reasoning so far; `text` is empty while the model reasons. The first state
            with a `finish_reason` is the whole answer; one more may follow, with its usage.

        Raises:
            RekaAuthError: the key is not accepted.
            RekaRateLimitError: wait `.retry_after` seconds, where Reka said so.
            RekaRequestError: messages, pictures or parameters are wrong, or the model is unknown.
            RekaNoTextError: the answer was all reasoning, or nothing; `.finish_reason` tells why it ended.
            RekaError: any other; `.partial` is the last text yielded.

        Wire: POST /chat/completions; each event adds a piece (reka-api.md 2.1).
        """
        async with aclosing(self._ask(messages, model, image, sampling, streamed=True)) as states:
            async for state in states:
                yield state

    async def list_models(self) -> list[Model]:
        """The models that the key can use, as of at most ten minutes ago. Raises RekaError.

        Wire: GET /models (reka-api.md 2.4).
        """
        return await self._models.get()

    async def _ask(
        self,
        messages: Messages,
        model: str | None,
        image: ImageType | None,
        sampling: Sampling,
        *,
        streamed: bool,
    ) -> AsyncGenerator[CompletionState, None]:
        asked = self.default_model if model is None else _checked_model(model)
        parameters = checked_sampling(sampling)
        riding = None if image is None else await asyncio.to_thread(source_of, image)
        conversation = checked_messages(messages, image=riding)
        question = {"model": asked, "stream": streamed, **parameters}
        pictures = [source for message in conversation for source in message.pictures]
        if pictures:
            await self._models.check_pictures(asked, len(pictures))
            await self._pictures.check(source for source in pictures if isinstance(source, bytes))
            body = await asyncio.to_thread(_body, question, conversation)  # megabytes to encode
        else:
            body = _body(question, conversation)
        try:
            async with self._http.turnstile, aclosing(self._answer(asked, body)) as states:
                async for state in states:
                    yield state
        except RekaRequestError as error:
            failure = await self._models.explained(error, asked)
        else:
            return
        raise failure

    async def _answer(self, model: str, body: bytes) -> AsyncGenerator[CompletionState, None]:
        headers = {**self._headers(), "Content-Type": "application/json"}
        response = await self._http.request(
            "POST", _CHAT_PATH, headers=headers, body=lambda: body, patience=Patience(), model=model
        )
        try:
            async with aclosing(self._states(response)) as states:
                async for state in states:
                    yield state
        finally:
            # Of a body that was read to its end this does nothing, and the connection lives on.
            response.close()

    async def _states(self, response: aiohttp.ClientResponse) -> AsyncGenerator[CompletionState, None]:
        answer = DeltaAnswer(self._http.scrub)
        failure: RekaError | None = None
        shown = ""
        while not answer.ended and answer.failure is None:
            try:
                chunk = await next_bytes(response.content)
            except (aiohttp.ClientError, OSError) as error:
                failure = self._http.translate(error)
                break
            if not chunk:
                break
            state = answer.feed(chunk)
            if state is not None:
                shown = state.text
                yield state
            if not answer.ended and answer.failure is None:
                await let_gather(response, chunk, self._http.turnstile.inside)
        if failure is None and answer.failure is None:
            late = None
            if answer.ended and not response.content.at_eof():
                late = await _read_end(response, answer)
            state = answer.finish() or late
            if state is not None:
                shown = state.text
                yield state
        failure = failure or answer.failure
        if failure is not None:
            failure.partial = shown
            failure.request_id = failure.request_id or self._http.request_id(response)
            raise failure

    def _secrets(self) -> list[str]:
        """What no message may quote; a word so short is no secret, and would tear up every sentence."""
        return [self._key] if self._key and len(self._key) >= _SHORTEST_SECRET_CHARS else []

    def _headers(self) -> dict[str, str]:
        return {"Accept": "*/*"} if self._key is None else {"Authorization": f"Bearer {self._key}"}


async def _read_end(response: aiohttp.ClientResponse, answer: DeltaAnswer) -> CompletionState | None:
    """Read what follows a whole answer, so that its connection can serve again; what it adds, such as usage.

    A connection that is held open cannot serve again; it is not waited for.
    """
    newest = None
    try:
        async with asyncio.timeout(_LINGER_S):
            while chunk := await next_bytes(response.content):
                newest = answer.feed(chunk) or newest
    except (aiohttp.ClientError, OSError):
        return newest  # the answer is whole; how its connection ends concerns nobody
    return newest


def _body(question: dict[str, object], conversation: list[Message]) -> bytes:
    return json.dumps({**question, "messages": wire_messages(conversation)}).encode()


def _checked_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise RekaAuthError(
            f"The API key must be one word without spaces or line ends (api_key, REKA_API_KEY). {KEY_ADVICE}"
        )
    return key


def _checked_model(model: object) -> str:
    if not isinstance(model, str) or not model or not model.isprintable() or model != model.strip():
        raise RekaRequestError(f'model must be the id of a model, such as "{DEFAULT_MODEL}".')
    return model
