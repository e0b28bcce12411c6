"""Users, members, channels and guilds as the JSON that Discord sends (their resource pages)."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox import permissions
from sandbox.entities import Channel, ChannelKind, Guild, Json, User
from sandbox.snowflake import created_ms
from sandbox.world import World


def iso(epoch_ms: int) -> str:
    """Write a time as Discord does."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="microseconds")


_COMMON_TO_ROLES: Json = {
    "color": 0,
    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    "hoist": False,
    "mentionable": False,
    "icon": None,
    "unicode_emoji": None,
    "flags": 0,
}


class PlacePayloads:
    """Writes who and where."""

    def __init__(self, world: World) -> None:
        self._world = world

    def user(self, user: User) -> Json:
        """A user object."""
        return {
            "id": str(user.id),
            "username": user.name,
            "discriminator": "0",
            "global_name": user.name,
            "avatar": None,
            "bot": user.bot,
            "flags": 0,
            "public_flags": 0,
            "primary_guild": None,
        }

    def own_user(self) -> Json:
        """The bot as it sees itself."""
        return self.user(self._world.bot) | {
            "verified": True,
            "mfa_enabled": True,
            "email": None,
            "locale": "en-US",
        }

    def member(self, guild: Guild, user: User, *, with_user: bool = True) -> Json:
        """A guild member object."""
        member: Json = {
            "roles": [str(guild.bot_role_id)] if user is self._world.bot else [],
            "joined_at": iso(created_ms(guild.id)),
            "nick": None,
            "avatar": None,
            "banner": None,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }
        return member | {"user": self.user(user)} if with_user else member

    def role(self, guild: Guild, role_id: int) -> Json:
        """One of the roles that people made."""
        return _COMMON_TO_ROLES | {
            "id": str(role_id),
            "name": guild.roles[role_id],
            "position": 2 + list(guild.roles).index(role_id),
            "managed": False,
            "permissions": "0",
        }

    def roles(self, guild: Guild) -> list[Json]:
        """@everyone (whose id is the guild's), the bot's managed role, and those that people made."""
        common = _COMMON_TO_ROLES
        everyone: Json = {
            "id": str(guild.id),
            "name": "@everyone",
            "position": 0,
            "managed": False,
            "permissions": str(int(permissions.EVERYONE)),
        }
        managed: Json = {
            "id": str(guild.bot_role_id),
            "name": self._world.bot.name,
            "position": 1,
            "managed": True,
            "tags": {"bot_id": str(self._world.bot.id)},
            "permissions": str(int(permissions.EVERYONE | guild.bot_permissions)),
        }
        own = [common | managed] if guild.with_bot else []
        return [common | everyone, *own, *(self.role(guild, role_id) for role_id in guild.roles)]

    def channel(self, channel: Channel) -> Json:
        """A channel object: text channel, thread or direct message."""
        base: Json = {"id": str(channel.id), "type": int(channel.kind), "flags": 0}
        last = next(reversed(channel.messages), None)
        base["last_message_id"] = str(last) if last else None
        if channel.kind is ChannelKind.DM and channel.recipient:
            return base | {"recipients": [self.user(channel.recipient)]}
        base |= {"guild_id": str(channel.guild.id) if channel.guild else None, "name": channel.name}
        if channel.kind is ChannelKind.THREAD:
            return base | self._thread(channel)
        return base | {
            "position": channel.position,
            "permission_overwrites": self._overwrites(channel),
            "parent_id": None,
            "topic": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
        }

    def _thread(self, thread: Channel) -> Json:
        made = iso(created_ms(thread.id))
        return {
            "parent_id": str(thread.parent.id) if thread.parent else None,
            "owner_id": str(thread.owner.id) if thread.owner else None,
            "message_count": len(thread.messages),
            "total_message_sent": len(thread.messages),
            "member_count": 1,
            "rate_limit_per_user": 0,
            "thread_metadata": {
                "archived": thread.archived,
                "locked": thread.locked,
                "auto_archive_duration": 1440,
                "archive_timestamp": made,
                "create_timestamp": made,
            },
        }

    def _overwrites(self, channel: Channel) -> list[Json]:
        if not (channel.denied or channel.allowed):
            return []
        bot = {
            "id": str(self._world.bot.id),
            "type": 1,
            "allow": str(int(channel.allowed)),
            "deny": str(int(channel.denied)),
        }
        return [dict(bot)]

    def guild(self, guild: Guild) -> Json:
        """A guild object as REST returns it."""
        return {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner.id),
            "roles": self.roles(guild),
            "icon": None,
            "splash": None,
            "banner": None,
            "description": None,
            "emojis": [],
            "stickers": [],
            "features": [],
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw": False,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": "en-US",
            "vanity_url_code": None,
            "region": "deprecated",
            "home_header": None,
            "discovery_splash": None,
            "application_id": None,
            "widget_enabled": False,
            "widget_channel_id": None,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "incidents_data": None,
        }

    def guild_create(self, guild: Guild) -> Json:
        """A guild as GUILD_CREATE carries it: without the members intent it names the bot alone."""
        visible = [channel for channel in guild.channels.values() if not channel.archived]
        return self.guild(guild) | {
            "unavailable": False,
            "large": False,
            "joined_at": iso(created_ms(guild.id)),
            "member_count": len(guild.members),
            "members": [self.member(guild, self._world.bot)],
            "channels": [self.channel(channel) for channel in visible if channel.kind is ChannelKind.TEXT],
            "threads": [self.channel(channel) for channel in visible if channel.kind is ChannelKind.THREAD],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
