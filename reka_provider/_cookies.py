"""Cookies from whatever an operator gave, and back into the file that they came from."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reka_provider._cookie_export import cookies_of, parsed_export, replaced, session_ended_s
from reka_provider._errors import RekaAuthError
from reka_provider._refusals import LOGIN_ADVICE
from reka_provider._set_cookie import Rotation, is_cookie, is_session
from reka_provider._types import CookiesType

SPACE_HOST = "space.reka.ai"
_LARGEST_FILE_BYTES = 16 * 1024 * 1024
_TRIES = 5


def read_cookies(cookies: CookiesType, *, host: str = SPACE_HOST) -> dict[str, str]:
    """Cookies by name, from a mapping, a header, or a path to an exported file. Raises RekaAuthError.

    Of a file only the cookies of `host` and of space.reka.ai that have not expired.
    """
    file = cookie_file(cookies, host=host)
    if file is not None:
        return file.read()
    if isinstance(cookies, Mapping):
        return _checked({str(name): str(value) for name, value in cookies.items()})
    text = os.fspath(cookies)
    if text.lstrip()[:1] in ("[", "{"):
        return _cookies_in(text, host, "The exported cookies")
    return _checked(_cookies_in_header(text))


def cookie_file(cookies: CookiesType, *, host: str = SPACE_HOST) -> CookieFile | None:
    """The file that `cookies` names; None where they are the cookies themselves.

    A text names a file where it ends with .json or .txt, or has no equals sign and such a file exists.
    """
    if isinstance(cookies, Mapping):
        return None
    if isinstance(cookies, str):
        text = cookies.strip()
        if not text.lower().endswith((".json", ".txt")) and ("=" in text or not _is_file(text)):
            return None
        return CookieFile(Path(text).expanduser(), host=host)
    return CookieFile(Path(cookies), host=host)


class CookieFile:
    """An exported cookie file that somebody else may replace at any time. Its calls block; any thread may make them.

    Where it was changed by another hand since this one last looked, that hand wins: a person who exported anew
    knows more than an older session, and of two programs that share a file each goes on with the newest cookies.
    """

    def __init__(self, path: Path, *, host: str) -> None:
        self.path = path
        self._host = host
        self._seen: dict[str, str] | None = None
        self._lock = threading.Lock()

    def read(self) -> dict[str, str]:
        """Reka's cookies by name. Raises RekaAuthError, also where the session in it has expired."""
        with self._lock:
            self._seen = self._cookies_in(self._text())
            return dict(self._seen)

    def fresher(self) -> dict[str, str] | None:
        """The cookies where another hand changed them since the last look, and there is a session among them."""
        with self._lock:
            return self._news(self._text())

    def write(self, changes: Mapping[str, Rotation]) -> dict[str, str] | None:
        """Write cookies that Reka rotated and leave all else as it was; at every instant the file is whole.

        Where another hand changed its cookies meanwhile nothing is written, and these are returned. Raises OSError and
        RekaAuthError.
        """
        with self._lock:
            for _ in range(_TRIES):
                looked = _look(self.path)
                text = self._text()
                news = self._news(text)
                if news is not None:
                    return news
                written = self._with_changes(text, changes)
                if written == text or _put(self.path, written, unless_newer_than=looked):
                    self._seen = self._cookies_in(written)
                    return None
            raise OSError(errno.EBUSY, "others keep writing to it")

    def _news(self, text: str) -> dict[str, str] | None:
        found = self._cookies_in(text)
        if found == self._seen or not any(map(is_session, found)):
            return None
        self._seen = found
        return dict(found)

    def _text(self) -> str:
        try:
            with self.path.open("rb") as file:
                data = file.read(_LARGEST_FILE_BYTES + 1)
            if len(data) > _LARGEST_FILE_BYTES:
                raise RekaAuthError(f"The cookie file {self.path} is too large for one (REKA_COOKIES).")
            return data.decode("utf-8")
        except (OSError, ValueError) as error:
            if isinstance(error, RekaAuthError):
                raise
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise RekaAuthError(f"The cookie file {self.path} cannot be read: {reason} (REKA_COOKIES).")

    def _cookies_in(self, text: str) -> dict[str, str]:
        return _cookies_in(text, self._host, f"The cookie file {self.path}")

    def _with_changes(self, text: str, changes: Mapping[str, Rotation]) -> str:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        return mark + replaced(text.removeprefix(mark), changes, (self._host, SPACE_HOST), now_s=time.time())


def _cookies_in(text: str, host: str, source: str) -> dict[str, str]:
    hosts = (host, SPACE_HOST)
    try:
        export = parsed_export(text.removeprefix("\ufeff"))
    except ValueError as error:
        failure = RekaAuthError(f"{source} {error} (REKA_COOKIES).")
    else:
        found = cookies_of(export, hosts, now_s=time.time())
        ended_s = session_ended_s(export, hosts)
        if ended_s is not None and not any(map(is_session, found)):
            ended = datetime.fromtimestamp(ended_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
            failure = RekaAuthError(f"{source}: its appSession expired on {ended}. {LOGIN_ADVICE}")
        elif not found:
            failure = RekaAuthError(
                f"{source} holds no cookies of {host}: export it from a page of that site (REKA_COOKIES)."
            )
        else:
            values = {name: entry.value for name, entry in found.items()}
            # A browser may hold odd ones of some other tool; only the session must be right.
            return _checked(
                {name: value for name, value in values.items() if is_session(name) or is_cookie(name, value)}
            )
    raise failure


def _cookies_in_header(header: str) -> dict[str, str]:
    text = header.strip().removeprefix("Cookie:").removeprefix("cookie:")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise RekaAuthError(
                'Cookies must look like "appSession=...; other=...", '
                "or name a .json or .txt file (REKA_COOKIES)."
            )
        found[name.strip()] = value.strip()
    return found


def _checked(found: dict[str, str]) -> dict[str, str]:
    if not all(is_cookie(name, value) for name, value in found.items()):
        raise RekaAuthError("A cookie's name or value has characters that no cookie has. Copy it anew.")
    return found


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, RuntimeError):  # a long header as a file name; a ~ of nobody
        return False


def _look(path: Path) -> tuple[int, int, int]:
    """What changes whenever somebody writes to the file or puts another in its place."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _put(path: Path, text: str, *, unless_newer_than: tuple[int, int, int]) -> bool:
    """Put `text` in the place of the file at once, with its owner and mode; False where the file changed meanwhile."""
    target = path.resolve()  # a link stays a link
    old = target.stat()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            new = os.fstat(file.fileno())
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            os.chown(name, old.st_uid, old.st_gid)
        Path(name).chmod(old.st_mode & 0o777)
        if _look(target) != unless_newer_than:
            return False
        Path(name).replace(target)
        return True
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
