"""The house under test: a loopback Discord here, the scripted Reka and the real bot in processes of their own."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.delivery.answers import Pace, question, whole
from benchmarks.delivery.processes import ROOT, Usage, running, usage
from sandbox.entities import Channel
from sandbox.server import Sandbox

WARM_UP = 999_999
WARM_UP_PACE = Pace(3, 40)
ONLINE_WITHIN_S = 25.0
LATENESS_EVERY_S = 0.01


class BenchmarkError(Exception):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all runs have in common.

    `one_way_s` delays REST and gateway each way, `first_token_s` is what Reka thinks before it writes,
    `budget_per_s` the bot's REST_BUDGET. `settle_s` passes before a load, so that the windows of the warm-up are
    over, and `quiet_s` after it: an old text that lands last, or a second copy, would come by then.
    """

    one_way_s: float = 0.04
    first_token_s: float = 0.3
    budget_per_s: float = 46.0
    settle_s: float = 2.0
    quiet_s: float = 2.0


@dataclass(slots=True)
class Afterwards:
    """What is known only once a house is closed: when Reka was asked and wrote, and what the programs said."""

    begun_s: dict[str, float] = field(default_factory=dict)
    written_s: dict[str, list[float]] = field(default_factory=dict)
    reka_late_ms: Counter[int] = field(default_factory=Counter)
    bot_said: str = ""
    bot_status: int | None = None


@dataclass(slots=True)
class House:
    """A house with the bot online in it; `late_ms` counts how late, in whole ms, Discord's own loop came."""

    sandbox: Sandbox
    places: list[Channel]
    bot: asyncio.subprocess.Process
    late_ms: Counter[int] = field(default_factory=Counter)

    def bot_usage(self) -> Usage:
        """What the bot took so far. Raises BenchmarkError where it is gone."""
        try:
            return usage(self.bot.pid)
        except OSError as error:
            raise BenchmarkError("the bot has ended by itself") from error


@asynccontextmanager
async def open_house(
    places: int,
    conditions: Conditions,
    after: Afterwards,
    *,
    prepare: Callable[[Sandbox], None] | None = None,
) -> AsyncIterator[House]:
    """Open a house with so many channels, each in a guild of its own, and close it; then `after` is filled.

    `prepare` may trouble the sandbox before the bot comes.

    Raises:
        BenchmarkError: the bot did not come online, or did not answer the question that warms it up.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        results, bot_said, reka_said = folder / "reka.json", folder / "bot.txt", folder / "reka.txt"
        async with AsyncExitStack() as stack:
            arguments = ["-m", "benchmarks.delivery.scripted_reka", "--results", str(results)]
            arguments += ["--first-token-s", str(conditions.first_token_s)]
            reka = await stack.enter_async_context(running(arguments, folder, reka_said, {}))
            port = await _first_line(reka)
            sandbox = await stack.enter_async_context(Sandbox())
            guilds = [sandbox.world.add_guild(f"guild {number}") for number in range(places)]
            sandbox.faults.latency_s = conditions.one_way_s
            if prepare is not None:
                prepare(sandbox)
            env = bot_environment(sandbox, f"http://127.0.0.1:{port}", folder, conditions)
            bot = await stack.enter_async_context(running([str(ROOT / "bot.py")], folder, bot_said, env))
            house = House(sandbox, [next(iter(guild.channels.values())) for guild in guilds], bot)
            try:
                await _warm_up(house, conditions.settle_s)
                await stack.enter_async_context(_watching_lateness(house.late_ms))
                yield house
            except BenchmarkError as error:
                said = bot_said.read_text(encoding="utf-8", errors="replace").strip()
                raise BenchmarkError(f"{error}; it said:\n{said[-4000:]}") from error
        after.bot_status = bot.returncode
        after.bot_said = bot_said.read_text(encoding="utf-8", errors="replace").strip()
        report = json.loads(results.read_text(encoding="utf-8"))
        after.begun_s = report["begun_s"]
        after.written_s = report["written_s"]
        after.reka_late_ms = Counter({int(ms): count for ms, count in report["late_ms"].items()})


def bot_environment(sandbox: Sandbox, reka_url: str, folder: Path, conditions: Conditions) -> dict[str, str]:
    """The settings of the bot under test."""
    return {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "REKA_URL": reka_url,
        "REKA_BEARER_TOKEN": "benchmark",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'reka.db'}",
        "QUESTIONS_PER_USER_HOUR": "0",
        "REST_BUDGET": f"{conditions.budget_per_s:g}",
        "GRACE_S": "0",
        "LOG_LEVEL": "WARNING",
    }


async def _first_line(process: asyncio.subprocess.Process) -> int:
    if process.stdout is None:
        raise BenchmarkError("the scripted Reka has no output")
    line = await process.stdout.readline()
    if not line.strip().isdigit():
        raise BenchmarkError("the scripted Reka did not start")
    return int(line)


async def _warm_up(house: House, settle_s: float) -> None:
    """Wait for the bot, let it answer once, and wait until every window of that is over."""
    world = house.sandbox.world
    channel = next(iter(world.home.channels.values()))
    wanted = whole(WARM_UP, WARM_UP_PACE.tokens)
    await _until(house, lambda: house.sandbox.gateway.online, "did not come online")
    ask(house, channel, WARM_UP, WARM_UP_PACE)
    await _until(
        house,
        lambda: any(message.content == wanted for message in channel.messages.values()),
        "did not answer the first question",
    )
    await asyncio.sleep(settle_s)


async def _until(house: House, holds: Callable[[], bool], failing: str) -> None:
    """Wait until `holds()`, or raise BenchmarkError: the bot ended, or is too slow."""
    world = house.sandbox.world
    try:
        await world.until(lambda: holds() or house.bot.returncode is not None, timeout_s=ONLINE_WITHIN_S)
    except TimeoutError as error:
        raise BenchmarkError(f"the bot {failing} within {ONLINE_WITHIN_S:.0f} s") from error
    if house.bot.returncode is not None:
        raise BenchmarkError(f"the bot ended with status {house.bot.returncode}")


def ask(house: House, channel: Channel, number: int, pace: Pace, *, slash: bool = False) -> None:
    """Ask for answer `number` at `pace`, by a mention or by slash command."""
    world = house.sandbox.world
    asker = next(iter(world.people.values()))
    text = question(number, pace)
    if slash:
        asker.uses(channel, "ask", {"question": text})
    else:
        asker.says(channel, f"{world.bot.mention} {text}")


@asynccontextmanager
async def _watching_lateness(late_ms: Counter[int]) -> AsyncIterator[None]:
    """Count how late a timer of this loop comes; and keep the collector of garbage from making it late."""
    gc.collect()
    gc.freeze()
    gc.disable()
    watch = asyncio.create_task(_watch_lateness(late_ms))
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait({watch})
        gc.enable()
        gc.unfreeze()


async def _watch_lateness(late_ms: Counter[int]) -> None:
    while True:
        due_s = time.monotonic() + LATENESS_EVERY_S
        await asyncio.sleep(LATENESS_EVERY_S)
        late_ms[int((time.monotonic() - due_s) * 1000)] += 1


def tell(line: str) -> None:
    """Say how far the benchmark is, beside the table that it prints in the end."""
    print(line, file=sys.stderr, flush=True)
