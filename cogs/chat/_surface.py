"""Creates and edits -> discord.py: a reply in a channel, and a reply to an interaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any, cast

import discord

from cogs.chat._views import try_again_view
from delivery.ledger import create_lane, edit_lane, webhook_channel_lane, webhook_lane
from delivery.surface import (
    Attachment,
    MessageRef,
    Offer,
    SurfaceForbidden,
    SurfaceGone,
    SurfaceRefused,
    SurfaceUnsure,
)

LIMIT_CHARS = 2_000
TOKEN_MARGIN_S = 20.0
NO_HISTORY = 160002  # "Cannot reply without permission to read message history"
UNKNOWN_REFERENCE = 50035  # what a reference to a message that is gone may still come back as
WAITING = "⏳"

FOUND_WITHIN = timedelta(minutes=10)

LostAnswers = tuple[type[Exception], ...]
Channel = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.Thread
    | discord.DMChannel
    | discord.PartialMessageable
)


@contextmanager
def _as_surface_errors(lost_answers: LostAnswers) -> Iterator[None]:
    """discord.py's errors and the HTTP session's, as what they mean for a reply."""
    try:
        yield
    except discord.NotFound as error:
        raise SurfaceGone(_told(error)) from error
    except discord.Forbidden as error:
        raise SurfaceForbidden(_told(error)) from error
    except discord.DiscordServerError as error:
        raise SurfaceUnsure(_told(error)) from error
    except discord.HTTPException as error:
        if error.status == 401:  # an interaction token after its 15 minutes (50027)
            raise SurfaceGone(_told(error)) from error
        if error.status == 429:  # without `Via`: somebody before Discord asks for peace
            raise SurfaceUnsure(_told(error)) from error
        raise SurfaceRefused(_told(error)) from error
    except discord.RateLimited as error:
        raise SurfaceUnsure("rate limited") from error
    except lost_answers as error:
        raise SurfaceUnsure(type(error).__name__) from error


def _told(error: discord.HTTPException) -> str:
    return f"Discord answered {error.status} with code {error.code}"


def _view(offer: Offer | None) -> discord.ui.View | None:
    return try_again_view(offer) if offer is not None else None


def _file(attachment: Attachment) -> discord.File:
    return discord.File(BytesIO(attachment.data), attachment.filename)


def _files(attachment: Attachment | None) -> list[discord.File | discord.Attachment]:
    """What an edit should leave attached; not to mention files would keep those that are there."""
    return [_file(attachment)] if attachment is not None else cast("list[Any]", discord.utils.MISSING)


class ChannelSurface:
    """A reply as ordinary messages of a channel, a thread or a direct message.

    Args:
        question: the message that the first page replies to; None where there is none.
        wraps_urls: the first page is a message that was made without suppressed previews.
        may_quote: whether we may read the history here, without which Discord refuses replies.
    """

    limit_chars = LIMIT_CHARS
    ends_at_s: float | None = None

    def __init__(
        self,
        channel: Channel,
        lost_answers: LostAnswers,
        *,
        me: discord.abc.Snowflake,
        question: discord.Message | None = None,
        may_quote: bool = True,
        wraps_urls: bool = False,
        takes_files: bool = True,
    ) -> None:
        self.wraps_urls = wraps_urls
        self.takes_files = takes_files
        self._channel = channel
        self._lost_answers = lost_answers
        self._me = me
        self._question = question
        self._may_quote = may_quote
        self._with_button: set[int] = set()

    def repeatable(self, page: int) -> bool:
        return True

    def create_lanes(self, page: int) -> tuple[str, ...]:
        return (create_lane(self._channel.id),)

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        return (edit_lane(ref.channel_id),)

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offer: Offer | None = None,
        attachment: Attachment | None = None,
    ) -> MessageRef:
        with _as_surface_errors(self._lost_answers):
            try:
                message = await self._send(page, content, nonce, offer, attachment)
            except discord.HTTPException as error:
                if page > 0 or not self._may_quote or error.code not in (NO_HISTORY, UNKNOWN_REFERENCE):
                    raise
                self._may_quote = False
                message = await self._send(page, content, nonce, offer, attachment)
        return MessageRef(message.channel.id, message.id)

    async def _send(
        self, page: int, content: str, nonce: str, offer: Offer | None, attachment: Attachment | None
    ) -> discord.Message:
        options: dict[str, Any] = {"nonce": nonce, "suppress_embeds": True}
        if page == 0 and self._question is not None and self._may_quote:
            options["reference"] = self._question.to_reference(fail_if_not_exists=False)
        if offer is not None:
            options["view"] = try_again_view(offer)
        if attachment is not None:
            options["file"] = _file(attachment)
        message: discord.Message = await self._channel.send(content, **options)
        return message

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        lately = discord.utils.utcnow() - FOUND_WITHIN
        after = self._question or discord.Object(discord.utils.time_snowflake(lately))
        with _as_surface_errors(self._lost_answers):
            async for message in self._channel.history(limit=100, after=after):
                if message.author.id == self._me.id and self._is_that(message, nonce, content):
                    return MessageRef(message.channel.id, message.id)
        return None

    def _is_that(self, message: discord.Message, nonce: str, content: str) -> bool:
        """Whether `message` came of that create; the words alone do not tell, two replies may begin alike."""
        if message.nonce is not None:
            return message.nonce == nonce
        if message.content != content.strip():
            return False
        replied_to = message.reference.message_id if message.reference is not None else None
        return replied_to is None or self._question is None or replied_to == self._question.id

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offer: Offer | None = None,
        attachment: Attachment | None = None,
    ) -> None:
        # Unlike Message.edit, this sends no flags and so leaves previews suppressed.
        message = self._channel.get_partial_message(ref.message_id)
        with _as_surface_errors(self._lost_answers):
            await message.edit(content=content, view=self._button(ref, offer), attachments=_files(attachment))

    def _button(self, ref: MessageRef, offer: Offer | None) -> discord.ui.View | None:
        if offer is not None:
            self._with_button.add(ref.message_id)
            return try_again_view(offer)
        if ref.message_id in self._with_button:
            self._with_button.discard(ref.message_id)
            return None
        return cast("discord.ui.View | None", discord.utils.MISSING)  # discord.py's word for "not given"

    def wears_button(self, message_id: int) -> None:
        """Tell that a message of an earlier attempt has a button, which the first edit takes away."""
        self._with_button.add(message_id)

    async def delete(self, ref: MessageRef) -> None:
        with _as_surface_errors(self._lost_answers):
            try:
                await self._channel.get_partial_message(ref.message_id).delete()
            except discord.NotFound:
                return  # gone already, which is what we want

    async def typing(self) -> None:
        with _as_surface_errors(self._lost_answers):
            await self._channel.typing()

    async def waiting(self, shown: bool) -> None:
        if self._question is None:
            return
        with _as_surface_errors(self._lost_answers):
            if shown:
                await self._question.add_reaction(WAITING)
            else:
                await self._question.remove_reaction(WAITING, self._me)


def surface_of_message(
    message: discord.Message, me: discord.ClientUser, lost_answers: LostAnswers
) -> ChannelSurface | None:
    """The surface of a reply to `message`; None in a kind of channel where bots never write."""
    channel = message.channel
    if not isinstance(channel, Channel):
        return None
    may_quote = takes_files = True
    if message.guild is not None and not isinstance(channel, discord.DMChannel | discord.PartialMessageable):
        allowed = channel.permissions_for(message.guild.me)
        may_quote, takes_files = allowed.read_message_history, allowed.attach_files
    return ChannelSurface(
        channel, lost_answers, me=me, question=message, may_quote=may_quote, takes_files=takes_files
    )


def may_write(interaction: discord.Interaction) -> bool:
    """Whether the bot itself may write where this interaction came from."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    if not interaction.is_guild_integration():
        return False
    allowed = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    return allowed.view_channel and (allowed.send_messages_in_threads if in_thread else allowed.send_messages)


