"""Replies while Discord or the network does wrong: each has to end right, once, and without a storm."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.delivery.answers import Pace
from benchmarks.delivery.house import Conditions, House
from benchmarks.delivery.load_run import Run, Trouble, run_load
from benchmarks.delivery.loads import spread
from benchmarks.delivery.measures import busiest_second, percentile
from sandbox.faults import Fault
from sandbox.limits import GLOBAL, Lane, Rule
from sandbox.server import Sandbox

CREATE = ("POST", "/channels/{channel_id}/messages")
EDIT = ("PATCH", "/channels/{channel_id}/messages/{message_id}")
REPLIES = 4
PACE = Pace(240, 40)
EDITS_PER_S = 1.0
MIDDLE_S = 3.0  # well into the stream, after some edits
BEFORE_LAST_EDIT_S = 0.2

COLUMNS = ("fault", "verdict", "why", "create", "edit", "typing", "max/s", "429", "end ms p50 max")


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One kind of trouble: what is so from the bot's start, or what happens once the questions are asked.

    Over all replies, `failures` are requests that fail and are to be repeated, and `rejections` the 429s that
    nobody could foresee. `ends_within_s` is how late the last end may come.
    """

    name: str
    prepare: Callable[[Sandbox], None] | None = None
    trouble: Trouble | None = None
    failures: int = 0
    rejections: int = 0
    ends_within_s: float = 1.0


def cases() -> tuple[FaultCase, ...]:
    """Every fault run, in the order of the table."""
    return (
        FaultCase("another user of the token fills a channel's edits", None, _other_user_edits, 0, 8, 6.0),
        # They fill two seconds; an edit of each reply can be on its way into each of them.
        FaultCase("another user of the token fills the global limit", None, _other_user_of_all, 0, 8, 3.0),
        FaultCase("429s of scope shared and global, 1.5 s each", None, _forced_429s, 0, 4, 3.0),
        FaultCase("no rate limit headers", _no_headers, ends_within_s=5.5),
        FaultCase("Discord's clock 30 s ahead", lambda sandbox: _skew(sandbox, 30.0)),
        FaultCase("Discord's clock 30 s behind", lambda sandbox: _skew(sandbox, -30.0)),
        FaultCase("leaky windows", _leaky, ends_within_s=1.5),
        FaultCase("edits shrink to 2 per 5 s", None, _shrink, 0, 8, 6.0),
        FaultCase("every edit takes 3 s", None, _slow_edits, ends_within_s=7.0),
        FaultCase("edits fail with 500, 502 and 503", None, _failing_edits, 9, 0, 4.0),
        FaultCase("creates fail with 500 and 503", None, _failing_creates, 4, 0, 4.0),
        FaultCase("connections cut in the answer to an edit", None, _cut_edits, 8, 0, 4.0),
        FaultCase("connections cut in the answer to a create", None, _cut_creates, 4, 0, 4.0),
    )


async def run_case(case: FaultCase, conditions: Conditions) -> tuple[list[str], bool]:
    """Run one case; its row of the table, and whether it passed. Raises BenchmarkError."""
    load = spread("faults", PACE, REPLIES, 0.0)
    run = await run_load(load, conditions, prepare=case.prepare, trouble=case.trouble)
    found = offences(case, run)
    ends_ms = [one.end_lag_s * 1000 for one in run.figures]
    row = [
        case.name,
        "fail" if found else "pass",
        "; ".join(found),
        str(run.requests["create"]),
        str(run.requests["edit"]),
        str(run.requests["typing"]),
        str(busiest_second(call.at_s for call in run.calls)),
        str(run.rejected.total()),
        f"{percentile(ends_ms, 0.5):.0f} {percentile(ends_ms, 1.0):.0f}",
    ]
    return row, not found


