"""What a conversation needs of the outside, as protocols; each has one contract suite in tests/contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from conversation.model import (
    Ask,
    Claim,
    IncomingFile,
    LeftReply,
    MessageRef,
    Picture,
    Place,
    Quote,
    ReplyState,
    StoredReply,
    Turn,
    WayBack,
)
from delivery.surface import OfferKind, Surface
from reka_provider import ChatMessage, CompletionState


class MemoryUnavailable(Exception):
    """History or the journal could not do what was asked, though the question was right; later it may."""


class MissedUnknown(Exception):
    """Nobody could find out what was asked in a place; asking again later may tell."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which Reka writes an answer, and by which of its models, in the operator's words."""

    service: str
    model: str


class ChatModel(Protocol):
    """A model that writes; conversation/choosing.py has the one of the house. Raises RekaError."""

    def stream(
        self, *, messages: Sequence[ChatMessage], on_begun: Callable[[Origin], None] | None = None
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only; closing the generator ends the answer upstream.

        `on_begun` is told once, before the first state, who writes it.
        """
        ...


class History(Protocol):
    """What was said in each place. A user turn is written by ReplyJournal.claim, in its transaction."""

    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        """The newest `limit` turns of `place` that belong to replies older than `reply_id`, oldest first.

        Within one reply the user's turn comes before the assistant's. Pictures come with their turns.
        """
        ...

    async def question(self, reply_id: int) -> Turn | None:
        """The user's turn that `reply_id` answers, with its pictures; None once it was forgotten."""
        ...

    async def add_pictures(self, reply_id: int, pictures: Sequence[Picture]) -> None:
        """Make `pictures` part of the user's turn of `reply_id`; nothing happens if the turn is forgotten.

        Quoted ones are left out where the turn quotes nothing (any more).
        """
        ...

    async def remember(self, reply_id: int, text: str, *, complete: bool) -> None:
        """Write the assistant's turn of `reply_id`, in place of an earlier one of the same reply.

        Nothing happens where the user's turn is forgotten: an answer without its question is no memory.
        """
        ...

    async def forget(self, place: Place) -> int:
        """Forget all turns of `place`; the number forgotten."""
        ...

    async def forget_message(self, channel_id: int, message_id: int) -> int:
        """Forget what a deleted message said: a question takes its answer along; a page of an answer takes
        the answer's turn; a turn that quotes the message loses the quote with its pictures, and stays.
        The number of turns forgotten."""
        ...

    async def forget_channel(self, channel_id: int) -> int:
        """Forget all places in a channel, private ones too; the number of turns forgotten."""
        ...

    async def forget_guild(self, guild_id: int) -> int:
        """Forget everything said in a guild; the number of turns forgotten."""
        ...

    async def revise(self, channel_id: int, message_id: int, text: str, *, quoted: str | None = None) -> bool:
        """Replace the text of the user's turn that came from this message, and the words of the quotes of it by
        `quoted` (default: `text`); False where there is neither."""
        ...

    async def purge(self, *, before_s: float) -> int:
        """Forget all turns (with their pictures) written before `before_s` (epoch seconds), and the journal's
        rows of that age; the number of turns forgotten."""
        ...


class ReplyJournal(Protocol):
    """Every reply, from its claim to its end, so that a death at any instant leaves a trace."""

    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        """Write the journal's row and the user's turn (`text`, and the words of `ask.quote`) in one transaction,
        committed on return.

        None where the event was claimed before, by this process or another.
        """
        ...

    async def claim_again(
        self, reply_id: int, author_id: int, *, way_back: WayBack | None = None
    ) -> Claim | None:
        """Take a reply that is `broken` back to `claimed`, its attempt number one higher; `author_id` asked.

        None where it is not broken (any more): of two at once exactly one gets it. Its messages stay known;
        `way_back` takes the place of the old one.
        """
        ...

    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        """Write that page number `page` (from 0) stands at `ref`; a second call for a page replaces the first."""
        ...

    async def removed(self, reply_id: int, ref: MessageRef) -> None:
        """Write that the page at `ref` stands there no more: the reply became shorter."""
        ...

    async def finish(self, reply_id: int, state: ReplyState) -> None:
        """Write how the reply ended, and forget its way back; a reply no longer known is left alone."""
        ...

    async def hand_on(self, reply_id: int) -> None:
        """Leave a reply that is `claimed` to whoever takes it over, this process included."""
        ...

    async def left(
        self, *, dead: Collection[int], in_flight: Collection[int], limit: int = 200
    ) -> list[LeftReply]:
        """The `claimed` replies of this process's shards that nobody works on, oldest first: those of the `dead`
        processes, those handed on, and those of this process that are not `in_flight` (their ids) for long."""
        ...

    async def take_over(self, left: LeftReply) -> Claim | None:
        """Make a reply that was left this process's own, its attempt number one higher.

        None where somebody did before, or where it has ended: of two at once exactly one gets it.
        """
        ...

    async def give_back(self, claim: Claim) -> None:
        """Undo a `take_over` after which nothing was sent: the reply is left as it was, and to nobody."""
        ...

    async def places_since(self, since_s: float, *, limit: int) -> list[Place]:
        """The places of this process's shards, private ones left out, where something was asked or answered
        from `since_s` (epoch seconds) on, newest first."""
        ...

    async def find(self, reply_id: int) -> StoredReply | None:
        """The reply with this id."""
        ...

    async def find_by_message(self, channel_id: int, message_id: int) -> StoredReply | None:
        """The reply that shows this message, or that this message asked for."""
        ...

    async def asked_since(self, author_id: int, since_s: float) -> list[float]:
        """When this person asked (claims, and claims again), epoch seconds, oldest first.

        Forgetting turns does not change it.
        """
        ...


class Ownership(Protocol):
    """That this process lives, told to the others; and which others do not."""

    async def renew(self) -> frozenset[int]:
        """Tell that this process lives, and return those that do not; call it every few seconds."""
        ...

    @property
    def certain_in_s(self) -> float | None:
        """In how many seconds `renew` may tell of one more that it is dead; None: all others seem to live."""
        ...

    async def leave(self) -> None:
        """Tell that this process ends, and hand on the replies that it still has."""
        ...

    async def away_since_s(self) -> float | None:
        """Until when (epoch seconds) a process before this one heard all that was asked in these shards; None:
        there was none."""
        ...

    async def caught_up(self) -> None:
        """Tell that this process has heard all that was asked before it came."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of a reply as it stands on screen; `content` is None where we may not read it.

    `offers` are the buttons of a reply that has come to its end.
    """

    ref: MessageRef
    content: str | None = None
    offers: frozenset[OfferKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """The message that asks, as it stands now; its words are empty where Discord keeps them back.

    `text` is its question, `as_quoted` what it says where another message quotes it, `quote` what it refers to.
    """

    text: str
    as_quoted: str
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands on screen of a reply that was left: its messages in order.

    `messages` may hold one more than the journal: its create was under way at the death. `question_gone`: the
    message that asked was deleted. `waiting`: it still wears the sign that it waits. `files` came with it, and
    `quoted_files` with the message that it refers to. `readable`: no message of the reply can stand there unseen.
    `asked` is None where no message asks, or where we may not read it.
    """

    messages: tuple[Seen, ...]
    question_gone: bool = False
    waiting: bool = False
    files: tuple[IncomingFile, ...] = ()
    quoted_files: tuple[IncomingFile, ...] = ()
    readable: bool = True
    asked: Asked | None = None


class SurfaceFinder(Protocol):
    """Finds the way back to replies that another process began."""

    def surface(self, left: LeftReply) -> Surface | None:
        """Where that reply goes on; None where nothing reaches it any more."""
        ...

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        """What stands there now; `before_each` is awaited before each request. Raises SurfaceError."""
        ...


class MissedQuestions(Protocol):
    """Questions that were asked while no process was there to hear them."""

    async def take_up(self, place: Place, *, since_s: float, limit: int) -> int:
        """Take up the questions in `place` that came from `since_s` (epoch seconds) on and that nobody has claimed,
        from one request for `limit` messages; how many there were. Raises MissedUnknown and MemoryUnavailable."""
        ...


class GuildMembers(Protocol):
    """Who is a member where; asked only about direct messages, and only where the operator names guilds."""

    async def shares_guild(self, user_id: int, guild_ids: frozenset[int]) -> bool:
        """Whether the person is a member of at least one of these guilds.

        Raises MembershipUnknown where it could not be found out.
        """
        ...


class CommandDigests(Protocol):
    """Which slash commands Discord was last given, so that they are sent only when they change."""

    async def digest(self, application_id: int, api_url: str) -> str | None:
        """The digest last kept for this application at this API address."""
        ...

    async def keep(self, application_id: int, api_url: str, digest: str) -> None:
        """Keep `digest` in place of the last."""
        ...
