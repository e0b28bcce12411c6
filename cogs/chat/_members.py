"""Who is a member of which server, without the privileged members intent."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict

import discord

from conversation.model import MembershipUnknown

log = logging.getLogger(__name__)

REMEMBERED_S = 600.0
REMEMBERED = 5_000


class GuildMembership:
    """Asks Discord about one person at a time and remembers the answer for ten minutes.

    In a fleet it also asks about guilds that another process's shards hear: direct messages come to shard 0 alone.
    `lost_answers` are the errors of the HTTP session after which nobody knows what Discord said.
    """

    def __init__(
        self, client: discord.AutoShardedClient, lost_answers: tuple[type[Exception], ...] = (OSError,)
    ) -> None:
        self._client = client
        self._no_answer: tuple[type[Exception], ...] = (
            discord.HTTPException,
            discord.RateLimited,
            *lost_answers,
        )
        self._known: OrderedDict[int, tuple[float, bool]] = OrderedDict()

    async def shares_guild(self, user_id: int, guild_ids: frozenset[int]) -> bool:
        """Whether the person is a member of at least one of these guilds that the bot is in too.

        Raises MembershipUnknown where a look-up failed and no other one found them; that is not remembered.
        """
        known = self._known.get(user_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        shares = await self._ask(user_id, guild_ids)
        self._known[user_id] = (time.monotonic() + REMEMBERED_S, shares)
        self._known.move_to_end(user_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return shares

    async def _ask(self, user_id: int, guild_ids: frozenset[int]) -> bool:
        in_doubt = False
        for guild_id in sorted(guild_ids):
            guild = self._client.get_guild(guild_id)
            if guild is None and self._would_know(guild_id):
                continue
            if guild is not None and guild.get_member(user_id) is not None:
                return True
            try:
                await self._client.http.get_member(guild_id, user_id)
            except (discord.NotFound, discord.Forbidden):
                continue  # no member, or a guild without the bot
            except self._no_answer as error:
                fields = {"guild_id": guild_id, "error": type(error).__name__}
                log.warning("could not look up a member", extra=fields)
                in_doubt = True
                continue
            return True
        if in_doubt:
            raise MembershipUnknown("a look-up of a member failed")
        return False

    def _would_know(self, guild_id: int) -> bool:
        """Whether a guild that we do not know is one without the bot."""
        shards, count = self._client.shard_ids, self._client.shard_count
        return shards is None or count is None or (guild_id >> 22) % count in shards
