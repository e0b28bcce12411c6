"""What is tried again, for how long, and what is not even sent: docs/reka-failures.md, line by line."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from reka_provider import (
    AsyncReka,
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
from reka_provider._http import Http, Patience
from reka_provider._refusals import PLATFORM, SPACE, Service
from sandbox.reka_space import Fault, RekaSpace, Script

KEY = "key-of-the-operator"
DAY = {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "80000", "retry-after": "0"}


@dataclass(frozen=True)
class Canned:
    """An answer that was made up beforehand."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "{}"
    wait_s: float = 0.0


class CannedServer:
    """Answers what was put in, in order, and then 200."""

    def __init__(self) -> None:
        self.answers: deque[Canned] = deque()
        self.asked = 0
        self.url = ""
        self._was_asked = asyncio.Condition()
        self._stack = AsyncExitStack()

    def will(self, *answers: Canned) -> None:
        self.answers.extend(answers)

    async def until_asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        async with self._was_asked:
            await self._was_asked.wait_for(lambda: self.asked >= times)

    async def __aenter__(self) -> Self:
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.01)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        async with self._was_asked:
            self.asked += 1
            self._was_asked.notify_all()
        canned = self.answers.popleft() if self.answers else Canned()
        await asyncio.sleep(canned.wait_s)
        return web.Response(status=canned.status, headers=canned.headers, text=canned.body)


class Clock:
    """A clock that a test turns."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def server() -> AsyncIterator[CannedServer]:
    async with CannedServer() as running:
        yield running


MakeHttp = Callable[..., Http]


@pytest.fixture
async def make(server: CannedServer) -> AsyncIterator[MakeHttp]:
    """Makes clients of the canned server, and closes them."""
    async with AsyncExitStack() as stack:

        def made(base_url: str = "", service: Service = PLATFORM, **options: Any) -> Http:
            usual: dict[str, Any] = {
                "proxy": None,
                "connect_timeout_s": 10.0,  # a busy machine may take its time
                "idle_timeout_s": 10.0,
                "backoff_s": 0.001,
                "secrets": lambda: [KEY],
            }
            http = Http(base_url or server.url, service, **{**usual, **options})
            stack.push_async_callback(http.close)
            return http

        yield made


async def ask(http: Http, path: str = "/chat/completions", *, model: str = "", left_s: float = 10.0) -> int:
    response = await http.request("POST", path, headers={}, patience=Patience(left_s), model=model)
    response.close()
    return response.status


async def failure_of(http: Http, path: str = "/chat/completions", **options: Any) -> RekaError:
    with pytest.raises(RekaError) as caught:
        await ask(http, path, **options)
    return caught.value


async def read_out(reka: AsyncReka) -> None:
    async with aclosing(reka.stream(messages=[{"role": "user", "content": "Hi"}])) as states:
        async for _ in states:
            continue


@pytest.fixture
def unused_url() -> Iterator[str]:
    """Where nobody listens; bound, so that nobody else begins to meanwhile."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


# --- tried again ---


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_three_times_more(
    make: MakeHttp, server: CannedServer, status: int
) -> None:
    """A hiccup of Reka is nothing that a reader should see."""
    server.will(*[Canned(status)] * 3)
    http = make()
    assert await ask(http) == 200
    assert (server.asked, http.traffic.requests, http.traffic.retries) == (4, 1, 3)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RekaRequestError),
        (401, RekaAuthError),
        (402, RekaQuotaError),
        (403, RekaAuthError),
        (404, RekaRequestError),
        (413, RekaRequestError),
        (422, RekaRequestError),
        (308, RekaResponseError),
        (407, RekaProxyError),
        (501, RekaResponseError),
    ],
)
async def test_what_will_not_pass_is_asked_once(
    make: MakeHttp, server: CannedServer, status: int, kind: type[RekaError]
) -> None:
    """The same question gets the same refusal; a Retry-After on it changes nothing."""
    server.will(Canned(status, {"Retry-After": "1"}))
    failure = await failure_of(make())
    assert type(failure) is kind
    assert (failure.status, failure.retry_after, server.asked) == (status, None, 1)


