"""Half a minute with nearly every kind of trouble, and nothing is lost, doubled, half-made, wrong or unheard."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak.__main__ import soak
from benchmarks.soak.story import DEATHS, Trouble, tell
from benchmarks.soak.table import table

SEED = 395
MINUTES = 0.4
CYCLE_S = 24.0


@pytest.mark.timeout(180)
async def test_trouble_of_every_family_at_once_breaks_no_promise(tmp_path: Path) -> None:
    """A fault alone is mended by its own test; here they meet each other, and people who change their minds."""
    met = {
        fall.trouble
        for one in (True, False)
        for fall in tell(SEED, MINUTES, deaths=one, cycle_s=CYCLE_S).falls
    }
    assert met & set(DEATHS)
    assert len(met) >= len(Trouble) - 2
    assert Trouble.GATEWAY_INVALID in met

    outcomes = await soak(SEED, MINUTES, tmp_path, cycle_s=CYCLE_S)

    assert not [fault for one in outcomes for fault in one.faults], table(outcomes)
    for one in outcomes:
        assert one.verdict.whole > 20
        assert one.verdict.removed
