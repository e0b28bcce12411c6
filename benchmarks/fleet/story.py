"""The story: four processes answer, one is killed, one is replaced, and everything is looked at in the end."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.delivery.answers import Pace, question, whole
from benchmarks.delivery.house import BenchmarkError, tell
from benchmarks.delivery.processes import ROOT, running
from benchmarks.fleet.truths import Question, Shown, Verdict, fate, verdict
from sandbox.entities import Channel, Message
from sandbox.server import Sandbox
from tests.contract.postgres_cluster import PostgresCluster

SHARDS = 4
KILLED, REPLACED = 1, 2
WAVES = AT_FIRST, WHILE_DEAD, WHILE_REPLACED = "at first", "while it was dead", "while it was replaced"
ONE_WAY_S = 0.04
FIRST_TOKEN_S = 0.3
ONLINE_WITHIN_S = 60.0
SETTLED_WITHIN_S = 240.0
QUIET_S = 3.0
FULL_BUDGET_PER_S = 46.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the story is: so many guilds, replies in flight at once, and how their answers come.

    The first questions come over `asked_over_s`. After `pause_s` more, one process is killed and started again; after
    another `pause_s` one is told to stop, with `grace_s` for what it has under way, and started again. Each time its
    channels are asked once more while it is away.
    """

    guilds: int
    in_flight: int
    tokens: int = 240
    tokens_per_s: float = 8.0
    asked_over_s: float = 5.0
    pause_s: float = 5.0
    grace_s: float = 5.0

    @property
    def pace(self) -> Pace:
        """How the answers come: slow enough to be under way while processes come and go."""
        return Pace(self.tokens, self.tokens_per_s)


@dataclass(slots=True)
class Outcome:
    """What was found: the verdicts by wave, times in seconds, and what must stay at 0."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    in_flight: int = 0
    settled_s: dict[int, float] = field(default_factory=dict)
    """By shard: from when its new process was online to when its last reply had ended."""
    strays: int = 0
    tracebacks: int = 0
    early_log_ins: int = 0
    rejected: int = 0
    statuses: dict[int, int | None] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, half-made, doubled, or said twice by nobody's wish."""
        verdicts_clean = all(one.clean for one in self.verdicts.values())
        return verdicts_clean and not (self.strays or self.tracebacks or self.early_log_ins)


@dataclass(slots=True)
class Fleet:
    """Four processes over one database, and the questions asked so far, by wave."""

    sandbox: Sandbox
    folder: Path
    env: dict[str, str]
    places: dict[int, list[Channel]]
    processes: dict[int, tuple[asyncio.subprocess.Process, AsyncExitStack]] = field(default_factory=dict)
    asked: defaultdict[str, list[tuple[int, Message]]] = field(default_factory=lambda: defaultdict(list))
    starts: int = 0

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.env["DATABASE_URL"].rpartition("/")[2]

    async def start(self, shard: int) -> None:
        """Start the process of a shard."""
        stack = AsyncExitStack()
        self.starts += 1
        said = self.folder / f"shard-{shard}-{self.starts}.txt"
        env = {**self.env, "SHARD_IDS": f"{shard}"}
        process = await stack.enter_async_context(running([str(ROOT / "bot.py")], self.folder, said, env))
        self.processes[shard] = (process, stack)

    async def until_online(self, *shards: int) -> None:
        """Wait until these shards are connected. Raises BenchmarkError."""
        gateway = self.sandbox.gateway
        try:
            await self.sandbox.world.until(lambda: gateway.shards >= set(shards), timeout_s=ONLINE_WITHIN_S)
        except TimeoutError as error:
            raise BenchmarkError(f"shards {shards} did not come online; see {self.folder}") from error

    async def end(self, shard: int, number: signal.Signals) -> int:
        """End the process of a shard; its exit status."""
        process, stack = self.processes.pop(shard)
        with suppress(ProcessLookupError):  # it ended by itself, and the status will tell
            process.send_signal(number)
        status = await process.wait()
        await stack.aclose()
        return status

    def ask(self, wave: str, channel: Channel, pace: Pace) -> None:
        """Ask one question more."""
        world = self.sandbox.world
        number = sum(map(len, self.asked.values()))
        asker = next(iter(world.people.values()))
        message = asker.says(channel, f"{world.bot.mention} {question(number, pace)}")
        self.asked[wave].append((number, message))

    async def ask_all(self, wave: str, channels: Sequence[Channel], pace: Pace, over_s: float) -> None:
        """Ask in each of these channels, evenly over some seconds."""
        began_s = time.monotonic()
        for at, channel in enumerate(channels):
            await asyncio.sleep(max(0.0, began_s + at * over_s / len(channels) - time.monotonic()))
            self.ask(wave, channel, pace)

    def replies(self) -> dict[int, list[Message]]:
        """The bot's messages by the id of the message that they answer; 0 for those that answer none."""
        found: defaultdict[int, list[Message]] = defaultdict(list)
        for channel in self.sandbox.world.channels.values():
            for message in channel.messages.values():
                if message.author is self.sandbox.world.bot:
                    found[message.reply_to_id or 0].append(message)
        return found

    def questions(self, wave: str, pace: Pace, claimed: frozenset[int]) -> list[Question]:
        """What became of the questions of a wave."""
        replies = self.replies()
        return [
            Question(whole(number, pace.tokens), message.id in claimed, _shown(replies.get(message.id, ())))
            for number, message in self.asked[wave]
        ]


