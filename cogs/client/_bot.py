"""discord.py's client with our cogs: what it asks of Discord, and how it comes and goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, cast

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from cogs import EXTENSIONS, WiredBot
from cogs.client._command_sync import sync_if_changed
from cogs.client._gateway_socket import Links, Pace, install
from cogs.client._login_turns import LoginTurns
from conversation.ports import MemoryUnavailable
from conversation.sentences import say

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 600.0
DISCORDS_OWN_PAUSE_S = 5.0


class _NotYetError(Exception):
    """A shard could not be connected this time."""


class RekaBot(WiredBot):
    """The bot; it needs no privileged intent.

    Args:
        content_intent: ask for the content of all messages, which is privileged.
        own_gateway: take the gateway from the REST address, which is not Discord's own.
        http_trace: watches every request (an aiohttp.TraceConfig).
        pace: how fast shards come back.
        shard_ids: the shards of this process, of `shard_count`; empty for all that Discord recommends.
    """

    def __init__(
        self,
        *,
        content_intent: bool,
        own_gateway: bool,
        http_trace: Any,
        pace: Pace,
        shard_ids: Sequence[int] = (),
        shard_count: int | None = None,
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = content_intent
        shards: dict[str, Any] = (
            {"shard_ids": list(shard_ids), "shard_count": shard_count} if shard_ids else {}
        )
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            http_trace=http_trace,
            **shards,
            heartbeat_timeout=pace.silence_s,
        )
        self._own_gateway = own_gateway
        self._turns = LoginTurns(pace.identify_every_s)
        self.links = Links(pace, self._turn_to_log_in)
        self._launching: set[int] = set()
        self._held: list[tuple[str, tuple[Any, ...], dict[str, Any]]] | None = None
        self.steady = asyncio.Event()
        self.steady.set()

    async def setup_hook(self) -> None:
        """After the login and before the gateway: the cogs, and the commands where they changed."""
        install(self.links.pace)
        url = await self._until_log_ins_are_left()
        if self._own_gateway:
            # discord.py falls back to Discord's own gateway after op 9 (docs/adr/0001).
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url).with_query(None)
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        if not self.shard_ids or 0 in self.shard_ids:  # once in a fleet
            await self._sync(always=False)

    async def _until_log_ins_are_left(self) -> str:
        """Wait until Discord lets all our shards log in; the gateway's address.

        Who logs in more often than 1,000 times a day loses the token (Gateway, session_start_limit).
        """
        while True:
            recommended, url, told = await self.http.get_bot_gateway()
            limit = cast("Mapping[str, Any]", told)  # a proxy may leave some of it out
            self._turns.buckets = max(1, int(limit.get("max_concurrency", 1)))
            needed = len(self.shard_ids or range(self.shard_count or recommended))
            left = int(limit.get("remaining", needed))
            if left >= needed:
                return url
            wait_s = int(limit.get("reset_after", 0)) / 1000
            fields = {"left": left, "shards": needed, "again_in_s": round(wait_s)}
            log.error(
                "Discord lets the bot log in no more today; something restarts it too often", extra=fields
            )
            await asyncio.sleep(max(1.0, min(wait_s, LOOK_AGAIN_S)))

    @asynccontextmanager
    async def _turn_to_log_in(self, shard_id: int) -> AsyncIterator[None]:
        async with self._turns.turn(shard_id, self._application_id(), self.wiring.identify_lock):
            yield

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Connect a shard for the first time, as often as it takes.

        discord.py calls this again from within after a failed try and 5 s: for ever where the gateway said that it
        wants no more, and each time a level deeper, until Python has enough.

        Raises:
            discord.ConnectionClosed: the gateway closed the connection for good.
        """
        link = self.links[shard_id]
        if shard_id in self._launching:
            raise _NotYetError
        self._launching.add(shard_id)
        try:
            while True:
                try:
                    return await super().launch_shard(gateway, shard_id, initial=initial)
                except _NotYetError:
                    if link.ended_by is not None:
                        raise link.ended_by from None
                    await asyncio.sleep(max(0.0, link.backoff.delay() - DISCORDS_OWN_PAUSE_S))
        finally:
            self._launching.discard(shard_id)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No pause here, with the connection open: the shard waited for its turn before it was made."""

    def _application_id(self) -> int:
        if self.application_id is None:
            raise RuntimeError("the login told no application id")
        return self.application_id

    async def _sync(self, *, always: bool) -> None:
        await sync_if_changed(
            self.tree,
            self.wiring.digests,
            application_id=self._application_id(),
            api_url=Route.BASE,
            always=always,
        )

    async def sync_commands(self) -> list[str]:
        await self._sync(always=True)
        return sorted(command.name for command in self.tree.get_commands())

    async def reload_extensions(self) -> dict[str, commands.ExtensionError | None]:
        outcome: dict[str, commands.ExtensionError | None] = {}
        with self._holding_events():
            for name in EXTENSIONS:
                try:
                    await self.reload_extension(name)
                except commands.ExtensionError as error:
                    log.exception("could not reload", extra={"extension": name})
                    outcome[name] = error
                else:
                    outcome[name] = None
        return outcome

    @contextmanager
    def _holding_events(self) -> Iterator[None]:
        """Let events wait while nobody listens: a question must not fall between two versions of a cog."""
        self._held = []
        self.steady.clear()
        try:
            yield
        finally:
            held, self._held = self._held, None
            self.steady.set()
            for event, args, kwargs in held:
                self.dispatch(event, *args, **kwargs)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        if self._held is None:
            super().dispatch(event_name, *args, **kwargs)
        else:
            self._held.append((event_name, args, kwargs))

    async def close(self) -> None:
        """End what is under way while REST still works, however the end came about."""
        if not self.is_closed():
            for extension in tuple(self.extensions):
                await self.unload_extension(extension)  # first: nothing new comes in behind the drain
            await self.wiring.conversation.drain(0.0)
            await self.wiring.end_calls()
        await super().close()

    async def on_message(self, message: discord.Message, /) -> None:
        """Commands are slash commands; a mention is a question and never a command."""

    async def on_ready(self) -> None:
        log.info("ready", extra={"guilds": len(self.guilds), "shards": self.shard_count})


class Tree(app_commands.CommandTree["RekaBot"]):
    """The one handler of what goes wrong in a command: a line with the traceback, a sentence to the person."""

    async def interaction_check(self, interaction: discord.Interaction[RekaBot], /) -> bool:
        """Let a command wait while the cogs are loaded anew."""
        await interaction.client.steady.wait()
        return True

    async def on_error(
        self, interaction: discord.Interaction[RekaBot], error: app_commands.AppCommandError, /
    ) -> None:
        command = interaction.command.qualified_name if interaction.command is not None else None
        fields = {"event_id": interaction.id, "command": command, "channel_id": interaction.channel_id}
        if isinstance(error.__cause__, MemoryUnavailable):  # what is wrong stands in its sentence
            kind = "memory-unavailable"
            log.warning("memory is out of reach", extra={**fields, "why": str(error.__cause__)})
        else:
            kind = "unexpected"
            log.error("a command failed", exc_info=error, extra=fields)
        sentence = say(kind, str(interaction.locale))
        lost_answers = interaction.client.wiring.lost_answers
        with suppress(discord.HTTPException, *lost_answers):  # the failure is logged; this is a courtesy
            if interaction.response.is_done():
                await interaction.followup.send(sentence, ephemeral=True)
            else:
                await interaction.response.send_message(sentence, ephemeral=True)
