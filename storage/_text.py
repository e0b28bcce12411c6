"""Text as every database can hold it; pure."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return `text` without NUL characters and with U+FFFD for each lone surrogate.

    PostgreSQL refuses NUL in text, and neither database can encode half a surrogate pair; two halves side
    by side become the character that they mean.
    """
    return text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
