"""What can happen in the world; whoever watches it (gateway, page, tests) is told by these."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.entities import Channel, Guild, Interaction, Message, User


@dataclass(frozen=True, slots=True)
class MessageCreated:
    """A message appeared."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message's content, files, components or flags changed."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message is gone."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """Several messages of one channel are gone at once."""

    channel: Channel
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class ReactionAdded:
    """Somebody reacted."""

    message: Message
    user: User
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionRemoved:
    """Somebody took a reaction back."""

    message: Message
    user: User
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionsCleared:
    """All reactions of a message were removed."""

    message: Message


@dataclass(frozen=True, slots=True)
class TypingStarted:
    """Somebody types; it shows for 10 s."""

    channel: Channel
    user: User


@dataclass(frozen=True, slots=True)
class InteractionCreated:
    """Somebody used a command or pressed a button."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    """A channel or thread appeared."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A channel's or thread's name, state or permissions changed."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDeleted:
    """A channel or thread is gone."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class GuildJoined:
    """The bot came into a guild."""

    guild: Guild


@dataclass(frozen=True, slots=True)
class GuildLeft:
    """The bot was thrown out of a guild, or left it."""

    guild: Guild


@dataclass(frozen=True, slots=True)
class RoleCreated:
    """A role appeared."""

    guild: Guild
    role_id: int


@dataclass(frozen=True, slots=True)
class CommandsChanged:
    """The application's commands changed."""


@dataclass(frozen=True, slots=True)
class BotPresence:
    """The bot's first session came or its last one went."""

    online: bool


Change = (
    MessageCreated
    | MessageChanged
    | MessageDeleted
    | MessagesDeleted
    | ReactionAdded
    | ReactionRemoved
    | ReactionsCleared
    | TypingStarted
    | InteractionCreated
    | ChannelCreated
    | ChannelChanged
    | ChannelDeleted
    | GuildJoined
    | GuildLeft
    | RoleCreated
    | CommandsChanged
    | BotPresence
)
