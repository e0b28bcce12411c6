"""`prepare_image` for pictures of strangers: in a process of its own, bounded in memory and time."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from reka_provider._decoder_worker import ANSWER, MEDIA_TYPES, REQUEST
from reka_provider._errors import RekaRequestError
from reka_provider._images import PreparedImage

_MIB = 1024 * 1024
_WORKER = Path(__file__).with_name("_decoder_worker.py")
_PIECE_BYTES = 256 * 1024
_LARGEST_ANSWER_BYTES = 32 * _MIB
_NEEDED_BY_WINDOWS = ("SYSTEMROOT",)
_TOO_MUCH = "The image takes too much time or memory to open: make it smaller."


class PictureDecoder:
    """Prepares pictures in a process that may crash or be killed; one starts on demand and ends when idle.

    Args:
        workers: how many pictures at once; others wait for their turn.
        memory_bytes: how much each process may take for its data. 112 MiB are a picture of 24 megapixels; JPEG
            photos are shrunk while they are read and need far less.
        cpu_s: how long one picture may compute.
        timeout_s: how long one picture may take, however busy the machine is.
        idle_s: after how long without pictures a process ends.

    Limits of memory and computing hold on Linux; other systems keep to `timeout_s`.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        memory_bytes: int = 112 * _MIB,
        cpu_s: int = 4,
        timeout_s: float = 15.0,
        idle_s: float = 60.0,
    ) -> None:
        self._workers = workers
        self._memory_bytes = memory_bytes
        self._cpu_s = cpu_s
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._turns = asyncio.Semaphore(workers)
        self._idle: list[Process] = []
        self._alive: set[Process] = set()
        self._timers: dict[Process, asyncio.TimerHandle] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def processes(self) -> int:
        """How many processes there are now."""
        return sum(process.returncode is None for process in self._alive)

    async def prepare(self, data: bytes, *, max_side_px: int = 1568) -> PreparedImage:
        """What `prepare_image` makes of `data`.

        Raises:
            RekaRequestError: it is no picture, damaged, or takes more memory or time than a picture may.
        """
        async with self._turns:
            if self._closed:
                raise RekaRequestError("The picture decoder is closed: open a new one.")
            worker = await self._worker()
            try:
                async with asyncio.timeout(self._timeout_s):
                    kind, width_px, height_px, answer = await _exchange(worker, data, max_side_px)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                await self._kill(worker)
                raise RekaRequestError(_TOO_MUCH) from None
            except BaseException:  # cancelled: its answer would be taken for the next picture's
                await self._kill(worker)
                raise
            self._rest(worker)
        if kind == 0:
            raise RekaRequestError(answer.decode())
        return PreparedImage(answer, MEDIA_TYPES[kind], width_px, height_px)

    async def aclose(self) -> None:
        """End all processes; a picture under way is refused."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        while self._idle:
            await self._kill(self._idle.pop())
        for process in self._alive:
            with suppress(ProcessLookupError):
                process.kill()
        # Whoever was at work sees to the remains; so do those that wait for their turn, one after the other.
        for _ in range(self._workers):
            await self._turns.acquire()
        for _ in range(self._workers):
            self._turns.release()
        for process in tuple(self._alive):
            await self._kill(process)

    async def _worker(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            self._timers.pop(worker).cancel()
            if worker.returncode is None:
                return worker
            await self._kill(worker)
        for ended in [process for process in self._alive if process.returncode is not None]:
            await self._kill(ended)
        # It inherits nothing of the environment: there are tokens in it.
        env = {name: os.environ[name] for name in _NEEDED_BY_WINDOWS if name in os.environ}
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", str(_WORKER), str(self._memory_bytes), str(self._cpu_s)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=env,
        )
        self._alive.add(worker)
        return worker

    def _rest(self, worker: Process) -> None:
        self._idle.append(worker)
        loop = asyncio.get_running_loop()
        self._timers[worker] = loop.call_later(self._idle_s, self._dismiss, worker)

    def _dismiss(self, worker: Process) -> None:
        """Let an idle process end by itself; whoever looks next sees to its remains."""
        self._idle.remove(worker)
        del self._timers[worker]
        if worker.stdin is not None:
            worker.stdin.close()

    async def _kill(self, worker: Process) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            worker.kill()
        if worker.stdin is not None:
            worker.stdin.close()
        # Until its output has ended, too: so long the pipes are open.
        await worker.communicate()
        self._alive.discard(worker)


async def _exchange(worker: Process, data: bytes, max_side_px: int) -> tuple[int, int, int, bytes]:
    """Send one picture, and read the answer. Raises ConnectionError or IncompleteReadError where it dies."""
    if worker.stdin is None or worker.stdout is None:
        raise ConnectionError("a process without pipes")
    worker.stdin.write(REQUEST.pack(max_side_px, len(data)))
    view = memoryview(data)
    for start in range(0, len(data), _PIECE_BYTES):  # in pieces, or the pipe's buffer would hold all of it
        worker.stdin.write(view[start : start + _PIECE_BYTES])
        await worker.stdin.drain()
    kind, width_px, height_px, size = ANSWER.unpack(await worker.stdout.readexactly(ANSWER.size))
    # What comes from there is as trustworthy as the picture.
    if kind >= len(MEDIA_TYPES) or size > _LARGEST_ANSWER_BYTES:
        raise ConnectionError("an answer that is none")
    return kind, width_px, height_px, await worker.stdout.readexactly(size)
