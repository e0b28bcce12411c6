"""The house that most end-to-end tests live in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A fresh world, with the bot online in it."""
    async with open_house(tmp_path) as opened:
        yield opened
