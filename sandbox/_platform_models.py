"""The models of the loopback official API, as GET /models lists them."""

from __future__ import annotations

from typing import Any

ALIASES = {"reka-flash": "reka-flash-3", "reka-edge": "reka-edge-2603"}
"""Older names that are still answered, though not listed."""

IMAGE_LIMITS = {"reka-edge-2603": 3}
"""Images a prompt; a model that is not here takes any number."""

REASONING_MODELS = frozenset({"reka-flash-3"})
"""These think before each answer."""


def catalogue() -> list[dict[str, Any]]:
    """A list of one's own, free to change."""
    return [
        _model("reka-flash-3", ["text"], context_length=65_536, max_output_length=58_982),
        _model("reka-edge-2603", ["text", "image", "video"], context_length=16_384, max_output_length=14_745),
        _model("glm5.3", ["text"], context_length=262_144, max_output_length=131_072),
    ]


def _model(name: str, modalities: list[str], **lengths: int) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "input_modalities": modalities,
        "output_modalities": ["text"],
        **lengths,
        "pricing": {"prompt": "0.0000001", "completion": "0.0000001"},
    }
