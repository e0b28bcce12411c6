"""PostgreSQL through asyncpg; a transaction is one function, run over a connection of the pool."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import URL, Text, bindparam, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage._errors import StorageError, told_in_one_sentence
from storage._migrate import migrate
from storage._postgres_errors import (
    FAILURES,
    cannot_be_used,
    is_out_of_reach,
    is_worth_a_repeat,
    reason,
    too_old,
)
from storage._uninterrupted import uninterrupted

_T = TypeVar("_T")

OLDEST_VERSION = (13,)
_LOCK_MIGRATIONS = select(func.pg_advisory_xact_lock(0x52656B61))  # "Reka": one number for all processes
_NAME = "reka-bot"
_CONNECTED = text(
    "SELECT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name IN :names"
).bindparams(bindparam("names", expanding=True, type_=Text))
# Whoever lives renews its lease every 5 s, and has a connection again by then.
_RECONNECTS_WITHIN_S = 6.0
_CONNECTIONS = 10
_CONNECT_TIMEOUT_S = 5.0
_STATEMENT_TIMEOUT_S = 8  # the server's own; shorter than our `silence_s`, which is for a server that hangs
_RUNS = 3  # of one transaction, where connections break under it
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class _OutOfReachError(Exception):
    """The server could not be reached, or was lost before the commit: nothing of the transaction is written."""


class PostgresDatabase:
    """A PostgreSQL database; `read` and `write` run a function in one transaction.

    Where the server is gone (a restart, a failover), they wait for it for `patience_s` seconds from when it was
    missed first, and run what was not committed once more. After that they fail at once, until it is back.
    """

    def __init__(
        self,
        url: URL,
        *,
        patience_s: float = 60.0,
        silence_s: float = 10.0,
        oldest_version: tuple[int, ...] = OLDEST_VERSION,
    ) -> None:
        """Prepare the pool; it connects with the first transaction.

        Args:
            url: of the driver asyncpg.
            patience_s: how long a server that is gone is waited for.
            silence_s: after how long a server that says nothing at all is taken for gone.
            oldest_version: of PostgreSQL, that `bring_up_to_date` lets pass.
        """
        self.owner: int = secrets.randbits(62)
        connect_args = {
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": silence_s,
            "server_settings": {
                "application_name": f"{_NAME} {self.owner}",
                "statement_timeout": f"{_STATEMENT_TIMEOUT_S}s",
                # A process that was stopped in the middle must not keep its locks.
                "idle_in_transaction_session_timeout": "60s",
            },
        }
        self.gone_for_certain_after_s = _RECONNECTS_WITHIN_S
        self._url = url
        self._oldest_version = oldest_version
        self._silence_s = silence_s
        self._writing = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_use_lifo=True,
            connect_args=connect_args,
        )
        # One state of the database for all statements of a transaction.
        self._reading = self._writing.execution_options(isolation_level="REPEATABLE READ")
        # Callers queue here, where a cancel takes them away at once; the pool always has a connection for them.
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._closed = False
        # No pool: a connection that comes too late, after `dispose`, must not stay open in it.
        knocking = create_async_engine(
            url, hide_parameters=True, poolclass=NullPool, connect_args=connect_args
        )
        self._outage = _Outage(knocking, patience_s)

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` finds; it sees one state of the database throughout.

        Raises:
            StorageError: the database failed.
        """
        with told_in_one_sentence("The database did not answer"):
            return await self._transact(self._reading, work)

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` returned, once what it wrote is committed; where it raises, nothing is written.

        Raises:
            IntegrityError: a constraint was broken.
            StorageError: the database failed; only where it was lost during the commit, it may have written.
        """
        with told_in_one_sentence("The database did not take it"):
            return await self._transact(self._writing, work)

    async def gone(self, owners: Collection[int]) -> frozenset[int]:
        """Those without a connection. After a restart of the server that may be all, until they come again."""
        names = {f"{_NAME} {owner}": owner for owner in owners}

        def look(connection: Connection) -> frozenset[int]:
            connected = set(connection.execute(_CONNECTED, {"names": list(names)}).scalars())
            return frozenset(owner for name, owner in names.items() if name not in connected)

        return await self.read(look)

    async def bring_up_to_date(self) -> None:
        """Make the schema the newest, after other processes that are at it.

        Raises:
            NewerSchemaError: the database is ahead of the code; nothing was changed.
            StorageError: it cannot be used as the URL says; a sentence for the operator.
        """
        # Neither waiting for the others nor a migration of a big table fits into the time-outs of questions.
        engine = create_async_engine(
            self._url, hide_parameters=True, poolclass=NullPool, connect_args={"timeout": _CONNECT_TIMEOUT_S}
        )
        try:
            async with engine.begin() as connection:
                version = connection.dialect.server_version_info or ()
                if version < self._oldest_version:
                    raise too_old(version, self._oldest_version)
                await connection.execute(_LOCK_MIGRATIONS)
                await connection.run_sync(migrate)
        except FAILURES as error:
            raise cannot_be_used(error, self._url) from None  # what is behind it may quote the URL
        finally:
            await engine.dispose()

    async def dispose(self) -> None:
        """Close the connections, after all that was asked before, where the server still answers."""
        if self._closed:
            return
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._silence_s):
                for _ in range(_CONNECTIONS):
                    await self._slots.acquire()
        await self._writing.dispose()

    async def _transact(self, engine: AsyncEngine, work: Callable[[Connection], _T]) -> _T:
        runs = 0
        while True:
            await self._outage.ended()
            if self._closed:  # asked after each wait, and before the wait for a slot that nobody gives back
                raise StorageError("The database was closed.")
            try:
                async with self._slots:
                    return await uninterrupted(asyncio.ensure_future(_run_once(engine, work)))
            except _OutOfReachError as error:
                runs += 1
                if runs == _RUNS:
                    raise StorageError(f"The database breaks off: {error}.") from error
                self._outage.begin()
            except DBAPIError as error:
                runs += 1
                if runs == _RUNS or not is_worth_a_repeat(error):
                    raise


async def _run_once(engine: AsyncEngine, work: Callable[[Connection], _T]) -> _T:
    committing = False
    try:
        async with engine.connect() as connection:
            try:
                result = await connection.run_sync(work)
                committing = True
                await connection.commit()
            except TimeoutError:
                await connection.invalidate()  # it would be asked to roll back, and be as silent
                raise
            return result
    except FAILURES as error:
        if not is_out_of_reach(error):
            raise
        if committing and engine.get_execution_options().get("isolation_level") is None:
            raise StorageError(f"The database was lost during a commit: {reason(error)}.") from error
        raise _OutOfReachError(reason(error)) from error


class _Outage:
    """Whether the server is gone, and since when; all who wait for it share one knocking at its door."""

    def __init__(self, engine: AsyncEngine, patience_s: float) -> None:
        self._engine = engine
        self._patience_s = patience_s
        self._since_s: float | None = None  # of the loop's clock
        self._knocked_at_s = 0.0
        self._why: str | None = None
        self._knocking = asyncio.Lock()

    def begin(self) -> None:
        """A connection broke, or none was had."""
        if self._since_s is None:
            self._since_s = asyncio.get_running_loop().time()
            self._why = None

    async def ended(self) -> None:
        """Return once the server is there.

        Raises:
            StorageError: it has been gone for longer than anybody should wait.
        """
        if self._since_s is None:
            return
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        async with self._knocking:
            while self._since_s is not None:
                if self._why is None or loop.time() - self._knocked_at_s >= pause_s:
                    self._why = await self._knock()
                    self._knocked_at_s = loop.time()
                    if self._why is None:
                        self._since_s = None
                        return
                if loop.time() - self._since_s >= self._patience_s:
                    raise StorageError(f"The database is out of reach: {self._why}.")
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _knock(self) -> str | None:
        try:
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except FAILURES as error:
            return reason(error)
        return None
