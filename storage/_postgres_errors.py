"""What PostgreSQL's and asyncpg's errors mean, and how to say them; pure.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import os

from asyncpg.exceptions import (  # type: ignore[import-untyped]  # it ships no types
    InterfaceError,
    InvalidCachedStatementError,
    PostgresError,
)
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from storage._errors import StorageError, brief

_GOING_OR_COMING = ("57P01", "57P02", "57P03")  # shut down by its operator, by a crash; not up yet
_TOO_MANY_CONNECTIONS = "53300"
_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_REFUSED = ("28P01", "28000")  # wrong password; no such user, or none from here
_NO_SUCH_DATABASE = "3D000"
_NOT_ALLOWED = "42501"


# What a database may raise through SQLAlchemy, which lets asyncpg's own errors through where a connection breaks
# while it is being set up, and those of the system everywhere.
FAILURES: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, InterfaceError, PostgresError)


def is_out_of_reach(error: Exception) -> bool:
    """Whether the connection is gone, or the server takes none just now, by one of FAILURES."""
    if not isinstance(error, DBAPIError):
        return not isinstance(error, SQLAlchemyError)
    code = _code(error)
    return (
        error.connection_invalidated
        or code.startswith("08")
        or code in _GOING_OR_COMING
        or code == _TOO_MANY_CONNECTIONS
    )


def is_worth_a_repeat(error: DBAPIError) -> bool:
    """Whether the same transaction may do better at once: it met another one, or a migration."""
    told_by_driver = error.orig.__cause__ if error.orig is not None else None
    return _code(error) in (_SERIALIZATION_FAILURE, _DEADLOCK) or isinstance(
        told_by_driver, InvalidCachedStatementError
    )


def reason(error: Exception) -> str:
    """Why, in a few words; like storage._errors.brief."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's own words repeat the address
    return brief(error)


def too_old(version: tuple[int | str, ...], oldest: tuple[int, ...]) -> StorageError:
    """The server has `version`, and `oldest` is the first that will do."""
    return StorageError(
        f"DATABASE_URL: the server has PostgreSQL {_dotted(version)}, and the bot needs {_dotted(oldest)} or newer."
    )


def cannot_be_used(error: Exception, url: URL) -> StorageError:
    """Why the bot cannot start with the database at `url`, and what would be right; without the password."""
    server = f"{url.host or 'the local socket'}:{url.port or 5432}"
    code = _code(error) if isinstance(error, DBAPIError) else ""
    if code in _REFUSED:
        why = (
            f"the server at {server} does not let the user {url.username} in with this password ({reason(error)}); "
            "correct them (in a URL, @ is written %40, : %3A and / %2F)."
        )
    elif code == _NO_SUCH_DATABASE:
        why = (
            f"the server at {server} has no database {url.database}; make it (createdb {url.database}) or name "
            "another."
        )
    elif code == _NOT_ALLOWED:
        why = (
            f"the user {url.username} may not make tables in {url.database} ({reason(error)}); let it own the "
            f"database (ALTER DATABASE {url.database} OWNER TO {url.username})."
        )
    elif is_out_of_reach(error):
        why = (
            f"no PostgreSQL server answers at {server} ({reason(error)}); start it, or correct host and port."
        )
    else:
        why = f"{url.database} at {server} cannot be used: {reason(error)}."
    return StorageError(f"DATABASE_URL: {why}")


def _code(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _dotted(version: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in version)
