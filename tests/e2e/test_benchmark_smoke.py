"""The benchmark of `make bench`, small enough for every test run, so that it never rots."""

from __future__ import annotations

import pytest

from benchmarks.delivery.answers import Pace
from benchmarks.delivery.house import BenchmarkError, Conditions
from benchmarks.delivery.load_run import run_load
from benchmarks.delivery.loads import spread
from benchmarks.delivery.processes import usage_is_known
from benchmarks.delivery.table import COLUMNS, as_text, rows_of
from benchmarks.delivery.timeline import rows_of as timeline_rows


@pytest.mark.skipif(not usage_is_known(), reason="the benchmark reads /proc, which Linux alone has")
async def test_tiny_load_runs_through_the_whole_benchmark() -> None:
    """It starts processes and reads their figures: nothing else would notice that a part of it broke."""
    load = spread("short", Pace(20, 40), 2, 0.2)

    run = await run_load(load, Conditions(first_token_s=0.1, settle_s=0.2, quiet_s=0.2))

    assert run.clean, run.verdict
    assert run.bot_status == 0, run.bot_said
    assert run.bot_said == ""
    assert run.verdict.right == len(run.figures) == 2
    assert run.tokens == 40
    assert run.requests["create"] == 2
    assert all(min(one.first_lag_s, one.end_lag_s) >= 0.04 for one in run.figures)
    assert all(one.staleness > 0 for one in run.figures)
    assert sum(map(len, timeline_rows(run))) > 0
    assert run.bot.cpu_s > 0
    assert run.bot.peak_bytes > 10_000_000
    table = as_text(COLUMNS, rows_of([run]))
    assert "nan" not in table
    assert table.splitlines()[1].startswith("short  2 ")


@pytest.mark.skipif(not usage_is_known(), reason="the benchmark reads /proc, which Linux alone has")
async def test_bot_that_does_not_start_ends_the_benchmark_with_what_it_said() -> None:
    """A table of nothing but lost replies would send one looking in the wrong place."""
    with pytest.raises(BenchmarkError, match=r"ended with status 2(?s:.)*REST_BUDGET"):
        await run_load(spread("short", Pace(20, 40), 1, 0.0), Conditions(budget_per_s=99.0))
