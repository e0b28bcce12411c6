"""How storage fails, in one sentence; pure."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError


class StorageError(Exception):
    """The database cannot be used; the message is one sentence without secrets and without what was said."""


def brief(error: BaseException) -> str:
    """Return why, as the driver or the system says it: one line, no SQL, no parameters, no URL."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # PostgreSQL's further lines quote the row.
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
