"""Messages to the turns that space.reka.ai expects; pure.

Wire: turns are `human` or `model`, a system text travels inside a human turn, and a turn has at most one
`image_url` (reka-api.md 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reka_provider._parts import checked_messages
from reka_provider._types import Messages


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
    turns: list[Turn] = []
    system: list[str] = []
    for message in checked_messages(messages, image=image):
        text = message.text
        if message.role == "system":
            system.append(text)
        elif message.role == "assistant":
            turns.append(Turn("model", text))
        else:
            if system:
                text = "\n\n".join([*system, text] if text else system)
                system.clear()
            turns.extend(_one_image_a_turn(text, message.pictures))
    if system:
        turns.append(Turn("human", "\n\n".join(system)))
    return turns


def wire_turn(turn: Turn, image_url: str | None) -> dict[str, str]:
    """The turn as JSON holds it, its image by URL."""
    wire = {"type": turn.type, "text": turn.text}
    return wire if image_url is None else {**wire, "image_url": image_url, "media_type": "image"}


def _one_image_a_turn(text: str, images: list[str | bytes]) -> list[Turn]:
    last = Turn("human", text, images[-1] if images else None)
    count = len(images)
    before = [
        Turn("human", f"[image {number} of {count}]", image)
        for number, image in enumerate(images[:-1], start=1)
    ]
    if count > 1 and not text:
        last = replace(last, text=f"[image {count} of {count}]")
    return [*before, last]
