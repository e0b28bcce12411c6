"""What the bot can reach: each look-up refuses as Discord does where it may not."""

from __future__ import annotations

from sandbox.entities import Channel, ChannelKind, Guild, Message
from sandbox.permissions import Permission
from sandbox.refusals import ApiError, missing_access, missing_permissions, unknown
from sandbox.world import World


class Access:
    """Finds things for the bot and checks its permissions there."""

    def __init__(self, world: World) -> None:
        self._world = world

    def guild(self, guild_id: int) -> Guild:
        """Return a guild that the bot is in; raises ApiError 404/10004."""
        guild = self._world.guilds.get(guild_id)
        if guild is None or not guild.with_bot:
            raise unknown("Guild")
        return guild

    def channel(self, channel_id: int, needed: Permission = Permission.VIEW_CHANNEL) -> Channel:
        """Return a channel; raises ApiError 404/10003, 403/50001 (not seen) or 403/50013 (lacks `needed`)."""
        channel = self._world.channels.get(channel_id)
        if channel is None:
            raise unknown("Channel")
        granted = self._world.permissions_of(self._world.bot, channel)
        if Permission.VIEW_CHANNEL not in granted:
            raise missing_access()
        if needed not in granted:
            raise missing_permissions()
        return channel

    def may(self, channel: Channel, needed: Permission) -> bool:
        """Whether the bot has a permission there."""
        return needed in self._world.permissions_of(self._world.bot, channel)

    def writable(self, channel_id: int) -> Channel:
        """Return a channel that the bot may write to; raises ApiError as `channel` does.

        In threads SEND_MESSAGES counts for nothing, SEND_MESSAGES_IN_THREADS alone does.
        """
        channel = self.channel(channel_id)
        thread = channel.kind is ChannelKind.THREAD
        needed = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
        if not self.may(channel, needed):
            raise missing_permissions()
        if channel.locked and channel.archived:
            raise archived()
        return channel

    def message(self, channel: Channel, message_id: int) -> Message:
        """Return a message as the channel's routes know it, no ephemeral one; raises ApiError 404/10008."""
        message = channel.messages.get(message_id)
        if message is None or message.ephemeral:
            raise unknown("Message")
        return message


def archived() -> ApiError:
    """The thread is archived."""
    return ApiError(400, 50083, "Tried to perform an operation on an archived thread")
