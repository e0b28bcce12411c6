"""Messages to those that an OpenAI-compatible server expects; pure.

Wire: `content` is a text, or a list of parts in which a picture is an `image_url` part with an http(s) or a base64
`data:` URL (reka-api.md 2.3).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from reka_provider._parts import Message

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def wire_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as JSON holds them; a picture's bytes unchanged, as a `data:` URL of what they are."""
    return [{"role": message.role, "content": _content(message)} for message in messages]


def media_type_of(data: bytes) -> str:
    """What a picture is, by its first bytes; image/png where they do not tell."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if data.startswith(start)), "image/png")


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.pictures:
        return message.text  # not every server takes a list from those who send text alone
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": _url(part.source)}}
        for part in message.parts
        if part
    ]


def _url(source: str | bytes) -> str:
    if isinstance(source, str):
        return source
    return f"data:{media_type_of(source)};base64,{base64.b64encode(source).decode()}"
