"""What the operator is told, in words that need no manual."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from conversation.choosing import ChoosingCounts
from conversation.ports import Origin
from reka_provider import __version__
from runtime.status import duration, last_answer, running_version, told_by_scope

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (725, "12 min 5 s"),
        (3_600, "1 h 0 min"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    """Nobody cares for the seconds of three days."""
    assert duration(seconds) == words


def test_the_last_answer_tells_who_and_when() -> None:
    """ "It fell back an hour ago and never came back" is seen here."""
    counts = ChoosingCounts(last=Origin("space", "reka-core"), last_at_s=100.0)

    assert last_answer(counts, now_s=112.0) == "by space, reka-core, 12 s ago"
    assert last_answer(ChoosingCounts(), now_s=112.0) == "none yet"


def test_429s_are_told_by_scope() -> None:
    """A global one is another trouble than one of a channel."""
    assert told_by_scope(Counter(user=1, shared=2)) == "shared 2, user 1"
    assert told_by_scope(Counter()) == "none"


@pytest.mark.parametrize(
    "files",
    [
        {"HEAD": COMMIT},
        {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": f"{COMMIT}\n"},
        {
            "HEAD": "ref: refs/heads/main\n",
            "packed-refs": f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n",
        },
    ],
    ids=["detached", "branch", "packed"],
)
def test_a_checkout_tells_its_commit(tmp_path: Path, files: dict[str, str]) -> None:
    """ "Does it run what I pushed?" is what an operator wants to know."""
    for name, text in files.items():
        file = tmp_path / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    assert running_version(tmp_path) == f"{__version__}, commit 0123456"


@pytest.mark.parametrize("head", [None, "ref: refs/heads/gone", b"\xff"], ids=["none", "unborn", "garbage"])
def test_what_is_no_checkout_tells_its_version(tmp_path: Path, head: str | bytes | None) -> None:
    """A container image has no .git."""
    if head is not None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_bytes(head.encode() if isinstance(head, str) else head)

    assert running_version(tmp_path) == __version__
