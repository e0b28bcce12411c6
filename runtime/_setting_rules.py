"""What one setting may hold: each rule takes the text, returns it tidied, or raises ValueError.

The error's text goes on from the variable's name ("holds a line break") and never repeats a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

__all__ = [
    "app_session",
    "bearer_token",
    "bot_token",
    "cookies",
    "database_url",
    "discord_api_url",
    "guild_ids",
    "holds_app_session",
    "one_line",
    "proxy_url",
    "reka_url",
    "token_shape",
]

_DATABASE_SCHEME = "sqlite+aiosqlite"
_COOKIE_FILE_SUFFIXES = (".json", ".txt")
_COOKIE_FILE_LIMIT_BYTES = 4 * 1024 * 1024
_SNOWFLAKE_LIMIT = 2**63
_TOKEN_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_QUOTES = ('"', "'")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def one_line(text: str) -> str:
    """Refuse line breaks and other control characters: a header cannot carry them."""
    if "\n" in text or "\r" in text:
        raise ValueError("holds a line break: it was cut or pasted together with something else")
    if _CONTROL.search(text):
        raise ValueError("holds a control character that cannot be seen: type or copy it anew")
    return text


def _header_value(text: str, prefix: str) -> str:
    """What may stand alone in a header: one line of plain ASCII, without `prefix`, quotes and spaces."""
    one_line(text)
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        raise ValueError("stands in quotes: remove them")
    if text.lower().startswith(prefix.lower()):
        raise ValueError(f'begins with "{prefix}": remove that and keep what follows')
    if " " in text:
        raise ValueError("holds a space: it was pasted together with something else")
    if not text.isascii():
        raise ValueError("holds a character that no token has: copy it anew")
    return text


def bot_token(text: str) -> str:
    """A bot token as any Discord-like server may hand it out."""
    return _header_value(text, "Bot ")


def token_shape(text: str) -> None:
    """Refuse what cannot be a token of the real Discord."""
    if not _TOKEN_SHAPE.fullmatch(text):
        raise ValueError(
            "is no bot token, which is three parts joined by dots "
            "(application id, public key and client secret are other things)"
        )


def app_session(text: str) -> str:
    """The bare value of the cookie appSession."""
    if ";" in text:
        raise ValueError("holds more than one cookie: put the whole line into REKA_COOKIES")
    return _header_value(text, "appSession=")


def bearer_token(text: str) -> str:
    """An access token of space.reka.ai."""
    return _header_value(text, "Bearer ")


def cookies(text: str) -> str:
    """A cookie header ("k=v; k2=v2"), or the path of an exported cookies file; a path comes back expanded."""
    one_line(text)
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        raise ValueError("stands in quotes: remove them")
    if text.lower().startswith("cookie:"):
        raise ValueError('begins with "Cookie:": remove that and keep what follows')
    if not _is_cookie_path(text):
        return text
    try:
        path = Path(text).expanduser()
        if not path.is_file():
            # Not named: what is no path may be a bare session, pasted into the wrong variable.
            raise ValueError("is neither a line like k=v; k2=v2 nor the path of a file that exists")
        with path.open("rb"):
            return str(path)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"names a file that cannot be read ({type(error).__name__})") from None


def holds_app_session(text: str) -> bool:
    """Whether cookies that `cookies` let pass bring appSession along, be it split (appSession.0, .1, ...)."""
    if not _is_cookie_path(text):
        names = (pair.partition("=")[0].strip() for pair in text.split(";"))
        return any(name.split(".")[0] == "appSession" for name in names)
    with Path(text).open("rb") as file:
        return b"appSession" in file.read(_COOKIE_FILE_LIMIT_BYTES)


def _is_cookie_path(text: str) -> bool:
    # Asked before any look at the disk: a long header as a file name is an OSError of its own.
    return "=" not in text or text.lower().endswith(_COOKIE_FILE_SUFFIXES)


def _split(url: str, schemes: tuple[str, ...]) -> SplitResult:
    one_line(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no address that can be read (host or port)") from None
    if parts.scheme not in schemes:
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or " " in url or port == 0:
        raise ValueError("names no host, or not just one")
    return parts


def _web_url(url: str) -> str:
    parts = _split(url, ("https", "http"))
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password, which does not belong into it")
    if parts.query or parts.fragment:
        raise ValueError('must end before any "?" or "#"')
    return url.rstrip("/")


def discord_api_url(url: str) -> str:
    """The REST base, "/api/v10" included; comes back without a slash at its end."""
    tidy = _web_url(url)
    if not urlsplit(tidy).path.endswith("/api/v10"):
        raise ValueError('must end with "/api/v10"')
    return tidy


def reka_url(url: str) -> str:
    """The base of space.reka.ai or of a server like it; comes back without a slash at its end."""
    return _web_url(url)


def proxy_url(url: str) -> str:
    """An http or https proxy, with user and password where it asks for them."""
    if url.lower().startswith("socks"):
        raise ValueError("names a SOCKS proxy, and only http:// and https:// proxies work")
    parts = _split(url, ("http", "https"))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after host and port")
    return url


def database_url(url: str) -> str:
    """A SQLite file, by the driver that the bot has."""
    one_line(url)
    scheme, found, rest = url.partition("://")
    if not found or scheme != _DATABASE_SCHEME:
        raise ValueError(f"must begin with {_DATABASE_SCHEME}://")
    if not rest.startswith("/"):
        raise ValueError("needs a third slash before a relative path, and a fourth before an absolute one")
    if rest in {"/", "//"} or rest.endswith("/"):
        raise ValueError("names no file")
    return url


def guild_ids(text: str) -> frozenset[int]:
    """Server ids separated by commas or spaces."""
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    for part in parts:
        if not (part.isascii() and part.isdigit() and 0 < int(part) < _SNOWFLAKE_LIMIT):
            raise ValueError(f"holds {clipped(part)}, which is no server id (17 to 20 digits)")
    return frozenset(int(part) for part in parts)


def clipped(text: str, limit_chars: int = 40) -> str:
    """`text` in quotes, short enough for a sentence."""
    return repr(text if len(text) <= limit_chars else text[: limit_chars - 1] + "…")
