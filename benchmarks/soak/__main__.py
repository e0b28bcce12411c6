"""`python -m benchmarks.soak`: two bots live with every fault there is, and three truths are compared in the end.

House A's process is killed and stopped again and again. House B's lives through, so that its memory and its latency
over time can be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.figures import latencies
from benchmarks.soak.house import SoakError, SoakHouse, live, open_house
from benchmarks.soak.memory import read_memory
from benchmarks.soak.story import CYCLE_S, DEATHS, Story, tell
from benchmarks.soak.table import Outcome, table
from benchmarks.soak.truths import Comparison, tracebacks_in, unexplained, unscripted_429s
from sandbox.rest import RecordedRequest


async def soak(seed: int, minutes: float, folder: Path, *, cycle_s: float = CYCLE_S) -> list[Outcome]:
    """Let both houses live side by side; what their bots say stays in `folder`.

    Raises SoakError where a bot does not come online.
    """
    stories = {name: tell(seed, minutes, deaths=name == "A", cycle_s=cycle_s) for name in "AB"}
    return list(await asyncio.gather(*(_live_in(name, story, folder) for name, story in stories.items())))


async def _live_in(name: str, story: Story, folder: Path) -> Outcome:
    async with open_house(name, folder) as house:
        settled_s = await live(house, story)
        outcome = _outcome(house, story, settled_s)
        await house.stop()  # what it says on its way out counts, too
        outcome.tracebacks = [
            f"{found} ({path.name})"
            for path in house.logs()
            for found in tracebacks_in(path.read_text(encoding="utf-8", errors="replace"))
        ]
        return outcome


def _outcome(house: SoakHouse, story: Story, settled_s: float) -> Outcome:
    memory = read_memory(house.database)
    comparison = Comparison(house.world, memory, house.posted, house.reka.spoken, house.happened)
    verdict = comparison.compare(house.asked.values())
    requests = house.sandbox.requests
    began_s = house.began_s
    deaths = [one for one in house.happened if one.trouble in DEATHS]
    return Outcome(
        house.name,
        story.seed,
        story.length_s,
        verdict,
        killed=bool(deaths),
        troubles=len(house.happened),
        deaths=len(deaths),
        edited=sum(one.edited is not None for one in house.asked.values()),
        pressed=sum(one.pressed for one in house.asked.values()),
        settled_s=settled_s,
        is_settled=not any(row.state == "claimed" for row in memory.values()),
        samples=[(at_s, size) for at_s, size in house.samples if at_s <= story.length_s],  # idle is no test
        latencies=latencies(
            comparison.whole,
            memory,
            house.posted,
            house.reka.spoken,
            house.happened,
            requests,
            began_s,
        ),
        # Only a process that came after another is excused: the first one begins with windows of its own.
        rejected=[_told(one, began_s) for one in unscripted_429s(requests, house.starts_s[1:])],
        invalid=[
            _told(one, began_s) for one in unexplained(requests, house.gone_ids, house.world.interactions)
        ],
        crashes=house.crashes,
    )


def _told(one: RecordedRequest, began_s: float) -> str:
    return f"{one.method} {one.route} {one.status} at {one.at_s - began_s:.1f} s"


def main() -> int:
    """The command line; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long people ask")
    parser.add_argument("--seed", type=int, default=1, help="of everything that happens")
    parser.add_argument(
        "--logs", type=Path, help="an existing folder that keeps databases and what the bots say"
    )
    arguments = parser.parse_args()
    # The sandbox's server logs each request that a killed bot left half-sent.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        try:
            outcomes = asyncio.run(soak(arguments.seed, arguments.minutes, arguments.logs or Path(name)))
        except SoakError as error:
            print(error, file=sys.stderr)
            return 1
    print(table(outcomes))
    return 1 if any(one.faults for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
