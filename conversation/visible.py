"""Whether a text shows anything at all; pure."""

from __future__ import annotations

import re

# White space, controls, and what Unicode calls ignorable by default (DerivedCoreProperties.txt), which joins and
# changes the characters beside it; with the braille cell without dots, which is a picture of nothing.
_UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)
_SEEN = re.compile(f"[^{_UNSEEN}]")


def shows_something(text: str) -> bool:
    """Whether people see anything of `text`: characters that only join or order others are nothing by themselves."""
    return _SEEN.search(text) is not None
