"""Files of a question -> pictures for the model, with a note for each that was left out.

A file is judged by its bytes, never by its name or declared type. Downloads start at once, since the addresses
expire, and run side by side; decoding is bounded, since one picture of 50 megapixels takes 200 MB.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from conversation.model import Ask, FileUnavailable, IncomingFile, Picture
from conversation.sentences import say
from reka_provider import RekaConnectionError, RekaError, RekaRequestError, prepare_image

log = logging.getLogger(__name__)

MIB = 1024 * 1024

Upload = Callable[[bytes], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of the files of one question; `notes` are sentences in the asker's language."""

    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()


class Attachments:
    """Downloads and prepares the pictures of questions.

    Args:
        limit: pictures per question.
        limit_bytes: the largest file that is downloaded.
        downloads, decodings: how many at once, over all questions.
        upload: tells the model of a picture before it is remembered, so that one which the model refuses costs a
            note now and not every later question of the channel. Raises RekaError.
    """

    def __init__(
        self,
        *,
        limit: int = 4,
        limit_bytes: int = 20 * MIB,
        downloads: int = 16,
        decodings: int = 2,
        upload: Upload | None = None,
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._downloads = asyncio.Semaphore(downloads)
        self._decodings = asyncio.Semaphore(decodings)
        self._upload = upload

    async def fetch(self, ask: Ask) -> Attached:
        """Make the files of `ask` and of the message it quotes ready; a bad one costs a note, never the answer."""
        files = [*ask.files, *(ask.quote.files if ask.quote else ())]
        chosen, rest = files[: self._limit], files[self._limit :]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(file, ask.locale)) for file in chosen]
        results = [task.result() for task in tasks]
        notes = [result for result in results if isinstance(result, str)]
        if rest:
            names = ", ".join(_shown_name(file) for file in rest)
            notes.append(say("file-too-many", ask.locale, limit=self._limit, names=names))
        pictures = [
            replace(result, quoted=at >= len(ask.files))
            for at, result in enumerate(results)
            if isinstance(result, Picture)
        ]
        return Attached(tuple(pictures), tuple(notes))

    async def _one(self, file: IncomingFile, locale: str) -> Picture | str:
        try:
            return await self._picture(file)
        except FileUnavailable as error:
            log.info("left a file out", extra={"why": error.reason, "bytes": file.size_bytes})
            return say(error.reason, locale, name=_shown_name(file), limit_mib=self._limit_bytes // MIB)

    async def _picture(self, file: IncomingFile) -> Picture:
        if file.size_bytes > self._limit_bytes:
            raise FileUnavailable("file-too-large")
        async with self._downloads:
            data = await file.read(self._limit_bytes)
        if not looks_like_picture(data):
            raise FileUnavailable("file-not-picture")
        async with self._decodings:
            try:
                image = await asyncio.to_thread(prepare_image, data)
            except RekaRequestError as error:
                raise FileUnavailable("file-broken") from error
        await self._tell_model(image.data)
        return Picture(file.filename, image.media_type, image.width_px, image.height_px, image.data)

    async def _tell_model(self, data: bytes) -> None:
        if self._upload is None:
            return
        try:
            await self._upload(data)
        except RekaError as error:
            # A proxy's refusal is a wrong request too, but no matter of the picture.
            if isinstance(error, RekaRequestError) and not isinstance(error, RekaConnectionError):
                raise FileUnavailable("file-refused") from error
            # It may pass; if not, the answer itself will meet it and tell.
            log.info("could not upload a picture yet", extra={"error": type(error).__name__})


def looks_like_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a PNG, JPEG, WebP or GIF."""
    return (
        data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    )  # fmt: skip


def _shown_name(file: IncomingFile) -> str:
    """The file's name as inline code, so that nothing in it is read as Markdown or a mention."""
    return f"`{file.filename.replace('`', 'ˋ')[:80]}`"


def join_notes(sentences: Sequence[str]) -> str:
    """Several sentences as the lines of one note."""
    return "\n".join(sentence for sentence in sentences if sentence)
