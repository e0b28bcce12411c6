"""Every sentence that a person reads."""

from __future__ import annotations

import pytest

from conversation.sentences import UnknownSentence, moment, note, say, say_error
from reka_provider import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)


def test_a_language_nobody_translated_is_answered_in_english() -> None:
    """Discord knows more locales than we do."""
    assert say("button-try-again", "xx-YY") == "Try again"


def test_a_sentence_that_nobody_wrote_is_a_bug() -> None:
    """A person must never read the name of a sentence instead of it."""
    with pytest.raises(UnknownSentence):
        say("no-such-sentence", "en-US")


def test_values_are_put_into_the_sentence() -> None:
    """With the plural that the language wants."""
    assert "your one question" in say("quota-spent", "en-US", limit=1, retry="soon")
    assert "your 60 questions" in say("quota-spent", "en-US", limit=60, retry="soon")


def test_a_moment_is_never_too_early() -> None:
    """Whoever comes back at that second must be let in."""
    assert moment(100.2) == "<t:101:R>"


def test_every_line_of_a_note_is_small() -> None:
    """Discord's small text ends with its line."""
    assert note("one\ntwo") == "-# one\n-# two"
    assert note("") == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RekaQuotaError("x"), "reka-quota"),
        (RekaRateLimitError("x"), "reka-busy"),
        (RekaAuthError("x"), "reka-auth"),
        (RekaTimeoutError("x"), "reka-silent"),
        (RekaConnectionError("x"), "reka-down"),
        (RekaProxyError("x"), "reka-down"),
        (RekaRequestError("x"), "reka-refused"),
        (RekaResponseError("x"), "reka-odd"),
        (RekaError("x"), "reka-odd"),
    ],
)
def test_each_failure_of_reka_has_its_sentence(error: RekaError, kind: str) -> None:
    """What to do next depends on what went wrong."""
    assert say_error(error, "en-US", now_s=0.0) == say(kind, "en-US")


def test_a_time_to_try_again_is_told() -> None:
    """Where Reka said so, guessing is rude."""
    busy = RekaRateLimitError("x", retry_after=30)

    assert "<t:131:R>" in say_error(busy, "en-US", now_s=100.0)
