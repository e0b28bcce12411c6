"""Changes of the world as gateway events: name, shard, intent, payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import changes
from sandbox.entities import Channel, ChannelKind, Guild, Json, Message, User
from sandbox.payloads import Payloads, emoji
from sandbox.snowflake import created_ms
from sandbox.world import World

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
GUILD_REACTIONS = 1 << 10
GUILD_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_REACTIONS = 1 << 13
DIRECT_TYPING = 1 << 14
MESSAGE_CONTENT = 1 << 15
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One event on its way to the sessions that want it.

    `intent` 0 means everybody; `caused_by_bot` events race with the answer of the request that caused them.
    `bare` is the payload for a session without the message content intent, where that differs.
    """

    event: str
    guild_id: int | None
    intent: int
    payload: Callable[[], Json]
    caused_by_bot: bool = False
    bare: Callable[[], Json] | None = None


class Dispatches:
    """Turns changes into dispatches; what the bot may not see becomes None."""

    def __init__(self, world: World, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads

    def of(self, change: changes.Change) -> Dispatch | None:
        """Return the event of a change, None where the bot is told nothing."""
        match change:
            case changes.MessageCreated(message):
                return self._message("MESSAGE_CREATE", message, with_nonce=True)
            case changes.MessageChanged(message):
                return self._message("MESSAGE_UPDATE", message)
            case changes.MessageDeleted(message):
                return self._in(message.channel, "MESSAGE_DELETE", GUILD_MESSAGES, {"id": str(message.id)})
            case changes.MessagesDeleted(channel, messages):
                gone: Json = {"ids": [str(message.id) for message in messages]}
                return self._in(channel, "MESSAGE_DELETE_BULK", GUILD_MESSAGES, gone)
            case changes.ReactionAdded(message, user, name):
                return self._reaction("MESSAGE_REACTION_ADD", message, user, name)
            case changes.ReactionRemoved(message, user, name):
                return self._reaction("MESSAGE_REACTION_REMOVE", message, user, name)
            case changes.ReactionsCleared(message):
                payload: Json = {"message_id": str(message.id)}
                return self._in(message.channel, "MESSAGE_REACTION_REMOVE_ALL", GUILD_REACTIONS, payload)
            case changes.TypingStarted(channel, user):
                return self._typing(channel, user)
            case changes.InteractionCreated(interaction):
                guild = interaction.channel.guild
                guild_id = guild.id if guild and guild.with_bot else None
                return Dispatch(
                    "INTERACTION_CREATE", guild_id, 0, lambda: self._payloads.interaction(interaction)
                )
            case changes.RoleCreated(guild, role_id):
                role: Json = {"guild_id": str(guild.id), "role": self._payloads.role(guild, role_id)}
                return Dispatch("GUILD_ROLE_CREATE", guild.id, GUILDS, lambda: role)
            case changes.ChannelCreated(channel):
                return self._channel("CREATE", channel)
            case changes.ChannelChanged(channel):
                return self._channel("UPDATE", channel)
            case changes.ChannelDeleted(channel):
                return self._channel("DELETE", channel)
            case changes.GuildJoined(guild) if guild.with_bot:
                return self.guild_create(guild)
            case changes.GuildLeft(guild):
                return Dispatch("GUILD_DELETE", guild.id, GUILDS, lambda: {"id": str(guild.id)})
        return None

    def guild_create(self, guild: Guild) -> Dispatch:
        """Return the event that tells of a guild."""
        return Dispatch("GUILD_CREATE", guild.id, GUILDS, lambda: self._payloads.guild_create(guild))

    def _message(self, event: str, message: Message, *, with_nonce: bool = False) -> Dispatch | None:
        channel = message.channel
        if not self._told_of(channel):
            return None
        # Taken now: the event shows the message as it was, however late it leaves.
        payload = self._payloads.message_event(message, with_nonce=with_nonce)
        bare = payload
        if self._world.content_intent:
            bare = self._payloads.message_event(message, with_nonce=with_nonce, intent=False)
        return Dispatch(
            event,
            channel.guild.id if channel.guild else None,
            GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES,
            lambda: payload,
            message.author is self._world.bot,
            lambda: bare,
        )

    def _reaction(self, event: str, message: Message, user: User, name: str) -> Dispatch | None:
        payload: Json = {
            "user_id": str(user.id),
            "message_id": str(message.id),
            "emoji": emoji(name),
            "burst": False,
            "type": 0,
            "message_author_id": str(message.author.id),
        }
        guild = message.channel.guild
        if guild and event == "MESSAGE_REACTION_ADD":
            payload["member"] = self._payloads.member(guild, user)
        return self._in(message.channel, event, GUILD_REACTIONS, payload, by_bot=user is self._world.bot)

    def _typing(self, channel: Channel, user: User) -> Dispatch | None:
        payload: Json = {
            "user_id": str(user.id),
            "timestamp": created_ms(self._world.snowflakes.next()) // 1000,
        }
        if channel.guild:
            payload["member"] = self._payloads.member(channel.guild, user)
        return self._in(channel, "TYPING_START", GUILD_TYPING, payload, by_bot=user is self._world.bot)

    def _channel(self, what: str, channel: Channel) -> Dispatch | None:
        if channel.is_dm or not self._told_of(channel):
            return None
        thread = channel.kind is ChannelKind.THREAD
        payload = self._payloads.channel(channel)
        if thread and what == "CREATE":
            payload["newly_created"] = True
        guild_id = channel.guild.id if channel.guild else None
        return Dispatch(f"{'THREAD' if thread else 'CHANNEL'}_{what}", guild_id, GUILDS, lambda: payload)

    def _in(
        self, channel: Channel, event: str, intent: int, payload: Json, *, by_bot: bool = False
    ) -> Dispatch | None:
        """Place an event into its channel; the intent of a direct message stands three bits higher."""
        if not self._told_of(channel):
            return None
        placed = payload | {"channel_id": str(channel.id)}
        if channel.guild is None:
            return Dispatch(event, None, intent << 3, lambda: placed, by_bot)
        placed["guild_id"] = str(channel.guild.id)
        return Dispatch(event, channel.guild.id, intent, lambda: placed, by_bot)

    def _told_of(self, channel: Channel) -> bool:
        guild = channel.guild
        return guild is None or guild.with_bot
