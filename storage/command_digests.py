"""Which slash commands Discord was last given, in SQL."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from storage.engine import Database
from storage.tables import command_digests

_IS_IT = (command_digests.c.application_id == bindparam("of_application")) & (
    command_digests.c.api_url == bindparam("at_url")
)
_FIND = select(command_digests.c.digest).where(_IS_IT)
_UPDATE = update(command_digests).where(_IS_IT)
_INSERT = insert(command_digests)


class SqlCommandDigests:
    """The port CommandDigests over a database of storage.engine; both methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def digest(self, application_id: int, api_url: str) -> str | None:
        """The digest last kept for this application at this API address."""
        which = {"of_application": application_id, "at_url": api_url}

        def find(connection: Connection) -> str | None:
            return connection.execute(_FIND, which).scalar_one_or_none()

        return await self._database.read(find)

    async def keep(self, application_id: int, api_url: str, digest: str) -> None:
        """Keep `digest` in place of the last."""
        which = {"of_application": application_id, "at_url": api_url}
        row = {"application_id": application_id, "api_url": api_url, "digest": digest}

        def replace(connection: Connection) -> None:
            if not connection.execute(_UPDATE, {**which, "digest": digest}).rowcount:
                connection.execute(_INSERT, row)

        try:
            await self._database.write(replace)
        except IntegrityError:
            # Another process kept the first one in between: now there is a row to replace.
            await self._database.write(replace)
