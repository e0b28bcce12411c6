"""Contents: pages, wrapped URLs and our own note together, as the messages get them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.compose import PageComposer, apart

NOTE = "-# The answer broke off."


def test_the_note_stands_under_the_text() -> None:
    """A note is ours and no part of the answer: a blank line sets it apart."""
    assert PageComposer().compose("An answer", ended=True, note=NOTE) == [f"An answer\n\n{NOTE}"]


def test_a_note_without_a_text_stands_alone() -> None:
    """An answer may fail before its first word."""
    assert PageComposer().compose("", ended=True, note=NOTE) == [NOTE]
    assert PageComposer().compose(" \n", ended=True) == []


def test_a_note_that_does_not_fit_gets_a_message_of_its_own() -> None:
    """The text must not lose a word for it, nor change pages."""
    text = "x" * (100 - len(NOTE) - 2)
    assert PageComposer(100).compose(text, ended=True, note=NOTE) == [f"{text}\n\n{NOTE}"]
    assert PageComposer(100).compose(text + "x", ended=True, note=NOTE) == [text + "x", NOTE]


def test_a_note_follows_a_closed_block() -> None:
    """A note inside an open code block would look like code."""
    contents = PageComposer().compose("```py\nx = 1", ended=True, note=NOTE)
    assert contents == [f"```py\nx = 1\n```\n\n{NOTE}"]


def test_urls_are_wrapped_only_where_asked() -> None:
    """Elsewhere a flag of the message suppresses previews, and the text stays as it is."""
    assert PageComposer().compose("See https://a.b", ended=True) == ["See https://a.b"]
    assert PageComposer(wraps_urls=True).compose("See https://a.b", ended=True) == ["See <https://a.b>"]


def test_a_url_that_is_still_being_written_is_closed_for_the_moment() -> None:
    """An open bracket would show, and its URL would unfurl."""
    assert PageComposer(wraps_urls=True).compose("See https://a.b/", ended=False) == ["See <https://a.b/>"]


def test_a_revised_text_is_composed_anew() -> None:
    """Reka may take back what it wrote; the reply follows."""
    composer = PageComposer(40)
    composer.compose("The first version of a text that needs two pages", ended=False)
    assert composer.compose("Short", ended=False) == ["Short"]


def test_what_ended_may_be_asked_for_again() -> None:
    """The last edit may have to be repeated, with another note."""
    composer = PageComposer(60)
    text = "| a | b |\n|---|---|\n| 1 | 2 |"
    first = composer.compose(text, ended=True)
    assert composer.compose(text, ended=True, note=NOTE)[-1].endswith(NOTE)
    assert composer.compose(text, ended=True) == first
    assert composer.compose(text[:-3], ended=False) == []


def test_thinking_shows_as_one_small_line_until_there_is_an_answer() -> None:
    """People wait with patience when they see that something happens."""
    composer = PageComposer(thinking="Thinking…")
    assert composer.compose("", ended=False, reasoning="I add up") == ["-# Thinking… I add up"]
    assert composer.compose("<reasoning>I divide", ended=False) == ["-# Thinking… I divide"]
    assert composer.compose("It is 4", ended=False, reasoning="I add up") == ["It is 4"]
    assert PageComposer().compose("", ended=False, reasoning="I add up") == []


def test_reasoning_is_kept_for_whoever_asks() -> None:
    """It is hidden, not lost."""
    composed = PageComposer().composed("<think>apart</think>It is 4", ended=True, reasoning="before")
    assert composed.contents == ["It is 4"]
    assert composed.reasoning == "before\n\napart"


def test_an_answer_that_is_all_reasoning_is_shown() -> None:
    """Some models never leave their tags; with a note the note says what happened."""
    assert PageComposer().compose("<reasoning>It is 4", ended=True) == ["It is 4"]
    assert PageComposer().compose("<reasoning>It is 4", ended=True, note=NOTE) == [NOTE]


REST = "-# The whole answer is in the file."


def test_past_ten_pages_the_rest_is_in_the_file_alone() -> None:
    """Twenty messages bury a channel."""
    text = " ".join(f"w{number}" for number in range(400))
    composer = PageComposer(100, rest=REST)
    for size in range(0, len(text), 7):
        growing = composer.compose(text[:size], ended=False)
        assert len(growing) <= 10
        assert all(len(content) <= 100 for content in growing)
    composed = composer.composed(text, ended=True)
    assert len(composed.contents) == 10
    assert composed.contents == growing
    assert composed.contents[-1].endswith(f"\n\n{REST}")
    assert composed.attachment is not None
    assert composed.attachment.data == text.encode()
    assert len(PageComposer(100).compose(text, ended=True)) > 10


def test_the_sentence_about_the_rest_is_said_only_where_there_is_a_rest() -> None:
    """An answer of ten pages is whole."""
    text = " ".join(f"w{number}" for number in range(170))
    composed = PageComposer(100, rest=REST).composed(text, ended=True)
    assert 5 < len(composed.contents) <= 10
    assert not any(REST in content for content in composed.contents)
    assert composed.attachment is not None


def test_the_sentence_about_the_rest_leaves_room_for_the_answer() -> None:
    """A page of nothing but our own words is no answer."""
    with pytest.raises(ValueError, match="half"):
        PageComposer(100, rest="x" * 60)


PIECES = (
    "word ",
    "https://a.b/c_d ",
    "https://e.x/(f). ",
    "**bold** ",
    "\n\n",
    "```py\ncode(1)\n```\n",
    "漢字。",
    "`c` ",
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.integers(40, 90), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_a_content_with_a_successor_never_changes(text: str, limit_chars: int, wraps_urls: bool) -> None:
    """Each change of a finished message would cost an edit, and people have read it."""
    composer, before = PageComposer(limit_chars, wraps_urls=wraps_urls), list[str]()
    for size in range(1, len(text) + 1):
        contents = composer.compose(text[:size], ended=False)
        assert contents[: max(0, len(before) - 1)] == before[:-1]
        assert all(0 < len(content) <= limit_chars for content in contents)
        before = contents
    ended = composer.compose(text, ended=True, note=NOTE)
    assert ended[: max(0, len(before) - 1)] == before[:-1]
    assert ended[-1].endswith(NOTE)


def test_after_how_many_pages_the_rest_is_in_the_file_can_be_chosen() -> None:
    """What somebody only wants to look at is one message, whatever its length."""
    text = " ".join(f"w{number}" for number in range(60))
    composer = PageComposer(100, rest=REST, most_pages=1, filename="thinking.md")
    composed = composer.composed(text, ended=True)
    assert len(composed.contents) == 1
    assert len(composed.contents[0]) <= 100
    assert composed.contents[0].endswith(f"\n\n{REST}")
    assert composed.attachment is not None
    assert (composed.attachment.filename, composed.attachment.data) == ("thinking.md", text.encode())
    assert composer.composed(text[:40], ended=True).attachment is None


def test_a_thought_is_taken_apart_wherever_it_came() -> None:
    """Some services hand it over beside the text, some models write it into the text."""
    thought = apart("<think>then</think>It is 4", "first")
    assert (thought.reasoning, thought.answer) == ("first\n\nthen", "It is 4")
    assert apart("It is 4").answer == "It is 4"
    assert apart("<reasoning>for ever").answer == ""
