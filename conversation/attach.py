"""Files of a question -> pictures for the model, with a note for each that was left out.

A file is judged by its bytes, never by its name or declared type. Downloads start at once, since the addresses
expire, and run side by side as long as all files in memory together stay small.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from conversation.model import Ask, FileUnavailable, IncomingFile, Picture
from conversation.sentences import say
from reka_provider import PreparedImage, RekaConnectionError, RekaError, RekaRequestError, prepare_image

log = logging.getLogger(__name__)

MIB = 1024 * 1024

Upload = Callable[[bytes], Awaitable[object]]
Prepare = Callable[[bytes], Awaitable[PreparedImage]]


async def prepare_in_thread(data: bytes) -> PreparedImage:
    """`prepare_image` beside the loop; what a picture may take is bounded by its pixels alone."""
    return await asyncio.to_thread(prepare_image, data)


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
        room_bytes: how much all files may hold at once, from the download to the decoder, over all questions.
        prepare: `prepare_image`, and where it runs. Raises RekaRequestError.
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
        room_bytes: int = 24 * MIB,
        prepare: Prepare = prepare_in_thread,
        upload: Upload | None = None,
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._downloads = asyncio.Semaphore(downloads)
        self._decodings = asyncio.Semaphore(decodings)
        self._room = _Room(max(room_bytes, limit_bytes))
        self._prepare = prepare
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
        # Discord tells the true size: a longer file is not what was announced.
        size_bytes = file.size_bytes or self._limit_bytes
        async with self._room.taken(size_bytes):
            image = await self._prepared(file, size_bytes)
        await self._tell_model(image.data)
        return Picture(file.filename, image.media_type, image.width_px, image.height_px, image.data)

    async def _prepared(self, file: IncomingFile, size_bytes: int) -> PreparedImage:
        async with self._downloads:
            data = await file.read(size_bytes)
        if not looks_like_picture(data):
            raise FileUnavailable("file-not-picture")
        async with self._decodings:
            try:
                return await self._prepare(data)
            except RekaRequestError as error:
                raise FileUnavailable("file-broken") from error

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


class _Room:
    """Bytes to share: whoever takes some waits until they are free, first come, first served."""

    def __init__(self, free_bytes: int) -> None:
        self._free_bytes = free_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, size_bytes: int) -> AsyncIterator[None]:
        """Hold `size_bytes` of it, which must not be more than there are."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (size_bytes, turn)
        self._waiting.append(waiter)
        self._let_in()
        try:
            await turn
            yield
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                self._free_bytes += size_bytes
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free_bytes:
            size_bytes, turn = self._waiting.popleft()
            self._free_bytes -= size_bytes
            if not turn.done():  # cancelled, and about to give it back
                turn.set_result(None)


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
