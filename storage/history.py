"""What was said in each place, in SQL."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from sqlalchemy import Delete, Row, Select
from sqlalchemy.engine import Connection

from conversation.model import Picture, Place, Quote, Turn
from storage import _turn_statements as sql
from storage._sealing import Sealing
from storage._text import storable
from storage.engine import Database
from storage.sealer import CannotOpen, MarkedSealer

log = logging.getLogger(__name__)

_USER: Literal["user"] = "user"
_ASSISTANT: Literal["assistant"] = "assistant"


class SqlHistory:
    """The port History over a database of storage.engine; every method raises StorageError.

    Text is kept as storage._text.storable makes it: without NUL characters and lone surrogates. With a `keyring`
    words and pictures are sealed; what none of its keys opens is passed over as if it were forgotten.
    """

    def __init__(
        self,
        database: Database,
        now_s: Callable[[], float] = time.time,
        *,
        keyring: MarkedSealer | None = None,
    ) -> None:
        self._database = database
        self._now_s = now_s
        self._sealing = Sealing(keyring)

    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        """The newest `limit` turns of `place` in replies older than `reply_id`, oldest first."""
        if limit <= 0:
            return []
        which = {**_place(place), "before_reply": reply_id, "at_most": limit}

        def load(connection: Connection) -> list[Turn]:
            return _load(connection, sql.BEFORE[place.private_to is not None], which, self._sealing)

        return await self._database.read(load)

    async def question(self, reply_id: int) -> Turn | None:
        """The user's turn that `reply_id` answers, with its pictures; None once it was forgotten."""

        def load(connection: Connection) -> list[Turn]:
            return _load(connection, sql.QUESTION, {"of_reply": reply_id}, self._sealing)

        found = await self._database.read(load)
        return found[0] if found else None

    async def add_pictures(self, reply_id: int, pictures: Sequence[Picture]) -> None:
        """Append `pictures` to those of the user's turn of `reply_id`; nothing if the turn is forgotten, and
        none that is quoted if its quote is."""

        def write(connection: Connection) -> None:
            question = connection.execute(sql.LOCK_QUESTION, {"of_reply": reply_id}).one_or_none()
            if question is None:
                return
            kept = [picture for picture in pictures if not picture.quoted or question.quote_text is not None]
            if not kept:
                return
            last: int | None = connection.execute(sql.LAST_POSITION, {"of_turn": question.id}).scalar_one()
            first = 0 if last is None else last + 1
            connection.execute(
                sql.INSERT_PICTURE,
                [
                    _picture_row(question.id, position, picture, self._sealing)
                    for position, picture in enumerate(kept, first)
                ],
            )

        await self._database.write(write)

    async def remember(self, reply_id: int, text: str, *, complete: bool) -> None:
        """Write the assistant's turn of `reply_id`, replacing an earlier one; none without question."""
        said = {
            "reply_id": reply_id,
            "role": _ASSISTANT,
            "author_name": "",
            "text": self._sealing.text(storable(text)),
            "complete": complete,
            "written_at_s": self._now_s(),
        }

        def write(connection: Connection) -> None:
            question = connection.execute(sql.LOCK_QUESTION, {"of_reply": reply_id}).one_or_none()
            if question is None:
                return
            connection.execute(sql.DELETE_ANSWER, {"of_reply": reply_id})
            place = {
                "channel_id": question.channel_id,
                "guild_id": question.guild_id,
                "private_to": question.private_to,
            }
            connection.execute(sql.INSERT_TURN, {**said, **place})

        await self._database.write(write)

    async def forget(self, place: Place) -> int:
        """Forget all turns of `place`; the number forgotten."""
        return await self._forget(sql.FORGET_PLACE[place.private_to is not None], _place(place))

    async def forget_message(self, channel_id: int, message_id: int) -> int:
        """Forget a question with its answer, the answer that shows on a page, and what quotes the message;
        the number of turns forgotten."""
        which = {"in_channel": channel_id, "of_message": message_id}

        def forget(connection: Connection) -> int:
            forgotten = _delete_turns(connection, sql.FORGET_WITH_IT, which)
            quoting = list(connection.execute(sql.LOCK_QUOTES, which).scalars())
            if quoting:
                connection.execute(sql.FORGET_QUOTED_PICTURES, {"of_turns": quoting})
                connection.execute(sql.FORGET_QUOTES, which)
            return forgotten

        if not await self._has(sql.HAS_TO_FORGET, which):
            return 0
        return await self._database.write(forget)

    async def forget_channel(self, channel_id: int) -> int:
        """Forget all places in a channel, private ones too; the number of turns forgotten."""
        return await self._forget(sql.FORGET_CHANNEL, {"in_channel": channel_id})

    async def forget_guild(self, guild_id: int) -> int:
        """Forget everything said in a guild; the number of turns forgotten."""
        return await self._forget(sql.FORGET_GUILD, {"in_guild": guild_id})

    async def revise(self, channel_id: int, message_id: int, text: str, *, quoted: str | None = None) -> bool:
        """Replace the text of the user's turn that came from this message, and the words of quotes of it by
        `quoted` (default: `text`); False where there is neither."""
        which = {"in_channel": channel_id, "of_message": message_id}
        own = {**which, "text": self._sealing.text(storable(text))}
        quotes = {**which, "quote_text": self._sealing.text(storable(text if quoted is None else quoted))}

        def revise(connection: Connection) -> int:
            return (
                connection.execute(sql.REVISE, own).rowcount
                + connection.execute(sql.REVISE_QUOTES, quotes).rowcount
            )

        if not await self._has(sql.HAS_TO_REVISE, which):
            return False
        return await self._database.write(revise) > 0

    async def purge(self, *, before_s: float) -> int:
        """Forget turns, asks and journal rows from before `before_s` (epoch seconds); the number of turns.

        A reply goes once it was last touched before then and none of its turns is left.
        """
        which = {"before_s": before_s}

        def purge(connection: Connection) -> int:
            forgotten = connection.execute(sql.PURGE_TURNS, which).rowcount
            connection.execute(sql.PURGE_REPLIES, which)
            connection.execute(sql.PURGE_ASKS, which)
            return forgotten

        return await self._database.write(purge)

    async def _has(self, query: Select[int], which: dict[str, int]) -> bool:
        def look(connection: Connection) -> bool:
            return connection.execute(query, which).first() is not None

        return await self._database.read(look)

    async def _forget(self, statement: Delete, which: dict[str, int | None]) -> int:
        def forget(connection: Connection) -> int:
            return _delete_turns(connection, statement, which)

        return await self._database.write(forget)


