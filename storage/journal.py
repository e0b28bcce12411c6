"""Every reply from its claim to its end, in SQL."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from conversation.model import Ask, Author, Claim, MessageRef, Place, ReplyState, StoredReply
from storage._text import storable
from storage._uninterrupted import uninterrupted
from storage.engine import StorageError, reading, writing
from storage.tables import asks, replies, reply_pages, turns


class SqlJournal:
    """The port ReplyJournal over a database of storage.engine; every method raises StorageError.

    Text is kept as storage._text.storable makes it: without NUL characters and lone surrogates.
    """

    def __init__(self, engine: AsyncEngine, now_s: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now_s = now_s

    @uninterrupted
    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        """Write the journal's row and the user's turn (`text`), on disk on return; None if claimed before."""
        try:
            return await self._claim(ask, storable(text))
        except IntegrityError as error:
            # Only the event's uniqueness should ever be broken; to look before writing could not hold it.
            if await self._knows_event(ask.event_id):
                return None
            raise StorageError("The database did not take a claim that looks right.") from error

    @uninterrupted
    async def claim_again(self, reply_id: int, author_id: int) -> Claim | None:
        """Take a `broken` reply back to `claimed`; None where it is not broken (any more)."""
        now_s = self._now_s()
        take = (
            update(replies)
            .where(replies.c.id == reply_id, replies.c.state == ReplyState.BROKEN)
            .values(state=ReplyState.CLAIMED, attempt=replies.c.attempt + 1, updated_at_s=now_s)
            .returning(replies.c.attempt)
        )
        async with writing(self._engine) as connection:
            taken = (await connection.execute(take)).one_or_none()
            if taken is None:
                return None
            await connection.execute(insert(asks).values(author_id=author_id, at_s=now_s))
        return Claim(reply_id, taken.attempt)

    @uninterrupted
    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        """Write that page number `page` (from 0) stands at `ref`; a reply no longer known is left alone."""
        async with writing(self._engine) as connection:
            # First, since it also keeps others from writing pages of this reply.
            touched = await connection.execute(
                update(replies).where(replies.c.id == reply_id).values(updated_at_s=self._now_s())
            )
            if not touched.rowcount:
                return
            await connection.execute(
                delete(reply_pages).where(reply_pages.c.reply_id == reply_id, reply_pages.c.page == page)
            )
            await connection.execute(
                insert(reply_pages).values(
                    reply_id=reply_id, page=page, channel_id=ref.channel_id, message_id=ref.message_id
                )
            )

    @uninterrupted
    async def removed(self, reply_id: int, ref: MessageRef) -> None:
        """Write that the page at `ref` stands there no more."""
        async with writing(self._engine) as connection:
            await connection.execute(
                delete(reply_pages).where(
                    reply_pages.c.reply_id == reply_id,
                    reply_pages.c.channel_id == ref.channel_id,
                    reply_pages.c.message_id == ref.message_id,
                )
            )

    @uninterrupted
    async def finish(self, reply_id: int, state: ReplyState) -> None:
        """Write how the reply ended; a reply no longer known is left alone."""
        async with writing(self._engine) as connection:
            await connection.execute(
                update(replies)
                .where(replies.c.id == reply_id)
                .values(state=state, updated_at_s=self._now_s())
            )

    @uninterrupted
    async def find(self, reply_id: int) -> StoredReply | None:
        """The reply with this id."""
        async with reading(self._engine) as connection:
            return await _load_newest(connection, replies.c.id == reply_id)

    @uninterrupted
    async def find_by_message(self, channel_id: int, message_id: int) -> StoredReply | None:
        """The reply that shows this message, else the newest that this message asked for."""
        shows = replies.c.id.in_(
            select(reply_pages.c.reply_id).where(
                reply_pages.c.channel_id == channel_id, reply_pages.c.message_id == message_id
            )
        )
        asked = (replies.c.question_channel_id == channel_id) & (replies.c.question_message_id == message_id)
        async with reading(self._engine) as connection:
            return await _load_newest(connection, shows) or await _load_newest(connection, asked)

    @uninterrupted
    async def asked_since(self, author_id: int, since_s: float) -> list[float]:
        """When this person asked, from `since_s` (epoch seconds) on, oldest first."""
        query = (
            select(asks.c.at_s)
            .where(asks.c.author_id == author_id, asks.c.at_s >= since_s)
            .order_by(asks.c.at_s)
        )
        async with reading(self._engine) as connection:
            return list((await connection.execute(query)).scalars())

    async def _claim(self, ask: Ask, text: str) -> Claim:
        now_s = self._now_s()
        place = {
            "channel_id": ask.place.channel_id,
            "guild_id": ask.place.guild_id,
            "private_to": ask.place.private_to,
        }
        name = storable(ask.author.name)
        reply = insert(replies).values(
            **place,
            event_id=ask.event_id,
            author_id=ask.author.id,
            author_name=name,
            locale=storable(ask.locale),
            state=ReplyState.CLAIMED,
            attempt=1,
            question_channel_id=ask.question.channel_id if ask.question else None,
            question_message_id=ask.question.message_id if ask.question else None,
            claimed_at_s=now_s,
            updated_at_s=now_s,
        )
        async with writing(self._engine) as connection:
            reply_id: int = (await connection.execute(reply.returning(replies.c.id))).scalar_one()
            await connection.execute(
                insert(turns).values(
                    **place,
                    reply_id=reply_id,
                    role="user",
                    author_name=name,
                    text=text,
                    complete=True,
                    quote_author_name=storable(ask.quote.author_name) if ask.quote else None,
                    quote_text=storable(ask.quote.text) if ask.quote else None,
                    quote_message_id=ask.quote.message_id if ask.quote else None,
                    written_at_s=now_s,
                )
            )
            await connection.execute(insert(asks).values(author_id=ask.author.id, at_s=now_s))
        return Claim(reply_id)

    async def _knows_event(self, event_id: int) -> bool:
        async with reading(self._engine) as connection:
            found = await connection.execute(select(replies.c.id).where(replies.c.event_id == event_id))
            return found.one_or_none() is not None


async def _load_newest(connection: AsyncConnection, which: ColumnElement[bool]) -> StoredReply | None:
    query = select(replies).where(which).order_by(replies.c.id.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    pages = await connection.execute(
        select(reply_pages.c.channel_id, reply_pages.c.message_id)
        .where(reply_pages.c.reply_id == row.id)
        .order_by(reply_pages.c.page)
    )
    return _stored(row, tuple(MessageRef(page.channel_id, page.message_id) for page in pages))


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
