"""The whole house on loopback: a Discord, a Reka, and between them the real bot over unmodified discord.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import run
from runtime.settings import Settings, load_settings
from sandbox.entities import Channel, Message
from sandbox.person import Person
from sandbox.reka_space import RekaSpace
from sandbox.server import Sandbox
from sandbox.world import World


@dataclass(slots=True)
class House:
    """What a test tells its story with."""

    sandbox: Sandbox
    reka: RekaSpace
    settings: Settings
    bot: asyncio.Task[None] | None = None
    stopping: asyncio.Event | None = None

    @property
    def world(self) -> World:
        return self.sandbox.world

    @property
    def alice(self) -> Person:
        return self.world.person("alice")

    @property
    def bob(self) -> Person:
        return self.world.person("bob")

    @property
    def general(self) -> Channel:
        return self.world.channel("general")

    @property
    def at_reka(self) -> str:
        return self.world.bot.mention

    def replies(self, channel: Channel | None = None, viewer: Person | None = None) -> list[Message]:
        """What the bot shows in a channel, oldest first."""
        messages = self.world.messages(channel or self.general, viewer)
        return [message for message in messages if message.author == self.world.bot]

    def shows(self, *contents: str, channel: Channel | None = None, viewer: Person | None = None) -> bool:
        """Whether the bot's messages in a channel are exactly these."""
        return [message.content for message in self.replies(channel, viewer)] == list(contents)

    async def until_shown(self, *contents: str, channel: Channel | None = None, viewer: Person | None = None) -> None:
        """Wait until the bot's messages in a channel are exactly these."""
        await self.world.until(lambda: self.shows(*contents, channel=channel, viewer=viewer), timeout_s=10)

    async def start_bot(self) -> None:
        """Start the bot and wait until it is online."""
        self.stopping = asyncio.Event()
        self.bot = asyncio.create_task(run(self.settings, self.stopping))
        online = asyncio.create_task(self.world.until(lambda: self.sandbox.gateway.online, timeout_s=10))
        await asyncio.wait({self.bot, online}, return_when=asyncio.FIRST_COMPLETED)
        if self.bot.done():
            online.cancel()
            await asyncio.wait({online})
            self.bot.result()
        await online

    async def stop_bot(self) -> None:
        """Stop the bot as SIGTERM does, and wait until it has ended."""
        if self.bot is not None and self.stopping is not None:
            self.stopping.set()
            await self.bot
            self.bot = None


def settings_for(sandbox: Sandbox, reka: RekaSpace, folder: Path, **more: str) -> Settings:
    """Settings of a bot that lives in the sandbox alone."""
    env = {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "REKA_URL": reka.url,
        "REKA_APP_SESSION": "sandbox",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'reka.db'}",
        "GRACE_S": "0",
        **more,
    }
    return load_settings(env, env_file=None)


@asynccontextmanager
async def open_house(
    folder: Path, *, start: bool = True, reka_label: str = "", **more: str
) -> AsyncIterator[House]:
    """Open the sandbox, start the bot in it, and close all in the reverse order."""
    async with Sandbox(reka_label=reka_label) as sandbox, RekaSpace() as reka:
        house = House(sandbox, reka, settings_for(sandbox, reka, folder, **more))
        try:
            if start:
                await house.start_bot()
            yield house
        finally:
            await house.stop_bot()