def _shown(messages: Sequence[Message]) -> list[Shown]:
    return [Shown(message.content, bool(message.components)) for message in messages]


@asynccontextmanager
async def open_fleet(plan: Plan, cluster: PostgresCluster, folder: Path) -> AsyncIterator[Fleet]:
    """Open Discord, Reka and a database, and start a process for each shard."""
    async with AsyncExitStack() as stack:
        arguments = ["-m", "benchmarks.delivery.scripted_reka", "--results", str(folder / "reka.json")]
        arguments += ["--first-token-s", str(FIRST_TOKEN_S)]
        reka = await stack.enter_async_context(running(arguments, folder, folder / "reka.txt", {}))
        if reka.stdout is None:
            raise BenchmarkError("the scripted Reka has no output")
        port = int(await reka.stdout.readline())
        sandbox = await stack.enter_async_context(Sandbox())
        sandbox.faults.latency_s = ONE_WAY_S
        env = {
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "REKA_URL": f"http://127.0.0.1:{port}",
            "REKA_BEARER_TOKEN": "benchmark",
            "DATABASE_URL": cluster.url(cluster.new_database()),
            "SHARD_COUNT": f"{SHARDS}",
            "REST_BUDGET": f"{FULL_BUDGET_PER_S / SHARDS:g}",
            "QUESTIONS_PER_USER_HOUR": "0",
            "GRACE_S": f"{plan.grace_s:g}",
            "LOG_LEVEL": "INFO",
        }
        fleet = Fleet(sandbox, folder, env, _places(sandbox, plan))
        try:
            await asyncio.gather(*(fleet.start(shard) for shard in range(SHARDS)))
            await fleet.until_online(*range(SHARDS))
            yield fleet
        finally:
            for _, running_process in fleet.processes.values():
                await running_process.aclose()


def _places(sandbox: Sandbox, plan: Plan) -> dict[int, list[Channel]]:
    """As many channels for each shard, each in a guild of its own, among all the guilds."""
    each = plan.in_flight // SHARDS
    places: dict[int, list[Channel]] = {shard: [] for shard in range(SHARDS)}
    for number in range(plan.guilds):
        guild = sandbox.world.add_guild(f"guild {number}")
        theirs = places[(guild.id >> 22) % SHARDS]
        if len(theirs) < each:
            theirs.append(next(iter(guild.channels.values())))
    if any(len(theirs) < each for theirs in places.values()):
        raise BenchmarkError(f"{plan.guilds} guilds are too few for {plan.in_flight} replies in flight")
    return places


async def tell_story(plan: Plan, cluster: PostgresCluster, logs: Path | None = None) -> Outcome:
    """Run it once; what the processes say stays in `logs`, where that is given.

    Raises BenchmarkError where the fleet does not come online.
    """
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        folder = logs or Path(name)
        async with open_fleet(plan, cluster, folder) as fleet:
            tell(f"{SHARDS} processes are online, each in about {plan.guilds // SHARDS} guilds")
            await _warm_up(fleet)
            everywhere = [place for row in zip(*fleet.places.values(), strict=True) for place in row]
            await fleet.ask_all(AT_FIRST, everywhere, plan.pace, plan.asked_over_s)
            await asyncio.sleep(plan.pause_s)
            outcome.in_flight = _in_flight(fleet, cluster)
            tell(f"{outcome.in_flight} replies in flight")
            await _kill(fleet, plan, outcome)
            await asyncio.sleep(plan.pause_s)
            await _replace(fleet, plan, outcome)
            await _until_settled(fleet, plan, outcome)
            outcome.early_log_ins = fleet.sandbox.gateway.early_identifies
            outcome.rejected = fleet.sandbox.limits.rejected.total()
            _judge(fleet, plan, outcome, _claimed(cluster, fleet))
            for shard in list(fleet.processes):
                outcome.statuses[shard] = await fleet.end(shard, signal.SIGTERM)
        outcome.tracebacks = _tracebacks(folder)
    return outcome


