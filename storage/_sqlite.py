"""SQLite in threads of its own: one writes, two read, and a whole transaction is one hop there and back."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from storage._errors import StorageError, brief, told_in_one_sentence
from storage._migrate import migrate
from storage._process_lock import ProcessLock
from storage._uninterrupted import uninterrupted

_T = TypeVar("_T")

_BUSY_TIMEOUT_S = 15.0
_WAL_RETRY_S = 0.02
_READERS = 2
# So many transactions share one commit at most, and so many reads one view of the database: the first of them
# gets its answer only with the last.
_WRITES_TOGETHER = 64
_READS_TOGETHER = 16

# The execution option by which a connection says how its transactions begin.
_BEGIN = "reka_begin"


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


class _AllUndoneError(Exception):
    """SQLite has undone the whole transaction, as it may where the disk is full and the like."""


class SqliteDatabase:
    """A SQLite database; `read` and `write` run a function in one transaction, in a thread that has a connection.

    The function runs in that thread: it may touch nothing but its connection and what it was made with.
    """

    def __init__(self, url: URL) -> None:
        """Start the threads; they connect with their first transaction.

        Args:
            url: of the driver pysqlite; without a path, the database lives in memory, until `dispose`.
        """
        self._engine = _engine(url)
        self.owner = secrets.randbits(62)
        self.gone_for_certain_after_s = 0.0
        self._lock = None if in_memory(url) else ProcessLock(Path(url.database or ""), self.owner)
        self._locking = asyncio.Lock()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._writes = _Desk()
        writer = _Clerk(self._engine, self._loop, self._writes, "BEGIN IMMEDIATE", _WRITES_TOGETHER)
        self._clerks = [writer]
        # A database in memory lives in its one connection.
        self._reads = self._writes
        if not in_memory(url):
            self._reads = _Desk()
            self._clerks += [
                _Clerk(self._engine, self._loop, self._reads, "BEGIN", _READS_TOGETHER)
                for _ in range(_READERS)
            ]

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` finds; it sees one state of the database throughout.

        Raises:
            StorageError: the database failed.
        """
        with told_in_one_sentence("The database did not answer"):
            return await self._ask(self._reads, work)

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` returned, once what it wrote is on disk; where it raises, nothing of it is written.

        Raises:
            IntegrityError: a constraint was broken.
            StorageError: the database failed.
        """
        with told_in_one_sentence("The database did not take it"):
            return await self._ask(self._writes, work)

    async def bring_up_to_date(self) -> None:
        """Make the schema the newest, after other processes that are at it.

        Raises:
            NewerSchemaError: the database is ahead of the code; nothing was changed.
            StorageError: it cannot be used as the URL says; a sentence for the operator.
        """
        try:
            if self._lock is not None:
                await asyncio.to_thread(self._lock.hold)
            await self.write(migrate)
        except (StorageError, IntegrityError, OSError, sqlite3.Error) as error:
            reason = brief(error.__cause__ or error)
            raise StorageError(
                f"DATABASE_URL: {self._engine.url.database} cannot be used: {reason}."
            ) from None

    async def gone(self, owners: Collection[int]) -> frozenset[int]:
        """Those of these owners whose process has ended."""
        lock = self._lock
        if lock is None:
            return frozenset(owners)
        async with self._locking:
            return await asyncio.to_thread(
                lambda: frozenset(owner for owner in owners if not lock.lives(owner))
            )

    async def dispose(self) -> None:
        """End the threads, after all that was asked before."""
        self._closed = True
        for clerk in self._clerks:
            clerk.desk.put(None)
        for clerk in self._clerks:
            await asyncio.to_thread(clerk.join)
        if self._lock is not None:
            async with self._locking:
                await asyncio.to_thread(self._lock.release)

    async def _ask(self, desk: _Desk, work: Callable[[Connection], _T]) -> _T:
        if self._closed:
            raise StorageError("The database was closed.")
        answer: asyncio.Future[_T] = self._loop.create_future()
        desk.put(_Job(work, answer))
        return await uninterrupted(answer)


class _Desk(SimpleQueue[_Job | None]):
    """Where jobs wait; None sends one clerk home."""

    def take(self, at_most: int) -> list[_Job]:
        """Wait for a job, and return it with others that wait already; none where the clerk may go home."""
        first = self.get()
        if first is None:
            return []
        jobs = [first]
        with suppress(Empty):
            while len(jobs) < at_most:
                job = self.get_nowait()
                if job is None:
                    self.put(None)  # it was the last: nothing is asked after `dispose`
                    break
                jobs.append(job)
        return jobs


class _Clerk(Thread):
    """A thread with a connection, which takes all jobs that wait and runs them in one transaction."""

    def __init__(
        self, engine: Engine, loop: asyncio.AbstractEventLoop, desk: _Desk, begin: str, at_most: int
    ) -> None:
        # A daemon, so that a program which ends without `dispose` ends; what is committed is on disk.
        super().__init__(name=f"sqlite {begin.lower()}", daemon=True)
        self.desk = desk
        self._engine = engine.execution_options(**{_BEGIN: begin})
        self._loop = loop
        self._at_most = at_most
        self._connection: Connection | None = None
        self.start()

    def run(self) -> None:
        try:
            while jobs := self.desk.take(self._at_most):
                outcomes = self._transact(jobs)
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    self._loop.call_soon_threadsafe(_hand_over, jobs, outcomes)
        finally:
            if self._connection is not None:
                self._connection.close()

    def _transact(self, jobs: list[_Job]) -> list[_Outcome]:
        try:
            connection = self._connected()
            with connection.begin():
                if len(jobs) == 1:
                    return [_Outcome(jobs[0].work(connection))]
                return [_attempt(connection, job) for job in jobs]
        except _AllUndoneError:
            return [outcome for job in jobs for outcome in self._transact([job])]
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is raised again where it is waited for
            return [_Outcome(error=error)] * len(jobs)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection


def _attempt(connection: Connection, job: _Job) -> _Outcome:
    """Run one job of several in a savepoint, so that it fails alone."""
    savepoint = connection.begin_nested()
    try:
        value = job.work(connection)
    except Exception as error:
        driver = connection.connection.driver_connection
        if driver is None or not driver.in_transaction:
            raise _AllUndoneError from error
        savepoint.rollback()
        return _Outcome(error=error)
    savepoint.commit()
    return _Outcome(value)


def _hand_over(jobs: list[_Job], outcomes: list[_Outcome]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.answer.cancelled():  # by the end of the loop
            continue
        if outcome.error is None:
            job.answer.set_result(outcome.value)
        else:
            job.answer.set_exception(outcome.error)


def in_memory(url: URL) -> bool:
    """Whether this database is no file."""
    return url.database in {None, "", ":memory:"}


def prepare_file(path: Path) -> None:
    """Make the folder and the file, and turn WAL on, which stays with the file.

    Raises:
        StorageError: no file fits there, or the file is no database.
    """
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


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=NullPool,  # each thread keeps its connection
        # Python's driver would begin transactions by itself, and only before some statements.
        connect_args={"isolation_level": None, "timeout": _BUSY_TIMEOUT_S},
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
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
    connection.exec_driver_sql(connection.get_execution_options()[_BEGIN])
