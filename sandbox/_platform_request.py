"""What was asked of the loopback official API, read and judged; pure."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

from sandbox._platform_models import ALIASES, IMAGE_LIMITS
from sandbox._reka_persona import Turn
from sandbox._reka_script import Exchange

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_PARTS = frozenset({"text", "image_url", "video_url"})
_CHARS_A_TOKEN = 4
_RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "frequency_penalty": (-2.0, 2.0),
    "presence_penalty": (-2.0, 2.0),
}


class Refused(Exception):
    """The service answers with an error: a status, and what its error object says."""

    def __init__(self, status: int, kind: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.param = param

    def body(self) -> dict[str, object]:
        """The error object, as the service writes it."""
        return error_body(self.kind, self.message, self.param)


def error_body(kind: str, message: str, param: str | None = None) -> dict[str, object]:
    """An error as the official API words it (reka-api.md 2.6)."""
    error: dict[str, object] = {"type": kind, "message": message}
    if param is not None:
        error["param"] = param
    return {"error": error}


@dataclass(frozen=True, slots=True)
class SentImage:
    """A picture as it came: with its bytes and type where its address is a data URL."""

    url: str = field(repr=False)
    data: bytes | None = field(default=None, repr=False)
    content_type: str | None = None


@dataclass(slots=True)
class Chat(Exchange):
    """A question to the official API as it arrived, and how it went; `refused` is why it got no answer."""

    refused: str | None = None

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        """Whether events were asked for."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages as they came, oldest first."""
        messages: list[dict[str, Any]] = self.body.get("messages") or []
        return messages

    @property
    def told(self) -> list[tuple[str, str]]:
        """(role, text) of each message, oldest first."""
        return [(str(message.get("role")), text_of(message)) for message in self.messages]

    @property
    def images(self) -> list[SentImage]:
        """All pictures, decoded, oldest first. Raises Refused for one that cannot be read."""
        return [image for message in self.messages for image in images_of(message)]


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a message, those of all its parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content or [] if part.get("type") == "text")


def images_of(message: Mapping[str, Any]) -> Iterator[SentImage]:
    """The pictures of a message, decoded. Raises Refused."""
    content = message.get("content")
    if not isinstance(content, list):
        return
    for part in content:
        if part.get("type") != "image_url":
            continue
        place = part.get("image_url")
        url = place.get("url") if isinstance(place, dict) else None
        if not isinstance(url, str):
            raise _invalid('image_url must be an object like {"url": "..."}')
        yield _image(url)


def _image(url: str) -> SentImage:
    if url.startswith(("http://", "https://")):
        return SentImage(url)
    head, comma, encoded = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64") and comma):
        raise _invalid("an image is an http(s) URL or a data URL like data:image/png;base64,...")
    try:
        data = base64.b64decode(encoded, validate=True)
        with Image.open(io.BytesIO(data)):
            pass
    except (binascii.Error, UnidentifiedImageError, OSError) as error:
        raise _invalid("an image could not be read") from error
    return SentImage(url, data, head.removeprefix("data:").removesuffix(";base64"))


def check(body: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The entry of the model that is to answer.

    Raises:
        Refused: 400 or 404, as the service would (reka-api.md 2.3, 2.6).
    """
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise _invalid("model is required", "model")
    wanted = ALIASES.get(name, name)
    model = next((entry for entry in models if entry["id"] == wanted), None)
    if model is None:
        raise Refused(404, "not_found_error", f"The model {name} does not exist.", "model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages must be a list of at least one message")
    for message in messages:
        _check_message(message)
    images = [image for message in messages for image in images_of(message)]
    if images and "image" not in model.get("input_modalities", []):
        raise _invalid(f"{name} does not take images")
    limit = IMAGE_LIMITS.get(wanted)
    if limit is not None and len(images) > limit:
        raise _invalid(f"{name} takes at most {limit} images, not {len(images)}")
    prompt = prompt_tokens(messages)
    if prompt > model.get("context_length", prompt):
        raise _invalid(f"{prompt} tokens are more than the {model['context_length']} of {name}'s context")
    _check_numbers(body)
    return model


def _check_message(message: object) -> None:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise _invalid(f"a message needs a role, one of {', '.join(sorted(_ROLES))}")
    content = message.get("content")
    if content is None and message["role"] == "assistant":
        return
    if isinstance(content, list):
        for part in content:
            if not isinstance(part, dict) or part.get("type") not in _PARTS:
                raise _invalid(f"a part of a message needs a type, one of {', '.join(sorted(_PARTS))}")
    elif not isinstance(content, str):
        raise _invalid("a message's content is a string or a list of parts")


def _check_numbers(body: Mapping[str, Any]) -> None:
    limit = body.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise _invalid("max_tokens must be a whole number above 0", "max_tokens")
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and low <= value <= high):
            raise _invalid(f"{name} must be a number from {low:g} to {high:g}", name)


def prompt_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """About how many tokens the words of the messages are."""
    return sum(-(-len(text_of(message)) // _CHARS_A_TOKEN) + 1 for message in messages)


def turns_of(messages: Sequence[Mapping[str, Any]]) -> tuple[list[Turn], dict[str, bytes]]:
    """The messages as the stand-in reads them, and the bytes of their pictures by address."""
    turns: list[Turn] = []
    pictures: dict[str, bytes] = {}
    for message in messages:
        role = message.get("role")
        if role not in ("user", "assistant"):
            continue
        images = list(images_of(message))
        pictures |= {image.url: image.data for image in images if image.data is not None}
        # One picture a turn, as the stand-in knows it: further ones come right before, as turns of their own.
        for number, image in enumerate(images[:-1], 1):
            turns.append(Turn("human", f"[image {number} of {len(images)}]", image.url))
        kind = "human" if role == "user" else "model"
        turns.append(Turn(kind, text_of(message), images[-1].url if images else None))
    return turns, pictures


def _invalid(message: str, param: str = "messages") -> Refused:
    return Refused(400, "validation_error", message, param)
