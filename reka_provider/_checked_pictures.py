"""Pictures that were seen to be whole, so that those of a long conversation are not decoded with each question."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from reka_provider._images import check_image

_REMEMBERED = 256


class CheckedPictures:
    """Checks pictures in a thread, each only once as long as its digest is remembered."""

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    async def check(self, pictures: Iterable[bytes]) -> None:
        """Raise RekaRequestError unless each is a whole picture of a kind that Reka may be sent."""
        for digest in await asyncio.to_thread(self._checked, list(pictures)):
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)

    def _checked(self, pictures: list[bytes]) -> list[bytes]:
        digests = [hashlib.sha256(data).digest() for data in pictures]
        for digest, data in zip(digests, pictures, strict=True):
            if digest not in self._digests:
                check_image(data)
        return digests
