"""The answers that the loopback server gives: the same text on both wires, as bytes; pure."""

from __future__ import annotations

import json
import random
from typing import Literal

Wire = Literal["official", "space"]

_WORDS = (
    "the", "tower", "stands", "where", "river", "meets", "old", "harbour", "and", "keepers", "light", "a", "lamp",
    "each", "evening", "so", "that", "ships", "find", "their", "way", "home", "naïve", "“quoted”", "\"said\"",
    "C:\\path", "line\n", "glückauf", "日本",
)  # fmt: skip


def pieces(tokens: int) -> list[str]:
    """So many tokens of an answer, some of which JSON has to escape; the same ones each time."""
    rng = random.Random(tokens)
    return ["Lighthouses", *(f" {rng.choice(_WORDS)}" for _ in range(tokens - 1))]


def events(wire: Wire, tokens: int) -> list[bytes]:
    """The events of an answer, one for each token and those that end it."""
    return (_space_events if wire == "space" else _official_events)(pieces(tokens))


def _official_events(texts: list[str]) -> list[bytes]:
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": text}, None) for text in texts]
    deltas.append(({}, "stop"))
    chunks: list[dict[str, object]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": len(texts), "total_tokens": 9 + len(texts)}
    chunks.append({"choices": [], "usage": usage})
    head = {"id": "chatcmpl-5f1c", "object": "chat.completion.chunk", "created": 1, "model": "reka-flash-3"}
    lines = [
        json.dumps({**head, **chunk}, separators=(",", ":"), ensure_ascii=False).encode() for chunk in chunks
    ]
    return [b"data: " + line + b"\n\n" for line in [*lines, b"[DONE]"]]


def _space_events(texts: list[str]) -> list[bytes]:
    found, text = [], ""
    for number, piece in enumerate(texts, 1):
        text += piece
        event: dict[str, object] = {"type": "model", "text": text}
        if number == len(texts):
            event["finish_reason"] = "stop"
        event["metadata"] = {"input_tokens": 9, "generated_tokens": number}
        found.append(b"event: message\ndata: " + json.dumps(event).encode() + b"\n\n")
    return found
