"""What the operator is told of the process: a name and a value each, in the words of the log."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import reka_provider
from conversation.choosing import ChoosingCounts
from conversation.ports import MemoryUnavailable
from runtime.services import Services

HOUSE = Path(__file__).parent.parent
MEASURED_S = 1.0
DATABASE_ANSWERS_IN_S = 5.0
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))

Row = tuple[str, str]


class Status:
    """Tells how the process is doing; made when it starts. Calling it takes a second, over which it measures."""

    def __init__(
        self, services: Services, *, rest_budget: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self._rest_budget = rest_budget
        self._clock = clock
        self._started_at = clock()

    async def __call__(self) -> list[Row]:
        """The rows, in the order in which an operator asks."""
        version, database, requests = await asyncio.gather(
            asyncio.to_thread(running_version, HOUSE), self._database(), self._requests()
        )
        return [
            ("version", version),
            ("running for", duration(self._clock() - self._started_at)),
            *reka_rows(self._services),
            ("answers", self._answers()),
            *requests,
            ("database", database),
        ]

    def _answers(self) -> str:
        conversation = self._services.conversation
        counts = conversation.counts
        return (
            f"{conversation.in_flight} under way; {counts.answered} whole, {counts.broken} broken off, "
            f"{counts.refused} refused"
        )

    async def _database(self) -> str:
        began = self._clock()
        try:
            async with asyncio.timeout(DATABASE_ANSWERS_IN_S):
                await self._services.journal.find(0)  # nobody's: all it tells is that there is an answer
        except MemoryUnavailable as error:
            return f"does not answer: {error}"
        except TimeoutError:
            return f"does not answer within {DATABASE_ANSWERS_IN_S:.0f} s"
        return f"answers in {(self._clock() - began) * 1000:.0f} ms"

    async def _requests(self) -> list[Row]:
        counts = self._services.ledger.counts
        before, began = counts.requests, self._clock()
        await asyncio.sleep(MEASURED_S)
        rate = (counts.requests - before) / (self._clock() - began)
        waiting = self._services.scheduler.waiting
        return [
            (
                "requests",
                f"{rate:.0f} a second of {self._rest_budget:g}, {waiting} wait; {counts.requests} so far",
            ),
            ("429s", told_by_scope(counts.rate_limited)),
        ]


def reka_rows(services: Services) -> list[Row]:
    """Which Reka answers, what it did so far, and what of it is known to be down."""
    rekas = services.rekas
    first, *others = rekas.choosing.names
    counts = rekas.choosing.counts
    rows = [("Reka", f"{first} answers" + "".join(f", {name} stands in" for name in others))]
    rows.append(("last answer", last_answer(counts, now_s=time.time())))
    for name in rekas.choosing.names:
        said = f"{counts.answered[name]} answered, {counts.failed[name]} failed"
        for endpoint, probe_in_s in rekas.down[name]().items():
            said += f"; {endpoint} is down, asked again in {probe_in_s:.0f} s"
        rows.append((name, said))
    return rows


def last_answer(counts: ChoosingCounts, *, now_s: float) -> str:
    """Who wrote the last whole answer, and how long ago."""
    if counts.last is None or counts.last_at_s is None:
        return "none yet"
    return f"by {counts.last.service}, {counts.last.model}, {duration(now_s - counts.last_at_s)} ago"


def told_by_scope(rate_limited: Counter[str]) -> str:
    """How many 429s Discord sent, by what they were about."""
    return ", ".join(f"{scope} {count}" for scope, count in sorted(rate_limited.items())) or "none"


def duration(seconds: float) -> str:
    """A time in its two largest units: "3 d 4 h", "12 min 5 s", "0 s"."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def running_version(house: Path) -> str:
    """The version, and the commit where the house is a git checkout."""
    commit = _commit(house / ".git")
    return reka_provider.__version__ + (f", commit {commit[:7]}" if commit else "")


def _commit(git: Path) -> str | None:
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).is_file():
            return (git / name).read_text(encoding="ascii").strip()
        packed = (git / "packed-refs").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None  # no checkout, or one of a form that is not worth more code
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
