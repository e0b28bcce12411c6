"""The schema brought to the newest version by Alembic, without alembic.ini and without its logging."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

_FOLDER = Path(__file__).parent / "migrations"


class NewerSchemaError(Exception):
    """The database has a version of the schema that this code does not know."""


def migrate(connection: Connection) -> None:
    """Run every migration that the database has not seen, within the transaction that `connection` is in.

    Raises:
        NewerSchemaError: the database is ahead of the code; nothing was changed.
        SQLAlchemyError: the database refused; the transaction must be undone.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
        raise NewerSchemaError
    command.upgrade(config, "head")
