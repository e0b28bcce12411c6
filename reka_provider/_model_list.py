"""The list of models, fetched once for all who ask within a while."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import aiohttp

from reka_provider._errors import RekaError, RekaRequestError, RekaResponseError
from reka_provider._http import Http, Patience, read_up_to
from reka_provider._models import VISION_MODEL, Model, image_limit, models_in
from reka_provider._single_flight import SingleFlight

_KEPT_S = 600.0
_FAILURE_KEPT_S = 30.0
_SOON_S = 5.0
_LISTED_IDS = 20
_LARGEST_LIST_BYTES = 4 * 1024 * 1024


class ModelList:
    """What GET /models answers, kept for ten minutes."""

    def __init__(self, http: Http, headers: Callable[[], dict[str, str]]) -> None:
        self._http = http
        self._headers = headers
        self._models: list[Model] = []
        self._kept_until_s = 0.0  # of the monotonic clock, as the next
        self._failed_until_s = 0.0
        self._running: SingleFlight[list[Model]] = SingleFlight()

    async def get(self) -> list[Model]:
        """The models. Raises RekaError."""
        if time.monotonic() < self._kept_until_s:
            return list(self._models)
        return list(await self._running.run("patiently", lambda: self._fetch(Patience())))

    async def known_soon(self) -> list[Model]:
        """The models as far as they are known or can be had soon, for those whom the list only helps."""
        now_s = time.monotonic()
        if now_s >= self._kept_until_s and now_s >= self._failed_until_s:
            try:
                async with asyncio.timeout(_SOON_S):
                    await self._running.run("at once", lambda: self._fetch(Patience(0.0)))
            except (RekaError, TimeoutError):
                self._failed_until_s = time.monotonic() + _FAILURE_KEPT_S
        return list(self._models)

    async def check_pictures(self, model: str, count: int) -> None:
        """Raise RekaRequestError where the model takes fewer than `count` pictures, as far as that is known."""
        models = await self.known_soon()
        limit = image_limit(model, models)
        if limit is None or count <= limit:
            return
        if limit:
            raise RekaRequestError(
                f"{model} takes at most {limit} images in one request, and there are {count}."
            )
        readers = [one.id for one in models if "image" in (one.input_modalities or ())] or [VISION_MODEL]
        raise RekaRequestError(
            f"{model} reads no images. Ask one that does: {', '.join(readers[:_LISTED_IDS])}."
        )

    async def explained(self, error: RekaRequestError, model: str) -> RekaRequestError:
        """`error`, or the one that lists the known models where `model` is none of them."""
        if error.partial or (error.status != 404 and "model" not in str(error).lower()):
            return error
        known = [one.id for one in await self.known_soon()]
        if not known or model in known:
            return error
        more = ", ..." if len(known) > _LISTED_IDS else ""
        listed = ", ".join(known[:_LISTED_IDS])
        return RekaRequestError(
            f"There is no model {model!r}. There are: {listed}{more}.",
            status=error.status,
            request_id=error.request_id,
        )

    async def _fetch(self, patience: Patience) -> list[Model]:
        failure: RekaError
        response = await self._http.request("GET", "/models", headers=self._headers(), patience=patience)
        try:
            answer = json.loads(await read_up_to(response, _LARGEST_LIST_BYTES))
        except (aiohttp.ClientError, OSError) as error:
            failure = self._http.translate(error)
        except (ValueError, RecursionError):
            failure = RekaResponseError("Reka answered something that is no list of models.")
        else:
            self._models = models_in(answer)
            self._kept_until_s = time.monotonic() + _KEPT_S
            return self._models
        finally:
            response.close()
        failure.request_id = self._http.request_id(response)
        raise failure
