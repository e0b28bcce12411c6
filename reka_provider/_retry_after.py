"""How long a server asks to wait; pure.

Wire: `Retry-After` in seconds or as an HTTP date; `x-ratelimit-reset` in epoch seconds with a fraction;
`x-ratelimit-requests-reset` in seconds from now. Vision endpoints send `retry-after: 0` with every answer, which
is no limit (reka-api.md 2.7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_S = (
    31 * 86_400.0
)  # a month's quota; what is longer is a fault of the sender, and no date could show it


def retry_after_s(headers: Mapping[str, str], *, now_s: float, status: int = 429) -> float | None:
    """Seconds to wait after a refusal, 0 to `LONGEST_S`; None where it says nothing of use.

    Retry-After decides. Where it is missing or 0, the resets of limits count after a 429. `now_s` (epoch seconds)
    is our own clock; the server's Date takes its place where there is one, since either clock may be wrong.
    """
    asked_s = _bounded(_seconds_or_date(headers.get("Retry-After", ""), _server_now_s(headers, now_s)))
    if asked_s or status != 429:
        return asked_s
    return _longest_reset_s(headers, now_s, untold_is_used_up=True) or asked_s


def reset_s(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Seconds, above 0, until all limits of which nothing remains are whole again; None where none is used up."""
    return _longest_reset_s(headers, now_s, untold_is_used_up=False)


def _longest_reset_s(headers: Mapping[str, str], now_s: float, *, untold_is_used_up: bool) -> float | None:
    longest_s = 0.0
    for remaining, reset, is_date in (
        ("x-ratelimit-remaining", "x-ratelimit-reset", True),
        ("x-ratelimit-requests-remaining", "x-ratelimit-requests-reset", False),
    ):
        left = headers.get(remaining)
        used_up = untold_is_used_up if left is None else _number(left) == 0
        seconds = _number(headers.get(reset, "")) if used_up else None
        if seconds is not None and is_date:
            seconds -= _server_now_s(headers, now_s)
        longest_s = max(longest_s, _bounded(seconds) or 0.0)
    return longest_s or None


def _server_now_s(headers: Mapping[str, str], now_s: float) -> float:
    # Date has whole seconds, rounded down: a wait is too long by less than one, never too short.
    server_s = _date(headers.get("Date", ""))
    return now_s if server_s is None else server_s


def _seconds_or_date(value: str, now_s: float) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds
    date_s = _date(value)
    return None if date_s is None else date_s - now_s


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(value: str) -> float | None:
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
        # "-0000" gives a date without a zone, which Python would take for local time.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # each comes up for some date that is none
        return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(0.0, seconds), LONGEST_S)
