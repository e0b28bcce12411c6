"""A lock beside a database file that ends with the process that holds it, however it ends."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path


class ProcessLock:
    """That the process `owner` lives, told to the others at a database file.

    The lock is SQLite's own, on an empty file: it works alike on every system, and the system takes it from a
    process that was killed. One thread at a time may call.
    """

    def __init__(self, database: Path, owner: int) -> None:
        self._database = database
        self._path = self._path_of(owner)
        self._held: sqlite3.Connection | None = None

    def hold(self) -> None:
        """Take the lock. Raises sqlite3.Error where no file can be made."""
        if self._held is None:
            self._held = _locked(self._path)

    def release(self) -> None:
        """Give the lock back, and leave nothing of it."""
        connection, self._held = self._held, None
        if connection is not None:
            connection.close()
            self._remove(self._path)

    def lives(self, owner: int) -> bool:
        """Whether that process has its lock; what a dead one left is removed."""
        path = self._path_of(owner)
        if not path.exists():
            return False
        try:
            _locked(path).close()
        except sqlite3.OperationalError:
            return True
        self._remove(path)
        return False

    def _path_of(self, owner: int) -> Path:
        return self._database.with_name(f"{self._database.name}-process-{owner}")

    @staticmethod
    def _remove(path: Path) -> None:
        with suppress(OSError):  # somebody else did, or may; an empty file does no harm
            path.unlink(missing_ok=True)


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=OFF")  # or a journal would lie beside it
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
