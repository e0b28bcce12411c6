"""The loopback Discord against an unmodified discord.py, and against raw requests where a bot is too polite."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox import Fault, Rule, Sandbox

Handler = Callable[[discord.Message], Awaitable[object]]


class EchoBot(commands.AutoShardedBot):
    """The smallest bot that uses what ours uses: mention, edit, slash command, menu, button, direct message."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.01,
            **options,  # type: ignore[arg-type]  # whatever a test gives goes to discord.py as it is
        )
        self.heard: list[discord.Message] = []
        self.edits_seen: list[discord.RawMessageUpdateEvent] = []
        self.on_mention: Handler = self.echo
        self.tree.add_command(app_commands.Command(name="ask", description="Ask", callback=ask))
        self.tree.add_command(app_commands.ContextMenu(name="Explain", callback=explain))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify without the 5 s pause between shards, which here nobody asks for."""

    async def setup_hook(self) -> None:
        await self.tree.sync()
        self.add_view(AgainView())

    async def on_message(self, message: discord.Message, /) -> None:
        if message.author != self.user:
            self.heard.append(message)
            if message.guild is None or self.user in message.mentions:
                await self.on_mention(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edits_seen.append(payload)

    async def echo(self, message: discord.Message) -> None:
        reply = await message.reply("one", view=AgainView(), suppress_embeds=True)
        await reply.edit(content=f"two: {message.content}")


class AgainView(discord.ui.View):
    """One persistent button."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(
        self, interaction: discord.Interaction, _button: discord.ui.Button[AgainView]
    ) -> None:
        await interaction.response.edit_message(content="pressed", view=None)


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def ask(
    interaction: discord.Interaction,
    question: str,
    image: discord.Attachment | None = None,
    private: bool = False,
) -> None:
    await interaction.response.defer(ephemeral=private)
    size = len(await image.read()) if image else 0
    await interaction.edit_original_response(content=f"answer to {question} ({size} bytes)")
    await interaction.followup.send("and more", ephemeral=private)


async def explain(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"it says {message.content}", ephemeral=True)


@dataclass
class Stage:
    """A sandbox with a bot in it."""

    sandbox: Sandbox
    bot: EchoBot
    running: asyncio.Task[None] = field(repr=False)

    async def leave(self) -> None:
        """Stop the bot in the order that closes the gateway with 1000."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.bot.close()


@contextlib.contextmanager
def pointed_at(sandbox: Sandbox) -> AsyncIterator[None]:  # type: ignore[misc]  # a plain generator is meant
    """Point discord.py at the sandbox, and back."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = sandbox.api_url, yarl.URL(sandbox.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
