"""How an answer is drawn: the parameters of the official API, checked before any request; pure.

Wire: names and meanings are those of POST /chat/completions (reka-api.md 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

from reka_provider._errors import RekaRequestError


class Sampling(TypedDict, total=False):
    """Parameters that may be given with a question; what is not given, or None, is left to the server."""

    max_tokens: int | None
    """How long the answer may be, its reasoning included; 1 or more."""
    temperature: float | None
    """0 (always the likeliest) to 2."""
    top_p: float | None
    """The share of likelihood to draw from; above 0, to 1."""
    top_k: int | None
    """How many of the likeliest tokens to draw from; 1 or more."""
    stop: str | Sequence[str] | None
    """Where to stop: a text, or some."""
    seed: int | None
    """The same seed and question give the same answer, as far as the server can."""
    frequency_penalty: float | None
    """-2 to 2."""
    presence_penalty: float | None
    """-2 to 2."""
    reasoning_effort: str | None
    """A word that the model knows, such as "low"."""


_LARGEST_WHOLE = 2**63 - 1
_WHOLE = {"max_tokens": 1, "top_k": 1, "seed": -(2**63)}
_NUMBERS = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "frequency_penalty": (-2.0, 2.0),
    "presence_penalty": (-2.0, 2.0),
}


def checked_sampling(sampling: Mapping[str, object]) -> dict[str, object]:
    """The parameters that are given, as JSON holds them.

    Raises RekaRequestError for a value that cannot be right, and TypeError for a name that is none of them.
    """
    unknown = sampling.keys() - Sampling.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}")
    return {name: _checked(name, value) for name, value in sampling.items() if value is not None}


def _checked(name: str, value: object) -> object:
    if name in _WHOLE:
        return _checked_whole(name, value)
    if name in _NUMBERS:
        return _checked_number(name, value)
    if name == "stop":
        return _checked_stop(value)
    if not isinstance(value, str) or not value.isidentifier():
        raise RekaRequestError('reasoning_effort must be one word, such as "low", "medium" or "high".')
    return value


def _checked_whole(name: str, value: object) -> int:
    least = _WHOLE[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LARGEST_WHOLE:
        bound = "" if least < 0 else f", {least} or more"
        raise RekaRequestError(f"{name} must be a whole number{bound}.")
    return value


def _checked_number(name: str, value: object) -> float:
    least, most = _NUMBERS[name]
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if not least <= number <= most or (name == "top_p" and number == 0):
        above = "above 0 and at most 1" if name == "top_p" else f"from {least:g} to {most:g}"
        raise RekaRequestError(f"{name} must be a number {above}.")
    return number


def _checked_stop(value: object) -> str | list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or not texts or not all(isinstance(one, str) and one for one in texts):
        raise RekaRequestError('stop must be a text, or a list of texts, none empty: stop=["END"].')
    return value if isinstance(value, str) else list(texts)
