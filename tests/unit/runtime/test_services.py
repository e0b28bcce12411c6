"""What the services do by themselves while the bot runs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import pytest

from runtime.services import DAY_S, _purge_daily
from storage.engine import StorageError
from tests.contract.memory_store import MemoryStore
from tests.unit.virtual_time import now_s, run_virtually


@dataclass(slots=True)
class FullDisk(MemoryStore):
    """A memory whose first purges fail."""

    failures: int = 0
    purged_at: list[float] = field(default_factory=list)

    async def purge(self, *, before_s: float) -> int:
        self.purged_at.append(now_s())
        if len(self.purged_at) <= self.failures:
            raise StorageError("The database did not take it: disk full.")
        return await MemoryStore.purge(self, before_s=before_s)


async def _purge_for(history: FullDisk, days: int) -> None:
    purging = asyncio.create_task(_purge_daily(history, 30))
    await asyncio.sleep(days * DAY_S - 1)
    purging.cancel()
    await asyncio.wait({purging})


def test_old_turns_are_purged_once_a_day() -> None:
    """HISTORY_DAYS is a promise, and a purge walks over much."""
    history = FullDisk()

    run_virtually(_purge_for(history, 3))

    assert history.purged_at == [0.0, DAY_S, 2 * DAY_S]


def test_a_purge_that_failed_is_tried_again_within_the_hour(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk for a minute must not keep people's words for as long as the bot runs."""
    history = FullDisk(failures=2)

    with caplog.at_level(logging.INFO, logger="runtime.services"):
        run_virtually(_purge_for(history, 1))

    assert len(history.purged_at) == 3
    assert history.purged_at[1] <= 3600
    assert [record.getMessage() for record in caplog.records] == [
        "could not purge",
        "could not purge",
        "purged",
    ]
    assert caplog.records[0].__dict__["why"] == "The database did not take it: disk full."
