"""discord.py's client with our cogs: what it asks of Discord, and how it comes and goes."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from cogs import EXTENSIONS, WiredBot
from conversation.ports import CommandDigests
from conversation.sentences import say

log = logging.getLogger(__name__)


class RekaBot(WiredBot):
    """The bot; it needs no privileged intent.

    Args:
        content_intent: ask for the content of all messages, which is privileged.
        own_gateway: take the gateway from the REST address, which is not Discord's own.
        http_trace: watches every request (an aiohttp.TraceConfig).
    """

    def __init__(self, *, content_intent: bool, own_gateway: bool, http_trace: Any) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = content_intent
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
        )
        self._own_gateway = own_gateway

    async def setup_hook(self) -> None:
        """After the login and before the gateway: the cogs, and the commands where they changed."""
        if self._own_gateway:
            # discord.py falls back to Discord's own gateway after op 9 (docs/adr/0001).
            _, url, _ = await self.http.get_bot_gateway()
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url).with_query(None)
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        if self.application_id is None:
            raise RuntimeError("the login told no application id")
        await sync_if_changed(
            self.tree, self.wiring.digests, application_id=self.application_id, api_url=Route.BASE
        )

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


class Tree(app_commands.CommandTree[WiredBot]):
    """The one handler of what goes wrong in a command: a line with the traceback, a sentence to the person."""

    async def on_error(
        self, interaction: discord.Interaction[WiredBot], error: app_commands.AppCommandError, /
    ) -> None:
        command = interaction.command.qualified_name if interaction.command is not None else None
        log.error(
            "a command failed",
            exc_info=error,
            extra={"event_id": interaction.id, "command": command, "channel_id": interaction.channel_id},
        )
        sentence = say("unexpected", str(interaction.locale))
        lost_answers = interaction.client.wiring.lost_answers
        with suppress(discord.HTTPException, *lost_answers):  # the failure is logged; this is a courtesy
            if interaction.response.is_done():
                await interaction.followup.send(sentence, ephemeral=True)
            else:
                await interaction.response.send_message(sentence, ephemeral=True)


async def sync_if_changed(
    tree: app_commands.CommandTree[discord.Client],
    digests: CommandDigests,
    *,
    application_id: int,
    api_url: str,
) -> bool:
    """Send the global commands where Discord has others than `tree`; whether it was done.

    Creates are limited to 200 a day (discord-facts 4), so nothing is sent that is there already.
    One GET finds out what somebody else changed since; the digest, kept per application and API address, finds
    out what we changed.
    """
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    payload.sort(key=lambda command: (command["type"], command["name"]))
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    # No more than these: the rest comes back with Discord's defaults filled in.
    there = {
        (command.type.value, command.name, command.description) for command in await tree.fetch_commands()
    }
    ours = {
        (int(command["type"]), str(command["name"]), str(command.get("description", "")))
        for command in payload
    }
    if there == ours and await digests.digest(application_id, api_url) == digest:
        return False
    synced = await tree.sync()
    await digests.keep(application_id, api_url, digest)
    log.info("commands synced", extra={"commands": len(synced)})
    return True


class ConnectionTrouble(logging.Filter):
    """Tells what discord.py survives by connecting again in one line; a traceback of it helps nobody."""

    def __init__(self, lost_answers: tuple[type[Exception], ...]) -> None:
        super().__init__()
        self._survived = (*lost_answers, discord.ConnectionClosed, discord.GatewayNotFound)

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, self._survived):
            record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
            record.exc_info = None
        return True
