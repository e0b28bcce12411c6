"""The state of the loopback Discord, in one place, and all that can be done to it.

Tests read as stories: `alice.says(general, "hello")`, `await world.until(...)`, `world.messages(general)`.
Whoever needs to know of changes (gateway, page) adds a listener to `world.listeners`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from sandbox import changes, mentions, withheld
from sandbox.entities import (
    Attachment,
    Channel,
    ChannelKind,
    Command,
    Interaction,
    Json,
    Message,
    MessageFlag,
    MessageKind,
    User,
    numbered,
)
from sandbox.person import Person, UploadedFile
from sandbox.places import Places
from sandbox.screen import draw

_EDITABLE_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2


class World(Places):
    """Guilds, channels, people, the bot, and every message.

    `content_intent` is the portal's MESSAGE_CONTENT switch. `role_mentions_deliver` tells whether a mention
    of the bot's managed role hands its content over. `recommended_shards`, `log_ins_left`,
    `log_ins_reset_ms` and `max_concurrency` are what GET /gateway/bot answers.
    `nonce_memory_s` is how long a nonce is remembered, `cdn_lifetime_s` how long a CDN link lives.
    """

    def __init__(
        self,
        *,
        guild: str = "Reka House",
        channels: Sequence[str] = ("general", "playground"),
        people: Sequence[str] = ("alice", "bob"),
        bot: str = "Reka",
    ) -> None:
        super().__init__(bot=bot)
        self.content_intent = False
        self.role_mentions_deliver = True
        self.recommended_shards = 1
        self.log_ins_left = 1000
        self.log_ins_reset_ms = 86_400_000
        self.max_concurrency = 1
        self.nonce_memory_s = 180.0
        self.cdn_lifetime_s = 86_400.0
        self.cdn_secret = secrets.token_bytes(32)
        self.attachments: dict[int, Attachment] = {}
        self.commands: dict[int, Command] = {}
        self.interactions: dict[str, Interaction] = {}
        self._nonces: dict[tuple[int, str], tuple[Message, float]] = {}
        for name in people:
            self.add_person(name)
        self.add_guild(guild, channels=channels)

    def add_person(self, name: str) -> Person:
        """Make somebody new, with an open direct message with the bot, and a member of every guild."""
        person = Person(self, self._old_id(), name)
        self.people[person.id] = person
        for guild in self.guilds.values():
            guild.members[person.id] = person
        dm = Channel(self._old_id(), name, ChannelKind.DM, recipient=person)
        self.channels[dm.id] = self._dms[person.id] = dm
        self.emit(changes.ChannelCreated(dm))
        return person

    def screen(self) -> str:
        """Write down every message that stands anywhere, for error messages."""
        return draw(self.channels.values())

    # ------------------------------------------------------------------ messages

    def message(self, message_id: int) -> Message | None:
        """Return the message with that id, unless it was deleted."""
        return self._messages.get(message_id)

    def messages(self, channel: Channel, viewer: User | None = None) -> list[Message]:
        """Return what stands in a channel, oldest first, with the ephemeral messages of `viewer` alone."""
        return [message for message in channel.messages.values() if message.seen_by(viewer)]

    def post(
        self,
        author: User,
        channel: Channel,
        content: str,
        *,
        files: Sequence[UploadedFile] = (),
        reply_to: Message | None = None,
        kind: MessageKind | None = None,
        flags: int = 0,
        nonce: str | int | None = None,
        embeds: Sequence[Json] = (),
        components: Sequence[Json] = (),
        allowed_mentions: Json | None = None,
        interaction: Interaction | None = None,
        forwarded: Message | None = None,
    ) -> Message:
        """Put a message into a channel; like Discord it trims white space around the content."""
        message = Message(
            self.snowflakes.next(),
            channel,
            author,
            content.strip(),
            kind=kind or (MessageKind.REPLY if reply_to else MessageKind.DEFAULT),
            flags=flags | (MessageFlag.HAS_SNAPSHOT if forwarded else 0),
            embeds=list(embeds),
            components=numbered(components),
            nonce=nonce,
            reply_to=reply_to,
            allowed_mentions=allowed_mentions,
            interaction=interaction,
            only_for=interaction.user if interaction and flags & MessageFlag.EPHEMERAL else None,
            forwarded=replace(forwarded) if forwarded else None,
        )
        self._attach(message, files)
        self._read_mentions(message)
        if not message.thinking:
            message.edits.append((time.monotonic(), message.content))
        if channel.archived and not channel.locked:
            self.change_channel(channel, archived=False)
        channel.messages[message.id] = self._messages[message.id] = message
        if interaction:
            interaction.messages.append(message)
        if nonce is not None:
            self._nonces[author.id, str(nonce)] = (message, time.monotonic())
        self.emit(changes.MessageCreated(message))
        return message

    def edit(
        self,
        message: Message,
        *,
        content: str | None = None,
        files: Sequence[UploadedFile] = (),
        kept_attachments: set[int] | None = None,
        embeds: Sequence[Json] | None = None,
        components: Sequence[Json] | None = None,
        flags: int | None = None,
        allowed_mentions: Json | None = None,
    ) -> None:
        """Change what is given; `flags` replaces those that an edit may set, as Discord does.

        The first content of a "thinking" placeholder is its first version and no edit.
        """
        was_thinking = message.thinking
        if content is not None:
            message.content = content.strip()
        if kept_attachments is not None:
            message.attachments = [kept for kept in message.attachments if kept.id in kept_attachments]
        self._attach(message, files)
        message.embeds = message.embeds if embeds is None else list(embeds)
        message.components = message.components if components is None else numbered(components)
        if flags is not None:
            message.flags = message.flags & ~_EDITABLE_FLAGS | flags & _EDITABLE_FLAGS
        message.flags &= ~MessageFlag.LOADING
        if message.author is self.bot:
            message.allowed_mentions = allowed_mentions
        self._read_mentions(message)
        if content is not None or was_thinking:
            message.edits.append((time.monotonic(), message.content))
        if not was_thinking:
            message.edited_ms = int(time.time() * 1000)
        self.emit(changes.MessageChanged(message))

    def delete(self, message: Message) -> None:
        """Remove a message; its files vanish from the CDN."""
        if self._take_away(message):
            self.emit(changes.MessageDeleted(message))

    def delete_together(self, messages: Sequence[Message]) -> None:
        """Remove several messages of one channel at once, as a moderator's bot does."""
        gone = tuple(message for message in messages if self._take_away(message))
        if gone:
            self.emit(changes.MessagesDeleted(gone[0].channel, gone))

    def same_nonce(self, author: User, nonce: str | int) -> Message | None:
        """Return the message that `author` sent with that nonce within the last minutes."""
        found = self._nonces.get((author.id, str(nonce)))
        if found is None or time.monotonic() - found[1] > self.nonce_memory_s:
            return None
        return found[0]

    def content_withheld(self, message: Message, *, intent: bool = True) -> bool:
        """Whether the bot gets `message` without its content, by the rules of `withheld.py`.

        `intent` False asks for a session that did not ask for message content when it identified.
        """
        return withheld.is_withheld(
            message,
            self.bot,
            content_intent=self.content_intent and intent,
            role_mentions_deliver=self.role_mentions_deliver,
        )

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction; one that is there already stays one."""
        users = message.reactions.setdefault(emoji, [])
        if user.id not in users:
            users.append(user.id)
            self.emit(changes.ReactionAdded(message, user, emoji))

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Take a reaction back; one that is not there stays away."""
        users = message.reactions.get(emoji, [])
        if user.id in users:
            users.remove(user.id)
            if not users:
                del message.reactions[emoji]
            self.emit(changes.ReactionRemoved(message, user, emoji))

    def clear_reactions(self, message: Message) -> None:
        """Remove all reactions of a message."""
        message.reactions.clear()
        self.emit(changes.ReactionsCleared(message))

    def show_typing(self, user: User, channel: Channel) -> None:
        """Show the typing sign of `user`."""
        self.emit(changes.TypingStarted(channel, user))

    # ------------------------------------------------------------------ commands and interactions

    def command(self, name: str, kind: int, channel: Channel) -> Command:
        """Return the command a person would get there, a guild's own first; raises LookupError."""
        guild_id = channel.guild.id if channel.guild else None
        fitting = [
            command
            for command in self.commands.values()
            if command.name == name and command.kind == kind and command.guild_id in (None, guild_id)
        ]
        context = 1 if channel.is_dm else 0
        for command in sorted(fitting, key=lambda command: command.guild_id is None):
            contexts = command.body.get("contexts")
            if not isinstance(contexts, list) or context in contexts:
                return command
        known = sorted(command.name for command in self.commands.values())
        raise LookupError(f"no command {name!r} of type {kind} there; the bot defined {known}")

    def set_commands(self, guild_id: int | None, bodies: Sequence[Json], *, replace: bool) -> list[Command]:
        """Define commands; one with the same name and type keeps its id. `replace` drops those not named."""
        old = {
            (command.name, command.kind): command
            for command in self.commands.values()
            if command.guild_id == guild_id
        }
        made = []
        for body in bodies:
            command = Command(0, self.snowflakes.next(), guild_id, body)
            known = old.get((command.name, command.kind))
            command.id = known.id if known else self.snowflakes.next()
            made.append(command)
        dropped = {command.id for command in old.values()} if replace else set()
        for command_id in dropped:
            del self.commands[command_id]
        self.commands.update((command.id, command) for command in made)
        self.emit(changes.CommandsChanged())
        return made

    def remove_command(self, command: Command) -> None:
        """Delete one command."""
        del self.commands[command.id]
        self.emit(changes.CommandsChanged())

    def new_interaction(
        self, kind: int, user: Person, channel: Channel, data: Json, *, name: str, aged_s: float = 0.0
    ) -> Interaction:
        """Make an interaction with a token of its own; it happens once it is emitted."""
        interaction = Interaction(
            self.snowflakes.next(aged_s=aged_s),
            secrets.token_urlsafe(48),
            kind,
            user,
            channel,
            data,
            name,
            locale=user.locale,
            aged_s=aged_s,
        )
        self.interactions[interaction.token] = interaction
        return interaction

    def keep(self, attachment: Attachment) -> None:
        """Put a file on the CDN."""
        self.attachments[attachment.id] = attachment

    # ------------------------------------------------------------------ inside

    def _take_away(self, message: Message) -> bool:
        """Whether the message was still there."""
        if message.deleted:
            return False
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        self._messages.pop(message.id, None)
        for attachment in message.attachments:
            self.attachments.pop(attachment.id, None)
        return True

    def _attach(self, message: Message, files: Sequence[UploadedFile]) -> None:
        for file in files:
            attachment = file.attach(
                snowflake=self.snowflakes.next(), channel=message.channel, ephemeral=message.ephemeral
            )
            message.attachments.append(attachment)
            self.keep(attachment)

    def _read_mentions(self, message: Message) -> None:
        default = ("users",) if message.interaction else ("users", "roles", "everyone")
        found = mentions.allowed(mentions.read(message.content), message.allowed_mentions, default=default)
        users = [user for user in map(self.user, found.users) if user]
        replied = message.reply_to.author if message.reply_to else None
        if replied and replied not in users and mentions.reply_pings(message.allowed_mentions):
            users.append(replied)
        guild = message.channel.guild
        message.mentions = users
        roles = {guild.bot_role_id, *guild.roles} if guild else set()
        message.mention_roles = [role for role in found.roles if role in roles]
        message.mentions_everyone = bool(guild) and found.everyone
        message.pinged.update(user.id for user in users)
        if guild and guild.bot_role_id in message.mention_roles:
            message.pinged.add(self.bot.id)
        if guild and message.mentions_everyone:
            message.pinged.update(guild.members)
        message.pinged.discard(message.author.id)
