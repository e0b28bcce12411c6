"""What a server says of its models; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reka_provider._errors import RekaResponseError

VISION_MODEL = "reka-edge-2603"
# Wire: reka-api.md 2.3 and 2.5. The list itself does not tell how many pictures a model takes.
_IMAGE_LIMITS = {"reka-edge-2603": 3, "reka-edge": 3, "reka-flash-3": 0}


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the list describes it; None where it does not say."""

    id: str
    name: str | None = None
    description: str | None = None
    context_length: int | None = None
    """Tokens of question and answer together."""
    max_output_length: int | None = None
    """Tokens of the answer, its reasoning included."""
    input_modalities: tuple[str, ...] | None = None
    """Such as ("text", "image", "video")."""
    output_modalities: tuple[str, ...] | None = None
    supported_sampling_parameters: tuple[str, ...] | None = None

    @property
    def image_limit(self) -> int | None:
        """How many pictures one request may hold; None where no limit is known."""
        if self.input_modalities is not None and "image" not in self.input_modalities:
            return 0
        known = _IMAGE_LIMITS.get(self.id)
        # What the list says of today weighs more than what was noted down of a model that read text alone.
        return None if known == 0 and self.input_modalities is not None else known


def image_limit(model: str, models: Sequence[Model] = ()) -> int | None:
    """How many pictures one request to `model` may hold; None where no limit is known.

    `models` is what `list_models` gave; a model that is not among them is judged by what is known of its name.
    """
    return next((one for one in models if one.id == model), Model(model)).image_limit


def models_in(answer: object) -> list[Model]:
    """The models in the answer of GET /models. Raises RekaResponseError where it is no list of them.

    Wire: `{"object": "list", "data": [{"id": ...}]}`, or the bare array of older pages (reka-api.md 2.4). Entries
    without an id are skipped. vLLM gives the context as `max_model_len`, and Ollama null for an empty list.
    """
    entries = answer.get("data", ()) if isinstance(answer, dict) else answer
    if isinstance(answer, dict) and "data" in answer and entries is None:
        return []
    if not isinstance(entries, list):
        raise RekaResponseError("Reka answered something that is no list of models.")
    return [_model(one) for one in entries if isinstance(one, dict) and _text(one.get("id"))]


def _model(entry: dict[str, Any]) -> Model:
    return Model(
        id=str(entry["id"]),
        name=_text(entry.get("name")),
        description=_text(entry.get("description")),
        context_length=_count(entry.get("context_length")) or _count(entry.get("max_model_len")),
        max_output_length=_count(entry.get("max_output_length")),
        input_modalities=_texts(entry.get("input_modalities")),
        output_modalities=_texts(entry.get("output_modalities")),
        supported_sampling_parameters=_texts(entry.get("supported_sampling_parameters")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...] | None:
    return tuple(str(one) for one in value) if isinstance(value, list) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
