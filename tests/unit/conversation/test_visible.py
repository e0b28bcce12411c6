"""What people would see of a text."""

from __future__ import annotations

import pytest

from conversation.visible import shows_something


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\u3000\u2003",
        "\u200b\u200c\u200d\u2060\ufeff\u00ad",
        "\u202e\u2066\u2069\u200f\u061c",
        "\ufe0f\ufe0e\U000e0100\U000e0020",
        "\u3164\u115f\u1160\uffa0\u2800\u034f",
        "\x00\x07\x85",
    ],
)
def test_what_nobody_sees_is_nothing(text: str) -> None:
    """An empty message puzzles people more than a sentence that says so."""
    assert not shows_something(text)


@pytest.mark.parametrize(
    "text",
    ["\u200ba", "👩\u200d🚀", "❤\ufe0f", "🏴\U000e0067\U000e007f", ".", "|", "ش\u200c", "\u0600", "\u0301"],
)
def test_one_character_that_is_seen_is_enough(text: str) -> None:
    """Emoji are joined by characters that nobody sees, and so are some scripts' letters."""
    assert shows_something(text)
