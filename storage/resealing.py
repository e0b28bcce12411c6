"""What is kept plain or under an earlier key -> under the newest one, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, literal, or_, select, update
from sqlalchemy.engine import Connection

from storage._sealing import Sealing
from storage.engine import Database
from storage.sealer import CannotOpen, MarkedSealer
from storage.tables import pictures, turns

_TURNS_AT_ONCE = 200
_PICTURES_AT_ONCE = 8  # a picture may have megabytes

_UPDATE_TURN = update(turns).where(turns.c.id == bindparam("of_turn"))
_UPDATE_PICTURE = update(pictures).where(
    pictures.c.turn_id == bindparam("of_turn"), pictures.c.position == bindparam("at_position")
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many turns and pictures were sealed anew, and how many no key opens."""

    turns: int = 0
    pictures: int = 0
    closed: int = 0


async def reseal(database: Database, keyring: MarkedSealer) -> Resealed:
    """Seal all words and pictures by the newest key of `keyring`, each few rows in a transaction of their own.

    Raises StorageError; what was sealed before that stays so, and another run goes on.
    """
    work = _Resealing(Sealing(keyring))
    turns_done = await _through(database, work.next_turns)
    pictures_done = await _through(database, work.next_pictures)
    return Resealed(turns_done.sealed, pictures_done.sealed, turns_done.closed + pictures_done.closed)


@dataclass(frozen=True, slots=True)
class _Step:
    """The last row that was looked at, and how many were sealed and could not be opened."""

    last: tuple[int, int]
    sealed: int = 0
    closed: int = 0


class _Next(Protocol):
    def __call__(self, connection: Connection, /, last: tuple[int, int]) -> _Step | None: ...


async def _through(database: Database, step: _Next) -> _Step:
    whole = _Step((0, -1))
    while True:
        next_step = await database.write(partial(step, last=whole.last))
        if next_step is None:
            return whole
        whole = _Step(next_step.last, whole.sealed + next_step.sealed, whole.closed + next_step.closed)


class _Resealing:
    """The steps of one run; none keeps anything, since a step may run twice."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing
        self._head = sealing.head or ""

    def next_turns(self, connection: Connection, last: tuple[int, int]) -> _Step | None:
        """Seal the next few turns; None once there is none left."""
        rows = connection.execute(
            select(turns.c.id, turns.c.text, turns.c.quote_text)
            .where(turns.c.id > last[0], or_(self._is_old(turns.c.text), self._is_old(turns.c.quote_text)))
            .order_by(turns.c.id)
            .limit(_TURNS_AT_ONCE)
            .with_for_update()
        ).all()
        sealed = 0
        for row in rows:
            try:
                said = self._sealing.text(self._sealing.open_text(row.text))
                quoted = row.quote_text
                if quoted is not None:
                    quoted = self._sealing.text(self._sealing.open_text(quoted))
            except CannotOpen:
                continue
            connection.execute(_UPDATE_TURN, {"of_turn": row.id, "text": said, "quote_text": quoted})
            sealed += 1
        return _Step((rows[-1].id, -1), sealed, len(rows) - sealed) if rows else None

    def next_pictures(self, connection: Connection, last: tuple[int, int]) -> _Step | None:
        """Seal the next few pictures; None once there is none left."""
        turn_id, position = last
        rows = connection.execute(
            select(pictures.c.turn_id, pictures.c.position, pictures.c.filename, pictures.c.data)
            .where(
                or_(
                    pictures.c.turn_id > turn_id,
                    (pictures.c.turn_id == turn_id) & (pictures.c.position > position),
                ),
                or_(self._is_old(pictures.c.filename), self._is_old_data()),
            )
            .order_by(pictures.c.turn_id, pictures.c.position)
            .limit(_PICTURES_AT_ONCE)
            .with_for_update()
        ).all()
        sealed = 0
        for row in rows:
            try:
                name = self._sealing.text(self._sealing.open_text(row.filename))
                data = self._sealing.data(self._sealing.open_data(row.data))
            except CannotOpen:
                continue
            which = {"of_turn": row.turn_id, "at_position": row.position}
            connection.execute(_UPDATE_PICTURE, {**which, "filename": name, "data": data})
            sealed += 1
        return _Step((rows[-1].turn_id, rows[-1].position), sealed, len(rows) - sealed) if rows else None

    def _is_old(self, column: ColumnElement[str | None] | ColumnElement[str]) -> ColumnElement[bool]:
        return func.substr(column, 1, len(self._head)) != self._head

    def _is_old_data(self) -> ColumnElement[bool]:
        head = literal(self._head.encode(), LargeBinary)
        return func.substr(pictures.c.data, 1, len(self._head), type_=LargeBinary) != head
