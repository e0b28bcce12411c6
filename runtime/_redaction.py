"""The last net for secrets in text that is about to be logged; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["MASK", "Redactor"]

MASK = "[secret]"
_SHORTEST_SECRET_CHARS = 6
"""A shorter string is no secret worth the name, and masking it would eat ordinary words."""

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A bot token: its first part is the base64 of a number, hence M, N or O at its start.
    (re.compile(r"(?<![\w-])[MNO][\w-]{20,30}\.[\w-]{5,8}\.[\w-]{20,}", re.ASCII), MASK),
    # A JSON web token, signed (three parts) or encrypted (five): Reka's access token and its session.
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){2,4}", re.ASCII), MASK),
    # discord.py names these addresses in warnings; the part after the id lets anybody write as the bot.
    (re.compile(r"(/(?:webhooks|interactions)/[^/\s]+/)[^/?\s'\"]+"), rf"\1{MASK}"),
    (re.compile(r"((?:set-)?cookie2?['\"]?\s*[:=]\s*['\"]?)[^'\"\r\n}]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(appSession(?:\.\d+)?['\"]?\s*[:=]\s*['\"]?)[^;,\s'\"}]+"), rf"\1{MASK}"),
    (
        re.compile(
            r"(authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|bot|basic)\s+)?)[^\s'\",;}]+", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(\bbearer\s+)[^\s'\",;}]+", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(
            r"(['\"](?:access_?token|refresh_?token|token|api_?key|password)['\"]\s*:\s*['\"])[^'\"]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # A user and password in an address, and the signature that makes an attachment's address work.
    (re.compile(r"(://)[^/\s@'\"]+@"), rf"\1{MASK}@"),
    (re.compile(r"([?&]hm=)[0-9a-fA-F]+"), rf"\1{MASK}"),
)


class Redactor:
    """Masks the given secrets, and whatever looks like one of the kinds this bot handles."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= _SHORTEST_SECRET_CHARS
            # As it is, as a part of an address, and as a string inside JSON or a repr.
            for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1])
        }
        # The longest first, so that a secret that begins like another is masked whole.
        ordered = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._exact = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """`text` with every secret replaced by MASK."""
        if self._exact is not None:
            text = self._exact.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
