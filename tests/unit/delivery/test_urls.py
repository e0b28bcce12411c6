"""Bare URLs: no preview where edits cannot suppress it, and nothing else of the text touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.compose import PageComposer
from delivery.urls import UrlWrapper, wrap_bare_urls


@pytest.mark.parametrize(
    ("text", "wrapped"),
    [
        ("See https://a.b/c now", "See <https://a.b/c> now"),
        ("See https://a.b/c", "See <https://a.b/c>"),
        ("HTTP://A.B and http://c.d", "<HTTP://A.B> and <http://c.d>"),
        ("See https://a.b. Or https://c.d!", "See <https://a.b>. Or <https://c.d>!"),
        ("(https://a.b/c_(d)) and (https://a.b)", "(<https://a.b/c_(d)>) and (<https://a.b>)"),
        ("**https://a.b** and ||https://c.d||", "**<https://a.b>** and ||<https://c.d>||"),
        ("[see https://a.b] ok", "[see <https://a.b>] ok"),
        ("見て https://a.b。次", "見て <https://a.b>。次"),
    ],
)
def test_bare_urls_are_wrapped(text: str, wrapped: str) -> None:
    """The punctuation around a URL belongs to the sentence."""
    assert wrap_bare_urls(text) == wrapped


@pytest.mark.parametrize(
    "text",
    [
        "<https://a.b>",
        "`https://a.b` and ``x ` https://a.b``",
        "```\nhttps://a.b\n```",
        "> ```sh\n> curl https://a.b\n> ```",
        "[here](https://a.b/c)",
        "[https://a.b](https://a.b)",
        "[see https://a.b](https://a.b)",
        "xhttps://a.b",
        "https:// alone, and http too",
        "ftp://a.b",
    ],
)
def test_what_shows_no_preview_or_is_no_url_stays(text: str) -> None:
    """Brackets in code would be shown, and brackets in a link would break it."""
    assert wrap_bare_urls(text) == text


def test_a_url_that_is_still_being_written_is_open() -> None:
    """Its end is not known yet: the pages close it for the moment, and nothing written is taken back."""
    assert wrap_bare_urls("See htt", ended=False) == "See "
    assert wrap_bare_urls("See https://", ended=False) == "See "
    assert wrap_bare_urls("See https://a.b.", ended=False) == "See <https://a.b"
    assert wrap_bare_urls("See https://a.b. ", ended=False) == "See <https://a.b>. "


def test_the_wrapper_begins_anew_when_the_text_was_revised() -> None:
    """Reka may take back what it wrote."""
    wrapper = UrlWrapper()
    wrapper.wrap("See https://a.b now", ended=False)
    assert wrapper.wrap("Look at https://c.d", ended=True) == "Look at <https://c.d>"


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("join discord.gg/evil now", "join `discord.gg/evil` now"),
        ("Discord.GG/evil", "`Discord.GG/evil`"),
        ("discord.com/invite/evil, dsc.gg/evil", "`discord.com/invite/evil`, `dsc.gg/evil`"),
        ("(discordapp.com/invite/evil).", "(`discordapp.com/invite/evil`)."),
        ("**www.discord.gg/evil**", "**`www.discord.gg/evil`**"),
        ("See https://discord.gg/evil?a=b!", "See `https://discord.gg/evil?a=b`!"),
        ("<https://ptb.discord.com/invite/evil>", "<`https://ptb.discord.com/invite/evil`>"),
        ("[join](https://discord.gg/evil)", "[join](`https://discord.gg/evil`)"),
        (
            "-https://discord.gg/evil and xhttps://dsc.gg/x",
            "-`https://discord.gg/evil` and xhttps://`dsc.gg/x`",
        ),
        ("discord.gg/evil//", "`discord.gg/evil//`"),
        ("//discord.gg/evil", "//`discord.gg/evil`"),
        ("`a`discord.gg/evil`b`", "`a` `discord.gg/evil` `b`"),
        ("discord.gg/evil\ndiscord.gg/two", "`discord.gg/evil`\n`discord.gg/two`"),
    ],
)
def test_invites_are_written_as_code(text: str, shown: str, wraps: bool) -> None:
    """Discord makes a card of them everywhere else, and the model must not invite people."""
    assert wrap_bare_urls(text, wraps=wraps) == shown


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "`discord.gg/evil` and ``x ` dsc.gg/evil``",
        "```\ndiscord.gg/evil\n```",
        "mydiscord.gg.example and mydiscord.gg/x",
        "my.discord.gg/x and my-discord.gg/x",
        "discord.gg.example/x",
        "docs/discord.gg/x",
        "discord.gg, discord.gg/ and discord.gg/ alone",
        "discord.com/developers and dsc.ggx/evil",
        "discord.com/invite",
    ],
)
def test_what_is_no_invite_stays(text: str, wraps: bool) -> None:
    """A domain that only looks alike is somebody else's, and code is to be copied as it is."""
    assert wrap_bare_urls(text, wraps=wraps) == text


