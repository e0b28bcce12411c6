"""The values that go into and come out of this package."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    from PIL.Image import Image


class TextPart(TypedDict):
    """A piece of text in a message."""

    type: Literal["text"]
    text: str


class ImageUrl(TypedDict):
    """Where a picture is: an https URL, or a base64 `data:` URL."""

    url: str


class ImageUrlPart(TypedDict):
    """A picture in a message, by its URL."""

    type: Literal["image_url"]
    image_url: ImageUrl


class ImagePart(TypedDict):
    """A picture in a message, by its bytes, which the client uploads itself."""

    type: Literal["image"]
    image: bytes
    media_type: str


ContentPart: TypeAlias = TextPart | ImageUrlPart | ImagePart


class ChatMessage(TypedDict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str | Sequence[ContentPart]


Messages: TypeAlias = Sequence[ChatMessage] | Sequence[Mapping[str, object]]
"""A conversation, oldest first. Plain dicts are as good as ChatMessage; what they hold is checked."""


class BinaryFile(Protocol):
    """A file open for reading bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, all of them if `size` is negative."""
        ...


ImageType: TypeAlias = "bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryFile | Image"
"""A picture: its bytes, a path to it, a base64 `data:` URL, an open file or a PIL image."""

CookiesType: TypeAlias = "Mapping[str, str] | str | os.PathLike[str]"
"""Cookies: a mapping, a header like "k=v; k2=v2", or a path to an exported .json or Netscape .txt file."""

CreateResult: TypeAlias = Generator[str, None, None]
"""The pieces of an answer, in order, none of them empty."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer has cost, in tokens."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class CompletionState:
    """An answer as it stands: all of its text so far."""

    text: str
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None


class AbstractProvider(ABC):
    """Something that answers conversations, one piece of text after the other."""

    domain: ClassVar[str]
    url: ClassVar[str]
    working: ClassVar[bool]
    needs_auth: ClassVar[bool]
    supports_stream: ClassVar[bool]
    default_vision_model: ClassVar[str]

    @abstractmethod
    def create_completion(
        self,
        model: str | None = None,
        messages: Messages = (),
        stream: bool = True,
        *,
        image: ImageType | None = None,
    ) -> CreateResult:
        """Yield the answer to `messages`, piece by piece."""