class InteractionSurface:
    """A reply to a deferred interaction: the response first, more pages as messages or followups.

    A public reply in a place where the bot may write goes on by the channel's routes when the token's 15 minutes
    end; every other reply ends with the token.
    """

    limit_chars = LIMIT_CHARS
    wraps_urls = True  # edits of a response carry no flags, so nothing else keeps link previews away

    def __init__(
        self,
        interaction: discord.Interaction,
        lost_answers: LostAnswers,
        *,
        me: discord.abc.Snowflake,
        private: bool,
    ) -> None:
        self._interaction = interaction
        self._lost_answers = lost_answers
        self._private = private
        self.takes_files = interaction.app_permissions.attach_files or interaction.guild_id is None
        self._expires_at_s = interaction.expires_at.timestamp()
        self._original_id: int | None = interaction.message.id if interaction.message is not None else None
        self._followups: set[int] = set()
        self._channel: ChannelSurface | None = None
        channel = interaction.channel
        if not private and may_write(interaction) and isinstance(channel, Channel):
            self._channel = ChannelSurface(channel, lost_answers, me=me, takes_files=self.takes_files)
        channel_id = interaction.channel_id or 0
        self._webhook_lanes = (webhook_lane(interaction.token), webhook_channel_lane(channel_id))

    @property
    def ends_at_s(self) -> float | None:
        return None if self._channel is not None else self._expires_at_s

    @property
    def _token_ends(self) -> bool:
        return time.time() > self._expires_at_s - TOKEN_MARGIN_S

    def _by_channel(self, page: int) -> ChannelSurface | None:
        return self._channel if page > 0 or self._token_ends else None

    def repeatable(self, page: int) -> bool:
        """The first page is an edit of the response and later ones carry a nonce; only followups are not safe."""
        return page == 0 or self._channel is not None

    def create_lanes(self, page: int) -> tuple[str, ...]:
        channel = self._by_channel(page)
        return channel.create_lanes(page) if channel is not None else self._webhook_lanes

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        channel = self._edits_by_channel(ref)
        return channel.edit_lanes(ref) if channel is not None else self._webhook_lanes

    def _edits_by_channel(self, ref: MessageRef) -> ChannelSurface | None:
        ours_by_token = ref.message_id == self._original_id or ref.message_id in self._followups
        return self._channel if self._token_ends or not ours_by_token else None

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offer: Offer | None = None,
        attachment: Attachment | None = None,
    ) -> MessageRef:
        channel = self._by_channel(page)
        if channel is not None:
            return await channel.create(page, content, nonce=nonce, offer=offer, attachment=attachment)
        with _as_surface_errors(self._lost_answers):
            if page == 0:
                message: discord.Message = await self._interaction.edit_original_response(
                    content=content, view=_view(offer), attachments=_files(attachment)
                )
                self._original_id = message.id
            else:
                message = await self._followup(content, offer, attachment)
                self._followups.add(message.id)
        return MessageRef(message.channel.id, message.id)

    async def _followup(
        self, content: str, offer: Offer | None, attachment: Attachment | None
    ) -> discord.Message:
        options: dict[str, Any] = {"ephemeral": self._private, "wait": True}
        if offer is not None:
            options["view"] = try_again_view(offer)
        if attachment is not None:
            options["file"] = _file(attachment)
        message: discord.Message = await self._interaction.followup.send(content, **options)
        return message

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        if page > 0 and self._channel is not None:
            return await self._channel.find(page, nonce=nonce, content=content)
        with _as_surface_errors(self._lost_answers):
            message = await self._interaction.original_response()
        return MessageRef(message.channel.id, message.id) if message.content == content.strip() else None

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offer: Offer | None = None,
        attachment: Attachment | None = None,
    ) -> None:
        channel = self._edits_by_channel(ref)
        if channel is not None:
            await channel.edit(ref, content, offer=offer, attachment=attachment)
            return
        with _as_surface_errors(self._lost_answers):
            if ref.message_id == self._original_id:
                await self._interaction.edit_original_response(
                    content=content, view=_view(offer), attachments=_files(attachment)
                )
            else:
                await self._interaction.followup.edit_message(
                    ref.message_id, content=content, view=_view(offer)
                )

    async def delete(self, ref: MessageRef) -> None:
        channel = self._edits_by_channel(ref)
        if channel is not None:
            await channel.delete(ref)
            return
        with _as_surface_errors(self._lost_answers):
            try:
                if ref.message_id == self._original_id:
                    await self._interaction.delete_original_response()
                else:
                    await self._interaction.followup.delete_message(ref.message_id)
            except discord.NotFound:
                return  # gone already, which is what we want

    async def typing(self) -> None:
        """Discord shows "thinking" by itself."""

    async def waiting(self, shown: bool) -> None:
        """Discord shows "thinking" by itself."""


class WhisperSurface(InteractionSurface):
    """One more sentence about an interaction that was answered already, for its person alone."""

    def __init__(
        self, interaction: discord.Interaction, lost_answers: LostAnswers, *, me: discord.abc.Snowflake
    ) -> None:
        super().__init__(interaction, lost_answers, me=me, private=True)

    def repeatable(self, page: int) -> bool:
        return False  # a followup carries no nonce

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offer: Offer | None = None,
        attachment: Attachment | None = None,
    ) -> MessageRef:
        return await super().create(page + 1, content, nonce=nonce, offer=offer, attachment=attachment)
