"""What a conversation needs of the outside, as protocols; each has one contract suite in tests/contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from conversation.model import Ask, Claim, MessageRef, Picture, Place, ReplyState, StoredReply, Turn
from reka_provider import ChatMessage, CompletionState


class ChatModel(Protocol):
    """A model that writes; AsyncReka is one. Raises RekaError."""

    def stream(
        self, *, messages: Sequence[ChatMessage], model: str | None = None
    ) -> AsyncGenerator[CompletionState, None]:
        """Yield the answer as it stands, newest only; closing the generator ends the answer upstream."""
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

    async def claim_again(self, reply_id: int, author_id: int) -> Claim | None:
        """Take a reply that is `broken` back to `claimed`, its attempt number one higher; `author_id` asked.

        None where it is not broken (any more): of two at once exactly one gets it. Its messages stay known.
        """
        ...

    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        """Write that page number `page` (from 0) stands at `ref`; a second call for a page replaces the first."""
        ...

    async def removed(self, reply_id: int, ref: MessageRef) -> None:
        """Write that the page at `ref` stands there no more: the reply became shorter."""
        ...

    async def finish(self, reply_id: int, state: ReplyState) -> None:
        """Write how the reply ended; a reply no longer known is left alone."""
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
