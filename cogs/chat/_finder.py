"""Replies that a dead process left: where they go on, and what stands there now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import discord

from cogs import Fetch
from cogs.chat._intake import ask_from_message, quoted_text
from cogs.chat._surface import WAITING, Channel, ChannelSurface, LostAnswers, as_surface_errors
from cogs.chat._token_surface import ORIGINAL, Token, TokenSurface
from cogs.chat._views import offers_on
from conversation.model import LeftReply, MessageRef, Place, StoredReply
from conversation.ports import Asked, Scene, Seen
from delivery.surface import Surface

LOOKED_AT = 100  # messages from the question on: the most that one request brings

BeforeEach = Callable[[], Awaitable[None]]


def channel_at(client: discord.Client, place: Place) -> Channel:
    """The channel of a place; before the gateway told of it, and for direct messages, all but its address unknown."""
    channel = client.get_channel(place.channel_id)
    if isinstance(channel, Channel):
        return channel
    return client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)


class ReplyFinder:
    """The port SurfaceFinder over discord.py; `client` is logged in."""

    def __init__(
        self, client: discord.Client, me: discord.ClientUser, fetch: Fetch, lost_answers: LostAnswers
    ) -> None:
        self._client = client
        self._me = me
        self._fetch = fetch
        self._lost_answers = lost_answers

    def surface(self, left: LeftReply) -> Surface | None:
        """Where that reply goes on: by its token while that lives, else by the channel, where it is public."""
        stored, token = left.stored, self._token(left)
        if token is not None:
            first = stored.messages[0].message_id if stored.messages and not token.aside else None
            channel = self._channel_surface(left) if token.by_channel else None
            return TokenSurface(token, self._lost_answers, original_id=first, channel=channel)
        if stored.place.private_to is not None:
            return None
        if left.had_way_back and stored.place.guild_id is None and not stored.messages:
            return None  # a command in a direct message that may not even be with us
        return self._channel_surface(left)

    async def look(self, left: LeftReply, *, before_each: BeforeEach) -> Scene:
        """What stands there of that reply now. Raises SurfaceError."""
        token = self._token(left)
        with as_surface_errors(self._lost_answers):
            if token is not None and not token.by_channel:
                return Scene(await self._by_token(token, left.stored, before_each))
            return await self._in_channel(left.stored, before_each, by_token=token is not None)

    def _token(self, left: LeftReply) -> Token | None:
        place = left.stored.place
        if left.way_back is None:
            return None
        private = place.private_to is not None
        return Token.back(left.way_back, self._client, channel_id=place.channel_id, private=private)

    def _channel_surface(self, left: LeftReply) -> ChannelSurface:
        stored = left.stored
        channel = channel_at(self._client, stored.place)
        # What goes on from another reply answers the message whose id its event has; a command's event is no message.
        answers_message = stored.question is not None or not left.had_way_back
        return ChannelSurface(
            channel,
            self._lost_answers,
            me=self._me,
            question=channel.get_partial_message(_asked_id(stored)) if answers_message else None,
            wraps_urls=stored.question is None,
            takes_files=_takes_files(channel),
        )

    async def _by_token(self, token: Token, stored: StoredReply, before_each: BeforeEach) -> tuple[Seen, ...]:
        """The messages that the token reaches; of the first response not even its id may be known."""
        ids = [ref.message_id for ref in stored.messages]
        if not ids and not token.aside:
            ids = [ORIGINAL]
        seen: list[Seen] = []
        for message_id in ids:
            await before_each()
            try:
                message = await token.webhook.fetch_message(message_id)
            except discord.NotFound:
                continue
            seen.append(_seen(message, stored))
        return tuple(seen)

    async def _in_channel(self, stored: StoredReply, before_each: BeforeEach, *, by_token: bool) -> Scene:
        channel = channel_at(self._client, stored.place)
        asked_id = _asked_id(stored)
        await before_each()
        start = discord.Object(asked_id - 1)
        found = {
            message.id: message
            async for message in channel.history(limit=LOOKED_AT, after=start, oldest_first=True)
        }
        if not found and not await self._may_read(channel, stored, asked_id, before_each):
            return Scene(tuple(Seen(ref) for ref in stored.messages), readable=False)
        for ref in stored.messages if len(found) == LOOKED_AT else ():
            if ref.message_id not in found and (message := await _fetched(channel, ref, before_each)):
                found[ref.message_id] = message
        known = [found[ref.message_id] for ref in stored.messages if ref.message_id in found]
        # What still "thinks" only the token could fill.
        filled = [message for message in found.values() if by_token or not message.flags.loading]
        more = _made_at_the_death(filled, stored, self._me)
        shown = tuple(_seen(message, stored) for message in (*known, *more))
        question = found.get(asked_id)
        waiting = question is not None and _waits(question)
        if stored.question is None:
            return Scene(shown, waiting=waiting)
        if question is None:
            return Scene(shown, question_gone=True)
        ask = ask_from_message(question, self._me, self._fetch)
        return Scene(
            shown,
            waiting=waiting,
            files=ask.files,
            quoted_files=ask.quote.files if ask.quote is not None else (),
            asked=Asked(ask.text, quoted_text(question, self._me), ask.quote),
        )

    async def _may_read(
        self, channel: Channel, stored: StoredReply, asked_id: int, before_each: BeforeEach
    ) -> bool:
        """Whether nothing stands there, rather than that we may not see it: Discord shows an empty list for both."""
        await before_each()
        try:
            await channel.fetch_message(stored.messages[0].message_id if stored.messages else asked_id)
        except discord.NotFound:
            return True
        except discord.Forbidden:
            return False
        return True


def _asked_id(stored: StoredReply) -> int:
    """The message that asks, or from whose end it goes on; of a command the interaction."""
    return stored.question.message_id if stored.question is not None else stored.event_id


def _takes_files(channel: Channel) -> bool:
    """Whether we may attach files there; not where nobody has told."""
    if isinstance(channel, discord.PartialMessageable):
        return channel.guild_id is None
    if isinstance(channel, discord.DMChannel):
        return True
    try:
        return channel.permissions_for(channel.guild.me).attach_files
    except discord.ClientException:
        return False  # a thread whose channel is not in the cache


async def _fetched(channel: Channel, ref: MessageRef, before_each: BeforeEach) -> discord.Message | None:
    await before_each()
    try:
        return await channel.fetch_message(ref.message_id)
    except discord.NotFound:
        return None


def _seen(message: discord.Message, stored: StoredReply) -> Seen:
    offers = frozenset(offer.kind for offer in offers_on(message) if offer.reply_id == stored.reply_id)
    return Seen(MessageRef(message.channel.id, message.id), message.content, offers)


def _made_at_the_death(
    messages: Iterable[discord.Message], stored: StoredReply, me: discord.abc.Snowflake
) -> Sequence[discord.Message]:
    """The next page, where its create was under way; the journal heard of every page before it."""
    known = {ref.message_id for ref in stored.messages}
    ours = (message for message in messages if message.author.id == me.id and message.id not in known)
    if known:
        newest = max(known)
        return [message for message in ours if message.id > newest and _answers_nothing(message)][:1]
    asked = {stored.event_id, stored.question.message_id if stored.question is not None else 0}
    return [message for message in ours if _answers(message, asked)][:1]


def _answers(message: discord.Message, asked: set[int]) -> bool:
    by_command = message.interaction_metadata
    return (message.reference is not None and message.reference.message_id in asked) or (
        by_command is not None and by_command.id in asked
    )


def _answers_nothing(message: discord.Message) -> bool:
    """Pages after the first reply to no message."""
    return message.reference is None and message.interaction_metadata is None


def _waits(question: discord.Message) -> bool:
    return any(reaction.me and str(reaction.emoji) == WAITING for reaction in question.reactions)
