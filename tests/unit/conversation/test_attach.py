"""Files of a question -> pictures for the model."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from PIL import Image

from conversation.attach import MIB, Attachments, join_notes, looks_like_picture
from conversation.model import Ask, Author, FileUnavailable, IncomingFile, Place, Quote
from conversation.sentences import say
from reka_provider import PreparedImage, RekaRequestError


def png(side_px: int = 4) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side_px, side_px), "red").save(buffer, "PNG")
    return buffer.getvalue()


def file(
    name: str = "cat.png", data: bytes | None = None, *, size_bytes: int | None = None, error: str = ""
) -> IncomingFile:
    """A file whose download gives `data` or fails."""

    async def read(limit_bytes: int) -> bytes:
        await asyncio.sleep(0)
        if error:
            raise FileUnavailable(error)
        return data if data is not None else png()

    return IncomingFile(name, size_bytes if size_bytes is not None else 100, read)


def ask(*files: IncomingFile, quote: Quote | None = None) -> Ask:
    return Ask(1, Place(1), Author(1, "Ada"), "What is it?", files=files, quote=quote)


async def test_a_picture_is_made_ready() -> None:
    """The model gets what the bytes say, whatever the name says."""
    attached = await Attachments().fetch(ask(file("cat.txt", png(7))))

    (picture,) = attached.pictures
    assert (picture.filename, picture.media_type, picture.width_px) == ("cat.txt", "image/png", 7)
    assert attached.notes == ()


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (file("a.png", size_bytes=21 * MIB), "file-too-large"),
        (file("a.png", b"MZ not a picture"), "file-not-picture"),
        (file("a.png", png()[:40]), "file-broken"),
        (file("a.png", error="file-gone"), "file-gone"),
    ],
)
async def test_a_bad_file_costs_a_note_and_never_the_answer(bad: IncomingFile, kind: str) -> None:
    """The question may do without it."""
    attached = await Attachments().fetch(ask(bad, file()))

    assert len(attached.pictures) == 1
    assert attached.notes == (say(kind, "en-US", name="`a.png`", limit_mib=20),)


async def test_a_file_over_the_limit_is_not_downloaded() -> None:
    """Its size is known beforehand."""

    async def read(_limit_bytes: int) -> bytes:
        raise AssertionError("downloaded")

    attached = await Attachments().fetch(ask(IncomingFile("big.png", 21 * MIB, read)))

    assert len(attached.notes) == 1


async def test_the_fifth_picture_is_named_and_left_out() -> None:
    """Four a question, those of the quoted message after one's own."""
    quote = Quote("Bob", "", (file("e.png"), file("f`.png")))
    files = [file(f"{name}.png") for name in "abc"]

    attached = await Attachments().fetch(ask(*files, quote=quote))

    assert [picture.filename for picture in attached.pictures] == ["a.png", "b.png", "c.png", "e.png"]
    assert attached.notes == (say("file-too-many", "en-US", limit=4, names="`fˋ.png`"),)


async def test_downloads_run_side_by_side_and_within_bounds() -> None:
    """Their addresses expire, and memory is finite."""
    most = now = 0

    async def read(_limit_bytes: int) -> bytes:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(1.0)
        now -= 1
        return png()

    attachments = Attachments(downloads=3)
    await asyncio.gather(*(attachments.fetch(ask(*[IncomingFile("a.png", 1, read)] * 4)) for _ in range(3)))

    assert most == 3


async def test_all_files_together_hold_a_bounded_number_of_bytes() -> None:
    """Many people may send the largest file at once, and the process has one memory."""
    most = now = 0

    def reader(size_bytes: int) -> IncomingFile:
        async def read(limit_bytes: int) -> bytes:
            nonlocal most, now
            assert limit_bytes == size_bytes
            now += size_bytes
            most = max(most, now)
            await asyncio.sleep(1.0)
            now -= size_bytes
            return png()

        return IncomingFile("a.png", size_bytes, read)

    attachments = Attachments(limit=9, limit_bytes=40, room_bytes=100)
    waiting = asyncio.create_task(attachments.fetch(ask(*[reader(40)] * 5)))
    given_up = asyncio.create_task(attachments.fetch(ask(*[reader(20)] * 4)))
    await asyncio.sleep(1.5)
    given_up.cancel()
    attached = await waiting
    last = await attachments.fetch(ask(*[reader(10)] * 9))

    assert (len(attached.pictures), len(last.pictures)) == (5, 9)
    assert 80 <= most <= 100


async def test_a_file_is_read_no_further_than_its_size() -> None:
    """What is longer than it was announced is not what was sent."""
    limits: list[int] = []

    async def read(limit_bytes: int) -> bytes:
        limits.append(limit_bytes)
        return png()

    await Attachments().fetch(ask(*(IncomingFile("a.png", size, read) for size in (7, 0))))

    assert limits == [7, 20 * MIB]


async def test_pictures_are_prepared_where_they_are_told_to_be() -> None:
    """The bot's own are decoded in a process that may be killed."""

    async def prepare(data: bytes) -> PreparedImage:
        if data == png(5):
            raise RekaRequestError("too much")
        return PreparedImage(b"small", "image/png", 2, 1)

    attached = await Attachments(prepare=prepare).fetch(ask(file("a.png"), file("b.png", png(5))))

    assert [picture.data for picture in attached.pictures] == [b"small"]
    assert attached.notes == (say("file-broken", "en-US", name="`b.png`"),)


async def test_the_unexpected_ends_all_downloads() -> None:
    """No download may outlive its question."""
    read_on: list[str] = []

    def reader(fails: bool) -> Callable[[int], Awaitable[bytes]]:
        async def read(_limit_bytes: int) -> bytes:
            await asyncio.sleep(1.0 if fails else 5.0)
            if fails:
                raise KeyError("bug")
            read_on.append("read on")
            return png()

        return read

    files = [IncomingFile("a.png", 1, reader(fails)) for fails in (True, False)]
    with pytest.raises(ExceptionGroup):
        await Attachments().fetch(ask(*files))
    await asyncio.sleep(10.0)

    assert read_on == []


async def test_no_files_are_no_notes() -> None:
    """The usual question."""
    attached = await Attachments().fetch(ask())

    assert (attached.pictures, attached.notes) == ((), ())


@pytest.mark.parametrize(
    ("data", "is_picture"),
    [
        (b"\x89PNG\r\n\x1a\n..", True),
        (b"\xff\xd8\xff\xe0", True),
        (b"GIF89a", True),
        (b"RIFF\0\0\0\0WEBPVP8 ", True),
        (b"RIFF\0\0\0\0WAVEfmt ", False),
        (b"%PDF-1.7", False),
        (b"", False),
    ],
)
def test_a_file_is_judged_by_its_bytes(data: bytes, is_picture: bool) -> None:
    """Names and declared types are what the sender says."""
    assert looks_like_picture(data) is is_picture


def test_empty_sentences_make_no_lines() -> None:
    """A note with a hole in it looks broken."""
    assert join_notes(["one", "", "two"]) == "one\ntwo"
