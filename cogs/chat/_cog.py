"""The doors of the conversation, and what Discord tells about messages that were remembered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import discord
from discord import app_commands
from discord.ext import commands

from cogs import Fetch
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
from cogs.chat._surface import (
    Channel,
    ChannelSurface,
    InteractionSurface,
    LostAnswers,
    WhisperSurface,
    may_write,
    surface_of_message,
)
from conversation.model import Ask, Author, MessageRef, StoredReply
from conversation.pipeline import Conversation
from conversation.ports import ReplyJournal
from conversation.sentences import say
from conversation.telling import say_refusal
from delivery.surface import Surface

log = logging.getLogger(__name__)

QUESTION_CHARS = 4_000
HINTS_KEPT = 10_000
HANDLERS_END_IN_S = 0.5
# By a try whose answer was lost, or since the event came twice: who claims it decides.
DEFERRED_ALREADY = 40060
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
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._journal = journal
        self._fetch = fetch
        self._lost_answers = lost_answers
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

    async def cog_unload(self) -> None:
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
        if not await self._defer(interaction, private=private):
            return
        surface = InteractionSurface(interaction, self._lost_answers, me=self._me, private=private)
        if ask.text or ask.files:
            await self._conversation.answer(ask, surface)
        else:
            await self._conversation.say_once(ask, surface, say("hint-empty", ask.locale))
        await self._hint_if_mute(interaction)

    async def _defer(self, interaction: discord.Interaction, *, private: bool = False) -> bool:
        """Answer within the 3 s that Discord gives; False where nothing can be shown any more."""
        fields: dict[str, object] = {"event_id": interaction.id, "channel_id": interaction.channel_id}
        try:
            await interaction.response.defer(
                ephemeral=private, thinking=interaction.type is discord.InteractionType.application_command
            )
        except discord.HTTPException as error:
            if error.code == DEFERRED_ALREADY:
                return True
            log.warning("too late for an interaction", extra={**fields, "code": error.code})
            return False
        except self._lost_answers as error:
            # Whether it happened shows with the answer's first words.
            log.warning("a defer got no answer", extra={**fields, "error": type(error).__name__})
        return True

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
        await self._whisper(interaction, say("hint-cannot-write", str(interaction.locale)))

    async def _whisper(self, interaction: discord.Interaction, sentence: str) -> None:
        surface = WhisperSurface(interaction, self._lost_answers, me=self._me)
        await self._conversation.say_more(self._event(interaction), surface, sentence)

    def _event(self, interaction: discord.Interaction, *, private: bool = True) -> Ask:
        """An interaction as something to say a sentence about."""
        author = Author(interaction.user.id, interaction.user.display_name)
        return Ask(
            interaction.id, place_of(interaction, private=private), author, "", locale=str(interaction.locale)
        )

    # Try again ---------------------------------------------------------------------------------------------

    @_owned
    async def try_again(self, interaction: discord.Interaction, reply_id: int) -> None:
        """Ask the question of a reply anew: its asker may, and who may manage messages."""
        locale = str(interaction.locale)
        stored = await self._journal.find(reply_id)
        if stored is None:
            await interaction.response.send_message(say("again-forgotten", locale), ephemeral=True)
            return
        if interaction.user.id != stored.author.id and not interaction.permissions.manage_messages:
            await interaction.response.send_message(say("again-not-yours", locale), ephemeral=True)
            return
        if not await self._defer(interaction):
            return
        surface, stored = self._surface_of_again(interaction, stored)
        author = Author(interaction.user.id, interaction.user.display_name)
        refusal = await self._conversation.answer_again(stored, author, surface)
        if refusal is not None:
            await self._whisper(interaction, say_refusal(refusal, locale))

    def _surface_of_again(
        self, interaction: discord.Interaction, stored: StoredReply
    ) -> tuple[Surface, StoredReply]:
        """Where the new attempt appears: over the messages of the broken one."""
        pressed = interaction.message
        channel = interaction.channel
        if stored.place.private_to is None and may_write(interaction) and isinstance(channel, Channel):
            by_command = stored.question is None
            surface = ChannelSurface(channel, self._lost_answers, me=self._me, wraps_urls=by_command)
            if pressed is not None:
                surface.wears_button(pressed.id)
            return surface, stored
        # Only this interaction's token reaches a private message, and of its pages only the one with the button.
        page = (MessageRef(pressed.channel.id, pressed.id),) if pressed is not None else ()
        private = stored.place.private_to is not None
        surface_by_token = InteractionSurface(interaction, self._lost_answers, me=self._me, private=private)
        return surface_by_token, replace(stored, messages=page)

    # Memory ------------------------------------------------------------------------------------------------

    @app_commands.command(name="reset", description="Forget this channel's conversation")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.allowed_installs(guilds=True, users=True)
    @_owned
    async def reset(self, interaction: discord.Interaction) -> None:
        """Forget what was said here, and the asker's private exchange in this channel."""
        if not await self._defer(interaction):
            return
        forgotten = await self._conversation.forget(place_of(interaction, private=False))
        forgotten += await self._conversation.forget(place_of(interaction, private=True))
        kind = "reset-done" if forgotten else "reset-nothing"
        surface = InteractionSurface(interaction, self._lost_answers, me=self._me, private=False)
        event = self._event(interaction, private=False)
        await self._conversation.say_once(event, surface, say(kind, event.locale))

    @commands.Cog.listener()
    @_owned
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self._conversation.message_deleted(event.channel_id, event.message_id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in event.message_ids:
            await self._conversation.message_deleted(event.channel_id, message_id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Memory follows what stands there now; an unfurled link is an update too, but changes no words."""
        message = event.message
        if message.author.bot:
            return
        if is_withheld(message):
            await self._conversation.message_withheld(message.channel.id, message.id)
        else:
            await self._conversation.message_edited(
                message.channel.id,
                message.id,
                plain_text(message, self._me),
                quoted=quoted_text(message, self._me),
            )

    @commands.Cog.listener()
    @_owned
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._conversation.channel_gone(channel.id)

    @commands.Cog.listener()
    @_owned
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        await self._conversation.channel_gone(event.thread_id)

    @commands.Cog.listener()
    @_owned
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._conversation.guild_gone(guild.id)
