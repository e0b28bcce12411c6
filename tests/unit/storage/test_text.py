"""Text as every database can hold it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage._text import storable


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_ordinary_text_is_left_alone(text: str) -> None:
    """What people write must come back to the letter."""
    assert storable(text) == text


@given(st.lists(st.sampled_from(["\0", "\ud83d", "\ude00", "\udfff", "a", "é", "😀", "\ufffd"])).map("".join))
def test_any_text_becomes_text_that_encodes(text: str) -> None:
    """A driver that cannot encode a parameter would cost the whole answer."""
    stored = storable(text)

    assert "\0" not in stored
    stored.encode()
    assert storable(stored) == stored
