"""Discord's rate limits as they were observed, enforced and shown in headers.

The values are those that people saw and reported, no promises: Discord tells clients to read the headers.
A test changes one with `limits.rules["edit"] = Rule(2, 5.0)`, or all shapes with `limits.shape = "leaky"`.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Scope = Literal["user", "global", "shared"]

_FORGET_ABOVE = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`count` requests per `per_s` seconds.

    A hidden rule shows in no header; `code` goes into the body of its 429.
    """

    count: int
    per_s: float
    hidden: bool = False
    scope: Scope = "user"
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One counter: the name of a rule, and what it counts apart (a channel, a token)."""

    name: str
    key: str = ""


GLOBAL = Lane("global")

DEFAULT_RULES = {
    "global": Rule(50, 1.0, scope="global"),
    "create": Rule(5, 5.0),
    "edit": Rule(5, 5.0),
    "edit-old": Rule(3, 20.0, hidden=True, code=30046),
    "delete-young": Rule(5, 1.0),
    "delete": Rule(3, 0.333),
    "delete-old": Rule(30, 4.0),
    "bulk-delete": Rule(1, 1.0),
    "history": Rule(5, 5.0),
    "reaction": Rule(1, 0.25),
    "typing": Rule(5, 5.0),
    "rename": Rule(2, 600.0, hidden=True),
    "webhook": Rule(5, 2.0),
    "webhook-hidden": Rule(30, 60.0, hidden=True, scope="shared"),
    "other": Rule(100, 10.0),
}


@dataclass(slots=True)
class _Window:
    """Where one lane stands: for a fixed window its start and count, for a leaky one the level at a time."""

    since_s: float
    used: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request is told: go on, or wait `retry_after_s`; and the headers either way."""

    allowed: bool
    headers: dict[str, str]
    scope: Scope = "user"
    retry_after_s: float = 0.0
    code: int | None = None


class Limits:
    """Counts requests in lanes. A fixed window starts with its first request; a leaky one drains steadily.

    `rejected` counts the 429s by scope.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = dict(DEFAULT_RULES)
        self.shape: Literal["fixed", "leaky"] = "fixed"
        self.rejected: Counter[str] = Counter()
        self._windows: dict[Lane, _Window] = {}

    def admit(self, lanes: list[Lane]) -> Verdict:
        """Count one request in each of its lanes, in order, until one is full.

        The first lane that is not hidden gives the headers.
        """
        now = time.monotonic()
        self._forget(now)
        headers: dict[str, str] = {}
        for lane in lanes:
            rule = self.rules[lane.name]
            shown = not rule.hidden and rule.scope != "global"
            wait_s = self._take(lane, rule, now)
            if shown and not headers:
                headers = self._headers(lane, rule, now)
            if wait_s > 0:
                return self.reject(rule.scope, wait_s, headers=headers, code=rule.code)
        return Verdict(True, headers)

    def reject(
        self,
        scope: Scope,
        retry_after_s: float,
        *,
        headers: dict[str, str] | None = None,
        code: int | None = None,
    ) -> Verdict:
        """Write the verdict of a 429 and count it."""
        self.rejected[scope] += 1
        # A 429 without Via looks like Cloudflare's to discord.py, which then gives up at once.
        refused = {
            "Via": "1.1 google",
            "Retry-After": str(math.ceil(retry_after_s)),
            "X-RateLimit-Scope": scope,
        }
        if scope == "global":
            refused["X-RateLimit-Global"] = "true"
        return Verdict(False, (headers or {}) | refused, scope, _ms_up(retry_after_s), code)

    def _take(self, lane: Lane, rule: Rule, now: float) -> float:
        """Count one request; return the seconds to wait where the lane is full."""
        window = self._windows.get(lane)
        if window is None:
            window = self._windows[lane] = _Window(now)
        if self.shape == "leaky":
            drained = (now - window.since_s) * rule.count / rule.per_s
            window.used, window.since_s = max(0.0, window.used - drained), now
            if window.used + 1 > rule.count + 1e-9:
                return (window.used + 1 - rule.count) * rule.per_s / rule.count
        elif now - window.since_s >= rule.per_s:
            window.since_s, window.used = now, 0.0
        elif window.used >= rule.count:
            return window.since_s + rule.per_s - now
        window.used += 1
        return 0.0

    def _headers(self, lane: Lane, rule: Rule, now: float) -> dict[str, str]:
        window = self._windows[lane]
        if self.shape == "leaky":
            reset_after_s = window.used * rule.per_s / rule.count
        else:
            reset_after_s = window.since_s + rule.per_s - now
        reset_after_s = _ms_up(max(0.0, reset_after_s))
        return {
            "X-RateLimit-Limit": str(rule.count),
            "X-RateLimit-Remaining": str(max(0, math.floor(rule.count - window.used + 1e-9))),
            "X-RateLimit-Reset": f"{time.time() + reset_after_s:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
            "X-RateLimit-Bucket": sha256(lane.name.encode()).hexdigest()[:32],
        }

    def _forget(self, now: float) -> None:
        if len(self._windows) > _FORGET_ABOVE:
            self._windows = {
                lane: window
                for lane, window in self._windows.items()
                if now - window.since_s < self.rules[lane.name].per_s
            }


def _ms_up(seconds: float) -> float:
    """Round up to a millisecond: who waits that long must find the window open."""
    return math.ceil(seconds * 1000) / 1000
