"""A conversation -> what one model is sent: the model that reads it, and as much of the past as it can take; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reka_provider import ChatMessage, ContentPart, RekaRequestError

NOT_SHOWN = "[Pictures of this message are not shown here.]"

PICTURE_TOKENS = 1_000
MESSAGE_TOKENS = 8  # its role and the marks around it
RECENT_QUESTIONS = 2
_BYTES_PER_TOKEN = 3  # of UTF-8: 3 letters of English, or one of Chinese, which is on the safe side of both
_UNKNOWN_CONTEXT_TOKENS = 16_384
_INPUT_SHARE = 5 / 8  # of the context; the rest is for the answer, and for what the estimate is wrong by


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model takes. `context_tokens` counts question and answer together; None where nobody knows.

    `pictures` is how many one request may hold: 0 where it reads text only, None where nobody knows.
    """

    context_tokens: int | None = None
    output_tokens: int | None = None
    pictures: int | None = None


# Serves until the service has told more (reka-api.md 2.5).
_EDGE: Final = ModelFacts(16_384, 14_745, 3)
KNOWN: Final[Mapping[str, ModelFacts]] = {
    "reka-flash-3": ModelFacts(65_536, 58_982, 0),
    "reka-edge-2603": _EDGE,
    "reka-edge": _EDGE,
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one service is asked: by which model, with which messages, for at most how many tokens."""

    model: str
    messages: Sequence[ChatMessage] = field(repr=False)
    max_tokens: int | None = None


@dataclass(slots=True)
class ModelsByNeed:
    """A service with one model for text and one for pictures.

    The model for pictures reads a question that has some of its own (those of a message it refers to included,
    see recall), and one that follows within two questions of a picture, so that "and what colour is it?" works.
    What comes later goes to the model for text, which is the better writer, without the pictures. A model for text
    that reads pictures itself reads everything.

    `listed` is what the service last told of its models, None until it has.
    """

    text_model: str
    vision_model: str
    listed: Mapping[str, ModelFacts] | None = None

    def prompt(self, messages: Sequence[ChatMessage]) -> Prompt:
        """What to send for `messages`, the last of which is the question.

        Raises RekaRequestError: the question alone is too long, or nobody can read its pictures.
        """
        model, pictures = self._choice(messages)
        return fitted(model, self.facts(model), with_newest_pictures(messages, pictures))

    def picture_reader(self) -> str | None:
        """The model that is sent pictures; None where neither is known to read them."""
        of_text = self.facts(self.text_model).pictures
        has_other = self.vision_model != self.text_model and self._is_there(self.vision_model)
        if of_text or (of_text is None and not has_other):
            return self.text_model
        return self.vision_model if has_other else None

    def facts(self, model: str) -> ModelFacts:
        """What is known of a model: what the service told, else what we know ourselves."""
        told = (self.listed or {}).get(model, ModelFacts())
        ours = KNOWN.get(model, ModelFacts())
        return ModelFacts(
            told.context_tokens or ours.context_tokens,
            told.output_tokens or ours.output_tokens,
            ours.pictures if told.pictures is None else told.pictures,
        )

    def _choice(self, messages: Sequence[ChatMessage]) -> tuple[str, int | None]:
        """The model, and how many pictures it is sent."""
        reader = self.picture_reader()
        if reader != self.text_model and not asks_about_pictures(messages):
            return self.text_model, 0
        if reader is None:
            raise RekaRequestError(
                f"{self.text_model} reads text only, and {self.vision_model} is not there to read pictures: "
                "set REKA_VISION_MODEL to one that reads them."
            )
        return reader, self.facts(reader).pictures

    def _is_there(self, model: str) -> bool:
        return self.listed is None or model in self.listed


def asks_about_pictures(messages: Sequence[ChatMessage]) -> bool:
    """Whether the question, or one of the two before it, came with a picture."""
    asked = [message for message in messages if message["role"] == "user"]
    return any(_pictures_in(message) for message in asked[-1 - RECENT_QUESTIONS :])


def with_newest_pictures(messages: Sequence[ChatMessage], limit: int | None) -> list[ChatMessage]:
    """The messages with at most `limit` pictures, the newest message's first; a word stands for those left out."""
    if limit is None:
        return list(messages)
    kept: list[ChatMessage] = []
    for message in reversed(messages):
        count = _pictures_in(message)
        kept.append(message if count <= limit else _with_pictures(message, limit))
        limit -= min(count, limit)
    kept.reverse()
    return kept


def fitted(model: str, facts: ModelFacts, messages: Sequence[ChatMessage]) -> Prompt:
    """As many of the newest messages as `model` can take, its instructions and the question in any case.

    Raises RekaRequestError: those alone are too long.
    """
    context = facts.context_tokens or _UNKNOWN_CONTEXT_TOKENS
    system = [message for message in messages[:-1] if message["role"] == "system"]
    past = [message for message in messages[:-1] if message["role"] != "system"]
    room = int(context * _INPUT_SHARE) - sum(map(tokens_of, (*system, messages[-1])))
    if room < 0:
        raise RekaRequestError(
            f"The question is too long for {model}, which takes {context:,} tokens with its answer: "
            "ask less at once, or shorten SYSTEM_PROMPT."
        )
    kept: list[ChatMessage] = []
    for message in reversed(past):
        room -= (tokens := tokens_of(message))
        if room < 0:
            room += tokens
            break
        kept.append(message)
    kept.reverse()
    while kept and kept[0]["role"] == "assistant":  # an answer without its question explains nothing
        room += tokens_of(kept.pop(0))
    # Half of what is left: a prompt of which we think too little must not push its answer out of the context.
    left = (context - int(context * _INPUT_SHARE) + room) // 2
    max_tokens = min(left, facts.output_tokens or left) if facts.context_tokens else None
    return Prompt(model, [*system, *kept, messages[-1]], max_tokens)


def tokens_of(message: ChatMessage) -> int:
    """About how many tokens a message is, rather too many than too few."""
    content = message["content"]
    parts: Sequence[ContentPart] = (
        [{"type": "text", "text": content}] if isinstance(content, str) else content
    )
    tokens = MESSAGE_TOKENS
    for part in parts:
        if part["type"] == "text":
            tokens += -(-len(part["text"].encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
        else:
            tokens += PICTURE_TOKENS
    return tokens


def _pictures_in(message: ChatMessage) -> int:
    content = message["content"]
    return 0 if isinstance(content, str) else sum(part["type"] != "text" for part in content)


def _with_pictures(message: ChatMessage, limit: int) -> ChatMessage:
    """The message with its first `limit` pictures, and with a word where none is left."""
    content = message["content"]
    if isinstance(content, str):
        return message
    pictures = [part for part in content if part["type"] != "text"][:limit]
    texts: list[ContentPart] = [part for part in content if part["type"] == "text"]
    if pictures:
        return {"role": message["role"], "content": [*pictures, *texts]}
    words = [part["text"] for part in texts if part["type"] == "text"]
    return {"role": message["role"], "content": "\n".join([*words, NOT_SHOWN])}
