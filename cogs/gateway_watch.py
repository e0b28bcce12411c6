"""How the shards of this process stand with Discord, from the events that discord.py tells."""

from __future__ import annotations

from collections.abc import Mapping

from discord.ext import commands


class GatewayWatch:
    """Follows which shards are connected; made before the bot starts."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot
        self._up: set[int] = set()
        self.disconnects = 0
        """How often a shard lost its connection, or gave it up to connect anew."""
        bot.add_listener(self._connected, "on_shard_connect")
        bot.add_listener(self._connected, "on_shard_resumed")
        bot.add_listener(self._disconnected, "on_shard_disconnect")

    @property
    def shards(self) -> Mapping[int, bool]:
        """Which shards of this process hear their servers; empty before Discord told how many there are."""
        ids = self._bot.shard_ids or range(self._bot.shard_count or 0)
        return {shard: shard in self._up and not self._bot.is_closed() for shard in ids}

    @property
    def latencies_s(self) -> Mapping[int, float]:
        """How long the last heartbeat of each shard took; not a number before the first."""
        return dict(self._bot.latencies)

    async def _connected(self, shard_id: int) -> None:
        self._up.add(shard_id)

    async def _disconnected(self, shard_id: int) -> None:
        if shard_id in self._up:
            self._up.discard(shard_id)
            self.disconnects += 1
