"""The database: opened, and brought to the newest schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError

from storage._errors import StorageError
from storage._migrate import NewerSchemaError
from storage._postgres import PostgresDatabase
from storage._sqlite import SqliteDatabase, in_memory, prepare_file

__all__ = ["Database", "StorageError", "open_engine"]

_T = TypeVar("_T")

_EXAMPLE = "sqlite+aiosqlite:///data/reka.db or postgresql+asyncpg://user:password@host/name"


class Database(Protocol):
    """A database that is open. Each call is one transaction; a cancelled caller goes on once it has ended.

    `work` is an ordinary function over a connection. It may run in another thread, and once more where nothing is
    left of its first run; it keeps neither the connection nor rows that were not fetched.
    """

    @property
    def owner(self) -> int:
        """A number that no other process has open databases under, now or later."""
        ...

    @property
    def gone_for_certain_after_s(self) -> float:
        """For how long an owner has to be among `gone` before its process has certainly ended."""
        ...

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` finds. Raises StorageError."""
        ...

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` returned, once what it wrote is on disk; where it raises, nothing of it is.

        Raises:
            IntegrityError: a constraint was broken; only the caller knows what that means.
            StorageError: the database failed.
        """
        ...

    async def gone(self, owners: Collection[int]) -> frozenset[int]:
        """Those of these owners that seem to have no connection to the database. Raises StorageError."""
        ...

    async def dispose(self) -> None:
        """Close it, after all that was asked before."""
        ...


async def open_engine(url: str) -> Database:
    """Open the database at `url`, made anew where there is none, with the newest schema.

    Args:
        url: as SQLAlchemy writes it: sqlite+aiosqlite:///path, sqlite+aiosqlite:///:memory: (gone with
            `dispose`), postgresql+asyncpg://... The folder of a SQLite file is made.

    Raises:
        StorageError: the URL is wrong, the place cannot be reached or written, the file is no database, or
            the database was written by a newer version of the bot.
    """
    parsed = _parse(url)
    database: SqliteDatabase | PostgresDatabase
    if parsed.get_backend_name() == "sqlite":
        if not in_memory(parsed):
            await asyncio.to_thread(prepare_file, Path(parsed.database or ""))
        database = SqliteDatabase(parsed)
    else:
        database = PostgresDatabase(parsed)
    try:
        await database.bring_up_to_date()
    except NewerSchemaError:
        await database.dispose()
        raise StorageError(
            f"DATABASE_URL: {parsed.database} was written by a newer version of the bot; start that version, or "
            "name another database."
        ) from None
    except BaseException:
        await database.dispose()
        raise
    return database


def _parse(url: str) -> URL:
    # SQLAlchemy's own errors may quote the URL, password included: none of them is chained.
    try:
        parsed = make_url(url)
        if not parsed.get_dialect().is_async:
            raise StorageError(
                f"DATABASE_URL names a driver that blocks ({parsed.drivername}); write one like {_EXAMPLE}."
            )
        if parsed.drivername == "sqlite+aiosqlite":
            # The address that everybody writes. Our threads serve it with Python's own driver: see docs/adr/0009.
            parsed = parsed.set(drivername="sqlite+pysqlite")
        parsed.get_dialect().import_dbapi()
        parsed.get_dialect()().create_connect_args(parsed)
    except (ArgumentError, ValueError):
        raise StorageError(f"DATABASE_URL is no database URL; write one like {_EXAMPLE}.") from None
    except ImportError as error:
        raise StorageError(f"DATABASE_URL needs the package {error.name}, which is not installed.") from None
    if parsed.get_backend_name() != "sqlite" and not parsed.database:
        raise StorageError(f"DATABASE_URL names no database; write one like {_EXAMPLE}.")
    if parsed.get_backend_name() == "sqlite" and (parsed.database or "").startswith("file:"):
        raise StorageError(f"DATABASE_URL wants a plain path to the SQLite file; write one like {_EXAMPLE}.")
    return parsed
