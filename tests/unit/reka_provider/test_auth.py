"""Cookies and tokens."""

from __future__ import annotations

from typing import Any

import pytest

from reka_provider import AsyncReka, RekaAuthError, RekaRequestError


@pytest.mark.parametrize(
    ("cookies", "said"),
    [
        ("no equals sign", "appSession=..."),
        ("missing.json", "No such file"),
        ({"appSession": "a\r\nX-Evil: 1"}, "characters"),
        ({"bad name": "x"}, "characters"),
        ({"appSession": "naïve"}, "characters"),
    ],
)
def test_what_are_no_cookies_is_refused(cookies: Any, said: str) -> None:
    """At once, and without the value."""
    with pytest.raises(RekaAuthError, match=said) as caught:
        AsyncReka(cookies=cookies)
    assert "Evil" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "two\nlines", "two words", "naïve"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """A key with a line end in it comes from a file that was read whole."""
    with pytest.raises(RekaAuthError, match="bearer token"):
        AsyncReka(api_key=key)


@pytest.mark.parametrize("address", ["space.reka.ai", "ftp://x", "http://", "http://a b", "socks5://x:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """At construction, and by the name of its setting."""
    with pytest.raises(RekaRequestError, match="REKA_URL"):
        AsyncReka(api_key="x", base_url=address)
    with pytest.raises(RekaRequestError, match="REKA_PROXY"):
        AsyncReka(api_key="x", proxy=address)


def test_an_address_of_reka_holds_no_password() -> None:
    """It would show in errors, and it would fight with the bearer token over one header."""
    with pytest.raises(RekaRequestError, match="REKA_URL") as caught:
        AsyncReka(api_key="x", base_url="https://me:pass-word-2@space.reka.ai")
    assert "pass-word-2" not in str(caught.value)


async def test_without_credentials_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that a newcomer sees."""
    for name in ("REKA_APP_SESSION", "REKA_COOKIES", "REKA_BEARER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    async with AsyncReka(base_url="http://127.0.0.1:9") as reka:
        with pytest.raises(RekaAuthError, match="copy the cookie appSession"):
            await reka.get_access_token()


async def test_the_environment_fills_in_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """REKA_BEARER_TOKEN is the token itself."""
    monkeypatch.setenv("REKA_BEARER_TOKEN", "from-environment")
    async with AsyncReka() as reka:
        assert await reka.get_access_token() == "from-environment"
    async with AsyncReka(api_key="from-argument") as reka:
        assert await reka.get_access_token() == "from-argument"
