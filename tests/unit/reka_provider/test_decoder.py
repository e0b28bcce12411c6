"""Pictures decoded in a process that may be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reka_provider import PictureDecoder, RekaRequestError, prepare_image
from reka_provider import _decoder_worker as worker_module

MIB = 1024 * 1024
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limits of memory and computing are Linux's")


def png(width_px: int, height_px: int, *, rows: int | None = None) -> bytes:
    """A grey PNG in RGB, made without the memory that it takes to open it; with fewer `rows` it is cut off."""
    packer = zlib.compressobj(1)
    row = b"\0" + b"\x80" * (width_px * 3)
    pixels = (
        b"".join(packer.compress(row) for _ in range(height_px if rows is None else rows)) + packer.flush()
    )
    header = struct.pack("!IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.fixture
async def decoder() -> AsyncIterator[PictureDecoder]:
    async with PictureDecoder() as opened:
        yield opened


def children() -> list[int]:
    """The processes that the decoder has started and that still run."""
    columns = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())]  # -ww: not cut at $COLUMNS
    table = subprocess.run(columns, capture_output=True, text=True, check=False)  # 1: there are none
    return [int(line.split()[0]) for line in table.stdout.splitlines() if "_decoder_worker" in line]


def kill_all() -> None:
    """Kill them as the kernel does; a test that killed none would prove nothing."""
    pids = children()
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def until_none_runs(decoder: PictureDecoder) -> None:
    """Wait until the decoder has no process; the system tells nobody."""
    while decoder.processes:  # noqa: ASYNC110 - the same
        await asyncio.sleep(0.01)


async def test_a_picture_is_prepared_as_without_the_process(decoder: PictureDecoder) -> None:
    """Where it is decoded must not be seen in what comes out."""
    assert await decoder.prepare(png(3000, 20)) == prepare_image(png(3000, 20))
    assert (await decoder.prepare(png(300, 20), max_side_px=30)).width_px == 30


async def test_a_bad_picture_is_told_in_the_same_words(decoder: PictureDecoder) -> None:
    """And the process goes on with the next one."""
    for bad in (b"", b"GIF89a", b"no picture", png(9, 9)[:60], png(10_000, 10_000, rows=1)):
        with pytest.raises(RekaRequestError) as alone:
            prepare_image(bad)
        with pytest.raises(RekaRequestError) as apart:
            await decoder.prepare(bad)
        assert str(apart.value) == str(alone.value)
    assert decoder.processes == 1


@LINUX
async def test_a_picture_that_takes_too_much_memory_is_refused(decoder: PictureDecoder) -> None:
    """A file of half a megabyte may open to hundreds."""
    with pytest.raises(RekaRequestError, match="memory"):
        await decoder.prepare(png(7000, 7000))

    assert (await decoder.prepare(png(40, 30))).width_px == 40


@LINUX
async def test_a_picture_that_computes_too_long_is_given_up() -> None:
    """Nobody waits for it, and the processor is for the others."""
    async with PictureDecoder(cpu_s=-1) as decoder:
        begun_s = time.monotonic()
        with pytest.raises(RekaRequestError, match="time or memory"):  # noqa: PT012 - at the latest the tenth
            for _ in range(10):
                await decoder.prepare(png(5000, 5000))
        assert time.monotonic() - begun_s < 10


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    """Also where the process only sleeps."""
    async with PictureDecoder(timeout_s=0.001) as decoder:
        with pytest.raises(RekaRequestError, match="time or memory"):
            await decoder.prepare(png(40, 30))
        assert decoder.processes == 0


async def test_a_process_that_was_killed_costs_one_picture(decoder: PictureDecoder) -> None:
    """The kernel takes the largest one first when memory runs out."""
    await decoder.prepare(png(40, 30))
    decoding = asyncio.create_task(decoder.prepare(png(5000, 5000)))
    await asyncio.sleep(0.02)
    kill_all()

    with pytest.raises(RekaRequestError, match="time or memory"):
        await decoding
    assert (await decoder.prepare(png(40, 30))).width_px == 40


async def test_a_process_that_died_in_its_sleep_costs_nothing(decoder: PictureDecoder) -> None:
    """The next picture gets a new one."""
    await decoder.prepare(png(40, 30))
    kill_all()
    await until_none_runs(decoder)

    assert (await decoder.prepare(png(40, 30))).width_px == 40


async def test_a_cancelled_picture_leaves_no_answer_behind(decoder: PictureDecoder) -> None:
    """The next question would get somebody else's picture."""
    await decoder.prepare(png(40, 30))
    decoding = asyncio.create_task(decoder.prepare(png(3000, 2000)))
    await asyncio.sleep(0.02)
    decoding.cancel()
    await asyncio.wait({decoding})

    assert (await decoder.prepare(png(40, 30))).width_px == 40
    assert decoding.cancelled()


async def test_pictures_wait_for_their_turn(decoder: PictureDecoder) -> None:
    """Memory is bounded for all of them together."""
    prepared = await asyncio.gather(*(decoder.prepare(png(side, 10)) for side in range(10, 18)))

    assert [one.width_px for one in prepared] == list(range(10, 18))
    assert decoder.processes == 1


async def test_an_idle_process_ends() -> None:
    """Most bots see few pictures: 30 MiB are too much for none."""
    async with PictureDecoder(idle_s=0.05) as decoder:
        await decoder.prepare(png(40, 30))
        await until_none_runs(decoder)
        assert children() == []

        assert (await decoder.prepare(png(40, 30))).width_px == 40


async def test_closing_ends_the_processes_and_what_waits() -> None:
    """Nothing of ours outlives the bot."""
    decoder = PictureDecoder()
    await decoder.prepare(png(40, 30))
    decoding = [asyncio.create_task(decoder.prepare(png(5000, 3000))) for _ in range(3)]
    await asyncio.sleep(0.02)
    await decoder.aclose()

    results = await asyncio.gather(*decoding, return_exceptions=True)
    assert [type(result) for result in results] == [RekaRequestError] * 3
    assert children() == []


async def test_without_pictures_there_is_no_process() -> None:
    """It starts on demand."""
    async with PictureDecoder() as decoder:
        assert decoder.processes == 0


def test_the_process_loads_nothing_that_speaks_to_a_network_and_sees_no_secret() -> None:
    """What a hostile picture takes over should find nothing there."""
    code = (
        "import sys, io, types; sys.argv = ['x', '160000000', '4']\n"
        f"sys.path.insert(0, {str(Path(worker_module.__file__).parent)!r})\n"
        "sys.stdin = types.SimpleNamespace(buffer=io.BytesIO()); import _decoder_worker as w; w._main()\n"
        "try:\n    open('/etc/passwd')\nexcept OSError as error:\n    print(error.strerror)\n"
        "print(sorted({'asyncio', 'aiohttp', 'socket', 'ssl', 'discord', 'PIL'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines() == ["Too many open files", "['PIL']"]
