"""The limit of open files, which many systems set for a program that opens few."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from runtime.open_files import allow_all_open_files


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit, with a soft one below it as long as the test runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard - 1), hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_all_files_that_the_system_allows_may_be_open(hard: int) -> None:
    """The 257th answer under way must not fail for want of a connection."""
    allow_all_open_files()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)

    allow_all_open_files()  # where it is so already, nothing happens
