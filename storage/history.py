"""What was said in each place, in SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from conversation.model import Picture, Place, Quote, Turn
from storage._text import storable
from storage._uninterrupted import uninterrupted
from storage.engine import reading, writing
from storage.tables import asks, replies, reply_pages, turns
from storage.tables import pictures as picture_rows

_USER: Literal["user"] = "user"
_ASSISTANT: Literal["assistant"] = "assistant"


class SqlHistory:
    """The port History over a database of storage.engine; every method raises StorageError.

    Text is kept as storage._text.storable makes it: without NUL characters and lone surrogates.
    """

    def __init__(self, engine: AsyncEngine, now_s: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now_s = now_s

    @uninterrupted
    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        """The newest `limit` turns of `place` in replies older than `reply_id`, oldest first."""
        if limit <= 0:
            return []
        query = (
            select(turns)
            .where(_is_place(place), turns.c.reply_id < reply_id)
            # Newest first, so the answer comes before its question: "assistant" sorts before "user".
            .order_by(turns.c.reply_id.desc(), turns.c.role)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return await _load(connection, query)

    @uninterrupted
    async def question(self, reply_id: int) -> Turn | None:
        """The user's turn that `reply_id` answers, with its pictures; None once it was forgotten."""
        async with reading(self._engine) as connection:
            found = await _load(connection, select(turns).where(_is_question(reply_id)))
        return found[0] if found else None

    @uninterrupted
    async def add_pictures(self, reply_id: int, pictures: Sequence[Picture]) -> None:
        """Append `pictures` to those of the user's turn of `reply_id`; nothing if the turn is forgotten, and
        none that is quoted if its quote is."""
        async with writing(self._engine) as connection:
            question = await _lock_question(connection, reply_id)
            if question is None:
                return
            kept = [picture for picture in pictures if not picture.quoted or question.quote_text is not None]
            if not kept:
                return
            last = select(func.max(picture_rows.c.position)).where(picture_rows.c.turn_id == question.id)
            at = (await connection.execute(last)).scalar_one()
            first = 0 if at is None else at + 1
            await connection.execute(
                insert(picture_rows),
                [
                    _picture_row(question.id, position, picture)
                    for position, picture in enumerate(kept, first)
                ],
            )

    @uninterrupted
    async def remember(self, reply_id: int, text: str, *, complete: bool) -> None:
        """Write the assistant's turn of `reply_id`, replacing an earlier one; none without question."""
        async with writing(self._engine) as connection:
            question = await _lock_question(connection, reply_id)
            if question is None:
                return
            await connection.execute(
                delete(turns).where(turns.c.reply_id == reply_id, turns.c.role == _ASSISTANT)
            )
            await connection.execute(
                insert(turns).values(
                    reply_id=reply_id,
                    role=_ASSISTANT,
                    channel_id=question.channel_id,
                    guild_id=question.guild_id,
                    private_to=question.private_to,
                    author_name="",
                    text=storable(text),
                    complete=complete,
                    written_at_s=self._now_s(),
                )
            )

    @uninterrupted
    async def forget(self, place: Place) -> int:
        """Forget all turns of `place`; the number forgotten."""
        return await self._forget(_is_place(place))

    @uninterrupted
    async def forget_message(self, channel_id: int, message_id: int) -> int:
        """Forget a question with its answer, the answer that shows on a page, and what quotes the message;
        the number of turns forgotten."""
        shown = select(reply_pages.c.reply_id).where(
            reply_pages.c.channel_id == channel_id, reply_pages.c.message_id == message_id
        )
        which = or_(
            turns.c.reply_id.in_(_asked_by(channel_id, message_id)),
            turns.c.reply_id.in_(shown) & (turns.c.role == _ASSISTANT),
        )
        quotes = _quotes(channel_id, message_id)
        if not await self._has(which, quotes):
            return 0
        async with writing(self._engine) as connection:
            forgotten = await connection.execute(delete(turns).where(which))
            await connection.execute(
                delete(picture_rows).where(
                    picture_rows.c.turn_id.in_(select(turns.c.id).where(quotes)), picture_rows.c.quoted
                )
            )
            await connection.execute(
                update(turns)
                .where(quotes)
                .values(quote_author_name=None, quote_text=None, quote_message_id=None)
            )
        return forgotten.rowcount

    @uninterrupted
    async def forget_channel(self, channel_id: int) -> int:
        """Forget all places in a channel, private ones too; the number of turns forgotten."""
        return await self._forget(turns.c.channel_id == channel_id)

    @uninterrupted
    async def forget_guild(self, guild_id: int) -> int:
        """Forget everything said in a guild; the number of turns forgotten."""
        return await self._forget(turns.c.guild_id == guild_id)

    @uninterrupted
    async def revise(self, channel_id: int, message_id: int, text: str, *, quoted: str | None = None) -> bool:
        """Replace the text of the user's turn that came from this message, and the words of quotes of it by
        `quoted` (default: `text`); False where there is neither."""
        asks_it = turns.c.reply_id.in_(_asked_by(channel_id, message_id)) & (turns.c.role == _USER)
        quotes = _quotes(channel_id, message_id)
        if not await self._has(asks_it, quotes):
            return False
        words = storable(text if quoted is None else quoted)
        async with writing(self._engine) as connection:
            own = await connection.execute(update(turns).where(asks_it).values(text=storable(text)))
            others = await connection.execute(update(turns).where(quotes).values(quote_text=words))
        return own.rowcount + others.rowcount > 0

    @uninterrupted
    async def purge(self, *, before_s: float) -> int:
        """Forget turns, asks and journal rows from before `before_s` (epoch seconds); the number of turns.

        A reply goes once it was last touched before then and none of its turns is left.
        """
        async with writing(self._engine) as connection:
            forgotten = await connection.execute(delete(turns).where(turns.c.written_at_s < before_s))
            remembered = select(turns.c.id).where(turns.c.reply_id == replies.c.id).exists()
            await connection.execute(delete(replies).where(replies.c.updated_at_s < before_s, ~remembered))
            await connection.execute(delete(asks).where(asks.c.at_s < before_s))
        return forgotten.rowcount

    async def _has(self, *which: ColumnElement[bool]) -> bool:
        """Look before a write: nearly every message that is edited or deleted in a guild is none of ours."""
        async with reading(self._engine) as connection:
            found = await connection.execute(select(turns.c.id).where(or_(*which)).limit(1))
            return found.first() is not None

    async def _forget(self, which: ColumnElement[bool]) -> int:
        async with writing(self._engine) as connection:
            return (await connection.execute(delete(turns).where(which))).rowcount


