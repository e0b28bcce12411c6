"""What the buttons under an answer do: try again, go on, show what was thought."""

from __future__ import annotations

import logging
from dataclasses import replace

import discord

from cogs.chat._responses import author_of, defer, event_of, whisper
from cogs.chat._surface import Channel, ChannelSurface, LostAnswers, may_write
from cogs.chat._token_surface import Token, surface_of_interaction
from cogs.chat._views import offers_on, view_of
from conversation.model import MessageRef, Quote, Refusal, ReplyState, StoredReply, WayBack
from conversation.pipeline import Conversation
from conversation.ports import ReplyJournal
from conversation.sentences import say
from conversation.telling import say_refusal
from delivery.surface import OfferKind, Surface

log = logging.getLogger(__name__)


class Presses:
    """Takes what people press to the conversation."""

    def __init__(self, conversation: Conversation, journal: ReplyJournal, lost_answers: LostAnswers) -> None:
        self._conversation = conversation
        self._journal = journal
        self._lost_answers = lost_answers
        self._showing: set[tuple[int, int]] = set()

    async def take(
        self, interaction: discord.Interaction, kind: OfferKind, reply_id: int, *, me: discord.abc.Snowflake
    ) -> None:
        """Do what the pressed button of that reply offers."""
        match kind:
            case OfferKind.TRY_AGAIN:
                await self._try_again(interaction, reply_id, me)
            case OfferKind.GO_ON:
                await self._go_on(interaction, reply_id, me)
            case OfferKind.SHOW_THINKING:
                await self._show_thinking(interaction, reply_id, me)

    async def _try_again(
        self, interaction: discord.Interaction, reply_id: int, me: discord.abc.Snowflake
    ) -> None:
        """Ask the question of a reply anew: its asker may, and who may manage messages."""
        stored = await self._journal.find(reply_id)
        if stored is None:
            await self._refuse(interaction, "again-forgotten")
            return
        if interaction.user.id != stored.author.id and not interaction.permissions.manage_messages:
            await self._refuse(interaction, "again-not-yours")
            return
        if await defer(interaction, self._lost_answers, anew=False):
            await self._answer_over(interaction, stored, me, after_thought=False)

    async def _go_on(
        self, interaction: discord.Interaction, reply_id: int, me: discord.abc.Snowflake
    ) -> None:
        """Have an answer go on: who sees it may, since nothing is overwritten and who presses pays."""
        stored = await self._journal.find(reply_id)
        if stored is None:
            await self._refuse(interaction, "again-forgotten")
            return
        if not await defer(interaction, self._lost_answers, anew=False):
            return
        if stored.state is ReplyState.BROKEN:  # it was all thought: there is nothing yet to go on from
            await self._answer_over(interaction, stored, me, after_thought=True)
            return
        pressed = _pressed(interaction)
        refusal = await self._conversation.go_on(
            stored,
            author_of(interaction),
            self._surface_below(interaction, stored, pressed, me),
            page=Quote(pressed.author.display_name, "", message_id=pressed.id),
            way_back=self._way_back(interaction, stored, aside=True),
            begun=lambda: self._take_back(interaction, pressed, OfferKind.GO_ON),
        )
        await self._whisper_refusal(interaction, refusal, me)

    async def _show_thinking(
        self, interaction: discord.Interaction, reply_id: int, me: discord.abc.Snowflake
    ) -> None:
        """Show what was thought to who presses; of impatient presses one is enough."""
        look = (interaction.user.id, reply_id)
        if look in self._showing:
            await defer(interaction, self._lost_answers, anew=False)
            return
        self._showing.add(look)
        try:
            if await defer(interaction, self._lost_answers, private=True):
                surface = surface_of_interaction(interaction, self._lost_answers, me=me, private=True)
                await self._conversation.show_thought(event_of(interaction), reply_id, surface)
        finally:
            self._showing.discard(look)

    async def _answer_over(
        self,
        interaction: discord.Interaction,
        stored: StoredReply,
        me: discord.abc.Snowflake,
        *,
        after_thought: bool,
    ) -> None:
        surface, stored = self._surface_over(interaction, stored, me)
        refusal = await self._conversation.answer_again(
            stored,
            author_of(interaction),
            surface,
            after_thought=after_thought,
            way_back=self._way_back(interaction, stored),
        )
        await self._whisper_refusal(interaction, refusal, me)

    def _surface_over(
        self, interaction: discord.Interaction, stored: StoredReply, me: discord.abc.Snowflake
    ) -> tuple[Surface, StoredReply]:
        """Where a new attempt appears: over the messages of the broken one."""
        pressed = _pressed(interaction)
        channel = interaction.channel
        if stored.place.private_to is None and may_write(interaction) and isinstance(channel, Channel):
            by_command = stored.question is None
            surface = ChannelSurface(
                channel,
                self._lost_answers,
                me=me,
                wraps_urls=by_command,
                takes_files=_takes_files(interaction),
            )
            surface.wears_buttons(pressed.id)
            return surface, stored
        # Only this interaction's token reaches a private message, and of its pages only the one with the button.
        page = (MessageRef(pressed.channel.id, pressed.id),)
        private = stored.place.private_to is not None
        surface_by_token = surface_of_interaction(interaction, self._lost_answers, me=me, private=private)
        return surface_by_token, replace(stored, messages=page)

    def _surface_below(
        self,
        interaction: discord.Interaction,
        stored: StoredReply,
        pressed: discord.Message,
        me: discord.abc.Snowflake,
    ) -> Surface:
        """Where an answer goes on: in a message of its own, which replies to the one that was cut short."""
        channel = interaction.channel
        private = stored.place.private_to is not None
        if private or not may_write(interaction) or not isinstance(channel, Channel):
            return surface_of_interaction(interaction, self._lost_answers, me=me, private=private, aside=True)
        in_guild = interaction.guild_id is not None
        return ChannelSurface(
            channel,
            self._lost_answers,
            me=me,
            question=pressed,
            may_quote=not in_guild or interaction.app_permissions.read_message_history,
            takes_files=_takes_files(interaction),
        )

    def _way_back(
        self, interaction: discord.Interaction, stored: StoredReply, *, aside: bool = False
    ) -> WayBack | None:
        """What reaches a reply that only this press's token reaches; others are found by their address."""
        private = stored.place.private_to is not None
        if not private and may_write(interaction) and isinstance(interaction.channel, Channel):
            return None
        return Token.of(interaction, private=private, aside=aside).way_back

    async def _take_back(
        self, interaction: discord.Interaction, pressed: discord.Message, kind: OfferKind
    ) -> None:
        """Take the button that was pressed from its message, and leave the others."""
        rest = [offer for offer in offers_on(pressed) if offer.kind is not kind]
        failures: tuple[type[Exception], ...] = (discord.HTTPException, *self._lost_answers)
        try:
            await interaction.edit_original_response(view=view_of(rest))
        except failures as error:
            log.info(
                "could not take a button back",
                extra={"event_id": interaction.id, "error": type(error).__name__},
            )

    async def _refuse(self, interaction: discord.Interaction, kind: str) -> None:
        await interaction.response.send_message(say(kind, str(interaction.locale)), ephemeral=True)

    async def _whisper_refusal(
        self, interaction: discord.Interaction, refusal: Refusal | None, me: discord.abc.Snowflake
    ) -> None:
        if refusal is not None:
            await whisper(
                interaction,
                say_refusal(refusal, str(interaction.locale)),
                conversation=self._conversation,
                lost_answers=self._lost_answers,
                me=me,
            )


def _pressed(interaction: discord.Interaction) -> discord.Message:
    if interaction.message is None:  # Discord sends it with every component (discord-facts 2.3)
        raise ValueError("a press without a message")
    return interaction.message


def _takes_files(interaction: discord.Interaction) -> bool:
    return interaction.app_permissions.attach_files or interaction.guild_id is None
