"""Which limits Reka has reported as used up, so that nobody has to be refused to know; pure."""

from __future__ import annotations

import time
from collections.abc import Callable

ASKS_AGAIN_AFTER_S = 60.0


class UsedUpLimits:
    """The lanes (an endpoint and a model) whose limit is used up, each until it is whole again.

    A lane is asked again after a minute at the latest, whatever was reported: limits are raised, credits are bought,
    and headers can be wrong.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s: dict[tuple[str, str], tuple[float, float]] = {}  # when to ask again, when it is whole

    def note(self, lane: tuple[str, str], wait_s: float) -> None:
        """The limit of `lane` is used up for `wait_s` seconds from now."""
        now_s = self._clock()
        self._until_s[lane] = (now_s + min(wait_s, ASKS_AGAIN_AFTER_S), now_s + wait_s)

    def wait_s(self, lane: tuple[str, str]) -> float:
        """Seconds until `lane` is whole again; 0 where it is, or may be asked whether it is."""
        if not self._until_s:
            return 0.0
        ask_s, whole_s = self._until_s.get(lane, (0.0, 0.0))
        now_s = self._clock()
        if now_s < ask_s:
            return whole_s - now_s
        self._until_s.pop(lane, None)
        return 0.0
