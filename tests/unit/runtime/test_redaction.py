"""The last net for secrets: what it masks, and what it leaves alone."""

from __future__ import annotations

import pytest

from runtime._redaction import MASK, Redactor

BOT_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl"
JWE = "eyJhbGciOiJkaXIiLCJlbmMi..aXYtaXYtaXY.Y2lwaGVydGV4dA.dGFn"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"logging in with {BOT_TOKEN}", BOT_TOKEN),
        (f"headers={{'Authorization': 'Bot {BOT_TOKEN}'}}", BOT_TOKEN),
        ("headers={'Authorization': 'Bot sandbox-token'}", "sandbox-token"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("sent Bearer abc.def", "abc.def"),
        (f"token {JWT} expired", JWT),
        (f"session {JWE} refused", JWE),
        ("PATCH https://discord.com/api/v10/webhooks/500/aW50ZXJhY3Rpb24/messages/@original", "aW50ZX"),
        ("POST /interactions/77/aW50ZXJhY3Rpb24/callback", "aW50ZXJhY3Rpb24"),
        ("Cookie: theme=dark; appSession=abc", "abc"),
        ("{'Set-Cookie': 'appSession.0=abcdef; Path=/'}", "abcdef"),
        ("{'appSession': 'abcdef'}", "abcdef"),
        ("appSession=abcdef was refused", "abcdef"),
        ('{"accessToken": "abcdef"}', "abcdef"),
        ('{"token": "abcdef", "id": 1}', "abcdef"),
        ("proxy http://alice:pa55@proxy:3128 refused", "pa55"),
        ("GET https://cdn.discordapp.com/a.png?ex=1&is=2&hm=0123abcdef&", "0123abcdef"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    """Libraries log what they like, and never asked us what is secret."""
    cleaned = Redactor().clean(text)

    assert secret not in cleaned
    assert MASK in cleaned


def test_the_rest_of_the_line_stays() -> None:
    """A log that masks too much explains nothing."""
    cleaned = Redactor().clean("PATCH /webhooks/500/tok/messages/@original responded with 429")

    assert cleaned == f"PATCH /webhooks/500/{MASK}/messages/@original responded with 429"


@pytest.mark.parametrize(
    "text",
    [
        "answered reply_id=12 channel_id=81384788765712384 ms=812",
        "discord.ext.commands.AutoShardedBot has connected to Gateway (Session ID: 8f2a0c)",
        "MyVeryLongModuleNameForTest.method.short",
        "the bearer left",
        "https://space.reka.ai/api/chat answered 503",
        "2026-11-22T10:00:00.123Z 300 tokens, 40 cookies",
    ],
)
def test_ordinary_lines_are_left_alone(text: str) -> None:
    """Masks in every line would teach people to ignore them."""
    assert Redactor().clean(text) in {text, text.replace("left", MASK)}


@pytest.mark.parametrize("spelling", ['p"a/ss wörd', "p%22a%2Fss%20w%C3%B6rd", 'p\\"a/ss w\\u00f6rd'])
def test_the_given_secrets_are_masked_in_each_spelling(spelling: str) -> None:
    """A password turns up as itself, in an address and inside JSON."""
    assert Redactor(['p"a/ss wörd']).clean(f"<{spelling}>") == f"<{MASK}>"


def test_of_two_secrets_the_longer_is_masked_whole() -> None:
    """Else the end of the longer one would stay in the log."""
    assert Redactor(["secret-1", "secret-1-and-more"]).clean("secret-1-and-more") == MASK


def test_very_short_secrets_mask_nothing() -> None:
    """A cookie of value "1" must not eat every 1 of the log."""
    assert Redactor(["", "1", "dark"]).clean("1 dark night") == "1 dark night"
