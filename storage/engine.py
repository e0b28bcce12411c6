"""The database: opened, brought to the newest schema, and entered by transactions."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from storage._errors import StorageError, brief
from storage._migrate import NewerSchemaError, migrate

__all__ = ["StorageError", "open_engine", "reading", "writing"]

_BUSY_TIMEOUT_S = 15.0
_WAL_RETRY_S = 0.02
_CONNECTIONS = 5
_EXAMPLE = "sqlite+aiosqlite:///data/reka.db or postgresql+asyncpg://user:password@host/name"

# Names of execution options: the engine carries its write lock, a connection says that it will write.
_WRITE_LOCK = "reka_write_lock"
_WRITES = "reka_writes"


async def open_engine(url: str) -> AsyncEngine:
    """Open the database at `url`, made anew where there is none, with the newest schema.

    Args:
        url: as SQLAlchemy writes it: sqlite+aiosqlite:///path, sqlite+aiosqlite:///:memory: (gone with the
            engine), postgresql+asyncpg://... The folder of a SQLite file is made.

    Raises:
        StorageError: the URL is wrong, the place cannot be reached or written, the file is no database, or
            the database was written by a newer version of the bot.
    """
    parsed = _parse(url)
    if _is_sqlite(parsed):
        if not _in_memory(parsed):
            await asyncio.to_thread(_prepare_file, Path(parsed.database or ""))
        engine = _sqlite_engine(parsed)
    else:
        engine = create_async_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    try:
        await _bring_up_to_date(engine)
    except BaseException:
        await engine.dispose()
        raise
    return engine


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads; on SQLite it sees one state of the database throughout.

    Raises:
        StorageError: the database failed.
    """
    try:
        async with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StorageError(f"The database did not answer: {brief(error)}.") from error


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that writes; it is committed on leaving, and undone where an error leaves.

    Use it within `uninterrupted`: see there what a cancel would do.

    Raises:
        IntegrityError: a constraint was broken; only the caller knows what that means.
        StorageError: the database failed.
    """
    # SQLite has one writer at a time. Ours queue here, in order and awake; left to SQLite they would poll,
    # each in a thread of its own, and the unlucky would time out. Other processes are waited for by
    # SQLite's busy timeout.
    async with engine.get_execution_options().get(_WRITE_LOCK, nullcontext()):
        try:
            async with engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StorageError(f"The database did not take it: {brief(error)}.") from error


def _parse(url: str) -> URL:
    # SQLAlchemy's own errors may quote the URL, password included: none of them is chained.
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
        dialect = parsed.get_dialect()()
        dialect.create_connect_args(parsed)
    except (ArgumentError, ValueError):
        raise StorageError(f"DATABASE_URL is no database URL; write one like {_EXAMPLE}.") from None
    except ImportError as error:
        raise StorageError(f"DATABASE_URL needs the package {error.name}, which is not installed.") from None
    if not dialect.is_async:
        raise StorageError(
            f"DATABASE_URL names a driver that blocks ({parsed.drivername}); write one like {_EXAMPLE}."
        )
    if _is_sqlite(parsed) and (parsed.database or "").startswith("file:"):
        raise StorageError(f"DATABASE_URL wants a plain path to the SQLite file; write one like {_EXAMPLE}.")
    return parsed


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _in_memory(url: URL) -> bool:
    return url.database in {None, "", ":memory:"}


def _prepare_file(path: Path) -> None:
    """Make the folder and the file, and turn WAL on, which stays with the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            _turn_wal_on(connection)
    except (FileExistsError, NotADirectoryError):
        raise StorageError(f"DATABASE_URL: {path.parent} is a file, so no database fits in it.") from None
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"DATABASE_URL: {path} cannot be used: {brief(error)}.") from None


def _turn_wal_on(connection: sqlite3.Connection) -> None:
    # Two processes that turn it on at once would wait for each other for ever: SQLite sees that and answers
    # "busy" to one of them without its busy timeout.
    give_up_at_s = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > give_up_at_s:
                raise
        time.sleep(_WAL_RETRY_S)


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        execution_options={_WRITE_LOCK: asyncio.Lock()},
        poolclass=AsyncAdaptedQueuePool,
        # A database in memory lives in its one connection, and whoever wants it waits for it.
        pool_size=1 if _in_memory(url) else _CONNECTIONS,
        max_overflow=0,
        # Python's driver would begin transactions by itself, and only before some statements.
        connect_args={"isolation_level": None, "timeout": _BUSY_TIMEOUT_S},
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    # Each commit reaches the disk. NORMAL would survive a killed process too, but a power cut would take
    # the last commits along, and with them the trace of a message that is on somebody's screen.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once where another process wrote in between,
    # busy timeout or not: it must be a writer from its first statement on.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def _bring_up_to_date(engine: AsyncEngine) -> None:
    where = engine.url.database
    try:
        async with writing(engine) as connection:
            await connection.run_sync(migrate)
    except NewerSchemaError:
        raise StorageError(
            f"DATABASE_URL: {where} was written by a newer version of the bot; start that version, or name "
            "another database."
        ) from None
    except (StorageError, IntegrityError, OSError) as error:
        reason = brief(error.__cause__ or error)
        raise StorageError(f"DATABASE_URL: {where} cannot be used: {reason}.") from None
