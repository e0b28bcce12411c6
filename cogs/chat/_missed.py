"""Mentions and direct messages that came while no process was there: read from a channel's history."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import discord

from cogs.chat._finder import channel_at
from cogs.chat._intake import is_for_us
from cogs.chat._surface import LostAnswers
from conversation.model import Place
from conversation.ports import MissedUnknown, ReplyJournal

log = logging.getLogger(__name__)

TOO_MANY = 429  # of somebody before Discord, for whom discord.py does not wait


class MissedMessages:
    """The port MissedQuestions over discord.py; `hear` takes messages as if they came just now."""

    def __init__(
        self,
        client: discord.Client,
        me: discord.ClientUser,
        lost_answers: LostAnswers,
        journal: ReplyJournal,
        hear: Callable[[Sequence[discord.Message]], None],
    ) -> None:
        self._client = client
        self._journal = journal
        self._me = me
        self._silent: tuple[type[Exception], ...] = (
            discord.DiscordServerError,
            discord.RateLimited,
            *lost_answers,
        )
        self._hear = hear

    async def take_up(self, place: Place, *, since_s: float, limit: int) -> int:
        """Hear the questions that came in `place` from `since_s` on and that nobody has claimed, oldest first.

        Raises MissedUnknown where Discord did not tell; what we may not read counts as nothing.
        """
        if place.guild_id is not None and self._client.get_guild(place.guild_id) is None:
            return 0  # we were thrown out; and a message without its guild would pass for a direct one
        after = discord.Object(discord.utils.time_snowflake(datetime.fromtimestamp(since_s, UTC)))
        channel = channel_at(self._client, place)
        try:
            found = [
                message
                async for message in channel.history(limit=limit, after=after, oldest_first=True)
                if is_for_us(message, self._me)
            ]
        except self._silent as error:
            raise MissedUnknown(type(error).__name__) from error
        except discord.HTTPException as error:
            if error.status == TOO_MANY:
                raise MissedUnknown(type(error).__name__) from error
            fields = {"channel_id": place.channel_id, "error": type(error).__name__}
            log.info("may not read what was missed", extra=fields)
            return 0
        missed = [message for message in found if not await self._is_claimed(message)]
        if missed:
            self._hear(missed)
        return len(missed)

    async def _is_claimed(self, message: discord.Message) -> bool:
        # Asked here, since who may ask is looked at before the claim: an old question could be refused anew.
        stored = await self._journal.find_by_message(message.channel.id, message.id)
        return stored is not None and stored.event_id == message.id
