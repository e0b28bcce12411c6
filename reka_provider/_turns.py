"""Messages to the turns that space.reka.ai expects; pure.

Wire: turns are `human` or `model`, a system text travels inside a human turn, and a turn has at most one
`image_url` (reka-api.md 1.3).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from reka_provider._errors import RekaRequestError
from reka_provider._types import Messages

_TYPES = {"user": "human", "assistant": "model"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn; `image` is a URL, or bytes still to be uploaded."""

    type: str
    text: str
    image: str | bytes | None = None


def turns_of(messages: Messages, *, image: str | bytes | None = None) -> list[Turn]:
    """The turns of a conversation; `image` rides on the last user message. Raises RekaRequestError.

    A system text is put before the human turn that follows it. Of several images on one message all but the
    last become human turns of their own right before it.
    """
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Sequence) or not messages:
        raise RekaRequestError(
            'messages must be a list like [{"role": "user", "content": "Hello"}], not empty.'
        )
    asked = [index for index, message in enumerate(messages) if _role(index, message) == "user"]
    if not asked:
        raise RekaRequestError("messages must hold at least one of the user.")
    turns: list[Turn] = []
    system: list[str] = []
    for index, message in enumerate(messages):
        text, images = _content(index, message.get("content"))
        if image is not None and index == asked[-1]:
            images.append(image)
        role = _role(index, message)
        if role == "system":
            system.extend([text] if text else [])
            continue
        if not text and not images:
            raise RekaRequestError(f"messages[{index}] has no content.")
        if role == "user" and system:
            text = "\n\n".join([*system, text] if text else system)
            system.clear()
        turns.extend(_one_image_a_turn(_TYPES[role], text, images))
    if system:
        turns.append(Turn("human", "\n\n".join(system)))
    return turns


def wire_turn(turn: Turn, image_url: str | None) -> dict[str, str]:
    """The turn as JSON holds it, its image by URL."""
    wire = {"type": turn.type, "text": turn.text}
    return wire if image_url is None else {**wire, "image_url": image_url, "media_type": "image"}


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


def _content(index: int, content: object) -> tuple[str, list[str | bytes]]:
    if isinstance(content, str):
        return content, []
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        raise RekaRequestError(f"messages[{index}] needs content: a text, or a list of parts.")
    texts: list[str] = []
    images: list[str | bytes] = []
    for part in content:
        found = _part(index, part)
        if isinstance(found, Turn):
            texts.append(found.text)
        else:
            images.append(found)
    return "\n".join(texts), images


def _part(index: int, part: object) -> Turn | str | bytes:
    if isinstance(part, Mapping):
        kind, image_url, data = part.get("type"), part.get("image_url"), part.get("image")
        if kind == "text" and isinstance(part.get("text"), str):
            return Turn("", str(part["text"]))
        if kind == "image" and isinstance(data, (bytes, bytearray, memoryview)):
            return bytes(data)
        url = image_url.get("url") if isinstance(image_url, Mapping) else image_url
        if kind == "image_url" and isinstance(url, str):
            return image_of_url(url)
    raise RekaRequestError(
        f"messages[{index}] has a part that is none of text (with text), image_url (with image_url.url) "
        "and image (with bytes)."
    )


def image_of_url(url: str) -> str | bytes:
    """An http(s) URL as it is, the bytes of a `data:` URL. Raises RekaRequestError."""
    if url[:5].lower() == "data:":
        return data_url_bytes(url)
    if url.lower().startswith(("https://", "http://")):
        return url
    raise RekaRequestError("An image's URL must begin with https:// or data:.")


def _one_image_a_turn(kind: str, text: str, images: list[str | bytes]) -> list[Turn]:
    last = Turn(kind, text, images[-1] if images else None)
    if kind != "human" and images:
        raise RekaRequestError("Only messages of the user can hold images.")
    count = len(images)
    before = [
        Turn("human", f"[image {number} of {count}]", image)
        for number, image in enumerate(images[:-1], start=1)
    ]
    if count > 1 and not text:
        last = replace(last, text=f"[image {count} of {count}]")
    return [*before, last]
