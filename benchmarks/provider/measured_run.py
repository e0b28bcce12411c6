"""`python -m benchmarks.provider.measured_run READER URL STREAMS ROUNDS TOKENS`: one client, alone in a process.

Prints one JSON object, the fields of `Cost`. Importing and making the client are before the clock; both count for the
memory.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.provider.answers import pieces
from benchmarks.provider.readers import Ask, readers


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading so many answers took one process."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    first_ms: list[float]
    """From asking to the first text, of each answer."""
    wrong: int
    """Answers whose text is not the one that was sent."""


async def measure(name: str, url: str, streams: int, rounds: int, tokens: int) -> Cost:
    """Ask `streams` questions at once, `rounds` times over."""
    expected = "".join(pieces(tokens))
    first_ms: list[float] = []
    texts: list[str | None] = []
    async with readers()[name](url, streams) as ask:
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        for _ in range(rounds):
            texts += await asyncio.gather(*(_timed(ask, first_ms) for _ in range(streams)))
        cpu_s, wall_s = time.process_time() - begun_cpu_s, time.perf_counter() - begun_s
    wrong = sum(text is not None and text != expected for text in texts)
    return Cost(wall_s, cpu_s, _peak_bytes(), first_ms, wrong)


async def _timed(ask: Ask, first_ms: list[float]) -> str | None:
    asked_s = time.perf_counter()
    return await ask(lambda: first_ms.append((time.perf_counter() - asked_s) * 1000))


def _peak_bytes() -> int:
    """The largest memory of this process (proc(5), status)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    reader, address, *numbers = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(measure(reader, address, *map(int, numbers))))))
