"""When an outage is an outage, and how its end is found."""

from __future__ import annotations

import pytest

from reka_provider import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
    RekaUnavailableError,
)
from reka_provider._breaker import OPENS_AFTER, PROBE_EVERY_S, Breaker

DOWN = RekaConnectionError("Reka could not be reached.")


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int = 1, error: RekaError = DOWN) -> None:
    for _ in range(times):
        breaker.failed(error, probe=breaker.admit())


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        RekaTimeoutError("Reka sent nothing."),
        RekaResponseError("a fault of its own", status=500),
        RekaResponseError("no valid HTTP"),
    ],
)
def test_five_outages_in_a_row_open_it(breaker: Breaker, error: RekaError) -> None:
    """Then a sixth person need not wait to be told the same."""
    fail(breaker, OPENS_AFTER - 1, error)
    assert breaker.state == "closed"
    fail(breaker, 1, error)
    assert (breaker.state, breaker.opened) == ("open", 1)
    with pytest.raises(RekaUnavailableError, match=str(error)) as caught:
        breaker.admit()
    assert caught.value.retry_after == PROBE_EVERY_S
    assert breaker.turned_away == 1


@pytest.mark.parametrize(
    "error",
    [
        RekaRequestError("wrong", status=400),
        RekaAuthError("who?", status=401),
        RekaQuotaError("no credits", status=429),
        RekaRateLimitError("wait", status=429),
        RekaResponseError("moved", status=308),
    ],
)
def test_a_refusal_is_an_answer(breaker: Breaker, error: RekaError) -> None:
    """Whoever refuses is there."""
    fail(breaker, OPENS_AFTER - 1)
    fail(breaker, 1, error)
    assert (breaker.state, breaker.failures) == ("closed", 0)


@pytest.mark.parametrize(
    "error", [RekaProxyError("refuses", status=503), RekaRateLimitError("not sent", retry_after=20)]
)
def test_what_never_reached_reka_tells_nothing_of_it(breaker: Breaker, error: RekaError) -> None:
    """Neither that it is up nor that it is down."""
    fail(breaker, OPENS_AFTER - 1)
    fail(breaker, 10, error)
    assert (breaker.state, breaker.failures) == ("closed", OPENS_AFTER - 1)


def test_one_answer_ends_the_row(breaker: Breaker) -> None:
    """In a row means in a row: one failure in two is no outage."""
    for _ in range(10):
        fail(breaker, OPENS_AFTER - 1)
        breaker.answered()
    assert (breaker.state, breaker.opened) == ("closed", 0)


def test_one_probe_goes_through_every_ten_seconds(breaker: Breaker, clock: Clock) -> None:
    """An outage costs one request in ten seconds, not one for each question."""
    fail(breaker, OPENS_AFTER)
    for expected in (1, 2, 3):
        clock.now_s += PROBE_EVERY_S
        assert breaker.admit()
        breaker.failed(DOWN, probe=True)
        clock.now_s += 4
        with pytest.raises(RekaUnavailableError) as caught:
            breaker.admit()
        assert caught.value.retry_after == pytest.approx(6.0)
        clock.now_s -= 4
        assert breaker.probes == expected
    assert breaker.opened == 1


def test_a_probe_that_hangs_does_not_keep_the_next(breaker: Breaker, clock: Clock) -> None:
    """Its time-out may be a minute away, and Reka back in five seconds."""
    fail(breaker, OPENS_AFTER)
    clock.now_s += PROBE_EVERY_S
    assert breaker.admit()
    clock.now_s += PROBE_EVERY_S
    assert breaker.admit()


def test_an_abandoned_probe_passes_to_the_next(breaker: Breaker, clock: Clock) -> None:
    """Its person deleted the question; the next one should not wait ten seconds for that."""
    fail(breaker, OPENS_AFTER)
    clock.now_s += PROBE_EVERY_S
    breaker.abandoned(probe=breaker.admit())
    assert breaker.admit()


def test_an_abandoned_request_is_no_probe(breaker: Breaker) -> None:
    """One that was sent before it opened says nothing either way."""
    early = breaker.admit()
    fail(breaker, OPENS_AFTER)
    breaker.abandoned(probe=early)
    with pytest.raises(RekaUnavailableError):
        breaker.admit()


def test_an_answer_closes_it(breaker: Breaker, clock: Clock) -> None:
    """A probe that came through, or a request from before that did so at last."""
    fail(breaker, OPENS_AFTER)
    clock.now_s += PROBE_EVERY_S
    assert breaker.admit()
    breaker.answered()
    assert (breaker.state, breaker.failures, breaker.probe_in_s) == ("closed", 0, 0.0)
    assert not breaker.admit()
    fail(breaker, OPENS_AFTER)
    assert breaker.opened == 2


def test_a_late_failure_does_not_put_the_probe_off(breaker: Breaker, clock: Clock) -> None:
    """Requests from before the outage may fail for a minute, one after the other."""
    late = breaker.admit()
    fail(breaker, OPENS_AFTER)
    clock.now_s += 9
    breaker.failed(DOWN, probe=late)
    assert breaker.probe_in_s == pytest.approx(1.0)
