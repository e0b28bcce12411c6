"""Whether the fuzzer finds what is there to be found."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.mutation import cuts
from tests.fuzz.search import Check, Search, outcome, shrunk
from tests.fuzz.targets import checks


def trusting(data: bytes) -> None:
    """A reader that takes every JSON for an object, as clients do that nobody has fuzzed."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    value.get("text")


async def test_a_fault_is_found_and_made_small() -> None:
    """A search that finds nothing is worth something only if it would find something."""
    found = await Search(1, {"trusting": (trusting, [b'{"text": "a long answer"}'])}, {}).run(20)
    assert found is not None
    assert isinstance(found.error, AttributeError)
    assert len(found.data) <= 4


async def test_an_error_in_a_call_is_found() -> None:
    """Calls run many at once, and gather must not swallow one."""

    async def call(data: bytes) -> None:
        trusting(data)

    found = await Search(1, {}, {"call": (call, [b"7"])}).run(20)
    assert found is not None
    assert found.case == "1/0"


async def test_a_seed_makes_the_same_inputs_again() -> None:
    """A finding of yesterday's run has to be had today."""
    tried: list[list[bytes]] = []
    for _ in range(2):
        inputs: list[bytes] = []
        await Search(7, {"any": (inputs.append, [b"data: {}\n\n", b"{}"])}, {}).run(0.05)
        tried.append(inputs[:40])
    assert tried[0] == tried[1]
    assert len(set(tried[0])) > 20


def test_shrinking_keeps_the_error() -> None:
    """Half an input that fails for another reason explains nothing."""
    data = b'{"a": "' + b"x" * 500 + b'"} 7'
    check: Check = _needs_a_seven
    error = outcome(check, data)
    assert error is not None
    assert shrunk(check, data, error) == b"7"


def _needs_a_seven(data: bytes) -> None:
    assert b"7" not in data


@pytest.mark.parametrize(("check", "corpus"), checks().values(), ids=checks())
def test_the_corpus_itself_is_read_well(check: Check, corpus: Sequence[bytes]) -> None:
    """Else every search would end at its first input."""
    for data in corpus:
        check(data)


def test_cuts_lose_nothing() -> None:
    """The check of all cuts stands on it."""
    rng = random.Random(3)
    assert all(b"".join(cuts(b"0123456789", rng)) == b"0123456789" for _ in range(100))


def test_a_search_of_the_client_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    """What CI says for longer."""
    assert main(["--seconds", "1", "--seed", "5"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("seed 5\ntried ")
    assert "complete_space" in said
