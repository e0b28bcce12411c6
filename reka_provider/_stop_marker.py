"""The fragment of its stop marker that a model may leave at the end of a text; pure.

Wire: a final text can end with `\\n <`, `\\n <s`, ... `\\n <sep` (reka-api.md 1.3).
"""

from __future__ import annotations

import re

_MARKER_CHARS = len("\n <sep>")
_MARKER = re.compile(r"\n <(?:s(?:e(?:p>?)?)?)?\Z")
_MAYBE_MARKER = re.compile(r"\n(?: (?:<(?:s(?:e(?:p>?)?)?)?)?)?\Z")


def without_marker(text: str) -> str:
    """A whole `text` without the fragment at its end."""
    found = _MARKER.search(text, max(0, len(text) - _MARKER_CHARS))
    return text[: found.start()] if found else text


def without_beginning_marker(text: str) -> str:
    """A growing `text` without an end that may yet prove to be the fragment."""
    if text[-1:] not in "\n <sep>":
        return text
    found = _MAYBE_MARKER.search(text, max(0, len(text) - _MARKER_CHARS))
    return text[: found.start()] if found else text
