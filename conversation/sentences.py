"""Every sentence that a person reads, in their language: (kind, values, locale) -> a sentence.

The catalogue is in `locales/`, one Fluent file a language, named as Discord names its locales.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from fluent.runtime import FluentBundle, FluentResource

from reka_provider import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaTimeoutError,
)

LOCALES: Final = Path(__file__).parent / "locales"
FALLBACK: Final = "en-US"


class UnknownSentence(KeyError):
    """The catalogue has no sentence of this kind: a bug, never a matter of the locale."""


@lru_cache(maxsize=64)
def _bundles(locale: str) -> tuple[FluentBundle, ...]:
    """The bundles to look in, best first: the locale itself, its language, English."""
    language = locale.split("-")[0]
    stems = {path.stem for path in LOCALES.glob("*.ftl")}
    same_language = sorted(stem for stem in stems if stem.split("-")[0] == language)
    order = [locale, language, *same_language, FALLBACK]
    chosen = [stem for stem in dict.fromkeys(order) if stem in stems]
    return tuple(_bundle(stem) for stem in chosen)


@lru_cache(maxsize=64)
def _bundle(stem: str) -> FluentBundle:
    bundle = FluentBundle([stem], use_isolating=False)
    bundle.add_resource(FluentResource((LOCALES / f"{stem}.ftl").read_text(encoding="utf-8")))
    return bundle


def say(kind: str, locale: str, **values: object) -> str:
    """The sentence of this kind in `locale`, or in English where that language has none.

    Raises:
        UnknownSentence: no language has it.
    """
    for bundle in _bundles(locale):
        pattern = bundle.get_message(kind).value if bundle.has_message(kind) else None
        if pattern is not None:
            sentence, _errors = bundle.format_pattern(pattern, values)
            return str(sentence)
    raise UnknownSentence(kind)


def moment(epoch_s: float) -> str:
    """A Discord timestamp: every reader sees it relative and in their own words ("in 4 minutes")."""
    return f"<t:{int(epoch_s) + 1}:R>"


def note(sentence: str) -> str:
    """A sentence of ours under an answer, small and apart from what the model wrote."""
    return "\n".join(f"-# {line}" for line in sentence.splitlines())


def say_error(error: RekaError, locale: str, *, now_s: float) -> str:
    """What a person should know of a failure of Reka, and when to try again where Reka said so."""
    match error:
        case RekaQuotaError():
            return say("reka-quota", locale)
        case RekaRateLimitError(retry_after=float() | int() as wait_s):
            return say("reka-busy-until", locale, retry=moment(now_s + wait_s))
        case RekaRateLimitError():
            return say("reka-busy", locale)
        case RekaAuthError():
            return say("reka-auth", locale)
        case RekaTimeoutError():
            return say("reka-silent", locale)
        case RekaConnectionError():
            return say("reka-down", locale)
        case RekaRequestError():
            return say("reka-refused", locale)
        case _:
            return say("reka-odd", locale)
