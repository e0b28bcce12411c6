"""Events seen lately: Discord delivers an event 0, 1 or n times (discord-facts 3)."""

from __future__ import annotations

from collections import OrderedDict


class RecentEvents:
    """The newest `kept` event ids of this process. The journal is the truth; this spares it the obvious."""

    def __init__(self, *, kept: int = 10_000) -> None:
        self._kept = kept
        self._seen: OrderedDict[int, None] = OrderedDict()

    def is_new(self, event_id: int) -> bool:
        """True the first time that an id is asked for."""
        if event_id in self._seen:
            return False
        self._seen[event_id] = None
        if len(self._seen) > self._kept:
            self._seen.popitem(last=False)
        return True
