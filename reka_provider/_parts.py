"""Messages, checked, to their texts and pictures, whichever Reka they are for; pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from reka_provider._errors import RekaRequestError
from reka_provider._types import Messages


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a message: its http(s) URL or its bytes."""

    source: str | bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its role and, in order, its texts and pictures."""

    role: str
    parts: tuple[str | Picture, ...]

    @property
    def text(self) -> str:
        """All of its texts, each on a line of its own."""
        return "\n".join(part for part in self.parts if isinstance(part, str))

    @property
    def pictures(self) -> list[str | bytes]:
        """The sources of its pictures."""
        return [part.source for part in self.parts if isinstance(part, Picture)]


def checked_messages(messages: Messages, *, image: str | bytes | None = None) -> list[Message]:
    """The messages of a conversation, `image` after the other pictures of the last one of the user.

    A system message without text is left out. Raises RekaRequestError where there is none of the user, or one has
    a wrong role, no content, a part of an unknown kind, or a picture that is not the user's to send.
    """
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Sequence) or not messages:
        raise RekaRequestError(
            'messages must be a list like [{"role": "user", "content": "Hello"}], not empty.'
        )
    roles = [_role(index, message) for index, message in enumerate(messages)]
    if "user" not in roles:
        raise RekaRequestError("messages must hold at least one of the user.")
    last_asked = len(roles) - 1 - roles[::-1].index("user")
    found = []
    for index, (role, message) in enumerate(zip(roles, messages, strict=True)):
        parts = _parts(index, message.get("content"))
        if image is not None and index == last_asked:
            parts.insert(_end_of_pictures(parts), Picture(image))
        one = Message(role, tuple(parts))
        if role != "user" and one.pictures:
            raise RekaRequestError("Only messages of the user can hold images.")
        if one.text or one.pictures:
            found.append(one)
        elif role != "system":
            raise RekaRequestError(f"messages[{index}] has no content.")
    return found


def image_of_url(url: str) -> str | bytes:
    """An http(s) URL as it is, the bytes of a `data:` URL. Raises RekaRequestError."""
    if url[:5].lower() == "data:":
        return data_url_bytes(url)
    if url.lower().startswith(("https://", "http://")):
        return url
    raise RekaRequestError("An image's URL must begin with https:// or data:.")


def data_url_bytes(url: str) -> bytes:
    """The bytes that a `data:` URL holds. Raises RekaRequestError."""
    header, _, payload = url.partition(",")
    if payload and not header.endswith(";base64"):
        return unquote_to_bytes(payload)
    try:
        data = base64.b64decode("".join(payload.split()), validate=True)
    except binascii.Error:
        data = b""
    if not data:
        raise RekaRequestError("A data: URL must look like data:image/png;base64,... and be whole.")
    return data


def _role(index: int, message: object) -> str:
    role = message.get("role") if isinstance(message, Mapping) else None
    if role not in ("system", "user", "assistant"):
        raise RekaRequestError(f"messages[{index}] needs a role of system, user or assistant.")
    return str(role)


def _parts(index: int, content: object) -> list[str | Picture]:
    if isinstance(content, str):
        return [content]
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        raise RekaRequestError(f"messages[{index}] needs content: a text, or a list of parts.")
    return [_part(index, part) for part in content]


def _part(index: int, part: object) -> str | Picture:
    if isinstance(part, Mapping):
        kind, image_url, data = part.get("type"), part.get("image_url"), part.get("image")
        if kind == "text" and isinstance(part.get("text"), str):
            return str(part["text"])
        if kind == "image" and isinstance(data, (bytes, bytearray, memoryview)):
            return Picture(bytes(data))
        url = image_url.get("url") if isinstance(image_url, Mapping) else image_url
        if kind == "image_url" and isinstance(url, str):
            return Picture(image_of_url(url))
    raise RekaRequestError(
        f"messages[{index}] has a part that is none of text (with text), image_url (with image_url.url) "
        "and image (with bytes)."
    )


def _end_of_pictures(parts: list[str | Picture]) -> int:
    """Where the next picture belongs: after the last one, else before all texts."""
    return max((index for index, part in enumerate(parts, start=1) if isinstance(part, Picture)), default=0)
