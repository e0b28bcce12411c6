"""`python -m benchmarks.chaos`: kill the bot anywhere, start it again, and print what became of every question."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from benchmarks.chaos.kills import REPAIRED_WITHIN_S, Outcome, run_rounds
from benchmarks.chaos.story import tell
from benchmarks.chaos.truths import Verdict


def seeds_for(kills: int, first_seed: int) -> list[int]:
    """So many seeds from the first on that the bot is killed at least `kills` times in their stories."""
    seeds: list[int] = []
    killed = 0
    while killed < kills:
        seeds.append(first_seed + len(seeds))
        killed += tell(seeds[-1], 0).kills
    return seeds


async def run_all(seeds: Sequence[int], houses: int) -> list[Outcome]:
    """Run the rounds of all seeds, dealt out to so many houses side by side."""
    hands = [seeds[at::houses] for at in range(houses)]
    running = (run_rounds(str(at), hand) for at, hand in enumerate(hands) if hand)
    return [outcome for outcomes in await asyncio.gather(*running) for outcome in outcomes]


def is_clean(outcomes: Sequence[Outcome]) -> bool:
    """Whether every promise was kept."""
    return not any(
        one.verdict.faults or one.tracebacks or one.repaired_s > REPAIRED_WITHIN_S for one in outcomes
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures of all rounds as one Markdown table, and what was found wrong below it."""
    total = Verdict()
    for outcome in outcomes:
        total.add(outcome.verdict)
    repaired = sorted(one.repaired_s for one in outcomes)
    figures = {
        "kills": sum(one.kills for one in outcomes),
        "whole": total.whole,
        "ended with a note": total.labelled,
        "never claimed": total.unclaimed,
        "beyond reach": total.beyond_reach,
        "lost": total.lost,
        "doubled": total.doubled,
        "half-made": total.half_made,
        "wrong": total.wrong,
        "unheard": total.unheard,
        "tracebacks": sum(one.tracebacks for one in outcomes),
        "settled s (p50 p95 max)": " ".join(
            f"{repaired[min(len(repaired) - 1, int(part * len(repaired)))]:.1f}" for part in (0.5, 0.95, 1.0)
        ),
    }
    lines = [f"| {' | '.join(figures)} |", f"|{' --- |' * len(figures)}"]
    lines.append(f"| {' | '.join(map(str, figures.values()))} |")
    lines += [f"seed {one.seed}: {fault}" for one in outcomes for fault in one.verdict.faults]
    return "\n".join(lines)


def main() -> int:
    """The command line; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the bot is killed, at least")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next ones follow")
    parser.add_argument("--houses", type=int, default=3, help="how many bots live side by side")
    arguments = parser.parse_args()
    outcomes = asyncio.run(run_all(seeds_for(arguments.kills, arguments.seed), arguments.houses))
    print(table(outcomes))
    return 0 if is_clean(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