def test_an_invite_is_held_back_until_it_is_whole() -> None:
    """A card must not flash up, and nothing written is taken back."""
    for text in ("See d", "See disc", "See discord.gg/", "See discord.gg/ev", "See https://discord.gg/ev"):
        for wraps in (True, False):
            assert wrap_bare_urls(text, ended=False, wraps=wraps) == "See ", text
    assert wrap_bare_urls("See discord.gg/ev.", ended=False) == "See "
    assert wrap_bare_urls("See discord.gg/ev. ", ended=False) == "See `discord.gg/ev`. "


def test_urls_stay_bare_where_no_preview_can_appear() -> None:
    """Most messages are made with previews suppressed; people copy what stands there."""
    assert (
        wrap_bare_urls("See https://a.b and discord.gg/x", wraps=False)
        == "See https://a.b and `discord.gg/x`"
    )


def test_a_page_holds_no_invite_whatever_its_message_can_suppress() -> None:
    """The flag that suppresses previews does not suppress the card."""
    for wraps_urls in (True, False):
        contents = PageComposer(wraps_urls=wraps_urls).compose("Join https://discord.gg/evil", ended=True)
        assert contents == ["Join `https://discord.gg/evil`"]


PIECES = (
    *(
        "http://",
        "https://",
        "HTTP://E.x",
        "a.b",
        "/x(y)",
        "(",
        ")",
        "[",
        "]",
        "](",
        "`",
        "``",
        "\n```\n",
        " ",
        "\n",
    ),
    *("<", ">", ".", ",", "word", "**", "||", "h", "ht", "é", "\\", " https://ex.am/ple ", "*https://e.x*"),
    *("discord.gg/", "Discord.com/invite/", "dsc.gg/x", "disc", "www.", "://discord.gg/a"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.booleans())
@settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_wrapping_never_takes_back_what_it_gave(text: str, wraps: bool) -> None:
    """Pages are frozen by what they were given: more text may only add to it."""
    wrapper, before = UrlWrapper(wraps=wraps), ""
    for size in range(1, len(text) + 1):
        growing = wrapper.wrap(text[:size], ended=False)
        ended = wrapper.wrap(text[:size], ended=True)
        assert growing.startswith(before)
        assert ended.startswith(growing)
        assert growing == wrap_bare_urls(text[:size], ended=False, wraps=wraps)
        assert ended == wrap_bare_urls(text[:size], wraps=wraps)
        assert _unmarked(ended) == _unmarked(text[:size])
        before = growing


def _unmarked(text: str) -> str:
    return re.sub("[<>` ]", "", text)


INVITE = r"(?:(?:www|ptb|canary)\.)?(?:discord\.gg|dsc\.gg|discord(?:app)?\.com/invite)/[a-z0-9-]"
OTHER_URL = re.compile(rf"https?://(?!{INVITE})[^\s<>]*", re.IGNORECASE)
CARD = re.compile(rf"(?<![^\W_])(?<![.-])(?<![^/]/){INVITE}", re.IGNORECASE)


@given(st.lists(st.sampled_from([one for one in PIECES if "`" not in one]), max_size=20).map("".join))
@settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_no_invite_is_left_outside_code(text: str) -> None:
    """What stands around it, brackets and marks and half a URL, must not hide it from us."""
    for wraps in (True, False):
        without_code = re.sub("`[^`]*`", " ", wrap_bare_urls(text, wraps=wraps))
        assert CARD.search(OTHER_URL.sub(" ", without_code)) is None
