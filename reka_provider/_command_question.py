"""What the command `reka` asks: the question from arguments and standard input, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from io import BufferedIOBase

from reka_provider._errors import RekaRequestError
from reka_provider._images import prepare_image
from reka_provider._types import ChatMessage, ContentPart

LARGEST_STDIN_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


def question_of(words: Sequence[str], piped: BufferedIOBase | None) -> str:
    """The question from the arguments, what is piped in, or both, the arguments first.

    `piped` (None: closed) is read where it is no terminal, or where a word is `-`. Raises RekaRequestError.
    """
    asked = " ".join(word for word in words if word != "-").strip()
    wanted = "-" in words
    given = ""
    if piped is not None and (wanted or not piped.isatty()):
        given = _text_of(piped).strip()
    question = "\n\n".join(part for part in (asked, given) if part)
    if not question:
        where = "standard input is empty" if wanted else 'write one, such as: reka "What is Reka?"'
        raise RekaRequestError(f"There is no question: {where}.")
    return question


def _text_of(piped: BufferedIOBase) -> str:
    data = bytearray()
    try:
        # `read` would loop in C, where a Ctrl+C between two chunks is not noticed until the next one comes.
        while len(data) <= LARGEST_STDIN_BYTES and (chunk := piped.read1(_CHUNK_BYTES)):
            data += chunk
    except OSError as error:
        raise RekaRequestError(f"Standard input cannot be read: {error.strerror}.") from None
    if len(data) > LARGEST_STDIN_BYTES:
        raise RekaRequestError(
            "Standard input holds more than 4 MiB, which no model reads: give a part of it."
        )
    if b"\0" in data:
        raise RekaRequestError("Standard input holds no text; give a picture by --image FILE.")
    return data.decode("utf-8-sig", "replace")


def messages_of(system: str | None, question: str, images: Sequence[str]) -> list[ChatMessage]:
    """The conversation to send, its pictures prepared. Raises RekaRequestError for one that is none."""
    said: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
    if not images:
        return [*said, {"role": "user", "content": question}]
    parts = [_picture(image) for image in images]
    return [*said, {"role": "user", "content": [*parts, {"type": "text", "text": question}]}]


def _picture(image: str) -> ContentPart:
    if image.lower().startswith(("https://", "http://")):
        return {"type": "image_url", "image_url": {"url": image}}
    try:
        prepared = prepare_image(image)
    except RekaRequestError as error:
        said = str(error)
        raise RekaRequestError(said if image in said else f"{image}: {said}") from None
    return {"type": "image", "image": prepared.data, "media_type": prepared.media_type}