@pytest.mark.parametrize(
    "says", ["Insufficient credits", "Please check your billing details", "insufficient_quota"]
)
async def test_a_429_for_lack_of_credits_is_asked_once(
    make: MakeHttp, server: CannedServer, says: str
) -> None:
    """reka-api.md 2.6: waiting does not fill the account."""
    body = json.dumps({"error": {"type": "rate_limit_error", "message": says}})
    server.will(Canned(429, {"Retry-After": "1"}, body))
    failure = await failure_of(make())
    assert type(failure) is RekaQuotaError
    assert (failure.retry_after, server.asked) == (None, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0.2"},
        {"Retry-After": "0", "x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "0.2"},
        {"x-ratelimit-requests-reset": "0.2"},
    ],
    ids=["retry-after", "daily", "daily-alone"],
)
async def test_a_429_is_waited_out_as_long_as_it_says(
    make: MakeHttp, server: CannedServer, headers: dict[str, str]
) -> None:
    """Earlier would be refused again, and later would be late."""
    server.will(Canned(429, headers))
    start_s = time.monotonic()
    assert await ask(make()) == 200
    assert 0.19 <= time.monotonic() - start_s < 0.6


@pytest.mark.parametrize("form", ["date", "epoch"])
async def test_a_429_in_dates_is_understood_with_a_clock_that_is_off(
    make: MakeHttp, server: CannedServer, form: str
) -> None:
    """The server's own Date, not our clock, says how far away its dates are."""
    its_now_s = time.time() + 3600
    asked = (
        {"Retry-After": formatdate(its_now_s + 20, usegmt=True)}
        if form == "date"
        else {"x-ratelimit-reset": f"{its_now_s + 20:.2f}"}
    )
    server.will(Canned(429, {"Date": formatdate(its_now_s, usegmt=True), **asked}))
    failure = await failure_of(make())
    assert failure.retry_after == pytest.approx(20.0, abs=1.01)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_that_does_not_fit_is_not_begun(
    make: MakeHttp, server: CannedServer, status: int
) -> None:
    """Ten seconds of silence and then an error would be worse than the error."""
    server.will(Canned(status, {"Retry-After": "11"}))
    start_s = time.monotonic()
    failure = await failure_of(make())
    assert (failure.retry_after, server.asked) == (11.0, 1)
    assert time.monotonic() - start_s < 1.0


async def test_waits_of_all_requests_of_a_call_count_together() -> None:
    """Ten seconds for the token and ten more for the chat would be twenty for the reader."""
    async with RekaSpace() as space, AsyncReka(cookies={"appSession": "x"}, base_url=space.url) as reka:
        space.faults.append(Fault(429, headers={"Retry-After": "0.4"}))
        space.enqueue(Script(status=429, headers={"Retry-After": "9.7"}))
        start_s = time.monotonic()
        with pytest.raises(RekaRateLimitError) as caught:
            await read_out(reka)
        assert caught.value.retry_after == 9.7
        assert 0.4 <= time.monotonic() - start_s < 2.0


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-5", "-inf", "1e300", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "9" * 400]
)
@pytest.mark.parametrize("name", ["Retry-After", "Date", "x-ratelimit-reset", "x-ratelimit-requests-reset"])
async def test_hostile_headers_end_in_the_refusal_itself(
    make: MakeHttp, server: CannedServer, name: str, value: str
) -> None:
    """Whatever a proxy in front makes of them."""
    server.will(*[Canned(429, {name: value})] * 4)
    failure = await failure_of(make())
    assert type(failure) is RekaRateLimitError
    assert failure.retry_after is None or 0 <= failure.retry_after <= 31 * 86_400


# --- limits that are used up ---


async def test_a_used_up_limit_is_waited_for_instead_of_asked(make: MakeHttp, server: CannedServer) -> None:
    """A request that will be refused costs a round trip, and some services count it."""
    server.will(Canned(200, {**DAY, "x-ratelimit-requests-reset": "0.2"}))
    http = make()
    await ask(http)
    start_s = time.monotonic()
    assert await ask(http) == 200
    assert 0.15 <= time.monotonic() - start_s < 1.0
    assert (server.asked, http.traffic.rate_limited) == (2, 0)


async def test_a_limit_used_up_for_long_is_told_at_once(make: MakeHttp, server: CannedServer) -> None:
    """And with the time to come back, as if Reka had said so."""
    server.will(Canned(200, DAY))
    http = make()
    await ask(http)
    failure = await failure_of(http)
    assert type(failure) is RekaRateLimitError
    assert failure.retry_after == pytest.approx(80_000, abs=2)
    assert (server.asked, http.traffic.held_back) == (1, 1)


async def test_a_limit_is_one_of_its_endpoint_and_model(make: MakeHttp, server: CannedServer) -> None:
    """reka-api.md 2.5: the research model has a limit of its own."""
    server.will(Canned(200, DAY))
    http = make()
    await ask(http, model="reka-flash-research")
    assert await ask(http, model="reka-flash-3") == 200
    assert await ask(http, "/models", model="reka-flash-research") == 200


