"""A house in which a story happens: a loopback Discord and Reka, the people, and the real bot."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.chaos.story import Door
from benchmarks.delivery.processes import ROOT, running
from benchmarks.soak.faults import Breakages, TroubledReka
from benchmarks.soak.memory import event_of, pages_of, read_memory, resident_bytes
from benchmarks.soak.story import DEATHS, HEARD_LATER, ROOMS, Act, Deed, Fall, Question, Story, Trouble
from benchmarks.soak.truths import Asked, Happened, is_under_way
from sandbox.changes import Change, MessageCreated, MessageDeleted
from sandbox.entities import Channel, Message
from sandbox.person import OptionValue, Person
from sandbox.reka_space import RekaSpace
from sandbox.server import Sandbox
from sandbox.world import World

ONLINE_WITHIN_S = 60.0
SETTLED_WITHIN_S = 60.0
QUIET_S = 2.0
ONE_WAY_S = 0.04
GRACE_S = 2
THANKS = " And thank you."
_SAMPLE_EVERY_S = 2.0
_POLL_S = 0.1
_NAMES = ("alice", "bob", "carol", "dave")
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR42mP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"
)


_Timed = TypeVar("_Timed", Question, Fall, Act)


class SoakError(Exception):
    """The soak itself could not go on: the bot did not come, say."""


@dataclass(slots=True)
class SoakHouse:
    """One bot after the other over one database, and all that was done to it."""

    name: str
    sandbox: Sandbox
    space: RekaSpace
    reka: TroubledReka
    folder: Path
    places: dict[Door, list[Channel]]
    asked: dict[int, Asked] = field(default_factory=dict)
    """By number."""
    happened: list[Happened] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    samples: list[tuple[float, int]] = field(default_factory=list)
    """Monotonic seconds, and bytes that the bot's process takes."""
    posted: dict[int, Message] = field(default_factory=dict)
    """Every message of the bot, those that are gone, too."""
    gone_ids: set[int] = field(default_factory=set)
    skipped: int = 0
    """Commands and deeds for which the bot was not there."""
    crashes: list[str] = field(default_factory=list)
    began_s: float = 0.0
    _process: asyncio.subprocess.Process | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _restarting: bool = False

    @property
    def database(self) -> Path:
        """The bot's."""
        return self.folder / f"reka-{self.name}.db"

    @property
    def world(self) -> World:
        """Everybody and everything in it."""
        return self.sandbox.world

    def logs(self) -> list[Path]:
        """What each process said."""
        return sorted(self.folder.glob(f"bot-{self.name}-*.txt"))

    def changed(self, change: Change) -> None:
        """Know of every message of the bot, and of all that are gone."""
        if isinstance(change, MessageCreated) and change.message.author is self.world.bot:
            self.posted[change.message.id] = change.message
        elif isinstance(change, MessageDeleted):
            self.gone_ids.add(change.message.id)

    # The process -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the bot. Raises SoakError where it does not come online."""
        self.starts_s.append(time.monotonic())
        said = self.folder / f"bot-{self.name}-{len(self.starts_s):03d}.txt"
        env = {
            "DISCORD_TOKEN": self.sandbox.token,
            "DISCORD_API_URL": self.sandbox.api_url,
            "REKA_URL": self.space.url,
            "REKA_BEARER_TOKEN": "your_api_key",
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "QUESTIONS_PER_USER_HOUR": "0",
            "HISTORY_TURNS": "10",
            "GRACE_S": f"{GRACE_S}",
            "LOG_LEVEL": "INFO",
        }
        process = running([str(ROOT / "bot.py")], self.folder, said, env)
        self._process = await self._stack.enter_async_context(process)
        try:
            async with asyncio.timeout(ONLINE_WITHIN_S):
                while not self.sandbox.gateway.online:
                    if self._process.returncode is not None:
                        words = said.read_text(encoding="utf-8", errors="replace")[-2000:]
                        raise SoakError(f"house {self.name}: the bot did not start:\n{words}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise SoakError(f"house {self.name}: the bot did not come online") from error

    async def stop(self) -> None:
        """End the bot."""
        self._process = None
        await self._stack.aclose()

    async def restart(self, death: Trouble) -> None:
        """End the bot as `death` says, and start it again."""
        process = self._process
        if process is None or self._restarting:
            return
        self._restarting = True
        try:
            with contextlib.suppress(ProcessLookupError):  # it ended this very moment
                process.send_signal(signal.SIGKILL if death is Trouble.KILL else signal.SIGTERM)
            status = await process.wait()
            if death is Trouble.TERM and status != 0:
                self.crashes.append(f"SIGTERM ended it with {status}")
            await self.stop()
            await self.start()
        finally:
            self._restarting = False

    async def watch(self) -> None:
        """Note the memory of the process for ever; start it anew where it ended by itself."""
        while True:
            process = self._process
            if process is not None and process.returncode is None:
                with contextlib.suppress(OSError, IndexError):  # it is just ending
                    self.samples.append((time.monotonic() - self.began_s, resident_bytes(process.pid)))
            elif process is not None and not self._restarting:
                self.crashes.append(f"the bot ended by itself with {process.returncode}")
                await self.restart(Trouble.KILL)
            self.reka.forget_requests()
            await asyncio.sleep(_SAMPLE_EVERY_S)

    # The people --------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask as a person does; a command only while somebody is there to take it."""
        channel = self.places[question.door][question.room]
        person = self.world.person(_NAMES[question.number % len(_NAMES)])
        at_s = time.monotonic()
        if question.door not in HEARD_LATER:
            if not self.sandbox.gateway.online:
                self.skipped += 1
                return
            options: dict[str, OptionValue] = {
                "question": question.text,
                "private": question.door is Door.PRIVATE,
            }
            self.asked[question.number] = Asked(question, person.uses(channel, "ask", options), at_s)
            return
        text = f"{self.world.bot.mention} {question.text}"
        if question.door is Door.DIRECT:
            person, text = self.world.person(_NAMES[question.room]), question.text
        files = [("small.png", _PNG)] if question.image else []
        event = person.says(channel, text, files=files, reply_to=self._answer_to(question.replies_to))
        self.asked[question.number] = Asked(question, event, at_s)

    def _answer_to(self, number: int | None) -> Message | None:
        earlier = self.asked.get(number) if number is not None else None
        if earlier is None:
            return None
        shown = (self.world.message(page) for page in pages_of(self.database, earlier.event.id))
        return next((message for message in shown if message is not None), None)

    async def act(self, act: Act) -> None:
        """Do what people do beside asking; nothing while the bot is away, since nobody would be told."""
        if not self.sandbox.gateway.online or self._restarting or not self._do(act):
            self.skipped += 1

    def _do(self, act: Act) -> bool:
        """Whether there was something to do it to."""
        if act.deed is Deed.PRESSES:
            return self._press()
        one = self.asked.get(act.number or 0)
        if one is None or not isinstance(one.event, Message) or one.event.deleted:
            return False
        person = one.event.author
        if not isinstance(person, Person):
            return False
        match act.deed:
            case Deed.EDITS:
                person.edits(one.event, one.event.content + THANKS)
                one.edited = one.question.text + THANKS
            case Deed.DELETES_QUESTION:
                one.question_deleted_s = time.monotonic()
                person.deletes(one.event)
            case _:
                pages = [self.world.message(page) for page in pages_of(self.database, one.event.id)]
                shown = [message for message in pages if message is not None]
                if not shown:
                    return False
                one.answer_deleted_s = time.monotonic()
                for message in shown:
                    self.world.delete(message)
        return True

    def _press(self) -> bool:
        for message in reversed(self.posted.values()):
            for button in message.buttons:
                kind, _, reply_id = str(button.get("custom_id")).partition(":")
                event_id = event_of(self.database, int(reply_id)) if reply_id.isdigit() else None
                one = next((one for one in self.asked.values() if one.event.id == event_id), None)
                if one is None or message.deleted or button.get("label") != "Try again":
                    continue
                one.asker.presses(message, custom_id=f"{kind}:{reply_id}")
                one.pressed += 1
                return True
        return False

    # The end -----------------------------------------------------------------------------------------------

    async def until_settled(self) -> float:
        """Wait until nothing is under way, at most so long; the seconds it took."""
        began_s = time.monotonic()
        while is_under_way(read_memory(self.database), self.asked.values()):
            if time.monotonic() - began_s > SETTLED_WITHIN_S:
                break
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - began_s


@asynccontextmanager
async def open_house(name: str, folder: Path) -> AsyncIterator[SoakHouse]:
    """Open a house with some rooms behind each door, and nobody in it yet."""
    world = World(channels=("general",), people=_NAMES)
    async with Sandbox(world=world) as sandbox, RekaSpace() as space:
        sandbox.faults.latency_s = ONE_WAY_S
        reka = TroubledReka()
        space.answer_by = reka.script
        doors = (Door.MENTION, Door.ELSEWHERE, Door.COMMAND, Door.PRIVATE)
        places = {
            door: [world.add_channel(f"{door.name.lower()}-{at}") for at in range(ROOMS)] for door in doors
        }
        general = world.channel("general")
        places[Door.THREAD] = [world.add_thread(general, f"aside-{at}") for at in range(ROOMS)]
        places[Door.DIRECT] = [world.dm(world.person(name)) for name in _NAMES]
        house = SoakHouse(name, sandbox, space, reka, folder, places)
        world.listeners.append(house.changed)
        try:
            yield house
        finally:
            await house.stop()


async def live(house: SoakHouse, story: Story) -> float:
    """Let the story happen; the seconds that it took to settle in the end."""
    await house.start()
    await _warm_up(house)
    breakages = Breakages(house.sandbox.faults, house.sandbox.gateway, house.reka, house.database)
    house.began_s = time.monotonic()
    watching = asyncio.create_task(house.watch())
    deaths: set[asyncio.Task[None]] = set()

    async def fall(one: Fall) -> None:
        house.happened.append(Happened(time.monotonic(), one.trouble))
        if one.trouble in DEATHS:
            deaths.add(asyncio.create_task(house.restart(one.trouble)))
        else:
            await breakages.cause(one.trouble)

    async def ask(one: Question) -> None:
        house.ask(one)

    try:
        async with asyncio.TaskGroup() as group:
            for row in (
                _on_time(house.began_s, story.questions, ask),
                _on_time(house.began_s, story.falls, fall),
                _on_time(house.began_s, story.acts, house.act),
                _tell_progress(house, story),
            ):
                group.create_task(row)
        await asyncio.gather(*deaths)
        house.sandbox.faults.clear()
        house.reka.next_troubles.clear()
        await breakages.close()
        settled_s = await house.until_settled()
        await asyncio.sleep(QUIET_S)  # a second answer would come by now
        return settled_s
    finally:
        for task in (watching, *deaths):
            task.cancel()
        await asyncio.gather(watching, *deaths, return_exceptions=True)
        await breakages.close()


async def _on_time(
    began_s: float, row: Sequence[_Timed], do: Callable[[_Timed], Coroutine[None, None, None]]
) -> None:
    """Do each at its time, one after the other."""
    for one in row:
        await asyncio.sleep(max(0.0, began_s + one.at_s - time.monotonic()))
        await do(one)


async def _tell_progress(house: SoakHouse, story: Story) -> None:
    """Say each minute how it goes, beside the table that comes in the end."""
    while (gone_s := time.monotonic() - house.began_s) < story.length_s:
        await asyncio.sleep(min(60.0, story.length_s - gone_s))
        if house.samples:
            size = house.samples[-1][1] / 2**20
            line = f"house {house.name}: {gone_s / 60 + 1:.0f} min, {len(house.asked)} asked, {size:.0f} MiB"
            print(line, file=sys.stderr, flush=True)


async def _warm_up(house: SoakHouse) -> None:
    """One question in each place that anybody may read: from then on people talk with the bot there."""
    for door in (door for door in Door if door in HEARD_LATER):
        for room in range(ROOMS):
            house.ask(Question(len(house.asked) + 1, door, 0.0, room))
    await house.until_settled()
