"""What CommandDigests promises, held by every implementation and by the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.stores import IMPLEMENTATIONS, Store

DISCORD = "https://discord.com/api/v10"


@pytest.fixture(params=IMPLEMENTATIONS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


async def test_nothing_is_known_at_first(store: Store) -> None:
    """A new database means that the commands must be sent."""
    assert await store.digests.digest(1, DISCORD) is None


async def test_the_last_digest_is_kept(store: Store) -> None:
    """The commands are sent again only when they change."""
    await store.digests.keep(1, DISCORD, "old")
    await store.digests.keep(1, DISCORD, "new")

    assert await store.digests.digest(1, DISCORD) == "new"


async def test_applications_and_addresses_are_apart(store: Store) -> None:
    """The sandbox and Discord, or a test bot and the real one, know different commands."""
    await store.digests.keep(1, DISCORD, "a")
    await store.digests.keep(2**62, DISCORD, "b")
    await store.digests.keep(1, "http://127.0.0.1:8000/api/v10", "c")

    assert await store.digests.digest(1, DISCORD) == "a"
    assert await store.digests.digest(2**62, DISCORD) == "b"
    assert await store.digests.digest(1, "http://127.0.0.1:8000/api/v10") == "c"


async def test_shards_that_start_at_once_may_all_keep(store: Store) -> None:
    """Each process of a fleet compares and keeps on its own."""
    await asyncio.gather(*(store.digests.keep(1, DISCORD, "same") for _ in range(10)))

    assert await store.digests.digest(1, DISCORD) == "same"
