"""Programs of ours in processes of their own, and what they cost as Linux counts it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOODBYE_S = 15.0
_OURS = (
    "DISCORD_", "REKA_", "DATABASE_URL", "GRACE_S", "LOG_", "MESSAGE_CONTENT", "ALLOWED_GUILDS", "REST_",
    "SHARD_", "HISTORY_", "QUESTIONS_", "SYSTEM_PROMPT", "HEALTH_",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took so far: seconds on a CPU, seconds it waited for one, its largest memory."""

    cpu_s: float
    waited_s: float
    peak_bytes: int

    def since(self, earlier: Usage) -> Usage:
        """The seconds since `earlier`; the memory stays the largest ever."""
        return Usage(self.cpu_s - earlier.cpu_s, self.waited_s - earlier.waited_s, self.peak_bytes)


def usage_is_known() -> bool:
    """Whether this system tells what a process took."""
    return Path("/proc/self/schedstat").exists()


def usage(pid: int) -> Usage:
    """Read what a running process took (proc(5): stat, schedstat, status); its threads count."""
    folder = Path("/proc") / str(pid)
    # The second field is the program's name in brackets, which may hold spaces.
    fields = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    waited_ns = sum(
        int((task / "schedstat").read_text(encoding="ascii").split()[1])
        for task in (folder / "task").iterdir()
    )
    status = (folder / "status").read_text(encoding="utf-8", errors="replace")
    peak_kib = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), waited_ns / 1e9, peak_kib * 1024)


@asynccontextmanager
async def running(
    arguments: Sequence[str], folder: Path, said: Path, env: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program of ours in `folder`, its errors going into the file `said`; SIGTERM ends it.

    No setting of this environment reaches it, nor a .env: `folder` has none.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with said.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(ROOT), **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it ended this very moment
            process.terminate()
    try:
        async with asyncio.timeout(GOODBYE_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
