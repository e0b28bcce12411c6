"""Pictures to the URLs by which a turn can refer to them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection

import aiohttp

from reka_provider._auth import Auth
from reka_provider._errors import RekaError, RekaResponseError
from reka_provider._http import Body, Http, Patience, read_up_to
from reka_provider._images import check_image
from reka_provider._single_flight import SingleFlight

_REMEMBERED = 256
_LARGEST_ANSWER_BYTES = 256 * 1024

Post = Callable[[str, Body, dict[str, str], Auth, Patience], Awaitable[aiohttp.ClientResponse]]
"""Posts a body to a path with headers more than the usual, and with an access token."""


class Uploads:
    """Uploads pictures, and remembers by their digest where the last ones went."""

    def __init__(self, http: Http, post: Post, auth: Auth) -> None:
        self._http = http
        self._post = post
        self._auth = auth
        self._urls: OrderedDict[bytes, str] = OrderedDict()
        self._running: SingleFlight[tuple[str, float]] = SingleFlight()

    async def url_of(self, data: bytes, patience: Patience) -> str:
        """The URL of a picture, uploaded once as long as it is remembered. Raises RekaError."""
        digest = hashlib.sha256(data).digest()
        known = self._urls.get(digest)
        if known is not None:
            self._urls.move_to_end(digest)
            return known
        limit_s = patience.left_s

        async def upload() -> tuple[str, float]:
            await asyncio.to_thread(check_image, data)
            own = Patience(limit_s)
            return await self.upload(data, self._auth, own), limit_s - own.left_s

        url, waited_s = await self._running.run(digest, upload)
        patience.left_s = max(0.0, patience.left_s - waited_s)
        self._urls[digest] = url
        if len(self._urls) > _REMEMBERED:
            self._urls.popitem(last=False)
        return url

    def remembered(self) -> frozenset[str]:
        """The URLs of pictures that need no upload, as long as Reka knows them as well."""
        return frozenset(self._urls.values())

    def forget(self, urls: Collection[str]) -> None:
        """Reka does not know these any more: the next who needs one of the pictures uploads it anew."""
        for digest in [digest for digest, url in self._urls.items() if url in urls]:
            del self._urls[digest]

    async def upload(self, data: bytes, auth: Auth, patience: Patience) -> str:
        """The URL of a picture, uploaded now and as it is. Raises RekaError.

        Wire: POST /api/upload-image, multipart, answers {"media_url": ...} (reka-api.md 1.4).
        """

        def form() -> aiohttp.FormData:
            made = aiohttp.FormData()
            made.add_field("image", data, filename="image.png", content_type="image/png")
            return made

        failure: RekaError
        response = await self._post("/api/upload-image", form, {}, auth, patience)
        try:
            answer = await read_up_to(response, _LARGEST_ANSWER_BYTES)
        except (aiohttp.ClientError, OSError) as error:
            failure = self._http.translate(error)
        else:
            url = _media_url_in(answer)
            if url is not None:
                return url
            failure = RekaResponseError("Reka took the image but answered without its media_url.")
        finally:
            response.close()
        raise failure


def _media_url_in(answer: bytes) -> str | None:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    url = value.get("media_url") if isinstance(value, dict) else None
    return url if isinstance(url, str) and url else None