def _is_place(place: Place) -> ColumnElement[bool]:
    # Without the guild: a channel's id is unique over all of them.
    return (turns.c.channel_id == place.channel_id) & (turns.c.private_to == place.private_to)


def _is_question(reply_id: int) -> ColumnElement[bool]:
    return (turns.c.reply_id == reply_id) & (turns.c.role == _USER)


def _asked_by(channel_id: int, message_id: int) -> Select[int]:
    return select(replies.c.id).where(
        replies.c.question_channel_id == channel_id, replies.c.question_message_id == message_id
    )


def _quotes(channel_id: int, message_id: int) -> ColumnElement[bool]:
    # A quoted message always lies in the channel of the question; a forward keeps no id.
    return (turns.c.quote_message_id == message_id) & (turns.c.channel_id == channel_id)


async def _lock_question(connection: AsyncConnection, reply_id: int) -> Row[*tuple[object, ...]] | None:
    # Locked, so that it is not forgotten between here and the end (SQLite has one writer anyway).
    query = select(turns.c.id, turns.c.channel_id, turns.c.guild_id, turns.c.private_to, turns.c.quote_text)
    return (await connection.execute(query.where(_is_question(reply_id)).with_for_update())).one_or_none()


async def _load(connection: AsyncConnection, newest_first: Select[*tuple[object, ...]]) -> list[Turn]:
    rows = (await connection.execute(newest_first)).all()
    shown = await _pictures_of(connection, [row.id for row in rows if row.role == _USER])
    return [
        Turn(
            role=_USER if row.role == _USER else _ASSISTANT,
            text=row.text,
            author_name=row.author_name,
            pictures=tuple(shown.get(row.id, ())),
            complete=row.complete,
            reply_id=row.reply_id,
            quote=_quote(row),
        )
        for row in reversed(rows)
    ]


def _quote(row: Row[*tuple[object, ...]]) -> Quote | None:
    if row.quote_text is None:
        return None
    return Quote(row.quote_author_name or "", row.quote_text, message_id=row.quote_message_id)


async def _pictures_of(connection: AsyncConnection, turn_ids: list[int]) -> dict[int, list[Picture]]:
    if not turn_ids:
        return {}
    query = (
        select(picture_rows)
        .where(picture_rows.c.turn_id.in_(turn_ids))
        .order_by(picture_rows.c.turn_id, picture_rows.c.position)
    )
    found: dict[int, list[Picture]] = {}
    for row in await connection.execute(query):
        picture = Picture(
            row.filename, row.media_type, row.width_px, row.height_px, row.data, quoted=row.quoted
        )
        found.setdefault(row.turn_id, []).append(picture)
    return found


def _picture_row(turn_id: int, position: int, picture: Picture) -> dict[str, object]:
    return {
        "turn_id": turn_id,
        "position": position,
        "filename": storable(picture.filename),
        "media_type": storable(picture.media_type),
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "data": picture.data,
        "quoted": picture.quoted,
    }
