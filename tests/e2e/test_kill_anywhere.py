"""The bot is killed anywhere, and no question is lost, doubled or left half-made."""

from __future__ import annotations

import pytest

from benchmarks.chaos.__main__ import is_clean, run_all, seeds_for, table

KILLS = 20
HOUSES = 4


@pytest.mark.timeout(300)
async def test_twenty_kills_lose_nothing_double_nothing_and_leave_nothing_half_made() -> None:
    """Power goes, memory runs out, somebody types kill -9: people judge the bot by the one reply that stayed half."""
    outcomes = await run_all(seeds_for(KILLS, 1), HOUSES)

    assert sum(outcome.kills for outcome in outcomes) >= KILLS
    assert is_clean(outcomes), table(outcomes)
    assert sum(outcome.verdict.whole for outcome in outcomes) > 3 * KILLS
