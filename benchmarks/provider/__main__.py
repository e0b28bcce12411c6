"""`python -m benchmarks.provider`: what reading Reka's answers costs, beside g4f and the openai SDK, as a table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery import table
from benchmarks.provider import peers
from benchmarks.provider.answers import Wire
from benchmarks.provider.comparison import COLUMNS, LEGEND, PEERS, Measured, client_names, rows_of, targets_of
from benchmarks.provider.loopback import TOKENS_PER_S
from benchmarks.provider.measured_run import Cost

ROOT = Path(__file__).parents[2]
WIRES: tuple[Wire, ...] = ("official", "space")
FIRST_TOKEN_ROUNDS = 100
LONGEST_RUN_S = 300.0


class BenchmarkError(Exception):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many questions at once, so often, of a server that answers in a `mode` of loopback.Answers."""

    name: str
    mode: str
    streams: int
    rounds: int = 1


def loads_of(streams: Sequence[int], *, paced: bool) -> list[Load]:
    """The loads of a run; `paced` adds answers at the speed of a model."""
    loads = [Load("first token", "first", 1, FIRST_TOKEN_ROUNDS)]
    loads += [Load(f"{count} at once", "events", count) for count in streams]
    if paced:
        loads += [Load(f"{count} at {TOKENS_PER_S}/s", "paced", count) for count in streams]
    return loads


@asynccontextmanager
async def loopback(tokens: int) -> AsyncIterator[str]:
    """The URL of a server in a process of its own."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.provider.loopback", str(tokens),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stdin is not None and server.stdout is not None  # noqa: S101, PT018 - both are pipes
    try:
        yield (await server.stdout.readline()).decode().strip()
    finally:
        server.stdin.close()  # which is its sign to end
        await server.wait()


async def cost_of(name: str, python: str, url: str, load: Load, tokens: int) -> Cost:
    """Run one client in a fresh process. Raises BenchmarkError."""
    client = await asyncio.create_subprocess_exec(
        python, "-m", "benchmarks.provider.measured_run",
        name, f"{url}/{load.mode}", str(load.streams), str(load.rounds), str(tokens),
        cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={key: value for key, value in os.environ.items() if not key.upper().endswith("_PROXY")},
    )  # fmt: skip
    try:
        async with asyncio.timeout(LONGEST_RUN_S):
            said, errors = await client.communicate()
    except TimeoutError:
        raise BenchmarkError(f"{name} had not read its answers after {LONGEST_RUN_S:.0f} s.") from None
    finally:
        if client.returncode is None:
            client.kill()
            await client.wait()
    if client.returncode != 0:
        raise BenchmarkError(f"{name} failed: {errors.decode(errors='replace')[-2000:]}")
    return Cost(**json.loads(said.splitlines()[-1]))


async def measure_all(loads: Sequence[Load], tokens: int, peers_python: str | None) -> list[Measured]:
    """Run every client under every load, one at a time; the peers where their Python is given.

    Raises BenchmarkError.
    """
    found = []
    async with loopback(tokens) as url:
        for load in loads:
            for wire in WIRES:
                costs = {}
                for name in client_names(wire):
                    python = peers_python if name == PEERS[wire] else sys.executable
                    if python is not None:
                        print(f"{load.name}: {name}", file=sys.stderr)
                        costs[name] = await cost_of(name, python, url, load, tokens)
                found.append(Measured(wire, load.name, load.streams, load.rounds, tokens, costs))
    return found


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.provider",
        description="What reading Reka's answers costs, beside g4f and the openai SDK, on loopback.",
    )
    parser.add_argument(
        "streams", nargs="*", type=int, metavar="STREAMS", help="how many at once (default: 1 50 500)"
    )
    parser.add_argument("--tokens", type=int, default=400, help="tokens of each answer (default: 400)")
    parser.add_argument(
        "--paced", action="store_true", help=f"also answers of {TOKENS_PER_S} tokens a second; takes minutes"
    )
    parser.add_argument(
        "--install", action="store_true", help=f"first make the venv of the peers, {peers.folder()}"
    )
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args(given)
    arguments.streams = arguments.streams or [1, 50, 500]
    if min(arguments.streams) < 1 or arguments.tokens < 2:
        parser.error("STREAMS must be 1 or more, --tokens 2 or more")
    return arguments


def main(given: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 1 where a target is missed or the benchmark could not go on."""
    arguments = _arguments(given)
    if not Path("/proc/self/status").exists():
        print(
            "This benchmark reads a client's memory from Linux's /proc, which is not here.", file=sys.stderr
        )
        return 1
    try:
        if arguments.install:
            peers.install(peers.folder())
        peers_python = None if arguments.alone else str(peers.python(peers.folder()))
        loads = loads_of(arguments.streams, paced=arguments.paced)
        measured = asyncio.run(measure_all(loads, arguments.tokens, peers_python))
    except (BenchmarkError, peers.PeersMissingError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    rows = [row for one in measured for row in rows_of(one)]
    print((table.as_markdown if arguments.markdown else table.as_text)(COLUMNS, rows))
    print(f"\n{LEGEND}\n")
    targets = targets_of(measured)
    for target in targets:
        verdict = "held" if target.held else "MISSED"
        print(f"{verdict}: {target.said}: {target.value:.3g}, at most {target.at_most:g}")
    return 0 if all(target.held for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
