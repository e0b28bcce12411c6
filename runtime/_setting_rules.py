"""What one setting may hold: each rule takes the text, returns it tidied, or raises ValueError.

The error's text goes on from the variable's name ("holds a line break") and never repeats a secret.
"""

from __future__ import annotations

import base64
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

__all__ = [
    "api_key",
    "app_session",
    "bearer_token",
    "bot_token",
    "cookies",
    "data_keys",
    "database_url",
    "discord_api_url",
    "guild_ids",
    "holds_app_session",
    "listen_host",
    "model_id",
    "on_sqlite",
    "proxy_url",
    "reka_api_url",
    "reka_url",
    "shard_ids",
    "token_shape",
]

_SQLITE, _POSTGRES = "sqlite+aiosqlite", "postgresql+asyncpg"
_COOKIE_FILE_SUFFIXES = (".json", ".txt")
_COOKIE_FILE_LIMIT_BYTES = 4 * 1024 * 1024
_LONGEST_MODEL_ID_CHARS = 200
_ENDPOINTS = ("/chat/completions", "/models")
_SNOWFLAKE_LIMIT = 2**63
_MOST_SHARDS = 100_000
_SHARD_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
_POD_NAME = re.compile(r"[a-z0-9]*[a-z][a-z0-9.-]*-(\d{1,6})", re.ASCII)
_TOKEN_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_QUOTES = ('"', "'")
_HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_DATA_KEY_BYTES = 32
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(text: str) -> str:
    """Refuse line breaks and other control characters: a header cannot carry them."""
    if "\n" in text or "\r" in text:
        raise ValueError("holds a line break: it was cut or pasted together with something else")
    if _CONTROL.search(text):
        raise ValueError("holds a control character that cannot be seen: type or copy it anew")
    return text


def _header_value(text: str, prefix: str) -> str:
    """What may stand alone in a header: one line of plain ASCII, without `prefix`, quotes and spaces."""
    _one_line(text)
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


def api_key(text: str) -> str:
    """A key of the official API."""
    return _header_value(text, "Bearer ")


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
    _one_line(text)
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


def data_keys(text: str) -> str:
    """Keys by commas, each 32 bytes in URL-safe base64; none of them comes twice."""
    _one_line(text)
    keys = [key.strip() for key in text.split(",") if key.strip()]
    for number, key in enumerate(keys, 1):
        # Python's decoder skips what it does not know, so the shape is looked at as well.
        if not _DATA_KEY.fullmatch(key) or len(base64.urlsafe_b64decode(key)) != _DATA_KEY_BYTES:
            which = "holds something that" if len(keys) == 1 else f"holds at place {number} something that"
            raise ValueError(f"{which} is no key, which is 43 letters, digits, - or _ and a =")
    if len(set(keys)) < len(keys):
        raise ValueError("holds the same key twice: leave one of them out")
    if not keys:
        raise ValueError("holds commas and no key")
    return ",".join(keys)


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
    _one_line(url)
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


def reka_api_url(url: str) -> str:
    """The base of the official API or of a server that speaks like it; comes back without a slash at its end."""
    tidy = _web_url(url)
    if tidy.endswith(_ENDPOINTS):
        raise ValueError("names one endpoint: end it before that, as in https://api.reka.ai/v1")
    return tidy


def model_id(text: str) -> str:
    """A model's id, whatever a server may call it."""
    _one_line(text)
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        raise ValueError("stands in quotes: remove them")
    if " " in text:
        raise ValueError("holds a space, which no model's id has")
    if len(text) > _LONGEST_MODEL_ID_CHARS:
        raise ValueError(f"has more than {_LONGEST_MODEL_ID_CHARS} characters, which no model's id has")
    return text


def proxy_url(url: str) -> str:
    """An http or https proxy, with user and password where it asks for them."""
    if url.lower().startswith("socks"):
        raise ValueError("names a SOCKS proxy, and only http:// and https:// proxies work")
    parts = _split(url, ("http", "https"))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after host and port")
    return url


def listen_host(text: str) -> str:
    """An address of this machine, or a name of it, without a port."""
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass  # a name, then
    if "/" in text:
        raise ValueError("is an address of the web, and what is needed is one of this machine")
    if ":" in text:
        raise ValueError("holds a port: put that into HEALTH_PORT")
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("is neither an IP address nor a host name")
    return text


def database_url(url: str) -> str:
    """A SQLite file or a PostgreSQL database, by the driver that the bot has."""
    _one_line(url)
    scheme, found, rest = url.partition("://")
    if not found or scheme not in (_SQLITE, _POSTGRES):
        raise ValueError(f"must begin with {_SQLITE}:// or {_POSTGRES}://")
    if scheme == _POSTGRES:
        return _postgres_url(url)
    if not rest.startswith("/"):
        raise ValueError("needs a third slash before a relative path, and a fourth before an absolute one")
    if rest in {"/", "//"} or rest.endswith("/"):
        raise ValueError("names no file")
    return url


def on_sqlite(url: str) -> bool:
    """Whether a URL that `database_url` let pass is a file, which one process has to itself."""
    return url.startswith(_SQLITE)


def _postgres_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "is no address that can be read: write @, /, : and % of a password as %40, %2F, %3A and %25"
        ) from None
    if not (parts.hostname or "host=" in parts.query) or port == 0:
        raise ValueError("names no host")
    if not parts.path.strip("/"):
        raise ValueError("names no database after the host")
    return url


def shard_ids(text: str) -> tuple[int, ...]:
    """Shard numbers and ranges of them ("0,1", "0-3"), or the name of a StatefulSet's pod, which ends in one."""
    if pod := _POD_NAME.fullmatch(text):
        return (int(pod[1]),)
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip(", ")):
        match = _SHARD_RANGE.fullmatch(part)
        if match is None:
            raise ValueError(f"holds {clipped(part)}, which is neither a shard's number nor a range like 0-3")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"holds {clipped(part)}, which ends before it begins")
        if last >= _MOST_SHARDS:
            raise ValueError(f"holds {clipped(part)}, and no bot has so many shards")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


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
