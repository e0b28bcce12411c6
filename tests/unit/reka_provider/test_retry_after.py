"""How long to wait, whatever the headers hold."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reka_provider._retry_after import LONGEST_S, reset_s, retry_after_s

NOW_S = 1_700_000_000.0
HOSTILE = [
    "",
    "soon",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "9" * 5000,
    "Wed, 99 Foo 2026",
    "Mon, 01 Jan 99999 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 " + "9" * 400,
    "\x00",
    "0x10",
    "٣ seconds",
]


def date(s: float) -> str:
    return formatdate(s, usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("1e300", LONGEST_S),
        (date(NOW_S + 30), 30.0),
        (date(NOW_S - 30), 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_S),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        *[(value, None) for value in HOSTILE],
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    """HTTP allows both, and proxies in front may send either; what is neither says nothing."""
    assert retry_after_s({"Retry-After": value}, now_s=NOW_S) == seconds


def test_a_wrong_clock_does_not_matter_where_the_server_tells_its_own() -> None:
    """An epoch that lies minutes ahead of our clock is not minutes to wait."""
    off_s = 300.0
    headers = {
        "Date": date(NOW_S + off_s),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": f"{NOW_S + off_s + 4.5}",
    }
    assert reset_s(headers, now_s=NOW_S) == pytest.approx(4.5)
    assert retry_after_s({**headers, "Retry-After": date(NOW_S + off_s + 9)}, now_s=NOW_S) == 9.0


def test_without_a_date_our_clock_must_do() -> None:
    """reka-api.md 2.7: x-ratelimit-reset is in epoch seconds, with a fraction."""
    assert retry_after_s({"x-ratelimit-reset": f"{NOW_S + 3.25}"}, now_s=NOW_S) == pytest.approx(3.25)
    assert retry_after_s({"Date": "yesterday", "x-ratelimit-reset": f"{NOW_S + 3}"}, now_s=NOW_S) == 3.0


def test_a_daily_limit_counts_in_seconds_from_now() -> None:
    """reka-api.md 2.7: x-ratelimit-requests-reset is no epoch, unlike its sibling."""
    headers = {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "42"}
    assert reset_s(headers, now_s=NOW_S) == 42.0


def test_retry_after_decides_over_the_resets() -> None:
    """It is the server's word on this very request."""
    headers = {"Retry-After": "2", "x-ratelimit-reset": f"{NOW_S + 40}"}
    assert retry_after_s(headers, now_s=NOW_S) == 2.0


@pytest.mark.parametrize("value", ["0", "", "-1"])
def test_a_retry_after_of_nothing_leaves_it_to_the_resets(value: str) -> None:
    """reka-api.md 2.7: vision endpoints send 0 where nothing is limited, so 0 tells nothing."""
    headers = {"Retry-After": value, "x-ratelimit-requests-reset": "6"}
    assert retry_after_s(headers, now_s=NOW_S) == 6.0


def test_a_limit_with_something_left_is_not_waited_for() -> None:
    """The daily limit's reset comes with each answer and is hours away."""
    headers = {"x-ratelimit-requests-remaining": "12", "x-ratelimit-requests-reset": "80000"}
    assert retry_after_s(headers, now_s=NOW_S) is None
    assert reset_s(headers, now_s=NOW_S) is None


def test_an_answer_without_its_remainder_holds_nobody_back() -> None:
    """After a 429 it is clear that nothing remains; else it is not."""
    assert reset_s({"retry-after": "0", "x-ratelimit-requests-reset": "80000"}, now_s=NOW_S) is None


def test_an_outage_has_no_limit_to_reset() -> None:
    """A 503 may carry the headers of a limit that has nothing to do with it."""
    headers = {"x-ratelimit-requests-reset": "80000"}
    assert retry_after_s(headers, now_s=NOW_S, status=503) is None
    assert retry_after_s({**headers, "Retry-After": "3"}, now_s=NOW_S, status=503) == 3.0


NAMES = [
    "Retry-After",
    "Date",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-requests-remaining",
    "x-ratelimit-requests-reset",
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*HOSTILE, "0", "0.0", "-0", "1e300", "-1e300", date(0), date(NOW_S + 5)]),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S -0000")),
)


@given(headers=st.dictionaries(st.sampled_from(NAMES), VALUES), status=st.sampled_from([429, 503]))
def test_no_header_leads_to_a_wait_that_is_none(headers: dict[str, str], status: int) -> None:
    """A wait of nan never ends, one of 1e300 cannot be shown, and an exception would hide the refusal."""
    asked_s = retry_after_s(headers, now_s=NOW_S, status=status)
    assert asked_s is None or 0.0 <= asked_s <= LONGEST_S
    until_s = reset_s(headers, now_s=NOW_S)
    assert until_s is None or 0.0 < until_s <= LONGEST_S
