"""The values of a conversation: who asks what, where, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from delivery.surface import MessageRef

__all__ = [
    "Ask",
    "Author",
    "Claim",
    "FileUnavailable",
    "IncomingFile",
    "LeftReply",
    "MembershipUnknown",
    "MessageRef",
    "Picture",
    "Place",
    "Quote",
    "Refusal",
    "ReplyState",
    "Shards",
    "StoredReply",
    "Turn",
    "WayBack",
]


@dataclass(frozen=True, slots=True)
class Author:
    """A person who speaks; `name` is what the others in the channel see."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation lives and is remembered: a channel, a thread or a direct message.

    A private exchange in that channel has a place of its own, one per person (`private_to`).
    """

    channel_id: int
    guild_id: int | None = None
    private_to: int | None = None


class FileUnavailable(Exception):
    """A file could not be had; `reason` is a kind of sentence (conversation/sentences.py)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MembershipUnknown(Exception):
    """Nobody could find out whether a person is a member of a guild; asking again later may tell."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that came with a question; read lazily, since most are refused by their size alone.

    `read` downloads at most `limit_bytes` bytes and raises FileUnavailable.
    """

    filename: str
    size_bytes: int
    read: Callable[[int], Awaitable[bytes]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Quote:
    """Another message that a question refers to: one replied to, or the target of a context menu."""

    author_name: str
    text: str
    files: tuple[IncomingFile, ...] = ()
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the room of Discord needs to reach a reply again after a death, until `ends_at_s` (epoch seconds).

    `secret` lets whoever knows it write in the bot's name: it is kept sealed, and logged nowhere.
    """

    secret: str = field(repr=False)
    ends_at_s: float


@dataclass(frozen=True, slots=True)
class Ask:
    """One question as it came through one of the doors.

    `event_id` is the id of the message or interaction: an event that comes twice has the same one.
    `question` is the message that asks, where there is one (a slash command has none). `notes` are kinds of
    sentences that go under the answer. `way_back` is for replies that their address alone does not reach.
    """

    event_id: int
    place: Place
    author: Author
    text: str
    files: tuple[IncomingFile, ...] = ()
    quote: Quote | None = None
    locale: str = "en-US"
    question: MessageRef | None = None
    notes: tuple[str, ...] = ()
    way_back: WayBack | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An image made ready for the model: rotated, stripped of metadata, capped in size.

    `quoted` tells that it came with the message that a question refers to, and not with the question.
    """

    filename: str
    media_type: str
    width_px: int
    height_px: int
    data: bytes = field(repr=False)
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a remembered conversation; `complete` is False for an answer that broke off."""

    role: Literal["user", "assistant"]
    text: str = field(repr=False)
    author_name: str = ""
    pictures: tuple[Picture, ...] = ()
    complete: bool = True
    reply_id: int = 0
    quote: Quote | None = None  # what a user's turn referred to; its files are among `pictures`


class ReplyState(StrEnum):
    """How far a reply is. Only `broken` may be asked again."""

    CLAIMED = "claimed"
    """Somebody works on it, or died while working on it."""
    ENDED = "ended"
    BROKEN = "broken"
    """It ended with a note that invites to try again."""
    DROPPED = "dropped"
    """Nobody wants it any more: the question or the reply was deleted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one event, held by exactly one worker. Replies of a place are ordered by `reply_id`."""

    reply_id: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What the journal knows of a reply; `messages` are its pages in order."""

    reply_id: int
    event_id: int
    place: Place
    author: Author
    locale: str
    state: ReplyState
    attempt: int
    question: MessageRef | None
    messages: tuple[MessageRef, ...]


@dataclass(frozen=True, slots=True)
class LeftReply:
    """A reply that nobody works on any more, though it has not ended.

    `owner` is the process that worked on it; None where it was handed on. `deaths` counts the processes that died
    while they repaired it, `files` those that came with the question. Times are epoch seconds: when it was asked,
    and when the journal last heard of it. `had_way_back`: a token reached it, which may have ended meanwhile.
    """

    stored: StoredReply
    owner: int | None
    asked_at_s: float
    touched_at_s: float
    deaths: int = 0
    files: int = 0
    way_back: WayBack | None = None
    had_way_back: bool = False


@dataclass(frozen=True, slots=True)
class Shards:
    """Which of a bot's shards a process answers for; direct messages are shard 0's."""

    ids: frozenset[int]
    count: int

    @property
    def name(self) -> str:
        """The same for every process that answers for the same ones."""
        return f"{','.join(map(str, sorted(self.ids)))}/{self.count}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question is not answered, as a kind of sentence and its values; `retry_at` is epoch seconds."""

    kind: str
    values: dict[str, object] = field(default_factory=dict)
    retry_at: float | None = None
