"""A house whose bot dies again and again, and what stands there each time it is back."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.story import Death, Door, Question, Round, script, tell, warm_up
from benchmarks.chaos.truths import Asked, Verdict, compare, read_memory, under_way
from benchmarks.delivery.processes import ROOT, running
from sandbox.changes import Change, MessageChanged, MessageCreated
from sandbox.entities import Channel
from sandbox.person import OptionValue
from sandbox.reka_space import RekaSpace
from sandbox.server import Sandbox

REPAIRED_WITHIN_S = 10.0
ONLINE_WITHIN_S = 40.0  # several bots start on few cores
QUIET_S = 0.3
IDLE_S = 8.0  # so many changes did not come by then
_POLL_S = 0.05


@dataclass(slots=True)
class Outcome:
    """What one round came to; `repaired_s` is from the last restart being able to reach Discord to a screen that is
    right, `tracebacks` what the bot logged of errors that nobody foresaw."""

    seed: int
    kills: int
    verdict: Verdict
    repaired_s: float
    tracebacks: int


@dataclass(slots=True)
class ChaosHouse:
    """A loopback Discord and Reka, and one bot after the other."""

    sandbox: Sandbox
    reka: RekaSpace
    folder: Path
    places: dict[Door, Channel]
    started: int = 0
    _said: list[Path] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "reka.db"

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process of the bot; whoever has it may kill it."""
        self.started += 1
        said = self.folder / f"bot-{self.started}.txt"
        self._said.append(said)
        env = {
            "DISCORD_TOKEN": self.sandbox.token,
            "DISCORD_API_URL": self.sandbox.api_url,
            "REKA_URL": self.reka.url,
            "REKA_BEARER_TOKEN": "your_api_key",
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "QUESTIONS_PER_USER_HOUR": "0",
            "GRACE_S": "0",
            "LOG_LEVEL": "WARNING",
        }
        async with running([str(ROOT / "bot.py")], self.folder, said, env) as process:
            yield process

    def tracebacks(self) -> int:
        """How many the bots logged so far."""
        return sum(
            said.read_text(encoding="utf-8", errors="replace").count("Traceback") for said in self._said
        )

    def open_channels(self, seed: int) -> None:
        """Give commands channels of their own in this round: Discord takes about 30 answers to them in a minute and
        channel, of which a process that has just started knows nothing (discord-facts 1.1)."""
        for door in (Door.COMMAND, Door.PRIVATE):
            self.places[door] = self.sandbox.world.add_channel(f"{door.name.lower()}-{seed}")

    def ask(self, question: Question) -> Asked | None:
        """Ask as a person does; None for a command while nobody is there to take it."""
        world = self.sandbox.world
        person = world.person("alice" if question.number % 2 else "bob")
        channel = self.places[question.door]
        match question.door:
            case Door.COMMAND | Door.PRIVATE:
                if not self.sandbox.gateway.online:
                    return None
                private = question.door is Door.PRIVATE
                options: dict[str, OptionValue] = {"question": question.text, "private": private}
                return Asked(question, person.uses(channel, "ask", options))
            case Door.DIRECT:
                return Asked(question, world.person("alice").says(channel, question.text))
            case _:
                return Asked(question, person.says(channel, f"{world.bot.mention} {question.text}"))

    async def tell(self, questions: Sequence[Question]) -> list[Asked]:
        """Ask all of a story, each in its time."""
        asked: list[Asked] = []
        began_s = time.monotonic()
        for question in questions:
            await asyncio.sleep(max(0.0, began_s + question.after_s - time.monotonic()))
            one = self.ask(question)
            if one is not None:
                asked.append(one)
        return asked

    async def until_online(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the bot. Raises RuntimeError where it does not come."""
        async with asyncio.timeout(ONLINE_WITHIN_S):
            while not self.sandbox.gateway.online:
                if process.returncode is not None:
                    said = self._said[-1].read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"the bot ended with {process.returncode}:\n{said}")
                await asyncio.sleep(_POLL_S)

    async def until_settled(self, asked: Sequence[Asked], *, within_s: float) -> float:
        """Wait until nothing is under way, at most so long; the seconds it took."""
        began_s = time.monotonic()
        while under_way(read_memory(self.database), asked):
            if time.monotonic() - began_s > within_s:
                break
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - began_s


@asynccontextmanager
async def open_house(name: str) -> AsyncIterator[ChaosHouse]:
    """Open a house with a place for each door."""
    with tempfile.TemporaryDirectory(prefix=f"chaos-{name}-") as folder:
        async with Sandbox() as sandbox, RekaSpace() as reka:
            reka.answer_by = script
            world = sandbox.world
            general = world.channel("general")
            places = {
                Door.MENTION: general,
                Door.ELSEWHERE: world.channel("playground"),
                Door.THREAD: world.add_thread(general, "aside"),
                Door.DIRECT: world.dm(world.person("alice")),
            }
            yield ChaosHouse(sandbox, reka, Path(folder), places)


async def run_rounds(name: str, seeds: Sequence[int]) -> list[Outcome]:
    """Run a round for each seed in one house: the bot that comes back after one death meets the next."""
    outcomes: list[Outcome] = []
    async with open_house(name) as house:
        async with house.bot() as process:
            await house.until_online(process)
            await house.until_settled(await house.tell(warm_up(1)), within_s=REPAIRED_WITHIN_S)
            await _die(process)
        number = 100
        for seed in seeds:
            house.open_channels(seed)
            outcomes.append(await _run_round(house, tell(seed, number), seed))
            tell_progress(outcomes[-1])
            number += 100
    return outcomes


def tell_progress(outcome: Outcome) -> None:
    """Say how a round went, beside the table that comes in the end."""
    found = "; ".join(outcome.verdict.faults) or "clean"
    print(f"seed {outcome.seed}: {found}, settled in {outcome.repaired_s:.1f} s", file=sys.stderr, flush=True)


async def _run_round(house: ChaosHouse, one: Round, seed: int) -> Outcome:
    before = house.tracebacks()
    async with house.bot() as process:
        await house.until_online(process)
        asking = asyncio.create_task(house.tell(one.questions))
        await _until_death(house, process, one.death)
    if one.death.then is not None:
        async with house.bot() as process:
            await _until_death(house, process, one.death.then)
    died_id = house.sandbox.world.snowflakes.next()
    async with house.bot() as process:
        await house.until_online(process)
        asked = await asking
        repaired_s = await house.until_settled(asked, within_s=REPAIRED_WITHIN_S)
        await asyncio.sleep(QUIET_S)  # a second answer would come by now
        verdict = compare(house.sandbox.world, read_memory(house.database), asked, died_id=died_id)
        await _die(process)
    return Outcome(seed, one.kills, verdict, repaired_s, house.tracebacks() - before)


async def _until_death(house: ChaosHouse, process: asyncio.subprocess.Process, death: Death) -> None:
    """Kill the bot when its time has come; with a change of the screen, before Discord answers it."""
    world = house.sandbox.world
    left = [death.at_change or 0]

    def changed(change: Change) -> None:
        if isinstance(change, MessageCreated | MessageChanged) and change.message.author is world.bot:
            left[0] -= 1
            if left[0] == 0 and process.returncode is None:
                process.kill()

    if death.after_s is not None:
        await asyncio.sleep(death.after_s)
    else:
        world.listeners.append(changed)
        try:
            async with asyncio.timeout(IDLE_S):
                await process.wait()
        except TimeoutError:
            await _die(process)  # it dies idle
        finally:
            world.listeners.remove(changed)
    await _die(process)


async def _die(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
