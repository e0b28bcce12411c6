"""Settings -> the Rekas that answer, best first, and what is wrong with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from conversation.attach import Upload
from conversation.choosing import Choosing, Service
from conversation.fitting import ModelFacts, ModelsByNeed, Prompt
from conversation.recall import Budget
from reka_provider import AsyncReka, AsyncRekaPlatform, CompletionState, Model, RekaError
from runtime.settings import Settings

log = logging.getLogger(__name__)

OFFICIAL: Final = "official"
SPACE: Final = "space"
TEXT_MODEL: Final = "reka-flash-3"
SPACE_MODEL: Final = "reka-core"

PICTURES_PER_QUESTION = 4
# The client keeps the list for ten minutes; asked this often, it is never old when it is needed.
LOOK_AGAIN_S = 60.0
NAMED_MODELS = 20


class RekaBreaker(Protocol):
    """What a client tells of one endpoint's health."""

    @property
    def state(self) -> str: ...

    @property
    def probe_in_s(self) -> float: ...

    @property
    def opened(self) -> int: ...

    @property
    def turned_away(self) -> int: ...


class RekaTraffic(Protocol):
    """What a client tells of its requests."""

    @property
    def requests(self) -> int: ...

    @property
    def retries(self) -> int: ...

    @property
    def rate_limited(self) -> int: ...

    @property
    def held_back(self) -> int: ...


