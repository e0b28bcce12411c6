"""Messages to those of the OpenAI form."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from reka_provider import Messages, RekaRequestError
from reka_provider._chat_messages import media_type_of, wire_messages
from reka_provider._parts import checked_messages

PNG = b"\x89PNG\r\n\x1a\nrest"
URL = "https://media.example/1.png"


def wire(messages: Messages, image: str | bytes | None = None) -> list[dict[str, Any]]:
    return wire_messages(checked_messages(messages, image=image))


def picture(source: bytes, kind: str = "image/png") -> dict[str, Any]:
    url = f"data:{kind};base64,{base64.b64encode(source).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def test_texts_go_as_they_are_system_ones_too() -> None:
    """Unlike space.reka.ai, the official API knows all roles."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "Sure?"},
    ]
    assert wire(messages) == messages


def test_text_parts_alone_become_one_text() -> None:
    """Some servers of models without pictures take no list."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert wire([{"role": "user", "content": parts}]) == [{"role": "user", "content": "a\nb"}]


def test_bytes_become_a_data_url_unchanged() -> None:
    """The order of the parts is the caller's."""
    parts = [
        {"type": "text", "text": "This"},
        {"type": "image", "image": PNG, "media_type": "image/webp"},
        {"type": "text", "text": "and this"},
        {"type": "image_url", "image_url": {"url": URL}},
    ]
    (message,) = wire([{"role": "user", "content": parts}])
    assert message["content"] == [
        {"type": "text", "text": "This"},
        picture(PNG),
        {"type": "text", "text": "and this"},
        {"type": "image_url", "image_url": {"url": URL}},
    ]


def test_a_data_url_is_given_the_type_of_its_bytes() -> None:
    """What people write there is often wrong, and servers refuse it then."""
    url = f"data:image/jpeg;base64,{base64.b64encode(PNG).decode()}"
    (message,) = wire([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])
    assert message["content"] == [picture(PNG)]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF1234WEBPVP8 ", "image/webp"),
        (b"BM1234", "image/bmp"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"?", "image/png"),
    ],
)
def test_a_picture_is_named_by_its_bytes(start: bytes, kind: str) -> None:
    """Servers decode by the name that it is given."""
    assert media_type_of(start) == kind


def test_an_image_rides_on_the_last_user_message() -> None:
    """Before its text, after its other pictures."""
    ask = {"role": "user", "content": "What?"}
    answer = {"role": "assistant", "content": "That."}
    content = [{"type": "image_url", "image_url": {"url": URL}}, {"type": "text", "text": "What?"}]
    assert wire([ask, answer, ask, answer], URL)[2]["content"] == content
    assert wire([ask, answer, ask, answer], URL)[0]["content"] == "What?"
    twice = wire([{"role": "user", "content": content}], PNG)[0]["content"]
    assert twice == [content[0], picture(PNG), content[1]]


def test_a_message_may_be_a_picture_alone() -> None:
    """People paste one and say nothing."""
    assert wire([{"role": "user", "content": ""}], PNG) == [{"role": "user", "content": [picture(PNG)]}]


def test_a_system_message_without_text_is_left_out() -> None:
    """An operator may leave SYSTEM_PROMPT empty."""
    ask = {"role": "user", "content": "Hi"}
    assert wire([{"role": "system", "content": ""}, ask]) == [ask]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "not empty"),
        ("Hi", "must be a list"),
        ([{"role": "system", "content": "x"}], "at least one of the user"),
        ([{"role": "bot", "content": "x"}], "needs a role"),
        ([{"content": "x"}], "needs a role"),
        ([7], "needs a role"),
        ([{"role": "user"}], "needs content"),
        ([{"role": "user", "content": b"x"}], "needs content"),
        ([{"role": "user", "content": ""}], "has no content"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}], "has no content"),
        ([{"role": "user", "content": [{"type": "audio"}]}], "none of text"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}], "https://"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "data:,"}]}], "data: URL"),
        (
            [
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": [{"type": "image", "image": PNG}]},
            ],
            "Only messages of the user",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(messages: Any, said: str) -> None:
    """Before any request, with what would be right."""
    with pytest.raises(RekaRequestError, match=said):
        wire(messages)
