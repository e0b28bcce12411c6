"""The world as a person's page sees it."""

from __future__ import annotations

import re

from sandbox.cdn import Cdn
from sandbox.entities import Attachment, Channel, ChannelKind, Json, Message, MessageFlag, User
from sandbox.world import World

_KINDS = {ChannelKind.TEXT: "text", ChannelKind.DM: "dm", ChannelKind.THREAD: "thread"}
_SHOWN_MESSAGES = 200
_CHANNEL = re.compile(r"<#(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_USER = re.compile(r"<@!?(\d{1,20})>")


class PageView:
    """Writes things for the page; nothing is withheld from people but others' ephemeral messages."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        self._world = world
        self._cdn = cdn

    def state(self, me: User) -> Json:
        """All that one person sees."""
        return {
            "me": self.user(me),
            "users": [self.user(person) for person in self._world.people.values()],
            "bot": self.user(self._world.bot),
            "guild": {"id": str(self._world.home.id), "name": self._world.home.name},
            "channels": self.channels(me),
            "messages": {
                str(channel.id): [
                    self.message(message, me)
                    for message in self._world.messages(channel, me)[-_SHOWN_MESSAGES:]
                ]
                for channel in self._channels(me)
            },
            "commands": self.commands(),
        }

    def sees_channel(self, person: User, channel: Channel) -> bool:
        """Whether a channel stands in this person's list: the first guild's, and the own direct message."""
        return channel.recipient is person if channel.is_dm else channel.guild is self._world.home

    def channels(self, person: User) -> list[Json]:
        """The channels that a person sees."""
        return [
            {
                "id": str(channel.id),
                "name": self._world.bot.name if channel.is_dm else channel.name,
                "kind": _KINDS[channel.kind],
                "parent_id": str(channel.parent.id) if channel.parent else None,
            }
            for channel in self._channels(person)
        ]

    def _channels(self, person: User) -> list[Channel]:
        home = [channel for channel in self._world.home.channels.values() if not channel.archived]
        return [*home, self._world.dm(person)]

    def commands(self) -> list[Json]:
        """The commands that the first guild has."""
        return [
            {
                "name": command.name,
                "description": command.body.get("description") or "",
                "type": command.kind,
                "options": [
                    {
                        "name": option.get("name"),
                        "description": option.get("description") or "",
                        "type": option.get("type"),
                        "required": bool(option.get("required")),
                        "choices": option.get("choices") or [],
                    }
                    for option in command.options
                ],
            }
            for command in self._world.commands.values()
            if command.guild_id in (None, self._world.home.id)
        ]

    def user(self, user: User) -> Json:
        """A person or the bot."""
        return {"id": str(user.id), "name": user.name, "bot": user.bot}

    def message(self, message: Message, viewer: User) -> Json:
        """A message with all that the page needs to draw it."""
        interaction = message.interaction
        # A forward says nothing of its own: the page shows what it forwards.
        said = message.forwarded or message
        shows_command = interaction is not None and interaction.kind == 2
        return {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "author": self.user(message.author),
            "content": said.content,
            "timestamp_ms": message.created_ms,
            "edited": message.edited_ms is not None,
            "attachments": [self._attachment(attachment) for attachment in said.attachments],
            "reply_to": self._reply(message),
            "reactions": [
                {"emoji": emoji, "count": len(users), "me": viewer.id in users}
                for emoji, users in message.reactions.items()
            ],
            "components": [_button(button) for button in message.buttons],
            "ephemeral": message.ephemeral,
            "thinking": message.thinking,
            "interaction": {"user": self.user(interaction.user), "name": interaction.name}
            if interaction and shows_command
            else None,
            "mentions": self._names(message, _USER),
            "roles": self._names(message, _ROLE),
            "channels": self._names(message, _CHANNEL),
            "suppress_embeds": bool(message.flags & MessageFlag.SUPPRESS_EMBEDS),
        }

    def _reply(self, message: Message) -> Json | None:
        replied = message.reply_to
        # Followups refer to the first answer; Discord's client shows no reply line for that.
        if replied is None or message.interaction:
            return None
        author = None if replied.deleted else self.user(replied.author)
        return {
            "id": str(replied.id),
            "author": author,
            "content": "" if replied.deleted else replied.content,
        }

    def _names(self, message: Message, pattern: re.Pattern[str]) -> Json:
        names: Json = {}
        for found in pattern.findall(message.content):
            name = self._name(int(found), pattern)
            if name is not None:
                names[found] = name
        return names

    def _name(self, number: int, pattern: re.Pattern[str]) -> str | None:
        if pattern is _USER:
            user = self._world.user(number)
            return user.name if user else None
        if pattern is _CHANNEL:
            channel = self._world.channels.get(number)
            return channel.name if channel else None
        guilds = self._world.guilds.values()
        if any(guild.bot_role_id == number for guild in guilds):
            return self._world.bot.name
        return next((guild.roles[number] for guild in guilds if number in guild.roles), None)

    def _attachment(self, attachment: Attachment) -> Json:
        return {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "content_type": attachment.content_type,
            "size": len(attachment.data),
            "url": self._cdn.sign(attachment),
            "width": attachment.width,
            "height": attachment.height,
        }


def _button(button: Json) -> Json:
    emoji = button.get("emoji")
    return {
        "custom_id": button.get("custom_id"),
        "label": button.get("label") or "",
        "style": button.get("style"),
        "disabled": bool(button.get("disabled")),
        "emoji": emoji.get("name") if isinstance(emoji, dict) else None,
    }
