"""A lock among all processes of one bot, in PostgreSQL: who holds it may log in at Discord's gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b

from sqlalchemy import func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage._errors import StorageError
from storage._postgres_errors import reason

_CONNECT_TIMEOUT_S = 5.0


class PostgresIdentifyLock:
    """An advisory lock of a transaction that does nothing else: it ends with the process that holds it, however that
    ends, and a pooler of connections between us and the server cannot lose it."""

    def __init__(self, url: str) -> None:
        """Prepare for the database at `url` (postgresql+asyncpg://...); nothing connects before the first use."""
        # A connection of its own for each holder: the pool of questions must not run dry for log-ins.
        self._engine = create_async_engine(
            make_url(url),
            hide_parameters=True,
            poolclass=NullPool,
            connect_args={
                "timeout": _CONNECT_TIMEOUT_S,
                "server_settings": {"application_name": "reka-bot log-in"},
            },
        )
        self._letting_go: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def held(self, application_id: int, bucket: int, *, after_s: float) -> AsyncIterator[None]:
        """Wait for the lock of this bucket; it is held inside, and `after_s` seconds longer.

        Where the block fails, it is let go at once: nobody logged in.

        Raises:
            StorageError: the database cannot be asked.
        """
        connection = await self._take(_key(application_id, bucket))
        try:
            yield
        except BaseException:
            await _let_go(connection)
            raise
        task = asyncio.create_task(self._let_go_after(connection, after_s))
        self._letting_go.add(task)
        task.add_done_callback(self._letting_go.discard)

    async def aclose(self) -> None:
        """Let go of all that is held."""
        self._closing.set()
        if self._letting_go:
            await asyncio.wait(self._letting_go)
        await self._engine.dispose()

    async def _take(self, key: int) -> AsyncConnection:
        try:
            connection = await self._engine.connect()
            try:
                await connection.execute(select(func.pg_advisory_xact_lock(key)))
            except BaseException:
                await connection.close()
                raise
        except (DBAPIError, OSError) as error:
            raise StorageError(f"The database gives no turn to log in: {reason(error)}.") from error
        return connection

    async def _let_go_after(self, connection: AsyncConnection, after_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await self._closing.wait()
        await _let_go(connection)


def _key(application_id: int, bucket: int) -> int:
    """One of PostgreSQL's 64-bit keys; those of other locks in the same database are small or random."""
    digest = blake2b(f"identify:{application_id}:{bucket}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


async def _let_go(connection: AsyncConnection) -> None:
    try:
        await connection.rollback()
    except (DBAPIError, OSError):
        await connection.invalidate()  # it was lost, and the lock with it
    finally:
        await connection.close()
