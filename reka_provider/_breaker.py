"""After an outage has shown itself, ask rarely and fail at once; pure.

One breaker watches one endpoint. It opens after so many requests in a row that failed for good with an outage; open,
it lets one probe through every few seconds, and the first answer of any kind closes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from reka_provider._errors import (
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaResponseError,
    RekaTimeoutError,
    RekaUnavailableError,
)

OPENS_AFTER = 5
PROBE_EVERY_S = 10.0


@dataclass(slots=True)
class Breaker:
    """What is known of an endpoint's health; the counts are for reading.

    Its owner calls `admit` before a request, and after it `answered`, `failed` or `abandoned`, with what `admit` said.
    """

    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    state: Literal["closed", "open"] = "closed"
    failures: int = 0
    """Requests in a row that failed for good with an outage."""
    opened: int = 0
    """How often it has opened."""
    probes: int = 0
    """How many probes it has let through."""
    turned_away: int = 0
    """How many requests it has failed at once."""
    last_failure: str = ""
    """What the last outage's error said."""
    _next_probe_s: float = field(default=0.0, repr=False)

    @property
    def probe_in_s(self) -> float:
        """Seconds until the next probe may go; 0 while closed."""
        return max(0.0, self._next_probe_s - self.clock()) if self.state == "open" else 0.0

    def admit(self) -> bool:
        """Whether the request that is about to be sent is a probe, and so has one attempt only.

        Raises RekaUnavailableError, with the seconds to the next probe, where it must not be sent.
        """
        if self.state == "closed":
            return False
        wait_s = self.probe_in_s
        if wait_s > 0:
            self.turned_away += 1
            raise RekaUnavailableError(
                f"Reka has failed {self.failures} times in a row, so it was not asked again. Last: "
                f"{self.last_failure}",
                retry_after=wait_s,
            )
        # From the probe's start: one that hangs until its time-out must not keep the next from going.
        self._next_probe_s = self.clock() + PROBE_EVERY_S
        self.probes += 1
        return True

    def answered(self) -> None:
        """The endpoint answered, if only to refuse: there is no outage."""
        self.state = "closed"
        self.failures = 0

    def failed(self, error: RekaError, *, probe: bool) -> None:
        """The request has failed for good, before its first byte."""
        if not is_outage(error):
            if error.status is None or isinstance(error, RekaProxyError):
                self.abandoned(probe=probe)  # it never reached the endpoint
            else:
                self.answered()
            return
        self.failures += 1
        self.last_failure = str(error)
        if self.state == "closed" and self.failures >= OPENS_AFTER:
            self.state = "open"
            self.opened += 1
            self._next_probe_s = self.clock() + PROBE_EVERY_S

    def abandoned(self, *, probe: bool) -> None:
        """The request has told nothing, as when it was cancelled; if it was a probe, the next takes its place."""
        if probe and self.state == "open":
            self._next_probe_s = self.clock()


def is_outage(error: RekaError) -> bool:
    """Whether an error says that the service is down, and neither the request nor a setting is to blame."""
    if isinstance(error, RekaProxyError) or not isinstance(
        error, (RekaConnectionError, RekaTimeoutError, RekaResponseError)
    ):
        return False
    return error.status is None or error.status >= 500