class RekaClient(Protocol):
    """What there is to count of a client; `breakers` are by "METHOD /path", `waiting` is for a place."""

    @property
    def breakers(self) -> Mapping[str, RekaBreaker]: ...

    @property
    def traffic(self) -> RekaTraffic: ...

    @property
    def waiting(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rekas:
    """Who answers.

    `upload` makes a picture known beforehand, where the first service wants that; `pictures` is how many one question
    may have; `down` tells of each service which of its endpoints are not asked now, and for how many seconds;
    `clients` is what there is to count of each.
    """

    choosing: Choosing
    upload: Upload | None
    pictures: int
    down: Mapping[str, Callable[[], Mapping[str, float]]]
    clients: Mapping[str, RekaClient] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One service as `--check` tells of it; `fault` is a sentence, None where it would answer."""

    what: str
    fault: str | None


def _proxy(settings: Settings) -> str | None:
    return settings.reka_proxy.get_secret_value() if settings.reka_proxy is not None else None


def _open_space(settings: Settings) -> AsyncReka:
    """The client of space.reka.ai that the settings describe; it connects with its first request."""
    cookies: dict[str, str] | str | None = None
    if settings.reka_app_session is not None:
        cookies = {"appSession": settings.reka_app_session.get_secret_value()}
    elif settings.reka_cookies is not None:
        cookies = settings.reka_cookies.get_secret_value()
    bearer = settings.reka_bearer_token
    return AsyncReka(
        cookies=cookies,
        api_key=bearer.get_secret_value() if bearer is not None else None,
        base_url=settings.reka_url,
        proxy=_proxy(settings),
        concurrency=settings.reka_concurrency,
    )


def _open_official(settings: Settings) -> AsyncRekaPlatform:
    """The client of the official API that the settings describe; it connects with its first request."""
    key = settings.reka_api_key
    return AsyncRekaPlatform(
        api_key=key.get_secret_value() if key is not None else None,
        base_url=settings.reka_api_url,
        proxy=_proxy(settings),
        concurrency=settings.reka_concurrency,
    )


def _models(settings: Settings) -> ModelsByNeed:
    return ModelsByNeed(settings.reka_model or TEXT_MODEL, settings.reka_vision_model)


def _space_model(settings: Settings) -> str:
    """REKA_MODEL is of the service that answers first."""
    return SPACE_MODEL if settings.reka_api_key is not None else settings.reka_model or SPACE_MODEL


@asynccontextmanager
async def open_rekas(settings: Settings) -> AsyncIterator[Rekas]:
    """Open the clients of all services that may answer: the official API where there is a key for it, and
    space.reka.ai where there is none, or to stand in where REKA_FALLBACK says so.

    Raises RekaError: credentials cannot be right.
    """
    services: list[Service] = []
    down: dict[str, Callable[[], Mapping[str, float]]] = {}
    clients: dict[str, RekaClient] = {}
    upload: Upload | None = None
    pictures = PICTURES_PER_QUESTION
    async with AsyncExitStack() as stack:
        if settings.reka_api_key is not None:
            official = await stack.enter_async_context(_open_official(settings))
            models = _models(settings)
            learning = asyncio.create_task(learn_models(official.list_models, models))
            stack.push_async_callback(_end, learning)
            services.append(Service(OFFICIAL, models.prompt, _ask_official(official)))
            down[OFFICIAL] = lambda: _open_breakers(official.breakers)
            clients[OFFICIAL] = official
            pictures = _pictures_per_question(models)
        if settings.reka_api_key is None or settings.reka_fallback == SPACE:
            space = await stack.enter_async_context(_open_space(settings))
            services.append(_space_service(space, _space_model(settings)))
            down[SPACE] = lambda: _open_breakers(space.breakers)
            clients[SPACE] = space
            upload = space.keep_image if len(services) == 1 else None
        yield Rekas(Choosing(services), upload, pictures, down, clients)


def _ask_official(official: AsyncRekaPlatform) -> Callable[[Prompt], AsyncGenerator[CompletionState, None]]:
    def ask(prompt: Prompt) -> AsyncGenerator[CompletionState, None]:
        if prompt.max_tokens is None:
            return official.stream(messages=prompt.messages, model=prompt.model)
        return official.stream(messages=prompt.messages, model=prompt.model, max_tokens=prompt.max_tokens)

    return ask


def _space_service(space: AsyncReka, model: str) -> Service:
    def ask(prompt: Prompt) -> AsyncGenerator[CompletionState, None]:
        return space.stream(messages=prompt.messages, model=prompt.model)

    return Service(SPACE, lambda messages: Prompt(model, messages), ask)


async def learn_models(list_models: Callable[[], Awaitable[Sequence[Model]]], models: ModelsByNeed) -> None:
    """Keep `models.listed` as the service has it, beside the answers: none of them waits for the list."""
    told = False
    while True:
        try:
            models.listed = facts_of(await list_models()) or None
        except RekaError as error:
            if not told:
                log.warning("could not list the models", extra={"error": type(error).__name__})
            told = True
        else:
            told = False
        await asyncio.sleep(LOOK_AGAIN_S)


def facts_of(models: Sequence[Model]) -> dict[str, ModelFacts]:
    """What the list says of each model, by id."""
    return {one.id: ModelFacts(one.context_length, one.max_output_length, _pictures(one)) for one in models}


def _pictures_per_question(models: ModelsByNeed) -> int:
    reader = models.picture_reader()
    limit = models.facts(reader).pictures if reader is not None else None
    return min(PICTURES_PER_QUESTION, limit or PICTURES_PER_QUESTION)


def _pictures(model: Model) -> int | None:
    if model.image_limit is None and "image" in (model.input_modalities or ()):
        return Budget().pictures  # it reads them, and no limit is known: ours
    return model.image_limit


def _open_breakers(breakers: Mapping[str, RekaBreaker]) -> dict[str, float]:
    return {endpoint: breaker.probe_in_s for endpoint, breaker in breakers.items() if breaker.state == "open"}


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


# --check --------------------------------------------------------------------------------------------------------


async def check_rekas(settings: Settings) -> list[Check]:
    """Ask each service that may answer whether it would."""
    checks: list[Check] = []
    if settings.reka_api_key is not None:
        checks.append(await _check_official(settings))
    if settings.reka_api_key is None or settings.reka_fallback == SPACE:
        checks.append(await _check_space(settings))
    elif settings.can_log_in_to_space:
        checks.append(
            Check(f"Reka: {settings.reka_url} is not asked, unless you set REKA_FALLBACK=space", None)
        )
    return checks


async def _check_official(settings: Settings) -> Check:
    where = f"Reka: {settings.reka_api_url}"
    models = _models(settings)
    try:
        async with _open_official(settings) as official:
            models.listed = facts_of(await official.list_models()) or None
    except RekaError as error:
        return Check(where, str(error))
    if fault := _fault_of_models(models, vision_chosen="reka_vision_model" in settings.model_fields_set):
        return Check(where, fault)
    reader = models.picture_reader()
    for_pictures = f", and {reader} for pictures" if reader != models.text_model else ""
    return Check(f"{where} answers, by {models.text_model}{for_pictures}", None)


def _fault_of_models(models: ModelsByNeed, *, vision_chosen: bool) -> str | None:
    if models.listed is None:
        return None  # a server of one's own need not list any
    known = ", ".join(sorted(models.listed)[:NAMED_MODELS])
    if models.text_model not in models.listed:
        return f"it has no model {models.text_model}; set REKA_MODEL to one of {known}"
    missing = vision_chosen and models.vision_model not in models.listed
    if missing or models.picture_reader() is None:
        return (
            f"it has no model {models.vision_model} to read pictures; set REKA_VISION_MODEL to one of {known}"
        )
    return None


async def _check_space(settings: Settings) -> Check:
    where = f"Reka: {settings.reka_url}"
    try:
        async with _open_space(settings) as space:
            await space.get_access_token()
    except RekaError as error:
        return Check(where, str(error))
    says = "answers" if settings.reka_api_key is None else f"stands in for {settings.reka_api_url}"
    if settings.reka_app_session is None and settings.reka_cookies is None:
        says += " (whether it takes the bearer token, only a question can tell)"
    return Check(f"{where} {says}, by {_space_model(settings)}", None)
