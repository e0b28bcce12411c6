"""The whole catalogue of hostile inputs against one running bot."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sandbox.entities import Channel
from sandbox.reka_space import Fault, RekaSpace, Script
from sandbox.server import Sandbox
from tests.e2e.house import environment_for
from tests.e2e.processes import Program, running_bot
from tests.hostile.catalogue import CATALOGUE, Hostile

MOST_MIB = 300
EACH_S = 20.0
AT_ONCE = 12


@dataclass(slots=True)
class Canary:
    """A server that nobody may ask: it hangs up on whoever does."""

    url: str = ""
    asked: int = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.asked += 1
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield


@dataclass(slots=True)
class Memory:
    """The most that the bot and its children held at a time, in MiB."""

    most_mib: float = 0.0
    _bot_mib: float = 0.0
    _children_mib: float = 0.0

    async def watch(self, pid: int) -> None:
        """Look at it until cancelled."""
        while True:
            self._bot_mib = max(self._bot_mib, _peak_mib(pid))
            self._children_mib = max(self._children_mib, sum(map(_peak_mib, _children(pid))))
            self.most_mib = max(self.most_mib, self._bot_mib + self._children_mib)
            await asyncio.sleep(0.02)

    def start_anew(self, pid: int) -> None:
        """Let peaks of earlier inputs not be added to those of later ones."""
        for each in (pid, *_children(pid)):
            with suppress(OSError):  # it ended just now, or the kernel keeps all peaks
                Path(f"/proc/{each}/clear_refs").write_text("5", encoding="ascii")
        self._bot_mib = self._children_mib = 0.0


def _children(pid: int) -> list[int]:
    with suppress(OSError):  # it ended just now
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def _peak_mib(pid: int) -> float:
    with suppress(OSError):  # it ended just now
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


@dataclass(slots=True)
class Siege:
    """Who sends what is hostile, and sees what comes of it."""

    sandbox: Sandbox
    reka: RekaSpace
    database: Path
    canary: Canary
    unanswered: list[str] = field(default_factory=list)

    async def sends(self, name: str, hostile: Hostile) -> None:
        """Ask in a channel of its own, and wait for what comes of it."""
        world = self.sandbox.world
        channel = world.add_channel(re.sub(r"[^a-z0-9]+", "-", name.lower()))
        asker = world.person("bob") if hostile.name is None else world.add_person(hostile.name)
        if hostile.script is not None:
            self.reka.enqueue(self._filled(hostile.script))
        self.reka.faults.extend(self._aimed(fault) for fault in hostile.faults)
        question = self._text(hostile.question)
        if hostile.in_command:
            asker.uses(channel, "ask", {"question": question})
        else:
            # The addresses of files are signed when the message is handed over, soon after.
            self.sandbox.cdn.origin = self._text(hostile.origin) or self.sandbox.url
            asker.says(channel, f"{world.bot.mention} {question}"[:2000], files=hostile.files)
        if not await self._is_ended(channel):
            self.unanswered.append(name)
        elif not [message for message in world.messages(channel) if message.author == world.bot]:
            self.unanswered.append(f"{name}, without a word")
        if hostile.faults or hostile.origin:
            self.reka.faults.clear()
            self.sandbox.cdn.origin = self.sandbox.url

    async def _is_ended(self, channel: Channel) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(EACH_S):
                while self._states(channel) - {"claimed"} == set():  # noqa: ASYNC110 - a database tells nobody
                    await asyncio.sleep(0.02)
            return True
        return False

    def _states(self, channel: Channel) -> set[str]:
        with closing(sqlite3.connect(self.database)) as database:
            rows = database.execute("SELECT state FROM replies WHERE channel_id = ?", (channel.id,))
            return {state for (state,) in rows}

    def _aimed(self, fault: Fault) -> Fault:
        return replace(fault, headers={key: self._text(value) for key, value in fault.headers.items()})

    def _filled(self, script: Script) -> Script:
        headers = {key: self._text(value) for key, value in script.headers.items()}
        return replace(script, text=self._text(script.text), headers=headers)

    def _text(self, text: str) -> str:
        port = str(self.sandbox.port)
        known = {
            "canary": self.canary.url,
            "port": port,
            "other": f"http://localhost:{port}",
            "cdn_behind_user": f"http://cdn.discordapp.com@127.0.0.1:{port}",
            "bob": str(self.sandbox.world.person("bob").id),
            "role": str(self.sandbox.world.home.bot_role_id),
        }
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@asynccontextmanager
async def siege(folder: Path) -> AsyncIterator[tuple[Siege, Program]]:
    """A bot in a process of its own, and whoever besieges it."""
    canary = Canary()
    async with canary.listening(), Sandbox() as sandbox, RekaSpace(token_s=0.0) as reka:
        env = environment_for(sandbox, reka, folder, QUESTIONS_PER_USER_HOUR="0", LOG_LEVEL="DEBUG")
        async with running_bot(env, folder) as program:
            await program.until(lambda: sandbox.gateway.online)
            yield Siege(sandbox, reka, folder / "reka.db", canary), program


async def _one_by_one(besieged: Siege, program: Program, memory: Memory) -> None:
    """What touches files, whose addresses and memory are everybody's."""
    for name, make in CATALOGUE.items():
        hostile = make()
        if hostile.files:
            memory.start_anew(program.process.pid)
            await besieged.sends(name, hostile)


async def _side_by_side(besieged: Siege) -> None:
    """The rest: long answers take as long as Discord lets one write in a channel."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def sends(name: str, hostile: Hostile) -> None:
        async with turns:
            await besieged.sends(name, hostile)

    async with asyncio.TaskGroup() as group:
        for name, make in CATALOGUE.items():
            hostile = make()
            if not hostile.files:
                group.create_task(sends(name, hostile))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.timeout(240)
async def test_nothing_hostile_reaches_a_traceback_a_ping_a_fetch_or_much_memory(tmp_path: Path) -> None:
    """Whoever can write a message, name a file or answer in Reka's place must not get further than an answer."""
    async with siege(tmp_path) as (besieged, program):
        memory = Memory()
        watching = asyncio.create_task(memory.watch(program.process.pid))
        world = besieged.sandbox.world
        await _one_by_one(besieged, program, memory)
        memory.start_anew(program.process.pid)
        await _side_by_side(besieged)
        watching.cancel()
        await asyncio.wait({watching})

        said = [*program.output, *program.errors]
        shown = [one for channel in world.channels.values() for one in world.messages(channel)]
        ours = [message for message in shown if message.author == world.bot]
        bodies = [one.body for one in besieged.sandbox.requests if isinstance(one.body, dict)]

    assert not [line for line in said if "Traceback" in line or " ERROR " in line]
    assert besieged.unanswered == []
    assert not [message for message in ours if message.pinged or message.mentions_everyone]
    rules = [body.get("allowed_mentions") for body in bodies if body.get("content")]
    assert rules
    assert [rule for rule in rules if rule != {"parse": []}] == []
    assert besieged.canary.asked == 0
    assert memory.most_mib < MOST_MIB
    assert besieged.sandbox.invalid_requests == 0


def test_the_catalogue_is_long_enough() -> None:
    """Eighty was promised."""
    assert len(CATALOGUE) >= 80
