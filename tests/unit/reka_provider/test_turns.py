"""Messages to the turns of space.reka.ai."""

from __future__ import annotations

from typing import Any

import pytest

from reka_provider import RekaRequestError
from reka_provider._parts import data_url_bytes
from reka_provider._turns import Turn, turns_of, wire_turn


def test_roles_become_human_and_model() -> None:
    """The wire has no other types; the known client sends its own answers as the user's."""
    turns = turns_of([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}])
    assert turns == [Turn("human", "Hi"), Turn("model", "Hello")]


def test_a_system_text_travels_in_the_human_turn_that_follows() -> None:
    """There is no system type on the wire."""
    turns = turns_of(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi"},
        ]
    )
    assert turns == [Turn("human", "Be brief.\n\nBe kind.\n\nHi")]


def test_an_empty_system_text_is_left_out() -> None:
    """A bot without a system prompt must not send blank lines."""
    messages = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert turns_of(messages) == [Turn("human", "Hi")]


def test_a_system_text_at_the_end_is_a_turn_of_its_own() -> None:
    """Nothing that the caller says is lost."""
    messages = [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Now in French."}]
    assert turns_of(messages) == [Turn("human", "Hi"), Turn("human", "Now in French.")]


def test_several_images_become_turns_right_before_theirs() -> None:
    """A turn takes one image_url."""
    content = [
        {"type": "text", "text": "Compare."},
        {"type": "image", "image": b"one", "media_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "https://example.org/2.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,dGhyZWU="}},
    ]
    assert turns_of([{"role": "user", "content": content}]) == [
        Turn("human", "[image 1 of 3]", b"one"),
        Turn("human", "[image 2 of 3]", "https://example.org/2.png"),
        Turn("human", "Compare.", b"three"),
    ]


def test_a_riding_image_goes_to_the_last_message_of_the_user() -> None:
    """The question is what it belongs to, also where an answer was begun after it."""
    messages = [
        {"role": "user", "content": "First"},
        {"role": "user", "content": "Second"},
        {"role": "assistant", "content": "Well,"},
    ]
    assert [turn.image for turn in turns_of(messages, image=b"cat")] == [None, b"cat", None]


def test_a_message_of_only_an_image_is_fine() -> None:
    """People send pictures without a word."""
    content = [{"type": "image", "image": b"cat", "media_type": "image/png"}]
    assert turns_of([{"role": "user", "content": content}]) == [Turn("human", "", b"cat")]


def test_the_wire_names_the_media_type_with_the_url() -> None:
    """Both fields are only on a turn with an image."""
    assert wire_turn(Turn("human", "Hi"), None) == {"type": "human", "text": "Hi"}
    assert wire_turn(Turn("human", "Hi"), "https://m/1")["media_type"] == "image"


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "messages"),
        ("Hello", "messages"),
        ({"role": "user", "content": "Hi"}, "messages"),
        ([{"role": "robot", "content": "Hi"}], "role"),
        (["Hi"], "role"),
        ([{"role": "user"}], "content"),
        ([{"role": "user", "content": None}], "content"),
        ([{"role": "user", "content": ""}], "no content"),
        ([{"role": "user", "content": []}], "no content"),
        ([{"role": "user", "content": [{"type": "video"}]}], "part"),
        ([{"role": "user", "content": ["Hi"]}], "part"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}], "https"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png;base64,%"}]}],
            "data:",
        ),
        ([{"role": "assistant", "content": "Hi"}], "user"),
        ([{"role": "system", "content": "Hi"}], "user"),
    ],
)
def test_what_is_no_conversation_is_refused(messages: Any, said: str) -> None:
    """Said before any request, and with what would be right."""
    with pytest.raises(RekaRequestError, match=said):
        turns_of(messages)


def test_a_data_url_without_base64_is_percent_encoded() -> None:
    """The other form that the standard allows."""
    assert data_url_bytes("data:text/plain,a%20b") == b"a b"
