"""What refusals mean, whatever they look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reka_provider
from reka_provider import (
    RekaAuthError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
)
from reka_provider._refusals import (
    PLATFORM,
    SPACE,
    Service,
    error_from_object,
    page_error,
    redirect_error,
    status_error,
)

FAILURES = Path(reka_provider.__file__).parents[1] / "docs" / "reka-failures.md"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"error": {"type": "validation_error", "message": "too long"}}, RekaRequestError),
        ({"error": {"type": "validation_error", "message": "credit card numbers"}}, RekaRequestError),
        ({"error": {"type": "not_found_error", "message": "no such model"}}, RekaRequestError),
        ({"error": {"type": "authentication_error", "message": "key"}}, RekaAuthError),
        ({"error": {"type": "rate_limit_error", "message": "slow down"}}, RekaRateLimitError),
        ({"error": {"type": "rate_limit_error", "message": "Insufficient credits"}}, RekaQuotaError),
        ({"error": {"type": "insufficient_quota", "message": ""}}, RekaQuotaError),
        ({"error": {"type": "server_error", "message": "insufficient memory"}}, RekaResponseError),
        ({"error": {"type": "server_error", "message": "incredible, accredited"}}, RekaResponseError),
        ({"error": "overloaded"}, RekaResponseError),
        ({"type": "error", "text": "overloaded"}, RekaResponseError),
        ({"error": {"message": ["a", 1]}}, RekaResponseError),
        ({"error": None}, RekaResponseError),
        ({}, RekaResponseError),
    ],
)
def test_an_error_inside_an_answer_is_known_by_its_type(value: dict[str, Any], kind: type[RekaError]) -> None:
    """reka-api.md 2.6: the types; a person who is told of credits must not be told for nothing."""
    assert type(error_from_object(value)) is kind


@pytest.mark.parametrize(("service", "advice"), [(SPACE, "appSession"), (PLATFORM, "REKA_API_KEY")])
def test_advice_is_that_of_the_service(service: Service, advice: str) -> None:
    """The same object comes from both."""
    value = {"error": {"type": "authentication_error", "message": "who?"}}
    assert advice in str(error_from_object(value, str, service))


def test_a_web_page_is_a_log_in_only_where_people_log_in() -> None:
    """The platform's gateway may show a page with a log-in link for any fault."""
    page = b"<html><a href=/login>Log in</a></html>"
    assert isinstance(page_error(page, SPACE), RekaAuthError)
    assert type(page_error(page, PLATFORM)) is RekaResponseError
    assert type(page_error(b"<html>Bad gateway</html>", SPACE)) is RekaResponseError


@given(
    status=st.integers(400, 599),
    body=st.one_of(
        st.binary(max_size=80),
        st.sampled_from([b"[" * 10_000, b'{"error": {"message": {"a": null}}}', b'{"detail": 7}', b"\xff<"]),
    ),
)
def test_no_body_hides_the_refusal(status: int, body: bytes) -> None:
    """Error bodies are written by whatever stands in between."""
    error = status_error(status, body, str, PLATFORM)
    assert isinstance(error, RekaError)
    assert str(status) in str(error)
    assert len(str(error)) < 400


def test_an_endless_address_is_not_quoted_whole() -> None:
    """The fuzzer found it: whoever redirects writes the address."""
    error = redirect_error(f"https://{'a' * 5000}.example", base_url="https://space.reka.ai", service=SPACE)
    assert len(str(error)) < 400


def test_the_table_of_failures_names_every_error() -> None:
    """An error that no page explains is one that nobody handles."""
    text = FAILURES.read_text(encoding="utf-8")
    errors = {name for name in reka_provider.__all__ if name.startswith("Reka") and name.endswith("Error")}
    assert {name for name in errors if f"`{name}`" not in text} == set()
