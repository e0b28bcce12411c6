"""Mentions and direct messages that came while no process was there: read from a channel's history."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import discord

from cogs.chat._finder import channel_at
from cogs.chat._intake import is_for_us
from cogs.chat._surface import LostAnswers
from conversation.model import Place

log = logging.getLogger(__name__)


class MissedMessages:
    """The port MissedQuestions over discord.py; `hear` takes a message as if it came just now."""

    def __init__(
        self,
        client: discord.Client,
        me: discord.ClientUser,
        lost_answers: LostAnswers,
        hear: Callable[[discord.Message], None],
    ) -> None:
        self._client = client
        self._me = me
        self._failures: tuple[type[Exception], ...] = (
            discord.HTTPException,
            discord.RateLimited,
            *lost_answers,
        )
        self._hear = hear

    async def take_up(self, place: Place, *, after_id: int, since_s: float, limit: int) -> int:
        """Hear the questions that came in `place` after this event and not before `since_s`, oldest first."""
        if place.guild_id is not None and self._client.get_guild(place.guild_id) is None:
            return 0  # we were thrown out; and a message without its guild would pass for a direct one
        since_id = discord.utils.time_snowflake(datetime.fromtimestamp(since_s, UTC))
        after = discord.Object(max(after_id, since_id))
        channel = channel_at(self._client, place)
        try:
            found = [
                message
                async for message in channel.history(limit=limit, after=after, oldest_first=True)
                if is_for_us(message, self._me)
            ]
        except self._failures as error:
            fields = {"channel_id": place.channel_id, "error": type(error).__name__}
            log.info("could not read what was missed", extra=fields)
            return 0
        for message in found:
            self._hear(message)
        return len(found)
