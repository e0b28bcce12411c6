"""Alembic's way in: runs the migrations on the connection that storage/_migrate.py hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

# The connection is in a transaction already, so Alembic begins and commits none of its own: two processes
# that start at once wait for each other, and the second finds nothing left to do.
# Foreign keys are on: a migration that rebuilds a table on SQLite (batch mode) drops the old one, and every
# row that refers to it goes too. Add columns and tables; rebuild only what nothing refers to.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
