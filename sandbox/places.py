"""Where things happen and who is there: guilds, channels, people, roles, permissions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sandbox import changes, permissions
from sandbox.entities import Channel, ChannelKind, Guild, Message, User
from sandbox.permissions import Permission
from sandbox.person import Person
from sandbox.snowflake import Snowflakes
from sandbox.watched import Watched

_YEAR_MS = 365 * 86_400_000


class Places(Watched):
    """Guilds, channels and direct messages, and who may do what in them."""

    def __init__(self, *, bot: str) -> None:
        super().__init__()
        self.snowflakes = Snowflakes()
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.people: dict[int, Person] = {}
        self._messages: dict[int, Message] = {}
        self._dms: dict[int, Channel] = {}
        # The two ids differ, as those of older applications do, so that code which mixes them up fails here.
        self.application_id = self._old_id()
        self.bot = User(self._old_id(), bot, bot=True)

    @property
    def home(self) -> Guild:
        """The first guild."""
        return next(iter(self.guilds.values()))

    # ------------------------------------------------------------------ making places and people

    def add_guild(self, name: str, *, channels: Sequence[str] = ("general",), with_bot: bool = True) -> Guild:
        """Make a guild owned by the first person, with all people in it."""
        owner: User = next(iter(self.people.values()), self.bot)
        guild = Guild(self._old_id(), name, owner, self._old_id(), with_bot=with_bot)
        guild.members.update(self.people)
        if with_bot:
            guild.members[self.bot.id] = self.bot
        self.guilds[guild.id] = guild
        for channel in channels:
            self._new_channel(guild, channel)
        self.emit(changes.GuildJoined(guild))
        return guild

    def add_channel(self, name: str, guild: Guild | None = None) -> Channel:
        """Make a text channel in `guild`, by default the first one."""
        channel = self._new_channel(guild or self.home, name)
        self.emit(changes.ChannelCreated(channel))
        return channel

    def add_thread(
        self, parent: Channel, name: str, *, owner: User | None = None, message: Message | None = None
    ) -> Channel:
        """Make a public thread; one made from a message has that message's id."""
        thread = Channel(
            message.id if message else self.snowflakes.next(),
            name,
            ChannelKind.THREAD,
            guild=parent.guild,
            parent=parent,
            owner=owner or (parent.guild.owner if parent.guild else self.bot),
        )
        self.channels[thread.id] = thread
        if parent.guild:
            parent.guild.channels[thread.id] = thread
        self.emit(changes.ChannelCreated(thread))
        return thread

    def add_role(self, name: str, guild: Guild | None = None) -> int:
        """Make a role that nobody has in `guild`, by default the first one; return its id."""
        place = guild or self.home
        role_id = self._old_id()
        place.roles[role_id] = name
        self.emit(changes.RoleCreated(place, role_id))
        return role_id

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with all that is in it."""
        channel.deleted = True
        for message_id, message in channel.messages.items():
            message.deleted = True
            self._messages.pop(message_id, None)
        self.channels.pop(channel.id, None)
        if channel.guild:
            channel.guild.channels.pop(channel.id, None)
        self.emit(changes.ChannelDeleted(channel))

    def remove_bot(self, guild: Guild) -> None:
        """Throw the bot out of a guild."""
        guild.with_bot = False
        guild.members.pop(self.bot.id, None)
        self.emit(changes.GuildLeft(guild))

    def change_channel(
        self,
        channel: Channel,
        *,
        name: str | None = None,
        archived: bool | None = None,
        locked: bool | None = None,
    ) -> None:
        """Rename a channel, or archive or lock a thread."""
        channel.name = channel.name if name is None else name
        channel.archived = channel.archived if archived is None else archived
        channel.locked = channel.locked if locked is None else locked
        self.emit(changes.ChannelChanged(channel))

    # ------------------------------------------------------------------ finding things

    def person(self, name: str) -> Person:
        """Return the person of that name; raises LookupError."""
        for person in self.people.values():
            if person.name == name:
                return person
        raise LookupError(f"nobody is called {name!r}")

    def channel(self, name: str) -> Channel:
        """Return the first guild channel or thread of that name; raises LookupError."""
        for channel in self.channels.values():
            if channel.name == name and not channel.is_dm:
                return channel
        raise LookupError(f"no channel is called {name!r}")

    def dm(self, person: User) -> Channel:
        """Return the direct message of `person` with the bot."""
        return self._dms[person.id]

    def user(self, user_id: int) -> User | None:
        """Return the person or the bot with that id."""
        return self.bot if user_id == self.bot.id else self.people.get(user_id)

    # ------------------------------------------------------------------ permissions

    def deny(self, channel: Channel, *names: str) -> None:
        """Take permissions from the bot in a channel, by Discord's names ("SEND_MESSAGES")."""
        taken = permissions.named(names)
        channel.denied |= taken
        channel.allowed &= ~taken
        self.emit(changes.ChannelChanged(channel))

    def allow(self, channel: Channel, *names: str) -> None:
        """Give permissions to the bot in a channel, those that `deny` took included."""
        given = permissions.named(names)
        channel.allowed |= given
        channel.denied &= ~given
        self.emit(changes.ChannelChanged(channel))

    def permissions_of(self, user: User, channel: Channel) -> Permission:
        """Return what `user` may do in a channel; a thread asks its parent."""
        guild = channel.guild
        if guild is None:
            return permissions.DIRECT_MESSAGE
        if user.id not in guild.members:
            return permissions.NONE
        if user is guild.owner:
            return permissions.ALL
        granted = permissions.EVERYONE
        if isinstance(user, Person):
            return granted | Permission.MANAGE_MESSAGES if user.manages_messages else granted
        place = channel.parent or channel
        granted = (granted | guild.bot_permissions) & ~place.denied | place.allowed
        return granted if Permission.VIEW_CHANNEL in granted else permissions.NONE

    def _old_id(self) -> int:
        """An id from the last year, so that guilds spread over shards as real ones do."""
        return self.snowflakes.next(aged_s=secrets.randbelow(_YEAR_MS) / 1000)

    def _new_channel(self, guild: Guild, name: str) -> Channel:
        channel = Channel(self._old_id(), name, ChannelKind.TEXT, guild=guild, position=len(guild.channels))
        self.channels[channel.id] = guild.channels[channel.id] = channel
        return channel
