"""`python -m benchmarks.fleet`: four processes over a real PostgreSQL, one killed and one replaced, as a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from benchmarks.delivery.house import BenchmarkError, tell
from benchmarks.delivery.table import as_text
from benchmarks.fleet.story import KILLED, REPLACED, Outcome, Plan, tell_story
from tests.contract.postgres_cluster import shared_cluster

COLUMNS = ("questions", "asked", "whole", "noted", "unheard", "lost", "half-made", "doubled")


def rows_of(outcome: Outcome) -> list[list[str]]:
    """One row for each wave of questions."""
    rows = []
    for wave, one in outcome.verdicts.items():
        counts = (one.whole, one.noted, one.unheard, one.lost, one.half, one.doubled)
        rows.append([wave, str(sum(counts)), *map(str, counts)])
    return rows


def sentences_of(outcome: Outcome) -> list[str]:
    """What the table does not hold."""
    killed_s, replaced_s = outcome.settled_s[KILLED], outcome.settled_s[REPLACED]
    return [
        f"{outcome.in_flight} replies were in flight when the process of shard {KILLED} was killed.",
        f"Its last reply ended {_after(killed_s)}.",
        f"That of shard {REPLACED}, which was replaced, ended {_after(replaced_s)}.",
        (
            f"Strays {outcome.strays}, tracebacks {outcome.tracebacks}, early log-ins {outcome.early_log_ins}, "
            f"429s {outcome.rejected}."
        ),
    ]


def _after(time_s: float) -> str:
    return f"{time_s:.1f} s after it was back" if time_s >= 0 else "never"


def main() -> int:
    """The command line; exit status 1 where anything was lost, half-made or doubled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--guilds", type=int, default=2_000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--logs", type=Path, help="an existing folder that keeps what the processes say")
    arguments = parser.parse_args()
    plan = Plan(guilds=arguments.guilds, in_flight=arguments.in_flight)
    try:
        outcome = asyncio.run(tell_story(plan, shared_cluster(), arguments.logs))
    except BenchmarkError as error:
        tell(str(error))
        return 1
    print(as_text(COLUMNS, rows_of(outcome)))
    print("\n".join(sentences_of(outcome)))
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