async def test_a_used_up_limit_is_asked_again_after_a_minute(make: MakeHttp, server: CannedServer) -> None:
    """Limits are raised and headers are wrong; nobody should have to restart the bot for that."""
    server.will(Canned(200, DAY))
    clock = Clock()
    http = make(clock=clock)
    await ask(http)
    clock.now_s += 59
    assert isinstance(await failure_of(http), RekaRateLimitError)
    clock.now_s += 1
    assert await ask(http) == 200


async def test_vision_headers_with_something_left_hold_nobody_back(
    make: MakeHttp, server: CannedServer
) -> None:
    """reka-api.md 2.7: `retry-after: 0` and the day's reset come with every answer."""
    plenty = {**DAY, "x-ratelimit-requests-remaining": "59"}
    server.will(Canned(200, plenty), Canned(200, plenty))
    http = make()
    assert [await ask(http), await ask(http)] == [200, 200]


async def test_a_refusal_says_more_than_the_limit_it_used_up(make: MakeHttp, server: CannedServer) -> None:
    """Its sentence, status and request id help whoever looks for the reason."""
    refusal = Canned(429, {"Retry-After": "0.2", "X-Request-ID": "req-7"}, '{"detail": "60 a minute"}')
    server.will(refusal, Canned(200, DAY))
    http = make()
    refused = asyncio.create_task(failure_of(http))
    await server.until_asked(1)
    await ask(http)  # uses the day's limit up while the other one waits
    failure = await refused
    assert "60 a minute" in str(failure)
    assert (failure.status, failure.request_id, server.asked) == (429, "req-7", 2)


# --- the breaker ---


async def fail_five_times(http: Http, server: CannedServer) -> None:
    server.will(*[Canned(503)] * 20)
    for _ in range(5):
        await failure_of(http)
    assert server.asked == 20


async def test_an_outage_is_told_at_once_after_five_requests(make: MakeHttp, server: CannedServer) -> None:
    """The sixth person gets the sentence without four attempts before it."""
    clock = Clock()
    http = make(clock=clock)
    await fail_five_times(http, server)
    clock.now_s += 4
    failure = await failure_of(http)
    assert isinstance(failure, RekaUnavailableError)
    assert isinstance(failure, RekaConnectionError)
    assert failure.retry_after == pytest.approx(6.0)
    assert "503" in str(failure)
    assert server.asked == 20
    breaker = http.breakers["POST /chat/completions"]
    assert (breaker.state, breaker.opened, breaker.turned_away) == ("open", 1, 1)


async def test_a_probe_is_one_attempt_and_its_success_ends_the_outage(
    make: MakeHttp, server: CannedServer
) -> None:
    """An outage costs Reka one request in ten seconds."""
    clock = Clock()
    http = make(clock=clock)
    await fail_five_times(http, server)
    clock.now_s += 10
    server.will(Canned(503))
    assert isinstance(await failure_of(http), RekaResponseError)
    assert isinstance(await failure_of(http), RekaUnavailableError)
    assert server.asked == 21
    clock.now_s += 10
    assert await ask(http) == 200
    assert await ask(http) == 200
    assert http.breakers["POST /chat/completions"].probes == 2


async def test_an_endpoint_that_works_is_asked_while_another_is_down(
    make: MakeHttp, server: CannedServer
) -> None:
    """Uploads may be down while chats are not."""
    http = make()
    await fail_five_times(http, server)
    assert await ask(http, "/api/upload-image") == 200


async def test_refused_connections_open_the_breaker(make: MakeHttp, unused_url: str) -> None:
    """Nobody listens: the plainest outage."""
    http = make(unused_url)
    for _ in range(5):
        assert "refuses connections" in str(await failure_of(http))
    assert isinstance(await failure_of(http), RekaUnavailableError)


async def test_silence_before_the_first_byte_opens_the_breaker(make: MakeHttp, server: CannedServer) -> None:
    """Each asked a minute in vain; the next need not."""
    server.will(*[Canned(wait_s=1.0)] * 5)
    http = make(idle_timeout_s=0.05)
    failures = await asyncio.gather(*(failure_of(http) for _ in range(5)))
    assert {type(failure) for failure in failures} == {RekaTimeoutError}
    assert isinstance(await failure_of(http), RekaUnavailableError)


async def test_a_proxy_that_is_down_is_no_outage_of_reka(make: MakeHttp, unused_url: str) -> None:
    """Its sentence names the setting, and must not give way to one about Reka."""
    http = make(proxy=unused_url)
    for _ in range(7):
        assert isinstance(await failure_of(http), RekaProxyError)


async def test_who_waits_to_try_again_stops_when_the_breaker_opens(
    make: MakeHttp, server: CannedServer
) -> None:
    """A hundred questions in flight must not make three hundred more requests to a service that is down."""
    server.will(Canned(503, {"Retry-After": "0.3"}), *[Canned(503)] * 20)
    http = make()
    waiting = asyncio.create_task(failure_of(http))
    await server.until_asked(1)
    for _ in range(5):
        await failure_of(http)
    assert http.breakers["POST /chat/completions"].state == "open"
    failure = await waiting
    assert (failure.status, server.asked) == (503, 21)