def _delete_turns(connection: Connection, statement: Delete, which: Mapping[str, object]) -> int:
    # Twice: where `remember` held a question, PostgreSQL waits for its end, and then still does not see the answer
    # that it wrote. From the first run on, all questions are gone or ours, and no answer can be added.
    return sum(connection.execute(statement, which).rowcount for _ in range(2))


def _place(place: Place) -> dict[str, int | None]:
    whose = {} if place.private_to is None else {"of_person": place.private_to}
    return {"in_channel": place.channel_id, **whose}


def _load(
    connection: Connection,
    newest_first: Select[*tuple[object, ...]],
    which: Mapping[str, object],
    sealing: Sealing,
) -> list[Turn]:
    rows = connection.execute(newest_first, which).all()
    shown, closed = _pictures_of(connection, [row.id for row in rows if row.role == _USER], sealing)
    turns: list[Turn] = []
    for row in reversed(rows):
        try:
            turns.append(_turn(row, tuple(shown.get(row.id, ())), sealing))
        except CannotOpen:
            closed += 1
    if closed:
        log.warning("none of DATA_KEYS opens what is remembered", extra={"left_out": closed})
    return turns


def _turn(row: Row[*tuple[object, ...]], pictures: tuple[Picture, ...], sealing: Sealing) -> Turn:
    return Turn(
        role=_USER if row.role == _USER else _ASSISTANT,
        text=sealing.open_text(row.text),
        author_name=row.author_name,
        pictures=pictures,
        complete=row.complete,
        reply_id=row.reply_id,
        quote=_quote(row, sealing),
    )


def _quote(row: Row[*tuple[object, ...]], sealing: Sealing) -> Quote | None:
    if row.quote_text is None:
        return None
    text = sealing.open_text(row.quote_text)
    return Quote(row.quote_author_name or "", text, message_id=row.quote_message_id)


def _pictures_of(
    connection: Connection, turn_ids: list[int], sealing: Sealing
) -> tuple[dict[int, list[Picture]], int]:
    """The pictures of these turns, and how many more there are that no key opens."""
    found: dict[int, list[Picture]] = {}
    closed = 0
    if not turn_ids:
        return found, closed
    for row in connection.execute(sql.PICTURES, {"of_turns": turn_ids}):
        try:
            filename, data = sealing.open_text(row.filename), sealing.open_data(row.data)
        except CannotOpen:
            closed += 1
            continue
        picture = Picture(filename, row.media_type, row.width_px, row.height_px, data, quoted=row.quoted)
        found.setdefault(row.turn_id, []).append(picture)
    return found, closed


def _picture_row(turn_id: int, position: int, picture: Picture, sealing: Sealing) -> dict[str, object]:
    return {
        "turn_id": turn_id,
        "position": position,
        "filename": sealing.text(storable(picture.filename)),
        "media_type": storable(picture.media_type),
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "data": sealing.data(picture.data),
        "quoted": picture.quoted,
    }
