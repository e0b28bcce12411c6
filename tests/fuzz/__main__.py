"""`python -m tests.fuzz --seconds 600`: bytes that no server should send, until one does what it must not.

tests/fuzz/guided.py searches by coverage, where atheris is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.corpus import RESPONSES
from tests.fuzz.search import Finding, Search, bound
from tests.fuzz.targets import checks
from tests.fuzz.whole_client import CALLS, AnyServer, try_response

_LARGEST_QUOTE_BYTES = 2000


async def search(seconds: float, seed: int, only: str | None = None) -> tuple[Search, Finding | None]:
    """Search all targets, or the one of that name."""
    async with AnyServer() as server:
        calls = {call.__name__.strip("_"): (bound(try_response, server, call), RESPONSES) for call in CALLS}
        found = checks()
        if only is not None:
            found = {name: one for name, one in found.items() if name == only}
            calls = {name: one for name, one in calls.items() if name == only}
        run = Search(seed, found, calls)
        return run, await run.run(seconds)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _names() -> list[str]:
    return [*checks(), *(call.__name__.strip("_") for call in CALLS)]


def main(given: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 1 where something was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Fuzz what reads Reka's answers."
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search (default: 60)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="of an earlier run")
    parser.add_argument("--target", choices=_names(), help="only this one")
    arguments = parser.parse_args(given)
    _tell(f"seed {arguments.seed}")
    run, found = asyncio.run(search(arguments.seconds, arguments.seed, arguments.target))
    tried = ", ".join(f"{name} {count}" for name, count in run.tried.items())
    _tell(f"tried {run.tried.total()}: {tried}")
    if found is None:
        return 0
    traceback.print_exception(found.error)
    _tell(f"found in {found.target}, case {found.case}: {found.data[:_LARGEST_QUOTE_BYTES]!r}")
    if len(found.data) > _LARGEST_QUOTE_BYTES:
        with tempfile.NamedTemporaryFile(prefix="fuzz-", suffix=".bin", delete=False) as kept:
            kept.write(found.data)
        _tell(f"all of it: {Path(kept.name)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
