"""The doors of the conversation, and what Discord tells about messages that were remembered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import discord
from discord import app_commands
from discord.ext import commands

from cogs import Fetch
from cogs.chat._finder import ReplyFinder
from cogs.chat._intake import (
    ask_about_message,
    ask_from_command,
    ask_from_message,
    is_for_us,
    is_withheld,
    place_of,
    plain_text,
    quoted_text,
)
from cogs.chat._missed import MissedMessages
from cogs.chat._presses import Presses
from cogs.chat._responses import defer, event_of, whisper
from cogs.chat._surface import LostAnswers, may_write, surface_of_message
from cogs.chat._token_surface import Token, surface_of_interaction
from conversation.catch_up import CatchUp
from conversation.model import Ask, Place
from conversation.pipeline import Conversation
from conversation.ports import ReplyJournal
from conversation.sentences import say
from delivery.surface import OfferKind

log = logging.getLogger(__name__)

QUESTION_CHARS = 4_000
HINTS_KEPT = 10_000
HANDLERS_END_IN_S = 0.5
SILENT_BEFORE_LOSS_S = 60.0  # as long a dead connection may have brought nothing before anybody noticed
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
BOTH_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)


_P = ParamSpec("_P")
_Handler = Callable[Concatenate["ChatCog", _P], Coroutine[Any, Any, None]]


def _owned(handler: _Handler[_P]) -> _Handler[_P]:
    """Make the cog the owner of the task that discord.py starts for an event and then forgets."""

    @wraps(handler)
    async def handle(self: ChatCog, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        with self.visited():
            await handler(self, *args, **kwargs)

    return handle


class ChatCog(commands.Cog, name="ChatCog"):
    """Four doors, one conversation: a mention, a DM, /ask, and "Ask about this message"."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        conversation: Conversation,
        journal: ReplyJournal,
        fetch: Fetch,
        lost_answers: LostAnswers,
        catch_up: CatchUp,
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._journal = journal
        self._catch_up = catch_up
        self._fetch = fetch
        self._lost_answers = lost_answers
        self._presses = Presses(conversation, journal, lost_answers)
        self._deaf_since_s: dict[int, float] = {}  # by shard
        self._hinted: set[tuple[int, int]] = set()
        self._handlers: set[asyncio.Task[Any]] = set()
        self._about = app_commands.ContextMenu(
            name="Ask about this message",
            callback=self.about,
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._about)
        # Now, and not when the gateway is ready: what a dead process left on screen needs REST alone.
        self._conversation.repair.begin(ReplyFinder(self._bot, self._me, self._fetch, self._lost_answers))

    async def cog_unload(self) -> None:
        self._conversation.repair.pause()
        self._bot.tree.remove_command(self._about.name, type=self._about.type)
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=HANDLERS_END_IN_S)
        if late := list(self._handlers):
            for task in late:
                task.cancel()  # an answer under way has another owner
            await asyncio.wait(late)

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Know of the running task as long as it is inside."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a handler runs in a task")
        self._handlers.add(task)
        try:
            yield
        finally:
            self._handlers.discard(task)

    @property
    def _me(self) -> discord.ClientUser:
        if self._bot.user is None:
            raise RuntimeError("an event came before the login")
        return self._bot.user

    # Questions ---------------------------------------------------------------------------------------------

    @commands.Cog.listener()
    @_owned
    async def on_message(self, message: discord.Message) -> None:
        """Answer a DM or a mention. Bots get no answer: two bots could loop for ever."""
        if not is_for_us(message, self._me):
            return
        ask = ask_from_message(message, self._me, self._fetch)
        surface = surface_of_message(message, self._me, self._lost_answers)
        if surface is None:
            return
        if is_withheld(message):
            await self._conversation.say_once(ask, surface, say("withheld", ask.locale))
        elif ask.text or ask.files or ask.quote is not None:
            await self._conversation.answer(ask, surface)
        else:
            kind = "withheld" if ask.notes else "hint-empty"
            await self._conversation.say_once(ask, surface, say(kind, ask.locale))

    @commands.Cog.listener()
    @_owned
    async def on_ready(self) -> None:
        """Answer what was asked while no process was there to hear it."""
        await self._catch_up.run(self._missed())

    @commands.Cog.listener()
    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Remember since when a shard hears nothing; of several tries the first counts."""
        self._deaf_since_s.setdefault(shard_id, time.time() - SILENT_BEFORE_LOSS_S)

    @commands.Cog.listener()
    async def on_shard_resumed(self, shard_id: int) -> None:
        """Nothing was missed: Discord tells a resumed session all that came meanwhile."""
        self._deaf_since_s.pop(shard_id, None)

    @commands.Cog.listener()
    @_owned
    async def on_shard_ready(self, shard_id: int) -> None:
        """Answer what was asked between a session that was lost and the new one, of which Discord tells nothing."""
        since_s = self._deaf_since_s.pop(shard_id, None)
        if since_s is not None:
            await self._catch_up.after_lost_session(
                self._missed(), since_s=since_s, heard_in=lambda place: self._shard_of(place) == shard_id
            )

    def _shard_of(self, place: Place) -> int:
        return ((place.guild_id or 0) >> 22) % (self._bot.shard_count or 1)

    def _missed(self) -> MissedMessages:
        return MissedMessages(self._bot, self._me, self._lost_answers, self._journal, self._hear)

    def _hear(self, messages: Sequence[discord.Message]) -> None:
        task = asyncio.create_task(self._answer_in_turn(messages))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def _answer_in_turn(self, messages: Sequence[discord.Message]) -> None:
        """One after the other: together they might be more than may wait in one place."""
        for message in messages:
            await self.on_message(message)

    @app_commands.command(name="ask", description="Ask Reka a question")
    @app_commands.describe(
        question="What you want to know", image="A picture to look at", private="Only you see the answer"
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.allowed_installs(guilds=True, users=True)
    @_owned
    async def ask(
        self,
        interaction: discord.Interaction,
        question: app_commands.Range[str, 1, QUESTION_CHARS],
        image: discord.Attachment | None = None,
        private: bool = False,
    ) -> None:
        """Answer a slash command, for all to see or for the asker alone."""
        ask = ask_from_command(interaction, question, image, private=private, fetch=self._fetch)
        await self._answer_interaction(interaction, ask, private=private)

    @_owned
    async def about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Explain a message; Discord hands over its content, whoever wrote it."""
        private = message.flags.ephemeral  # what only the asker sees must not be explained to all
        ask = ask_about_message(interaction, message, self._me, self._fetch, private=private)
        await self._answer_interaction(interaction, ask, private=private)

    async def _answer_interaction(self, interaction: discord.Interaction, ask: Ask, *, private: bool) -> None:
        if not await defer(interaction, self._lost_answers, private=private):
            return
        surface = surface_of_interaction(interaction, self._lost_answers, me=self._me, private=private)
        if ask.text or ask.files:
            way_back = Token.of(interaction, private=private).way_back
            await self._conversation.answer(replace(ask, way_back=way_back), surface)
        else:
            await self._conversation.say_once(ask, surface, say("hint-empty", ask.locale))
        await self._hint_if_mute(interaction)

    async def _hint_if_mute(self, interaction: discord.Interaction) -> None:
        """Tell a person once where mentions get no answer for want of a permission."""
        channel_id = interaction.channel_id
        if channel_id is None or interaction.guild_id is None or may_write(interaction):
            return
        if not interaction.is_guild_integration() or (channel_id, interaction.user.id) in self._hinted:
            return
        if len(self._hinted) >= HINTS_KEPT:
            self._hinted.clear()
        self._hinted.add((channel_id, interaction.user.id))
        log.warning("may not write", extra={"guild_id": interaction.guild_id, "channel_id": channel_id})
        await whisper(
            interaction,
            say("hint-cannot-write", str(interaction.locale)),
            conversation=self._conversation,
            lost_answers=self._lost_answers,
            me=self._me,
        )

    # Buttons -----------------------------------------------------------------------------------------------

    @_owned
    async def pressed(self, interaction: discord.Interaction, kind: OfferKind, reply_id: int) -> None:
        """Somebody pressed a button under an answer."""
        await self._presses.take(interaction, kind, reply_id, me=self._me)

    # Memory ------------------------------------------------------------------------------------------------

    @app_commands.command(name="reset", description="Forget this channel's conversation")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.allowed_installs(guilds=True, users=True)
    @_owned
    async def reset(self, interaction: discord.Interaction) -> None:
        """Forget what was said here, and the asker's private exchange in this channel."""
        if not await defer(interaction, self._lost_answers):
            return
        forgotten = await self._conversation.memory.forget(place_of(interaction, private=False))
        forgotten += await self._conversation.memory.forget(place_of(interaction, private=True))
        kind = "reset-done" if forgotten else "reset-nothing"
        surface = surface_of_interaction(interaction, self._lost_answers, me=self._me, private=False)
        event = event_of(interaction, private=False)
        await self._conversation.say_once(event, surface, say(kind, event.locale))

    @commands.Cog.listener()
    @_owned
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self._conversation.memory.message_deleted(event.channel_id, event.message_id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in event.message_ids:
            await self._conversation.memory.message_deleted(event.channel_id, message_id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Memory follows what stands there now; an unfurled link is an update too, but changes no words."""
        message = event.message
        if message.author.bot:
            return
        if is_withheld(message):
            await self._conversation.memory.message_withheld(message.channel.id, message.id)
        else:
            await self._conversation.memory.message_edited(
                message.channel.id,
                message.id,
                plain_text(message, self._me),
                quoted=quoted_text(message, self._me),
            )

    @commands.Cog.listener()
    @_owned
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._conversation.memory.channel_gone(channel.id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        await self._conversation.memory.channel_gone(event.thread_id)

    @commands.Cog.listener()
    @_owned
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._conversation.memory.guild_gone(guild.id)
