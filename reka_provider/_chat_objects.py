"""What stands where in the JSON of an OpenAI-form answer, checked; pure.

Wire: `choices[0]` holds a `delta` or a `message`, with `content` and `reasoning_content` (reka-api.md 2.1, 2.2); vLLM
calls the latter `reasoning`.
"""

from __future__ import annotations

from typing import Any

from reka_provider._repeated_events import Key
from reka_provider._types import Usage

_KEYS: tuple[Key, ...] = ("content", "reasoning_content", "reasoning")


def only_piece(value: dict[str, Any]) -> Key | None:
    """The key of the one piece that an event adds and all it says; None where it says more."""
    choices = value.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or choice_in(value) is None:
        return None
    delta = choices[0].get("delta")
    if not isinstance(delta, dict) or choices[0].get("finish_reason") or value.get("usage"):
        return None
    pieces = [key for key in _KEYS if delta.get(key)] or ["content"]
    if len(pieces) != 1 or not isinstance(delta.get(pieces[0]), str):
        return None
    return pieces[0]


def choice_in(value: dict[str, Any]) -> dict[str, Any] | None:
    """The one choice that was asked for, where the object holds it."""
    choices = value.get("choices")
    if not isinstance(choices, list):
        return None
    return next((one for one in choices if isinstance(one, dict) and one.get("index", 0) in (0, None)), None)


def reasoning_in(piece: dict[str, Any]) -> str:
    """The reasoning in a delta or message, under either of its names."""
    return text_in(piece.get("reasoning_content")) or text_in(piece.get("reasoning"))


def text_in(content: object) -> str:
    """A content's text: it may be null, or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def usage_in(value: dict[str, Any]) -> Usage | None:
    """What the object says the answer has cost."""
    usage = value.get("usage")
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(read, int) or not isinstance(written, int):
        return None
    return Usage(read, written)
