"""Requests that fail: what is told at once, what is tried again, and when nobody asks any more."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from reka_provider import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaUnavailableError,
)
from sandbox.reka_platform import RateLimit, RekaPlatformServer, error_body
from sandbox.reka_space import Script
from tests.contract.reka.faces import Face, MakeFace
from tests.contract.reka.failures import failure_of
from tests.contract.reka.wires import Wire

DOWN = Script(status=501)
"""An outage that is not worth trying again."""


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RekaRequestError),
        (402, RekaQuotaError),
        (403, RekaAuthError),
        (404, RekaRequestError),
        (409, RekaRequestError),
        (413, RekaRequestError),
        (422, RekaRequestError),
        (501, RekaResponseError),
    ],
)
async def test_a_status_that_waiting_does_not_change_is_told_at_once(
    reka: Face, wire: Wire, status: int, expected: type[RekaError]
) -> None:
    """2.6: what each means; 4: the known client never looks at the status."""
    body = '{"error": {"type": "x", "message": "why not"}}'
    wire.server.enqueue(Script(status=status, body=body, headers={"X-Request-ID": "r-1"}))
    failure = await failure_of(reka)
    assert type(failure) is expected
    assert failure.status == status
    assert failure.request_id == "r-1"
    assert len(wire.server.chats) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"type": "validation_error", "message": "no such lamp"}}', "no such lamp"),
        ('{"error": "no such lamp"}', "no such lamp"),
        ('{"detail": "no such lamp"}', "no such lamp"),
        ('{"detail": [{"loc": ["body"], "msg": "no such lamp", "type": "value_error"}]}', "no such lamp"),
        ("no such\nlamp", "no such lamp"),
        ("<html>no such lamp</html>", "a web page"),
        ("", "(400)."),
        ('{"error": null}', "(400)"),
        ("[" * 100_000, "(400)"),
    ],
    ids=["object", "string", "detail", "list", "words", "page", "nothing", "null", "deep"],
)
async def test_a_refusal_says_why_in_one_line(reka: Face, wire: Wire, body: str, said: str) -> None:
    """2.6: the error object, the older body of 422, or none of both."""
    wire.server.enqueue(Script(status=400, body=body))
    failure = await failure_of(reka)
    assert type(failure) is RekaRequestError
    assert said in str(failure)
    assert "\n" not in str(failure)
    assert len(str(failure)) < 400


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_status_that_may_pass_is_tried_again(reka: Face, wire: Wire, status: int) -> None:
    """Ours: 429, 500, 502, 503 and 504 are tried again, at most three times, before the first token."""
    wire.server.enqueue(*[Script(status=status)] * 3, Script("There."))
    assert await reka.pieces() == ["There."]
    assert len(wire.server.chats) == 4


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_the_fourth_failure_is_told(reka: Face, wire: Wire, status: int) -> None:
    """Ours: at most three more attempts."""
    wire.server.enqueue(*[Script(status=status)] * 5)
    failure = await failure_of(reka)
    assert type(failure) is (RekaRateLimitError if status == 429 else RekaResponseError)
    assert failure.status == status
    assert len(wire.server.chats) == 4


async def test_nothing_is_tried_again_after_the_first_token(reka: Face, wire: Wire) -> None:
    """Ours: a second answer would begin differently."""
    wire.server.enqueue(Script("one two", token_s=0.01, cut_after_pieces=1))
    await failure_of(reka)
    assert len(wire.server.chats) == 1


async def test_a_break_before_the_first_token_is_not_tried_again(reka: Face, wire: Wire) -> None:
    """Ours: of connections only refused ones are tried again; the rest may have reached the model."""
    wire.server.enqueue(Script("one two", cut_after_pieces=0))
    await failure_of(reka)
    assert len(wire.server.chats) == 1


WAITS: list[Any] = [
    pytest.param({"Retry-After": "11"}, 11, id="seconds"),
    pytest.param({"Retry-After": "11.5"}, 11.5, id="fraction"),
    pytest.param({"Retry-After": "+20"}, 20, id="date"),
    pytest.param({"x-ratelimit-reset": "+30"}, 30, id="epoch"),
    pytest.param({"retry-after": "0", "x-ratelimit-reset": "+30"}, 30, id="epoch-beside-0"),
    pytest.param({"x-ratelimit-requests-reset": "25"}, 25, id="seconds-until"),
    pytest.param({"Retry-After": "60", "x-ratelimit-requests-reset": "25"}, 60, id="retry-after-decides"),
]


@pytest.mark.parametrize(("headers", "wait_s"), WAITS)
async def test_a_wait_that_does_not_fit_is_not_begun(
    reka: Face, wire: Wire, headers: dict[str, str], wait_s: float
) -> None:
    """2.7: Retry-After in seconds or as a date, the epoch header, seconds until; ours: 10 s in all."""
    now_s = time.time()
    given = {}
    for name, value in headers.items():
        until_s = now_s + float(value)
        absolute = formatdate(until_s, usegmt=True) if name == "Retry-After" else f"{until_s:.2f}"
        given[name] = absolute if value.startswith("+") else value
    wire.server.enqueue(Script(status=429, headers=given))
    start_s = time.monotonic()
    failure = await failure_of(reka)
    assert type(failure) is RekaRateLimitError
    assert failure.retry_after == pytest.approx(
        wait_s, abs=1.5 if "+" in "".join(headers.values()) else 0.001
    )
    assert time.monotonic() - start_s < 1.0
    assert len(wire.server.chats) == 1


async def test_a_wait_that_fits_is_kept(reka: Face, wire: Wire) -> None:
    """2.7: who asks earlier is refused again."""
    wire.server.enqueue(Script(status=429, headers={"Retry-After": "0.3"}), Script("There."))
    start_s = time.monotonic()
    assert await reka.pieces() == ["There."]
    assert time.monotonic() - start_s >= 0.3


async def test_all_waits_together_fit_or_end(reka: Face, wire: Wire) -> None:
    """Ours: all waits before the first token together take at most 10 s."""
    waits = [
        Script(status=503, headers={"Retry-After": "0.2"}),
        Script(status=503, headers={"Retry-After": "9.9"}),
    ]
    wire.server.enqueue(*waits, Script("There."))
    start_s = time.monotonic()
    failure = await failure_of(reka)
    assert failure.retry_after == 9.9
    assert time.monotonic() - start_s < 2.0
    assert len(wire.server.chats) == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "Insufficient credits"),
        (429, "You have no credit left"),
        (429, "Check your billing details"),
        (402, "Payment required"),
        (402, ""),
    ],
)
async def test_missing_credits_are_no_rate_limit(reka: Face, wire: Wire, status: int, message: str) -> None:
    """2.6: 402, and also 429, mean insufficient credits, where waiting does not help."""
    body = f'{{"error": {{"type": "rate_limit_error", "message": "{message}"}}}}'
    wire.server.enqueue(Script(status=status, body=body, headers={"Retry-After": "1"}))
    failure = await failure_of(reka)
    assert type(failure) is RekaQuotaError
    assert failure.retry_after is None
    assert len(wire.server.chats) == 1


@pytest.mark.parametrize("form", ["research", "vision"])
async def test_a_limit_that_is_used_up_is_not_run_into(
    make: MakeFace, platform: RekaPlatformServer, form: Any
) -> None:
    """2.7: the headers of an answer say what is left, and when it is whole again."""
    platform.rate_limit = RateLimit(1, window_s=40.0, form=form)
    face = make()
    assert await face.pieces()
    failure = await failure_of(face)
    assert type(failure) is RekaRateLimitError
    assert failure.retry_after == pytest.approx(40, abs=2)
    assert len(platform.chats) == 1


async def test_retry_after_0_on_an_answer_is_no_limit(reka: Face, platform: RekaPlatformServer) -> None:
    """2.7: vision sends `retry-after: 0` on every response."""
    platform.rate_limit = RateLimit(5, form="vision")
    for _ in range(3):
        assert await reka.pieces()
    assert len(platform.chats) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_told_and_not_followed(reka: Face, wire: Wire, status: int) -> None:
    """4: the host has moved before; ours: a redirect would carry the credentials along."""
    wire.server.faults.append(wire.fault(status, "", Location="https://talk.reka.example/x"))
    failure = await failure_of(reka)
    assert type(failure) is RekaResponseError
    assert "talk.reka.example" in str(failure)


async def test_a_refused_connection_is_tried_again_and_then_told(make: MakeFace, wire: Wire) -> None:
    """Ours: connection refused is tried again; Reka down is a connection error, whatever was asked."""
    await wire.server.close()
    start_s = time.monotonic()
    failure = await failure_of(make(backoff=0.02))
    assert type(failure) is RekaConnectionError
    assert "refuses connections" in str(failure)
    assert time.monotonic() - start_s >= 0.02 * 7 * 0.75


async def test_a_name_that_leads_nowhere_is_told(make: MakeFace) -> None:
    """Ours: a slip in an address is a connection error that names the address."""
    failure = await failure_of(make(base_url="http://reka.invalid"))
    assert isinstance(failure, RekaConnectionError)
    assert "reka.invalid" in str(failure)


async def test_a_restarted_server_is_found_again(reka: Face, wire: Wire) -> None:
    """Ours: kept connections may be dead."""
    await reka.pieces()
    await wire.server.close()
    await wire.server.start()
    assert await reka.pieces()


async def outage(face: Face, wire: Wire, count: int = 5) -> None:
    wire.server.enqueue(*[DOWN] * count)
    for _ in range(count):
        assert (await failure_of(face)).status == 501


async def test_after_five_failures_nobody_asks_any_more(reka: Face, wire: Wire) -> None:
    """Ours: the breaker opens after 5 requests in a row that failed for good; users get their sentence at once."""
    await outage(reka, wire)
    failure = await failure_of(reka)
    assert type(failure) is RekaUnavailableError
    assert failure.retry_after == pytest.approx(10, abs=1)
    assert len(wire.server.chats) == 5


@pytest.mark.parametrize("up", [True, False], ids=["back", "still-down"])
async def test_every_ten_seconds_one_probe_is_sent(reka: Face, wire: Wire, up: bool) -> None:
    """Ours: probes every 10 s; one answer closes the breaker, and a failed probe costs one request."""
    await outage(reka, wire)
    reka.breakers()[wire.endpoint].clock = lambda: time.monotonic() + 11
    wire.server.enqueue(Script("Back.") if up else Script(status=503))
    if up:
        assert await reka.pieces() == ["Back."]
        assert await reka.pieces()
        return
    assert (await failure_of(reka)).status == 503
    assert len(wire.server.chats) == 6
    assert type(await failure_of(reka)) is RekaUnavailableError
    assert len(wire.server.chats) == 6


@pytest.mark.parametrize(
    "script",
    [
        Script(status=400, body=str(error_body("validation_error", "no"))),
        Script(status=429, headers={"Retry-After": "60"}),
        Script(status=402),
        Script("one two", token_s=0.005, cut_after_pieces=1),
        Script(error={"type": "server_error", "message": "late"}),
    ],
    ids=["400", "429", "402", "cut", "error-in-stream"],
)
async def test_what_is_no_outage_opens_no_breaker(reka: Face, wire: Wire, script: Script) -> None:
    """Ours: refusals are answers, and a break in mid-stream is none of the endpoint's health."""
    for _ in range(6):
        wire.server.enqueue(script)
        assert not isinstance(await failure_of(reka), RekaUnavailableError)
    assert len(wire.server.chats) == 6


async def test_a_breaker_watches_one_endpoint(reka: Face, platform: RekaPlatformServer, wire: Wire) -> None:
    """Ours: a circuit breaker per endpoint; the list of models still answers."""
    await outage(reka, wire)
    assert await reka.call("list_models")