def _tracebacks(folder: Path) -> int:
    said = [path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("shard-*.txt")]
    return sum(text.count("Traceback") for text in said)


async def _warm_up(fleet: Fleet) -> None:
    """One short answer in every place: what a channel is asked while nobody hears it is then found later."""
    pace = Pace(3, 40)
    for shard, channels in fleet.places.items():
        await fleet.ask_all(f"warm-up {shard}", channels, pace, len(channels) / 8)
    asked = [one for wave in fleet.asked.values() for one in wave]

    def answered() -> bool:
        replies = fleet.replies()
        return all(
            [reply.content for reply in replies.get(message.id, ())] == [whole(number, pace.tokens)]
            for number, message in asked
        )

    await _until(fleet, answered, "did not answer the first questions")


async def _kill(fleet: Fleet, plan: Plan, outcome: Outcome) -> None:
    await fleet.end(KILLED, signal.SIGKILL)
    tell(f"shard {KILLED} was killed")
    await fleet.sandbox.world.until(lambda: KILLED not in fleet.sandbox.gateway.shards)
    await fleet.ask_all(WHILE_DEAD, fleet.places[KILLED], plan.pace, 1.0)
    await fleet.start(KILLED)
    await fleet.until_online(KILLED)
    outcome.settled_s[KILLED] = -time.monotonic()


async def _replace(fleet: Fleet, plan: Plan, outcome: Outcome) -> None:
    tell(f"shard {REPLACED} is replaced")
    outcome.statuses[-REPLACED] = await fleet.end(REPLACED, signal.SIGTERM)
    await fleet.ask_all(WHILE_REPLACED, fleet.places[REPLACED], plan.pace, 1.0)
    await fleet.start(REPLACED)
    await fleet.until_online(REPLACED)
    outcome.settled_s[REPLACED] = -time.monotonic()


def _in_flight(fleet: Fleet, cluster: PostgresCluster) -> int:
    return int(cluster.sql("SELECT count(*) FROM replies WHERE state = 'claimed'", database=fleet.database))


async def _until_settled(fleet: Fleet, plan: Plan, outcome: Outcome) -> None:
    """Wait until every question has its end, and then for as long as a late message could still come."""
    deadline_s = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline_s:
        waiting = _waiting_channels(fleet, plan)
        for shard, since_s in outcome.settled_s.items():
            if since_s < 0 and not any(channel.id in waiting for channel in fleet.places[shard]):
                outcome.settled_s[shard] += time.monotonic()
        if not waiting:
            break
        await asyncio.sleep(0.25)
    await asyncio.sleep(QUIET_S)


def _waiting_channels(fleet: Fleet, plan: Plan) -> set[int]:
    """Where a question has no end yet."""
    waiting = set()
    for wave in WAVES:
        questions = fleet.questions(wave, plan.pace, frozenset())
        for (_, message), asked in zip(fleet.asked[wave], questions, strict=True):
            if fate(asked) not in {"whole", "noted"}:
                waiting.add(message.channel_id)
    return waiting


def _claimed(cluster: PostgresCluster, fleet: Fleet) -> frozenset[int]:
    """The messages whose questions were claimed, as the database has them."""
    rows = cluster.sql("SELECT question_message_id FROM replies", database=fleet.database)
    return frozenset(int(row) for row in rows.split() if row)


def _judge(fleet: Fleet, plan: Plan, outcome: Outcome, claimed: frozenset[int]) -> None:
    for wave in WAVES:
        outcome.verdicts[wave] = verdict(fleet.questions(wave, plan.pace, claimed))
    outcome.strays = len(fleet.replies().get(0, ()))


async def _until(fleet: Fleet, holds: Callable[[], bool], failing: str) -> None:
    try:
        await fleet.sandbox.world.until(holds, timeout_s=ONLINE_WITHIN_S)
    except TimeoutError as error:
        raise BenchmarkError(f"the fleet {failing} within {ONLINE_WITHIN_S:.0f} s") from error
