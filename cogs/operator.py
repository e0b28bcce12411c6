"""The operator's own command: how the bot is doing, and what to do about it.

One global slash command with a choice, shown to a server's administrators alone, answered to nobody but the
application's owner or team, and only for their eyes. A command by mention or in a direct message ("@Reka status") would
take words away from people's questions, and needs the content of messages. Guild commands would have to be sent to
each server of ALLOWED_GUILDS and taken back when the list changes; one list of commands is what is kept in step. In
direct messages Discord shows a command to everybody, so there is none there.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from cogs import WiredBot
from conversation.sentences import say

ANSWER_CHARS = 1_900  # of Discord's 2,000, with the fence around it
SHARDS_SHOWN = 8


async def setup(bot: WiredBot) -> None:
    """Load the operator's command into `bot`."""
    await bot.add_cog(OperatorCog(bot))


class OperatorCog(commands.Cog, name="OperatorCog"):
    """`/operator`: status, sync, reload."""

    def __init__(self, bot: WiredBot) -> None:
        self._bot = bot
        self._running: set[asyncio.Task[Any]] = set()

    async def cog_unload(self) -> None:
        """End what is under way, but for the command that loads this cog anew."""
        others = self._running - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)

    @app_commands.command(name="operator", description="For whoever runs this bot: how it is doing")
    @app_commands.describe(
        action="status tells, sync sends the commands to Discord, reload loads the cogs anew"
    )
    @app_commands.default_permissions(administrator=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def operator(
        self, interaction: discord.Interaction, action: Literal["status", "sync", "reload"]
    ) -> None:
        """Do what the owner asks; others get a friendly sentence, since administrators see the command, too."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a command runs in a task")
        self._running.add(task)
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.edit_original_response(content=await self._answer(interaction, action))
        finally:
            self._running.discard(task)

    async def _answer(self, interaction: discord.Interaction, action: str) -> str:
        locale = str(interaction.locale)
        if not await self._bot.is_owner(interaction.user):
            return say("operator-only", locale)
        if action == "status":
            return as_table([*self._of_discord(), *await self._bot.wiring.status()])
        if action == "sync":
            return await self._sync(locale)
        return await self._reload(locale)

    async def _sync(self, locale: str) -> str:
        try:
            names = await self._bot.sync_commands()
        except discord.HTTPException as error:
            return say("operator-sync-failed", locale, why=f"{error.status}, {error.code}")
        return say("operator-synced", locale, names=", ".join(names))

    async def _reload(self, locale: str) -> str:
        outcome = await self._bot.reload_extensions()
        done = [name for name, error in outcome.items() if error is None]
        sentences = [say("operator-reloaded", locale, names=", ".join(done))] if done else []
        for name, error in outcome.items():
            if error is not None:
                why = type(error.__cause__ or error).__name__
                sentences.append(say("operator-reload-failed", locale, name=name, why=why))
        return "\n".join(sentences)[:ANSWER_CHARS]

    def _of_discord(self) -> list[tuple[str, str]]:
        return [("servers", str(len(self._bot.guilds))), ("shards", shards_in_words(self._bot.latencies))]


def shards_in_words(latencies: Sequence[tuple[int, float]]) -> str:
    """Each shard with how long its heartbeat takes to come back; of many those that take longest."""

    def slowness(shard: tuple[int, float]) -> float:
        return shard[1] if math.isfinite(shard[1]) else math.inf

    chosen = sorted(latencies, key=slowness, reverse=True)[:SHARDS_SHOWN]
    words = [
        f"{number}: {latency * 1000:.0f} ms" if math.isfinite(latency) else f"{number}: away"
        for number, latency in sorted(chosen)
    ]
    more = len(latencies) - len(chosen)
    return ", ".join([*words, f"and {more} more"] if more else words)


def as_table(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values in a code block, in the operator's words, which are those of the log."""
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {' '.join(value.split())}".replace("`", "ˋ") for name, value in rows]
    return "```\n" + "\n".join(lines)[:ANSWER_CHARS] + "\n```"
