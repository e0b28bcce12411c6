"""L5: the highest rate of short replies that is held, found by halving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from benchmarks.delivery.house import Conditions, tell
from benchmarks.delivery.load_run import Run, run_load
from benchmarks.delivery.loads import SHORT, at_rate
from benchmarks.delivery.measures import percentile

HELD_LAG_S = 2.0
TRIAL_S = 30.0
CHANNELS = 1000
FINEST_PER_S = 1.0


def is_held(run: Run) -> bool:
    """Whether a rate was held: nothing lost, no 429, ends within 2 s at p95, those of the last half as well.

    Questions must be taken in as fast, too: a bot that lets them queue answers at a lower rate than it is asked.
    """
    if not run.clean or not run.figures:
        return False
    by_end = sorted(run.figures, key=lambda one: one.ended_s)
    late_half = by_end[len(by_end) // 2 :]
    return all(
        percentile(lags_s, 0.95) < HELD_LAG_S
        for part in (by_end, late_half)
        for lags_s in ([one.end_lag_s for one in part], [one.intake_s for one in part])
    )


async def highest_held_rate(
    low: float, high: float, held: Callable[[float], Awaitable[bool]]
) -> float | None:
    """The highest rate between the two (replies a second, to 1/s) that `held` says is held; None if none is."""
    if await held(high):
        return high
    if not await held(low):
        return None
    while high - low > FINEST_PER_S:
        middle = round((low + high) / 2)
        if await held(middle):
            low = middle
        else:
            high = middle
    return low


async def search(conditions: Conditions, *, scale: float = 1.0) -> list[Run]:
    """All trials, the one with the highest rate held last; empty where not even half of the budget is held."""
    trials: dict[float, Run] = {}

    async def held(per_s: float) -> bool:
        run = await run_load(at_rate(per_s, SHORT, TRIAL_S * scale, CHANNELS), conditions)
        trials[per_s] = run
        tell(f"  {per_s:g} replies/s: {'held' if is_held(run) else 'not held'}")
        return is_held(run)

    best = await highest_held_rate(conditions.budget_per_s // 2, conditions.budget_per_s, held)
    others = [run for per_s, run in sorted(trials.items()) if per_s != best]
    return [*others, *([trials[best]] if best is not None else [])]
