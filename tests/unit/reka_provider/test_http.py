"""How long to wait, and for how long at most."""

from __future__ import annotations

import ssl
import time
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from reka_provider import AsyncReka, RekaRateLimitError
from reka_provider._http import Http
from reka_provider._retry_after import retry_after_s
from sandbox.reka_space import Fault, RekaSpace, Script

NOW_S = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        (formatdate(NOW_S + 30, usegmt=True), 30.0),
        (formatdate(NOW_S - 30, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 99 Foo 2026", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    """HTTP allows both, and proxies in front may send either."""
    headers = {"Retry-After": value} if value else {}
    assert retry_after_s(headers, now_s=NOW_S) == seconds


async def test_waits_of_all_requests_of_a_call_count_together() -> None:
    """Ten seconds for the token and ten more for the chat would be twenty for the reader."""
    async with RekaSpace() as space, AsyncReka(cookies={"appSession": "x"}, base_url=space.url) as reka:
        space.faults.append(Fault(429, headers={"Retry-After": "0.4"}))
        space.enqueue(Script(status=429, headers={"Retry-After": "9.7"}))
        start_s = time.monotonic()
        with pytest.raises(RekaRateLimitError) as caught:
            await anext(reka.create_completion(messages=[{"role": "user", "content": "Hi"}]))
        assert caught.value.retry_after == 9.7
        assert 0.4 <= time.monotonic() - start_s < 2.0


def test_a_certificate_that_is_not_trusted_is_told() -> None:
    """Aiohttp's error for it has other attributes than its siblings."""
    http = Http(
        "https://space.reka.ai",
        proxy=None,
        connect_timeout_s=1.0,
        idle_timeout_s=1.0,
        backoff_s=0.0,
        secrets=list,
    )
    key = ConnectionKey("space.reka.ai", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError("self-signed"))
    assert "not trusted" in str(http.translate(error))
