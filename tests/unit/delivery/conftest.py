"""Tests of delivery wait for windows to pass: they run in virtual time."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories() -> Mapping[str, type[VirtualTimeLoop]]:
    """The loop that each test of this folder runs in."""
    return {"virtual": VirtualTimeLoop}