def offences(case: FaultCase, run: Run) -> list[str]:
    """What a run did that it should not have done, a phrase each."""
    verdict, repeats = run.verdict, case.failures + case.rejections
    counts = {
        "lost": verdict.lost,
        "wrong": verdict.wrong,
        "doubled": verdict.doubled,
        "stray": verdict.stray,
    }
    found = [f"{count} {name}" for name, count in counts.items() if count]
    watched_s = PACE.duration_s + case.ends_within_s
    most = {
        "create": REPLIES + repeats,
        "edit": REPLIES * math.ceil(watched_s * EDITS_PER_S + 1) + repeats,
    }
    found += [
        f"{run.requests[kind]} requests of kind {kind}, more than {limit}"
        for kind, limit in most.items()
        if run.requests[kind] > limit
    ]
    if run.rejected.total() > case.rejections:
        found.append(f"{run.rejected.total()} answers 429, more than {case.rejections}")
    latest_s = max((one.end_lag_s for one in run.figures), default=0.0)
    if latest_s > case.ends_within_s:
        found.append(f"the last end came {latest_s:.1f} s late, more than {case.ends_within_s:g} s")
    if run.bot_status != 0:
        found.append(f"the bot ended with status {run.bot_status}")
    return found


async def _until_middle(house: House) -> None:
    """Wait until replies stand there and have grown for a while."""
    await house.sandbox.world.until(lambda: _replies_shown(house) == REPLIES, timeout_s=30.0)
    await asyncio.sleep(MIDDLE_S)


def _replies_shown(house: House) -> int:
    bot = house.sandbox.world.bot
    return sum(any(message.author is bot for message in place.messages.values()) for place in house.places)


async def _until_last_edits() -> None:
    """From the middle on, wait until the last edits are next."""
    await asyncio.sleep(PACE.duration_s - MIDDLE_S - BEFORE_LAST_EDIT_S)


def _others_take(house: House, lanes: Iterable[Lane], times: int) -> None:
    """Count requests of another user of the token; that theirs are refused is no 429 of the bot's."""
    limits = house.sandbox.limits
    refused_bot = Counter(limits.rejected)
    for lane in lanes:
        for _ in range(times):
            limits.admit([lane])
    limits.rejected = refused_bot


async def _other_user_edits(house: House) -> None:
    await _until_middle(house)
    _others_take(house, [Lane("edit", str(place.id)) for place in house.places], times=5)


async def _other_user_of_all(house: House) -> None:
    await _until_middle(house)
    for _ in range(20):
        _others_take(house, [GLOBAL], times=50)
        await asyncio.sleep(0.1)


async def _forced_429s(house: House) -> None:
    await _until_middle(house)
    faults = house.sandbox.faults
    faults.next(*EDIT, Fault.rate_limit("shared", 1.5), Fault.rate_limit("global", 1.5), times=2)


def _no_headers(sandbox: Sandbox) -> None:
    sandbox.faults.no_limit_headers = True


def _skew(sandbox: Sandbox, seconds: float) -> None:
    sandbox.faults.clock_skew_s = seconds


def _leaky(sandbox: Sandbox) -> None:
    sandbox.limits.shape = "leaky"


async def _shrink(house: House) -> None:
    await _until_middle(house)
    house.sandbox.limits.rules["edit"] = Rule(2, 5.0)


async def _slow_edits(house: House) -> None:
    house.sandbox.faults.next(*EDIT, Fault.delay(3.0), times=1000)


async def _failing_edits(house: House) -> None:
    faults = (Fault.status(500), Fault.status(502, after_effect=True), Fault.status(503))
    await _until_middle(house)
    house.sandbox.faults.next(*EDIT, *faults, times=2)
    await _until_last_edits()
    house.sandbox.faults.next(*EDIT, *faults)


async def _failing_creates(house: House) -> None:
    status = Fault.status
    house.sandbox.faults.next(*CREATE, status(500), status(503), status(500, after_effect=True), status(503))


async def _cut_edits(house: House) -> None:
    await _until_middle(house)
    house.sandbox.faults.next(*EDIT, Fault.reset_after(), Fault.reset_before(), times=2)
    await _until_last_edits()
    house.sandbox.faults.next(*EDIT, Fault.reset_after(), Fault.reset_before(), times=2)


async def _cut_creates(house: House) -> None:
    house.sandbox.faults.next(*CREATE, Fault.reset_after(), Fault.reset_before(), times=2)
