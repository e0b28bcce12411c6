"""The world as a few lines of text, for the message of a test that waited in vain."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.entities import Channel, Message

_SHOWN_CHARS = 300


def draw(channels: Iterable[Channel]) -> str:
    """Write every channel that holds messages, oldest first."""
    lines = []
    for channel in channels:
        if channel.messages:
            lines.append(f"{'DM with ' if channel.is_dm else '#'}{channel.name}")
            lines.extend(_line(message) for message in channel.messages.values())
    return "\n".join(lines) or "(nobody said anything)"


def _line(message: Message) -> str:
    marks = [
        f"only for {message.only_for.name}" if message.only_for else "",
        "thinking" if message.thinking else "",
        f"{len(message.attachments)} files" if message.attachments else "",
        f"buttons {[button.get('label') for button in message.buttons]}" if message.buttons else "",
        f"reactions {list(message.reactions)}" if message.reactions else "",
    ]
    said = message.content if len(message.content) <= _SHOWN_CHARS else message.content[:_SHOWN_CHARS] + "..."
    return f"  {message.author.name}: {said!r} {'; '.join(mark for mark in marks if mark)}".rstrip()
