"""Scripted faults: the next request of a route goes wrong in the way a test asks for."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.limits import Scope


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request. `delay_s` is waited before anything else happens.

    `after_effect` tells whether the request does its work before it fails. With a `code` the answer is one of
    Discord's own refusals, in JSON.
    """

    status_code: int | None = None
    code: int | None = None
    message: str = ""
    reset: bool = False
    after_effect: bool = False
    scope: Scope | None = None
    retry_after_s: float = 0.0
    with_headers: bool = True
    delay_s: float = 0.0

    @classmethod
    def status(cls, status: int, *, after_effect: bool = False) -> Fault:
        """Answer with that status and an error page, as Discord's edge does."""
        return cls(status_code=status, after_effect=after_effect)

    @classmethod
    def refusal(cls, status: int, code: int, message: str) -> Fault:
        """Refuse it as Discord itself does, with a JSON error code (200000: AutoMod blocked the text)."""
        return cls(status_code=status, code=code, message=message)

    @classmethod
    def reset_before(cls) -> Fault:
        """Reset the connection; nothing happened."""
        return cls(reset=True)

    @classmethod
    def reset_after(cls) -> Fault:
        """Do it, then reset the connection: the answer is lost."""
        return cls(reset=True, after_effect=True)

    @classmethod
    def rate_limit(cls, scope: Scope, retry_after_s: float, *, with_headers: bool = True) -> Fault:
        """Answer 429; `with_headers` False leaves out all headers of rate limits but Retry-After."""
        return cls(scope=scope, retry_after_s=retry_after_s, with_headers=with_headers)

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        """Answer rightly, but late."""
        return cls(delay_s=seconds)


class Faults:
    """Faults waiting for their request, by method and route.

    `latency_s` is added on each way, to requests, answers and gateway events. `no_limit_headers` leaves the
    headers of rate limits out of every answer. `clock_skew_s` is added to the headers Date and
    X-RateLimit-Reset.
    """

    def __init__(self) -> None:
        self.latency_s = 0.0
        self.no_limit_headers = False
        self.clock_skew_s = 0.0
        self._known: set[tuple[str, str]] = set()
        self._waiting: dict[tuple[str, str], deque[Fault]] = {}

    def know(self, routes: Iterable[tuple[str, str]]) -> None:
        """Learn which routes exist, so that a misspelt one is refused."""
        self._known.update((method, same_route(route)) for method, route in routes)

    def next(self, method: str, route: str, *faults: Fault, times: int = 1) -> None:
        """Let the next requests of a route meet these faults in order, the whole row `times` times.

        Names in braces may be any: "/channels/{c}/messages". Raises LookupError for an unknown route.
        """
        key = (method, same_route(route))
        if key not in self._known:
            raise LookupError(f"no route {method} {route}")
        self._waiting.setdefault(key, deque()).extend(faults * times)

    def clear(self) -> None:
        """Forget all faults that still wait."""
        self._waiting.clear()

    def take(self, method: str, route: str) -> Fault | None:
        """Return the fault that this request meets."""
        waiting = self._waiting.get((method, same_route(route)))
        return waiting.popleft() if waiting else None


def same_route(route: str) -> str:
    """Write a route so that only its shape counts."""
    return re.sub(r"\{[^}]*\}", "{}", route)
