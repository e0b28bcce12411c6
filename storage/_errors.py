"""How storage fails, in one sentence; pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from conversation.ports import MemoryUnavailable


class StorageError(MemoryUnavailable):
    """The database cannot be used; the message is one sentence without secrets and without what was said."""


@contextmanager
def told_in_one_sentence(what_failed: str) -> Iterator[None]:
    """Turn SQLAlchemy's errors into StorageError; a broken constraint passes: only the caller can tell what it means.

    Args:
        what_failed: the beginning of the sentence: "The database did not answer".
    """
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise StorageError(f"{what_failed}: {brief(error)}.") from error


def brief(error: BaseException) -> str:
    """Return why, as the driver or the system says it: one line, no SQL, no parameters, no URL."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # PostgreSQL's further lines quote the row.
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
