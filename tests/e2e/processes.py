"""Our programs as processes of their own: with what they print, and with no trace left of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
_OURS = tuple(name.upper() for name in Settings.model_fields)


@dataclass(slots=True)
class Program:
    """A running program; `output` and `errors` are the lines so far."""

    process: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    def listen(self) -> None:
        """Read what it prints, from now on."""
        for stream, lines in ((self.process.stdout, self.output), (self.process.stderr, self.errors)):
            if stream is not None:
                self._readers.append(asyncio.create_task(_read(stream, lines)))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it started, as a terminal does on Ctrl+C."""
        os.killpg(self.process.pid, number)

    async def until(self, holds: Callable[[], object], timeout_s: float = 15.0) -> None:
        """Wait until `holds()`; raises TimeoutError with what it printed, or AssertionError once it has ended."""
        deadline_s = time.monotonic() + timeout_s
        while not holds():
            told = "\n".join(["it said:", *self.output, *self.errors])
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"still not so after {timeout_s:g} s; {told}")
            assert self.process.returncode is None, told
            await asyncio.sleep(0.02)

    async def ended(self, timeout_s: float = 10.0) -> int:
        """Wait for its end and that of all that it started, which hold its output open; its exit status.

        Raises:
            TimeoutError: with what it printed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                status = await self.process.wait()
                await asyncio.gather(*self._readers)
        except TimeoutError as error:
            raise TimeoutError("\n".join(["still running; it said:", *self.output, *self.errors])) from error
        return status


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    async for line in stream:
        lines.append(line.decode().rstrip("\n"))  # noqa: PERF401 - one by one, as they come


@asynccontextmanager
async def running(
    arguments: Sequence[str], env: Mapping[str, str], *, folder: Path
) -> AsyncIterator[Program]:
    """Start a program of ours in a group of its own; one that still runs in the end is told to stop.

    None of our settings in the environment of the tests reaches it, nor a .env: `folder` has none.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    program = Program(process)
    program.listen()
    try:
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await program.ended()
        finally:
            with suppress(ProcessLookupError):  # the whole group ended by itself, as it should
                program.signal(signal.SIGKILL)
            # Part of the test's own output: it is searched for secrets, and shown where the test fails.
            sys.stdout.writelines(f"{line}\n" for line in (*program.output, *program.errors))


def running_bot(
    env: Mapping[str, str], folder: Path, *arguments: str
) -> AbstractAsyncContextManager[Program]:
    """`python bot.py`."""
    return running([str(ROOT / "bot.py"), *arguments], env, folder=folder)
