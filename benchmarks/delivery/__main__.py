"""`python -m benchmarks.delivery`: the real bot at Discord's limits, as a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.delivery import fault_runs, rate_search, table, timeline
from benchmarks.delivery.house import BenchmarkError, Conditions, tell
from benchmarks.delivery.load_run import Run, run_load
from benchmarks.delivery.loads import RATE_SEARCH, Load, all_loads, names
from benchmarks.delivery.processes import usage_is_known


async def run_loads(
    loads: Sequence[str], conditions: Conditions, *, runs: int, scale: float, told: Callable[[Run], None]
) -> list[list[str]]:
    """Run the loads of these names one after the other, `told` of each run; the rows of the table.

    Raises BenchmarkError.
    """
    known: dict[str, Load] = {load.name: load for load in all_loads()}
    rows = []
    for name in loads:
        if name == RATE_SEARCH:
            tell(f"{name}: searching the highest rate of short replies that is held")
            trials = await rate_search.search(conditions, scale=scale)
            for run in trials:
                told(run)
                rows += table.rows_of([run])
            continue
        done = []
        for number in range(1, runs + 1):
            tell(f"{name}: run {number} of {runs}")
            run = await run_load(known[name].scaled(scale), conditions)
            done.append(run)
            told(run)
        rows += table.rows_of(done)
    return rows


def _tell_of(run: Run, *, with_timeline: bool) -> None:
    if with_timeline:
        tell(table.as_text(timeline.COLUMNS, timeline.rows_of(run)))
    if run.bot_status != 0:
        tell(f"  the bot ended with status {run.bot_status}")
    if run.bot_said:
        tell(f"  the bot said: {run.bot_said[:2000]}")


async def run_faults(conditions: Conditions) -> tuple[list[list[str]], bool]:
    """Run every fault case; the rows of the table, and whether all passed. Raises BenchmarkError."""
    rows, all_passed = [], True
    for case in fault_runs.cases():
        tell(f"fault: {case.name}")
        row, passed = await fault_runs.run_case(case, conditions)
        rows.append(row)
        all_passed = all_passed and passed
    return rows, all_passed


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.delivery",
        description="The real bot at Discord's rate limits, on loopback.",
    )
    known = list(names())
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=f"any of {', '.join(known)} (default: all)")
    parser.add_argument("--runs", type=int, default=1, help="how often each load is run (default: 1)")
    parser.add_argument(
        "--seconds-scale",
        type=float,
        default=1.0,
        help="shorten (or stretch) answers and loads by this factor",
    )
    parser.add_argument(
        "--first-token-s",
        type=float,
        default=0.3,
        help="from the question to Reka's first token (default: 0.3)",
    )
    parser.add_argument("--rest-budget", type=float, default=46.0, help="the bot's REST_BUDGET (default: 46)")
    parser.add_argument("--faults", action="store_true", help="run the fault runs in place of loads")
    parser.add_argument("--timeline", action="store_true", help="also tell the requests of each second")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args(given)
    unknown = sorted(set(arguments.loads) - set(known))
    if unknown:
        parser.error(f"no load is called {', '.join(unknown)}; there are {', '.join(known)}")
    if arguments.runs < 1 or arguments.seconds_scale <= 0 or not 0 < arguments.rest_budget <= 50:
        parser.error("--runs and --seconds-scale must be above 0, --rest-budget from 0 to 50")
    arguments.loads = arguments.loads or known
    return arguments


def main(given: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 1 where a fault run failed or the benchmark could not go on."""
    arguments = _arguments(given)
    if not usage_is_known():
        print(
            "This benchmark reads what the bot takes from Linux's /proc, which is not here.", file=sys.stderr
        )
        return 1
    conditions = Conditions(first_token_s=arguments.first_token_s, budget_per_s=arguments.rest_budget)
    passed = True
    try:
        if arguments.faults:
            columns: Sequence[str] = fault_runs.COLUMNS
            rows, passed = asyncio.run(run_faults(conditions))
        else:
            columns = table.COLUMNS
            rows = asyncio.run(
                run_loads(
                    arguments.loads,
                    conditions,
                    runs=arguments.runs,
                    scale=arguments.seconds_scale,
                    told=partial(_tell_of, with_timeline=arguments.timeline),
                )
            )
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print((table.as_markdown if arguments.markdown else table.as_text)(columns, rows))
    if not arguments.faults:
        print(f"\n{table.LEGEND}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
