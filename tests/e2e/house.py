"""The whole house on loopback: a Discord, a Reka, and between them the real bot over unmodified discord.py."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from bot import run
from cogs.client import Pace
from conversation.recall import DEFAULT_SYSTEM_PROMPT
from runtime.settings import Settings, load_settings
from sandbox.entities import Channel, Message
from sandbox.faults import same_route
from sandbox.person import Person
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace
from sandbox.rest import RecordedRequest
from sandbox.server import Sandbox
from sandbox.world import World

Route = tuple[str, str]
"""A method and the template of a path."""

CREATE: Route = ("POST", "/channels/{channel_id}/messages")
EDIT: Route = ("PATCH", "/channels/{channel_id}/messages/{message_id}")
TYPING: Route = ("POST", "/channels/{channel_id}/typing")
DEFER: Route = ("POST", "/interactions/{interaction_id}/{token}/callback")
EDIT_RESPONSE: Route = ("PATCH", "/webhooks/{application_id}/{token}/messages/@original")
FOLLOW_UP: Route = ("POST", "/webhooks/{application_id}/{token}")


@dataclass(slots=True)
class House:
    """What a test tells its story with; `platform` answers where the house was opened with `official`."""

    sandbox: Sandbox
    reka: RekaSpace
    settings: Settings
    platform: RekaPlatformServer = field(default_factory=RekaPlatformServer)
    bot: asyncio.Task[None] | None = None
    stopping: asyncio.Event | None = None
    pace: Pace | None = None

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

    async def until_shown(
        self, *contents: str, channel: Channel | None = None, viewer: Person | None = None
    ) -> None:
        """Wait until the bot's messages in a channel are exactly these."""
        await self.world.until(lambda: self.shows(*contents, channel=channel, viewer=viewer), timeout_s=10)

    def told(self, chat: int = -1) -> list[tuple[str, str]]:
        """What Reka was told in one chat, by default the newest: (human or model, text), oldest first.

        The system prompt, which travels in the first human turn, is left out.
        """
        turns = [
            (str(turn["type"]), str(turn["text"])) for turn in self.reka.chats[chat].conversation_history
        ]
        return [(who, text.removeprefix(f"{DEFAULT_SYSTEM_PROMPT}\n\n")) for who, text in turns]

    def pictures_sent(self, chat: int = -1) -> list[str]:
        """The addresses of the pictures that Reka was sent in one chat, oldest first."""
        turns = self.reka.chats[chat].conversation_history
        return [str(turn["image_url"]) for turn in turns if "image_url" in turn]

    async def until_asked(self, chats: int) -> None:
        """Wait until Reka was asked this often, counted from the start of the house."""
        await self.world.until(lambda: len(self.reka.chats) >= chats, timeout_s=10)

    async def hears(self, question: str, *answers: str, channel: Channel | None = None) -> list[Message]:
        """Alice mentions the bot, which shows exactly these answers in all; returns them."""
        place = channel or self.general
        self.alice.says(place, question if place.is_dm else f"{self.at_reka} {question}")
        await self.until_shown(*answers, channel=place)
        return self.replies(place)

    def sent(self, route: Route) -> list[RecordedRequest]:
        """The requests of one route so far, in the order of their answers."""
        method, path = route[0], same_route(route[1])
        return [
            request
            for request in self.sandbox.requests
            if request.method == method and same_route(request.route) == path
        ]

    def contents(self, route: Route) -> list[object]:
        """The contents that the requests of one route carried."""
        return [request.body.get("content") for request in self.sent(route) if isinstance(request.body, dict)]

    async def until_ended(self) -> None:
        """Wait until the journal holds no question that is under way, and at least one."""

        def ended() -> bool:
            states = set(self.journal())
            return bool(states) and "claimed" not in states

        await self.world.until(ended, timeout_s=10)

    def journal(self) -> list[str]:
        """How far each reply is, as the database has it, oldest first."""
        return self._column("SELECT state FROM replies ORDER BY id")

    async def until_posted(self, pages: int) -> None:
        """Wait until the journal knows of so many messages of the bot."""
        query = "SELECT message_id FROM reply_pages"
        await self.world.until(lambda: len(self._column(query)) == pages, timeout_s=10)

    async def until_remembered(self, *texts: str) -> None:
        """Wait until memory holds exactly these turns; who deletes and asks at once is not yet forgotten."""
        query = "SELECT text FROM turns ORDER BY reply_id, role DESC"
        await self.world.until(lambda: self._column(query) == list(texts), timeout_s=10)

    def _column(self, query: str) -> list[str]:
        with closing(
            sqlite3.connect(self.settings.database_url.get_secret_value().partition("///")[2])
        ) as database:
            return [value for (value,) in database.execute(query)]

    async def resets(self, channel: Channel | None = None) -> None:
        """Alice makes the bot forget the channel, and sees that it has."""
        used = self.alice.uses(channel or self.general, "reset")
        await self.world.until(lambda: used.original is not None and not used.original.thinking)

    async def start_bot(self) -> None:
        """Start the bot and wait until it is online."""
        self.stopping = asyncio.Event()
        self.bot = asyncio.create_task(run(self.settings, self.stopping, pace=self.pace))
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


def environment_for(sandbox: Sandbox, reka: RekaSpace, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a bot that lives in the sandbox alone."""
    return {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "REKA_URL": reka.url,
        "REKA_APP_SESSION": "session-of-the-house-5Lw8",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'reka.db'}",
        "GRACE_S": "0",
        **more,
    }


def logged(records: list[logging.LogRecord]) -> str:
    """All that log records hold, their extra fields and arguments included."""
    return " ".join(str(record.__dict__) for record in records)


def settings_for(sandbox: Sandbox, reka: RekaSpace, folder: Path, **more: str) -> Settings:
    """Settings of a bot that lives in the sandbox alone."""
    return load_settings(environment_for(sandbox, reka, folder, **more), env_file=None)


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    start: bool = True,
    reka_label: str = "",
    official: bool = False,
    pace: Pace | None = None,
    **more: str,
) -> AsyncIterator[House]:
    """Open the sandbox, start the bot in it, and close all in the reverse order.

    With `official` the bot has a key of the official API beside its log-in of space.reka.ai. `pace` is how fast its
    shards come back to a gateway that they lost.
    """
    async with (
        Sandbox(reka_label=reka_label) as sandbox,
        RekaSpace() as reka,
        RekaPlatformServer(token_s=0.0) as platform,
    ):
        if official:
            more = {"REKA_API_KEY": "key-of-the-house-7Rt2", "REKA_API_URL": platform.url, **more}
        house = House(sandbox, reka, settings_for(sandbox, reka, folder, **more), platform, pace=pace)
        try:
            if start:
                await house.start_bot()
            yield house
        finally:
            await house.stop_bot()
