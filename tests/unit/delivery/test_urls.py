"""Bare URLs: no preview where edits cannot suppress it, and nothing else of the text touched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_wrapping_never_takes_back_what_it_gave(text: str) -> None:
    """Pages are frozen by what they were given: more text may only add to it."""
    wrapper, before = UrlWrapper(), ""
    for size in range(1, len(text) + 1):
        growing = wrapper.wrap(text[:size], ended=False)
        ended = wrapper.wrap(text[:size], ended=True)
        assert growing.startswith(before)
        assert ended.startswith(growing)
        assert growing == wrap_bare_urls(text[:size], ended=False)
        assert ended == wrap_bare_urls(text[:size])
        assert _unbracketed(ended) == _unbracketed(text[:size])
        before = growing


def _unbracketed(text: str) -> str:
    return text.replace("<", "").replace(">", "")
