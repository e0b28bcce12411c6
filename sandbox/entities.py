"""The things of the loopback Discord: people, places, messages, commands. They hold state and ask nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from sandbox.permissions import NONE, Permission
from sandbox.snowflake import created_ms

Json = dict[str, object]
"""A JSON object as it came or goes over the wire."""

INTERACTION_TOKEN_LIFE_S = 900.0
INTERACTION_DEADLINE_S = 3.0


class ChannelKind(IntEnum):
    """Channel types of Discord that the sandbox has."""

    TEXT = 0
    DM = 1
    THREAD = 11


class MessageKind(IntEnum):
    """Message types of Discord that the sandbox makes."""

    DEFAULT = 0
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntFlag):
    """Message flags of Discord that the sandbox heeds."""

    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    HAS_SNAPSHOT = 1 << 14
    COMPONENTS_V2 = 1 << 15


@dataclass(eq=False)
class User:
    """Somebody who writes: a person, a bot, or a webhook."""

    id: int
    name: str
    bot: bool = False
    webhook: bool = False

    @property
    def mention(self) -> str:
        """The text that mentions this user."""
        return f"<@{self.id}>"


@dataclass(eq=False, slots=True)
class Guild:
    """A server; `with_bot` is False where the bot is no member (a user-installed app still works there)."""

    id: int
    name: str
    owner: User
    bot_role_id: int
    with_bot: bool = True
    bot_permissions: Permission = NONE
    members: dict[int, User] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    """Names of the roles that people made, by id."""


@dataclass(eq=False, slots=True)
class Channel:
    """A text channel, a thread of one, or a direct message of the bot with `recipient`."""

    id: int
    name: str
    kind: ChannelKind
    guild: Guild | None = None
    parent: Channel | None = None
    owner: User | None = None
    recipient: User | None = None
    position: int = 0
    denied: Permission = NONE
    allowed: Permission = NONE
    archived: bool = False
    locked: bool = False
    deleted: bool = False
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def mention(self) -> str:
        """The text that links to this channel."""
        return f"<#{self.id}>"

    @property
    def is_dm(self) -> bool:
        """Whether it is a direct message."""
        return self.kind is ChannelKind.DM


@dataclass(eq=False, slots=True)
class Attachment:
    """A file as it lies on the CDN."""

    id: int
    channel_id: int
    filename: str
    data: bytes = field(repr=False)
    content_type: str
    width: int | None = None
    height: int | None = None
    ephemeral: bool = False
    description: str | None = None


@dataclass(eq=False)
class Message:
    """A message as everybody sees it now, and what it was before.

    `edits` holds (monotonic seconds, content), the first content included; a "thinking" placeholder has none.
    `pinged` holds the ids of all whom any version of it notified or could have highlighted.
    `only_for` is who alone sees it, where it is ephemeral. `forwarded` is the message that a forward shows, as
    it was then.
    """

    id: int
    channel: Channel
    author: User
    content: str
    kind: MessageKind = MessageKind.DEFAULT
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    reactions: dict[str, list[int]] = field(default_factory=dict)
    nonce: str | int | None = None
    reply_to: Message | None = None
    allowed_mentions: Json | None = None
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mentions_everyone: bool = False
    pinged: set[int] = field(default_factory=set)
    edits: list[tuple[float, str]] = field(default_factory=list)
    edited_ms: int | None = None
    deleted: bool = False
    interaction: Interaction | None = None
    only_for: User | None = None
    forwarded: Message | None = None

    @property
    def channel_id(self) -> int:
        """The channel's id."""
        return self.channel.id

    @property
    def reply_to_id(self) -> int | None:
        """The id of the message that it replies to."""
        return self.reply_to.id if self.reply_to else None

    @property
    def created_ms(self) -> int:
        """Epoch milliseconds of its making."""
        return created_ms(self.id)

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def thinking(self) -> bool:
        """Whether it is the placeholder of a deferred answer."""
        return bool(self.flags & MessageFlag.LOADING)

    @property
    def buttons(self) -> list[Json]:
        """Its buttons, row after row."""
        return [
            part
            for row in self.components
            for part in objects(row.get("components"))
            if part.get("type") == 2
        ]

    def seen_by(self, viewer: User | None) -> bool:
        """Whether `viewer` sees it; None asks for what everybody sees."""
        return self.only_for is None or self.only_for is viewer


def objects(value: object) -> list[Json]:
    """Return the JSON objects of a list, nothing where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbered(components: Sequence[Json]) -> list[Json]:
    """Return components with the ids that Discord gives to those that have none."""
    counter = itertools.count(1)
    return [_numbered(component, counter) for component in components]


def _numbered(component: Json, counter: Iterator[int]) -> Json:
    given = component.get("id") or next(counter)
    inner = [_numbered(part, counter) for part in objects(component.get("components"))]
    return component | {"id": given} | ({"components": inner} if inner else {})


@dataclass(eq=False, slots=True)
class Command:
    """An application command; `body` is its definition as the bot sent it. A `guild_id` of None is global."""

    id: int
    version: int
    guild_id: int | None
    body: Json

    @property
    def name(self) -> str:
        """Its name, as people type it."""
        return str(self.body["name"])

    @property
    def kind(self) -> int:
        """1 slash command, 2 user menu, 3 message menu."""
        kind = self.body.get("type") or 1
        return kind if isinstance(kind, int) else 1

    @property
    def options(self) -> list[Json]:
        """The definitions of its options."""
        return objects(self.body.get("options"))


@dataclass(eq=False)
class Interaction:
    """Somebody used a command or pressed a button.

    `answered_with` is the callback type of the first answer (4 to 9), `original` the message that it made or,
    for a button, the message that holds it. `messages` are all that its token made, deleted ones too.
    """

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    name: str
    locale: str = "en-US"
    aged_s: float = 0.0
    source: Message | None = None
    target: Message | None = None
    resolved: list[Attachment] = field(default_factory=list)
    answered_with: int | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    messages: list[Message] = field(default_factory=list)
    made_s: float = field(default_factory=time.monotonic)

    @property
    def token_expired(self) -> bool:
        """Whether its 15 minutes are over."""
        return time.monotonic() - self.made_s + self.aged_s > INTERACTION_TOKEN_LIFE_S

    @property
    def too_late(self) -> bool:
        """Whether the 3 s for a first answer passed without one."""
        return self.answered_with is None and time.monotonic() - self.made_s > INTERACTION_DEADLINE_S
