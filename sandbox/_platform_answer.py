"""A script in the OpenAI form of the official API: chunks, or one object (reka-api.md 2.1, 2.2)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox._reka_persona import pieces
from sandbox._reka_script import Script
from sandbox._reka_stream import Spoken, as_object, error_event, event


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around each chunk, and what is counted."""

    id: str
    model: str
    prompt_tokens: int

    def around(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """A whole chunk or object."""
        named = {"id": self.id, "object": kind, "created": int(time.time()), "model": self.model}
        return {**named, "choices": choices}

    def usage(self, completion_tokens: int) -> dict[str, int]:
        """The counts as the service writes them."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
        }


def spoken(script: Script, envelope: Envelope, *, stream: bool) -> Spoken:
    """The script's answer in bytes."""
    words = list(script.pieces) or pieces(script.text)
    thought = list(script.reasoning)
    if script.reasoning_tags and thought:
        words = ["<reasoning>", *thought, "</reasoning>", *words]
        thought = []
    if not stream or script.bare_json:
        return as_object(script, _object(script, envelope, thought, words), len(thought) + len(words))
    nothing = None if script.null_content else ""
    head = _chunk(script, envelope, {"role": "assistant", "content": nothing})
    error = error_event(script)
    tail = _tail(script, envelope, len(thought) + len(words)) if error is None else error
    return Spoken(_chunks(script, envelope, thought, words), head, tail, script.content_type)


def _object(script: Script, envelope: Envelope, thought: list[str], words: list[str]) -> dict[str, Any]:
    text: str | None = "".join(words)
    message: dict[str, Any] = {"role": "assistant", "content": text or None if script.null_content else text}
    if thought:
        message["reasoning_content"] = "".join(thought)
    choice = {"index": 0, "message": message, "finish_reason": script.finish_reason}
    value = envelope.around("chat.completion", [choice])
    if script.usage:
        value["usage"] = envelope.usage(len(thought) + len(words))
    return value


def _chunks(script: Script, envelope: Envelope, thought: list[str], words: list[str]) -> Iterator[bytes]:
    without_text = {"content": None} if script.null_content else {}
    for piece in thought:
        yield _chunk(script, envelope, {**without_text, "reasoning_content": piece})
    for piece in words:
        yield _chunk(script, envelope, {"content": piece})


def _tail(script: Script, envelope: Envelope, completion_tokens: int) -> bytes:
    events = []
    if script.finish_reason is not None:
        delta = {"content": None} if script.null_content else {}
        events.append(_chunk(script, envelope, delta, script.finish_reason))
    if script.usage:
        value = envelope.around("chat.completion.chunk", [])
        events.append(event(script, {**value, "usage": envelope.usage(completion_tokens)}))
    if script.done:
        events.append(event(script, "[DONE]"))
    return b"".join(events)


def _chunk(
    script: Script, envelope: Envelope, delta: dict[str, Any], finish_reason: str | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return event(script, envelope.around("chat.completion.chunk", [choice]))
