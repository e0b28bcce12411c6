"""Reka and RekaPlatform: the blocking faces of AsyncReka and AsyncRekaPlatform."""

from __future__ import annotations

from typing import ClassVar, Unpack

from reka_provider._blocking import Blocking, OnClassOrInstance
from reka_provider._models import VISION_MODEL, Model
from reka_provider._platform import DEFAULT_MODEL, DEFAULT_URL, AsyncRekaPlatform
from reka_provider._sampling import Sampling
from reka_provider._space import AsyncReka
from reka_provider._types import AbstractProvider, CookiesType, CreateResult, ImageType, Messages


class Reka(Blocking[AsyncReka], AbstractProvider):
    """A client for space.reka.ai that blocks; its methods work on the class and on an instance.

    The constructor's arguments are those of AsyncReka. An instance keeps its connections and its access token
    until `close`; a call on the class makes a client for that call and closes it.
    """

    domain: ClassVar[str] = "space.reka.ai"
    url: ClassVar[str] = "https://space.reka.ai"
    working: ClassVar[bool] = True
    needs_auth: ClassVar[bool] = True
    supports_stream: ClassVar[bool] = True
    default_vision_model: ClassVar[str] = "reka-core"
    cookies: ClassVar[dict[str, str]] = {}
    """Cookies for callers that give no credentials; where it is empty, the environment's are used."""

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
        if cookies is None and api_key is None and self.cookies:
            cookies = dict(self.cookies)
        super().__init__(
            AsyncReka(
                cookies=cookies,
                api_key=api_key,
                base_url=base_url,
                proxy=proxy,
                idle_timeout=idle_timeout,
                connect_timeout=connect_timeout,
                backoff=backoff,
                concurrency=concurrency,
            )
        )

    @OnClassOrInstance
    def create_completion(
        self,
        model: str | None = None,
        messages: Messages = (),
        stream: bool = True,
        *,
        image: ImageType | None = None,
        use_search_engine: bool = False,
        use_code_interpreter: bool = False,
        random_seed: int | None = None,
    ) -> CreateResult:
        """Yield the answer's text in pieces, none empty, as it grows; with `stream=False` in one, once whole.

        Closing the generator ends the answer upstream. Arguments and errors are those of
        AsyncReka.create_completion.
        """
        yield from self._each(
            self._client.create_completion(
                model,
                messages,
                stream,
                image=image,
                use_search_engine=use_search_engine,
                use_code_interpreter=use_code_interpreter,
                random_seed=random_seed,
            )
        )

    @OnClassOrInstance
    def upload_image(self, image: ImageType, *, access_token: str | None = None) -> str:
        """Upload a picture as it is; the URL by which a turn can refer to it. See AsyncReka.upload_image."""
        return self._result(self._client.upload_image(image, access_token=access_token))

    @OnClassOrInstance
    def get_access_token(self) -> str:
        """The access token that requests carry, fetched where there is none. Raises RekaError."""
        return self._result(self._client.get_access_token())


class RekaPlatform(Blocking[AsyncRekaPlatform], AbstractProvider):
    """A client for the official API that blocks; its methods work on the class and on an instance.

    The constructor's arguments are those of AsyncRekaPlatform. An instance keeps its connections and the list of
    models until `close`; a call on the class makes a client for that call and closes it.
    """

    domain: ClassVar[str] = "api.reka.ai"
    url: ClassVar[str] = DEFAULT_URL
    working: ClassVar[bool] = True
    needs_auth: ClassVar[bool] = True
    supports_stream: ClassVar[bool] = True
    default_vision_model: ClassVar[str] = VISION_MODEL

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
        super().__init__(
            AsyncRekaPlatform(
                api_key=api_key,
                base_url=base_url,
                proxy=proxy,
                idle_timeout=idle_timeout,
                connect_timeout=connect_timeout,
                backoff=backoff,
                default_model=default_model,
                concurrency=concurrency,
            )
        )

    @OnClassOrInstance
    def create_completion(
        self,
        model: str | None = None,
        messages: Messages = (),
        stream: bool = True,
        *,
        image: ImageType | None = None,
        **sampling: Unpack[Sampling],
    ) -> CreateResult:
        """Yield the answer's text in pieces, none empty, as it grows; with `stream=False` in one, once whole.

        Closing the generator ends the answer upstream. Arguments and errors are those of
        AsyncRekaPlatform.create_completion.
        """
        yield from self._each(
            self._client.create_completion(model, messages, stream, image=image, **sampling)
        )

    @OnClassOrInstance
    def list_models(self) -> list[Model]:
        """The models that the key can use. See AsyncRekaPlatform.list_models."""
        return self._result(self._client.list_models())
