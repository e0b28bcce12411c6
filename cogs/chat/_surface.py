"""Creates and edits -> discord.py: a reply in a channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from typing import Any, cast

import discord

from cogs.chat._views import view_of
from delivery.ledger import create_lane, edit_lane
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
def as_surface_errors(lost_answers: LostAnswers) -> Iterator[None]:
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


def file_of(attachment: Attachment) -> discord.File:
    return discord.File(BytesIO(attachment.data), attachment.filename)


def files_of(attachment: Attachment | None) -> list[discord.File | discord.Attachment]:
    """What an edit leaves attached. Not to mention files would keep that of an earlier attempt."""
    return [file_of(attachment)] if attachment is not None else []


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
        question: discord.Message | discord.PartialMessage | None = None,
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
        self._with_buttons: set[int] = set()

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
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> MessageRef:
        with as_surface_errors(self._lost_answers):
            try:
                message = await self._send(page, content, nonce, offers, attachment)
            except discord.HTTPException as error:
                if page > 0 or not self._may_quote or error.code not in (NO_HISTORY, UNKNOWN_REFERENCE):
                    raise
                self._may_quote = False
                message = await self._send(page, content, nonce, offers, attachment)
        return MessageRef(message.channel.id, message.id)

    async def _send(
        self,
        page: int,
        content: str,
        nonce: str,
        offers: tuple[Offer, ...],
        attachment: Attachment | None,
    ) -> discord.Message:
        options: dict[str, Any] = {"nonce": nonce, "suppress_embeds": True}
        if page == 0 and self._question is not None and self._may_quote:
            options["reference"] = self._question.to_reference(fail_if_not_exists=False)
        if offers:
            options["view"] = view_of(offers)
        if attachment is not None:
            options["file"] = file_of(attachment)
        message: discord.Message = await self._channel.send(content, **options)
        return message

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        lately = discord.utils.utcnow() - FOUND_WITHIN
        after = self._question or discord.Object(discord.utils.time_snowflake(lately))
        with as_surface_errors(self._lost_answers):
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
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> None:
        # Unlike Message.edit, this sends no flags and so leaves previews suppressed.
        message = self._channel.get_partial_message(ref.message_id)
        with as_surface_errors(self._lost_answers):
            await message.edit(
                content=content, view=self._buttons(ref, offers), attachments=files_of(attachment)
            )

    def _buttons(self, ref: MessageRef, offers: tuple[Offer, ...]) -> discord.ui.View | None:
        if offers:
            self._with_buttons.add(ref.message_id)
            return view_of(offers)
        if ref.message_id in self._with_buttons:
            self._with_buttons.discard(ref.message_id)
            return None
        return cast("discord.ui.View | None", discord.utils.MISSING)  # discord.py's word for "not given"

    def wears_buttons(self, message_id: int) -> None:
        """Tell that a message of an earlier attempt has buttons, which the first edit takes away."""
        self._with_buttons.add(message_id)

    async def delete(self, ref: MessageRef) -> None:
        with as_surface_errors(self._lost_answers):
            try:
                await self._channel.get_partial_message(ref.message_id).delete()
            except discord.NotFound:
                return  # gone already, which is what we want

    async def typing(self) -> None:
        with as_surface_errors(self._lost_answers):
            await self._channel.typing()

    async def waiting(self, shown: bool) -> None:
        if self._question is None:
            return
        with as_surface_errors(self._lost_answers):
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
        with suppress(
            discord.ClientException
        ):  # a thread whose channel is not in the cache: Discord will tell
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
