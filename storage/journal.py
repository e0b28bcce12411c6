"""Every reply from its claim to its end, in SQL."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Row, Select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from conversation.model import (
    Ask,
    Author,
    Claim,
    LeftReply,
    MessageRef,
    Place,
    ReplyState,
    Shards,
    StoredReply,
    WayBack,
)
from storage import _reply_statements as sql
from storage._sealing import Sealing
from storage._text import storable
from storage.engine import Database, StorageError
from storage.sealer import CannotOpen, MarkedSealer, Sealer

log = logging.getLogger(__name__)

_UNWATCHED_S = (
    30.0  # a claim of ours that nobody has touched for so long, and that is not under way, was left
)


class SqlJournal:
    """The port ReplyJournal over a database of storage.engine; every method raises StorageError.

    Text is kept as storage._text.storable makes it: without NUL characters and lone surrogates.

    Args:
        sealer: for what lets others write in the bot's name; without one, that is not kept at all.
        keyring: for the words of questions; without one, they are kept plain.
        shards: which of the replies `left` and `places_since` speak of; None: all.
    """

    def __init__(
        self,
        database: Database,
        now_s: Callable[[], float] = time.time,
        *,
        sealer: Sealer | None = None,
        keyring: MarkedSealer | None = None,
        shards: Shards | None = None,
    ) -> None:
        self._database = database
        self._now_s = now_s
        self._sealer = sealer
        self._sealing = Sealing(keyring)
        self._left = sql.left(shards)
        self._places_since = sql.places_since(shards)

    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        """Write the journal's row and the user's turn (`text`), on disk on return; None if claimed before."""
        now_s = self._now_s()
        reply, turn = _rows_of(ask, storable(text), now_s, self._sealing)
        reply |= {"owner": self._database.owner, **self._sealed(ask.way_back)}

        def write(connection: Connection) -> int:
            reply_id: int = connection.execute(sql.INSERT_REPLY, reply).scalar_one()
            connection.execute(sql.INSERT_TURN, {**turn, "reply_id": reply_id})
            connection.execute(sql.INSERT_ASK, {"author_id": ask.author.id, "at_s": now_s})
            return reply_id

        try:
            return Claim(await self._database.write(write))
        except IntegrityError as error:
            # Only the event's uniqueness should ever be broken; to look before writing could not hold it.
            if await self._knows_event(ask.event_id):
                return None
            raise StorageError("The database did not take a claim that looks right.") from error

    async def claim_again(
        self, reply_id: int, author_id: int, *, way_back: WayBack | None = None
    ) -> Claim | None:
        """Take a `broken` reply back to `claimed`; None where it is not broken (any more)."""
        now_s = self._now_s()
        which = {
            "of_reply": reply_id,
            "updated_at_s": now_s,
            "owner": self._database.owner,
            **self._sealed(way_back),
        }

        def take(connection: Connection) -> Claim | None:
            attempt: int | None = connection.execute(sql.TAKE_AGAIN, which).scalar_one_or_none()
            if attempt is None:
                return None
            connection.execute(sql.INSERT_ASK, {"author_id": author_id, "at_s": now_s})
            return Claim(reply_id, attempt)

        return await self._database.write(take)

    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        """Write that page number `page` (from 0) stands at `ref`; a reply no longer known is left alone."""
        touch = {"of_reply": reply_id, "updated_at_s": self._now_s()}
        row = {
            "reply_id": reply_id,
            "page": page,
            "channel_id": ref.channel_id,
            "message_id": ref.message_id,
        }

        def write(connection: Connection) -> None:
            # First, since it also keeps others from writing pages of this reply.
            if connection.execute(sql.UPDATE, touch).rowcount:
                connection.execute(sql.DELETE_PAGE, {"of_reply": reply_id, "number": page})
                connection.execute(sql.INSERT_PAGE, row)

        await self._database.write(write)

    async def removed(self, reply_id: int, ref: MessageRef) -> None:
        """Write that the page at `ref` stands there no more."""
        which = {"of_reply": reply_id, "in_channel": ref.channel_id, "of_message": ref.message_id}

        def write(connection: Connection) -> None:
            connection.execute(sql.DELETE_MESSAGE, which)

        await self._database.write(write)

    async def finish(self, reply_id: int, state: ReplyState) -> None:
        """Write how the reply ended; a reply no longer known is left alone."""
        end = {"of_reply": reply_id, "state": state, "updated_at_s": self._now_s(), **self._sealed(None)}

        def write(connection: Connection) -> None:
            connection.execute(sql.UPDATE, end)

        await self._database.write(write)

    async def hand_on(self, reply_id: int) -> None:
        """Leave a `claimed` reply to whoever takes it over."""

        def write(connection: Connection) -> None:
            connection.execute(sql.HAND_ON, {"of_reply": reply_id})

        await self._database.write(write)

    async def left(
        self, *, dead: Collection[int], in_flight: Collection[int], limit: int = 200
    ) -> list[LeftReply]:
        """The `claimed` replies of these shards that nobody works on, oldest first."""
        which = {
            "dead": list(dead),
            "of_owner": self._database.owner,
            "before_s": self._now_s() - _UNWATCHED_S,
            "in_flight": list(in_flight),
            "at_most": limit,
        }

        def load(connection: Connection) -> list[LeftReply]:
            rows = connection.execute(self._left, which).all()
            return [self._as_left(row, _pages(connection, row.id)) for row in rows]

        return await self._database.read(load)

    async def take_over(self, left: LeftReply) -> Claim | None:
        """Make a reply that was left ours; None where it is not left any more."""
        reply_id = left.stored.reply_id
        which = {
            "of_reply": reply_id,
            "owner_before": left.owner,
            "attempt_before": left.stored.attempt,
            "of_owner": self._database.owner,
            "owner": self._database.owner,
            "updated_at_s": self._now_s(),
        }

        def take(connection: Connection) -> int | None:
            return connection.execute(sql.TAKE_OVER, which).scalar_one_or_none()

        attempt = await self._database.write(take)
        return None if attempt is None else Claim(reply_id, attempt)

    async def give_back(self, claim: Claim) -> None:
        """Undo a `take_over` after which nothing was sent."""
        which = {"of_reply": claim.reply_id, "of_attempt": claim.attempt}

        def write(connection: Connection) -> None:
            connection.execute(sql.GIVE_BACK, which)

        await self._database.write(write)

    async def places_since(self, since_s: float, *, limit: int) -> list[Place]:
        """Where something was asked or answered from `since_s` on, newest first."""
        which = {"since_s": since_s, "at_most": limit}

        def load(connection: Connection) -> list[Place]:
            rows = connection.execute(self._places_since, which)
            return [Place(row.channel_id, row.guild_id) for row in rows]

        return await self._database.read(load)

    async def find(self, reply_id: int) -> StoredReply | None:
        """The reply with this id."""

        def load(connection: Connection) -> StoredReply | None:
            return _load(connection, sql.FIND, {"of_reply": reply_id})

        return await self._database.read(load)

    async def find_by_message(self, channel_id: int, message_id: int) -> StoredReply | None:
        """The reply that shows this message, else the newest that this message asked for."""
        which = {"in_channel": channel_id, "of_message": message_id}

        def load(connection: Connection) -> StoredReply | None:
            return _load(connection, sql.FIND_SHOWING, which) or _load(connection, sql.FIND_ASKED_BY, which)

        return await self._database.read(load)

    async def asked_since(self, author_id: int, since_s: float) -> list[float]:
        """When this person asked, from `since_s` (epoch seconds) on, oldest first."""
        which = {"author": author_id, "since_s": since_s}

        def load(connection: Connection) -> list[float]:
            return list(connection.execute(sql.ASKED_SINCE, which).scalars())

        return await self._database.read(load)

    def _sealed(self, way_back: WayBack | None) -> dict[str, object]:
        if way_back is None or self._sealer is None:
            return {"way_back": None, "way_back_ends_at_s": None}
        sealed = self._sealer.seal(way_back.secret.encode())
        return {"way_back": sealed, "way_back_ends_at_s": way_back.ends_at_s}

    def _as_left(self, row: Row[*tuple[object, ...]], messages: tuple[MessageRef, ...]) -> LeftReply:
        return LeftReply(
            _stored(row, messages),
            row.owner,
            asked_at_s=row.claimed_at_s,
            touched_at_s=row.updated_at_s,
            deaths=row.deaths,
            files=row.files,
            way_back=self._opened(row),
            had_way_back=row.way_back is not None,
        )

    def _opened(self, row: Row[*tuple[object, ...]]) -> WayBack | None:
        if row.way_back is None or self._sealer is None or row.way_back_ends_at_s <= self._now_s():
            return None
        try:
            return WayBack(self._sealer.open(row.way_back).decode(), row.way_back_ends_at_s)
        except CannotOpen:
            log.info("a way back was sealed by another key", extra={"reply_id": row.id})
            return None

    async def _knows_event(self, event_id: int) -> bool:
        def look(connection: Connection) -> bool:
            return connection.execute(sql.KNOWS_EVENT, {"event": event_id}).one_or_none() is not None

        return await self._database.read(look)


def _rows_of(
    ask: Ask, text: str, now_s: float, sealing: Sealing
) -> tuple[dict[str, object], dict[str, object]]:
    """The rows of the reply and of the user's turn, which still wants its `reply_id`."""
    name = storable(ask.author.name)
    place: dict[str, object] = {
        "channel_id": ask.place.channel_id,
        "guild_id": ask.place.guild_id,
        "private_to": ask.place.private_to,
    }
    reply: dict[str, object] = {
        **place,
        "event_id": ask.event_id,
        "author_id": ask.author.id,
        "author_name": name,
        "locale": storable(ask.locale),
        "state": ReplyState.CLAIMED,
        "attempt": 1,
        "files": len(ask.files) + (len(ask.quote.files) if ask.quote else 0),
        "question_channel_id": ask.question.channel_id if ask.question else None,
        "question_message_id": ask.question.message_id if ask.question else None,
        "claimed_at_s": now_s,
        "updated_at_s": now_s,
    }
    turn: dict[str, object] = {
        **place,
        "role": "user",
        "author_name": name,
        "text": sealing.text(text),
        "complete": True,
        "quote_author_name": storable(ask.quote.author_name) if ask.quote else None,
        "quote_text": sealing.text(storable(ask.quote.text)) if ask.quote else None,
        "quote_message_id": ask.quote.message_id if ask.quote else None,
        "written_at_s": now_s,
    }
    return reply, turn


def _load(
    connection: Connection, query: Select[*tuple[object, ...]], which: Mapping[str, object]
) -> StoredReply | None:
    row = connection.execute(query, which).one_or_none()
    if row is None:
        return None
    return _stored(row, _pages(connection, row.id))


def _pages(connection: Connection, reply_id: int) -> tuple[MessageRef, ...]:
    pages = connection.execute(sql.PAGES, {"of_reply": reply_id})
    return tuple(MessageRef(page.channel_id, page.message_id) for page in pages)


def _stored(row: Row[*tuple[object, ...]], messages: tuple[MessageRef, ...]) -> StoredReply:
    asked_by_message = row.question_message_id is not None
    return StoredReply(
        reply_id=row.id,
        event_id=row.event_id,
        place=Place(row.channel_id, row.guild_id, row.private_to),
        author=Author(row.author_id, row.author_name),
        locale=row.locale,
        state=ReplyState(row.state),
        attempt=row.attempt,
        question=MessageRef(row.question_channel_id, row.question_message_id) if asked_by_message else None,
        messages=messages,
    )
