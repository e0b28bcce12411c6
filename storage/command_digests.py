"""Which slash commands Discord was last given, in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage._uninterrupted import uninterrupted
from storage.engine import reading, writing
from storage.tables import command_digests


class SqlCommandDigests:
    """The port CommandDigests over a database of storage.engine; both methods raise StorageError."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @uninterrupted
    async def digest(self, application_id: int, api_url: str) -> str | None:
        """The digest last kept for this application at this API address."""
        query = select(command_digests.c.digest).where(_is_for(application_id, api_url))
        async with reading(self._engine) as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    @uninterrupted
    async def keep(self, application_id: int, api_url: str, digest: str) -> None:
        """Keep `digest` in place of the last."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(command_digests).where(_is_for(application_id, api_url)))
            await connection.execute(
                insert(command_digests).values(application_id=application_id, api_url=api_url, digest=digest)
            )


def _is_for(application_id: int, api_url: str) -> ColumnElement[bool]:
    return (command_digests.c.application_id == application_id) & (command_digests.c.api_url == api_url)