async def test_a_cancelled_probe_gives_its_turn_to_the_next(make: MakeHttp, server: CannedServer) -> None:
    """Its person left; that says nothing about Reka."""
    clock = Clock()
    http = make(clock=clock)
    await fail_five_times(http, server)
    clock.now_s += 10
    server.will(Canned(wait_s=0.5))
    probe = asyncio.create_task(ask(http))
    await server.until_asked(21)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await ask(http) == 200


async def test_a_break_in_mid_stream_is_no_outage() -> None:
    """The answer had begun; what ended it may be anything."""
    async with RekaSpace() as space, AsyncReka(cookies={"appSession": "x"}, base_url=space.url) as reka:
        for _ in range(7):
            space.enqueue(Script("one two three", token_s=0.001, cut_after_pieces=1))
            with pytest.raises(RekaConnectionError) as caught:
                await read_out(reka)
            assert not isinstance(caught.value, RekaUnavailableError)


# --- what is said ---


@pytest.mark.parametrize(
    ("service", "advice"), [(PLATFORM, "https://platform.reka.ai (REKA_API_KEY)"), (SPACE, "appSession")]
)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_is_told_with_where_to_get_another(
    make: MakeHttp, server: CannedServer, service: Service, advice: str, status: int
) -> None:
    """A key does not come from the browser's cookies, nor a cookie from the platform."""
    server.will(Canned(status))
    assert advice in str(await failure_of(make(service=service)))


async def test_a_redirect_of_the_platform_is_no_lost_session(make: MakeHttp, server: CannedServer) -> None:
    """Nobody logs in there: the address is wrong."""
    server.will(Canned(302, {"Location": "/login"}))
    failure = await failure_of(make())
    assert type(failure) is RekaResponseError
    assert "REKA_API_URL" in str(failure)


@pytest.mark.parametrize("location", ["http://[", "//", "", "http://[::1", "\\\\x"])
async def test_a_redirect_to_nowhere_is_told(make: MakeHttp, server: CannedServer, location: str) -> None:
    """Python refuses to parse some addresses, and that is no error of the caller."""
    server.will(Canned(302, {"Location": location}))
    assert isinstance(await failure_of(make()), RekaResponseError)


SECRET_PROXY_WORD = "pass-word-1"


@pytest.mark.parametrize(
    "canned",
    [
        Canned(400, body=json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}})),
        Canned(400, body=f"key {KEY}"),
        Canned(429, {"Retry-After": "99"}, json.dumps({"detail": [{"msg": KEY}]})),
        Canned(500, {"X-Request-ID": f"for-{KEY}"}, KEY),
        Canned(302, {"Location": f"https://{KEY}.example/{KEY}"}),
        Canned(403, body=f"Proxy-Authorization: {SECRET_PROXY_WORD}"),
    ],
    ids=["message", "text", "detail", "request-id", "location", "proxy"],
)
async def test_no_secret_comes_back_in_an_error(make: MakeHttp, server: CannedServer, canned: Canned) -> None:
    """Servers quote keys back; logs are read by more people than keys are meant for."""
    server.will(*[canned] * 4)
    http = make(proxy=server.url.replace("//", f"//name:{SECRET_PROXY_WORD}@"))
    failure: BaseException | None = await failure_of(http)
    while failure is not None:
        told = f"{failure} {failure!r} {vars(failure)} {http!r} {http.breakers}"
        assert KEY not in told
        assert SECRET_PROXY_WORD not in told
        failure = failure.__cause__ or failure.__context__


async def test_each_answer_is_shown_to_who_wants_to_see_it(make: MakeHttp, server: CannedServer) -> None:
    """Cookies rotate with refusals too."""
    server.will(Canned(503, {"Set-Cookie": "a=1"}), Canned(200, {"Set-Cookie": "a=2"}))
    seen: list[tuple[int, str]] = []
    response = await make().request(
        "GET",
        "/x",
        headers={},
        patience=Patience(),
        on_answer=lambda answer: seen.append((answer.status, answer.headers["Set-Cookie"])),
    )
    response.close()
    assert seen == [(503, "a=1"), (200, "a=2")]


def test_a_certificate_that_is_not_trusted_is_told(make: MakeHttp) -> None:
    """Aiohttp's error for it has other attributes than its siblings."""
    key = ConnectionKey("space.reka.ai", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError("self-signed"))
    assert "not trusted" in str(make("https://space.reka.ai").translate(error))
