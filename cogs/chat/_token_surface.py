"""Creates and edits -> discord.py: a reply to an interaction, reached by its token."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Final, Self, cast

import discord

from cogs.chat._surface import (
    LIMIT_CHARS,
    Channel,
    ChannelSurface,
    LostAnswers,
    as_surface_errors,
    file_of,
    files_of,
    may_write,
)
from cogs.chat._views import view_of
from conversation.model import WayBack
from delivery.ledger import webhook_channel_lane, webhook_lane
from delivery.surface import Attachment, MessageRef, Offer

TOKEN_MARGIN_S = 20.0
# Discord's name for the first response, where a message's id is asked for (discord-facts 8).
ORIGINAL: Final = cast("int", "@original")


@dataclass(frozen=True, slots=True)
class Token:
    """An interaction's right to write, for 15 minutes; after a restart all of it comes out of the journal.

    `by_channel`: the reply is for all to see, where the bot may write itself, and so goes on by the channel's routes.
    `aside`: the first response shows something else, and every page is a followup.
    """

    webhook: discord.Webhook
    ends_at_s: float
    channel_id: int
    private: bool
    by_channel: bool
    takes_files: bool
    aside: bool = False

    @classmethod
    def of(cls, interaction: discord.Interaction, *, private: bool, aside: bool = False) -> Self:
        """The token of an interaction that came just now."""
        return cls(
            interaction.followup,
            interaction.expires_at.timestamp(),
            interaction.channel_id or 0,
            private,
            not (private or aside) and may_write(interaction) and isinstance(interaction.channel, Channel),
            interaction.app_permissions.attach_files or interaction.guild_id is None,
            aside,
        )

    @classmethod
    def back(cls, way_back: WayBack, client: discord.Client, *, channel_id: int, private: bool) -> Self:
        """The token that `way_back` was made of."""
        told = json.loads(way_back.secret)
        webhook = discord.Webhook.partial(told["application"], told["token"], client=client)
        webhook.type = discord.WebhookType.application  # else its followups could not be private
        return cls(
            webhook,
            way_back.ends_at_s,
            channel_id,
            private,
            told["by_channel"],
            told["takes_files"],
            told["aside"],
        )

    @property
    def way_back(self) -> WayBack:
        """What has to be kept to reach the reply after a death."""
        told = {
            "application": self.webhook.id,
            "token": self.webhook.token,
            "by_channel": self.by_channel,
            "takes_files": self.takes_files,
            "aside": self.aside,
        }
        return WayBack(json.dumps(told), self.ends_at_s)


class TokenSurface:
    """A reply to a deferred interaction: the response first, more pages as messages or followups.

    A public reply in a place where the bot may write goes on by the channel's routes when the token's 15 minutes
    end; every other reply ends with the token.

    Args:
        original_id: of the first response, where it is known; else the first page that is edited is that one.
        channel: how a reply goes on that the bot may write itself; None for one that lives by its token alone.
    """

    limit_chars = LIMIT_CHARS
    wraps_urls = True  # edits of a response carry no flags, so nothing else keeps link previews away

    def __init__(
        self,
        token: Token,
        lost_answers: LostAnswers,
        *,
        original_id: int | None = None,
        channel: ChannelSurface | None = None,
    ) -> None:
        self.takes_files = token.takes_files
        self._token = token
        self._lost_answers = lost_answers
        self._original_id = original_id
        self._channel = channel
        self._first_followup = 0 if token.aside else 1
        self._followups: set[int] = set()
        self._lanes = (webhook_lane(token.webhook.token or ""), webhook_channel_lane(token.channel_id))

    @property
    def ends_at_s(self) -> float | None:
        return None if self._channel is not None else self._token.ends_at_s

    @property
    def _token_ends(self) -> bool:
        return time.time() > self._token.ends_at_s - TOKEN_MARGIN_S

    def _is_original(self, page: int) -> bool:
        return page < self._first_followup

    def _by_channel(self, page: int) -> ChannelSurface | None:
        return self._channel if not self._is_original(page) or self._token_ends else None

    def repeatable(self, page: int) -> bool:
        """The first page is an edit of the response and later ones carry a nonce; only followups are not safe."""
        return self._is_original(page) or self._channel is not None

    def create_lanes(self, page: int) -> tuple[str, ...]:
        channel = self._by_channel(page)
        return channel.create_lanes(page) if channel is not None else self._lanes

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        channel = self._edits_by_channel(ref)
        return channel.edit_lanes(ref) if channel is not None else self._lanes

    def _edits_by_channel(self, ref: MessageRef) -> ChannelSurface | None:
        ours_by_token = self._shows_original(ref) or ref.message_id in self._followups
        return self._channel if self._token_ends or not ours_by_token else None

    def _shows_original(self, ref: MessageRef) -> bool:
        known = self._original_id is not None
        return ref.message_id == self._original_id if known else not self._token.aside

    def _named(self, ref: MessageRef) -> int:
        return ORIGINAL if self._shows_original(ref) else ref.message_id

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> MessageRef:
        channel = self._by_channel(page)
        if channel is not None:
            return await channel.create(page, content, nonce=nonce, offers=offers, attachment=attachment)
        with as_surface_errors(self._lost_answers):
            if self._is_original(page):
                message = await self._edit(ORIGINAL, content, offers, attachment)
                self._original_id = message.id
            else:
                message = await self._followup(content, offers, attachment)
                self._followups.add(message.id)
        return MessageRef(message.channel.id, message.id)

    async def _followup(
        self, content: str, offers: tuple[Offer, ...], attachment: Attachment | None
    ) -> discord.Message:
        options: dict[str, Any] = {"ephemeral": self._token.private, "wait": True}
        if offers:
            options["view"] = view_of(offers)
        if attachment is not None:
            options["file"] = file_of(attachment)
        message: discord.Message = await self._token.webhook.send(content, **options)
        return message

    async def _edit(
        self, message_id: int, content: str, offers: tuple[Offer, ...], attachment: Attachment | None
    ) -> discord.Message:
        return await self._token.webhook.edit_message(
            message_id, content=content, view=view_of(offers), attachments=files_of(attachment)
        )

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        if not self._is_original(page) and self._channel is not None:
            return await self._channel.find(page, nonce=nonce, content=content)
        if not self._is_original(page):
            return None  # nobody can list followups
        with as_surface_errors(self._lost_answers):
            message = await self._token.webhook.fetch_message(ORIGINAL)
        return MessageRef(message.channel.id, message.id) if message.content == content.strip() else None

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> None:
        channel = self._edits_by_channel(ref)
        if channel is not None:
            await channel.edit(ref, content, offers=offers, attachment=attachment)
            return
        named = self._named(ref)
        if named == ORIGINAL:
            self._original_id = ref.message_id
        with as_surface_errors(self._lost_answers):
            await self._edit(named, content, offers, attachment)

    async def delete(self, ref: MessageRef) -> None:
        channel = self._edits_by_channel(ref)
        if channel is not None:
            await channel.delete(ref)
            return
        with as_surface_errors(self._lost_answers):
            try:
                await self._token.webhook.delete_message(self._named(ref))
            except discord.NotFound:
                return  # gone already, which is what we want

    async def typing(self) -> None:
        """Discord shows "thinking" by itself."""

    async def waiting(self, shown: bool) -> None:
        """Discord shows "thinking" by itself."""


def surface_of_interaction(
    interaction: discord.Interaction,
    lost_answers: LostAnswers,
    *,
    me: discord.abc.Snowflake,
    private: bool,
    aside: bool = False,
) -> TokenSurface:
    """Where the answer to an interaction appears; `aside`: below its response, which shows something else."""
    token = Token.of(interaction, private=private, aside=aside)
    channel: ChannelSurface | None = None
    if token.by_channel and isinstance(interaction.channel, Channel):
        channel = ChannelSurface(interaction.channel, lost_answers, me=me, takes_files=token.takes_files)
    original_id = interaction.message.id if interaction.message is not None else None
    return TokenSurface(token, lost_answers, original_id=original_id, channel=channel)
