"""What a Set-Cookie line says to a client of one host; pure.

Read as browsers do (RFC 6265, 5.2), as far as it matters to a session: value, end, domain and path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SESSION = re.compile(r"appSession(?:\.\d+)?")
_LARGEST_PAIR_CHARS = 4096


@dataclass(frozen=True, slots=True)
class Rotation:
    """What becomes of a cookie: its new value, or None where it is deleted; and its end, in epoch seconds."""

    value: str | None
    expires_s: float | None = None


def is_session(name: str) -> bool:
    """Whether a cookie is the session, or a piece of one that was too large for one cookie (reka-api.md 1.1)."""
    return _SESSION.fullmatch(name) is not None


def is_cookie(name: str, value: str) -> bool:
    """Whether a Cookie header can carry the pair."""
    return bool(_NAME.fullmatch(name)) and value.isascii() and value.isprintable() and ";" not in value


def is_of_host(domain: str, host: str) -> bool:
    """Whether a cookie of `domain` goes to `host`; one without a domain does."""
    wanted = domain.strip().removeprefix(".").lower()
    if wanted in ("", host):
        return True
    # A domain without a dot is a top-level one: a cookie for it would go to half the world.
    return "." in wanted and not _is_address(host) and host.endswith(f".{wanted}")


def rotation_in(line: str, host: str, *, now_s: float) -> tuple[str, Rotation] | None:
    """The name and fate of a cookie; None where the line is none of `host` or none at all."""
    pair, *attributes = line.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or not is_cookie(name, value) or len(name) + len(value) > _LARGEST_PAIR_CHARS:
        return None
    said = _attributes(attributes)
    if not is_of_host(said.get("domain", ""), host) or said.get("path", "/") not in ("", "/"):
        return None
    expires_s = _expires_s(said, now_s)
    if expires_s is not None and expires_s <= now_s:
        return name, Rotation(None)
    return name, Rotation(value, expires_s)


def _attributes(parts: Iterable[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _expires_s(said: dict[str, str], now_s: float) -> float | None:
    max_age = said.get("max-age", "")
    if re.fullmatch(r"-?\d{1,15}", max_age):
        return now_s + int(max_age) if int(max_age) > 0 else 0.0
    try:
        return parsedate_to_datetime(said["expires"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
