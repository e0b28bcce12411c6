"""The question put to the model: with its pictures, and without those that the model will not take.

A picture that was taken once may be refused later (the client comes back and uploads it anew; a rule changed).
As part of what is remembered it would then silence its channel for as long as it is remembered.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from conversation.ports import ChatModel, Origin
from reka_provider import ChatMessage, CompletionState, RekaConnectionError, RekaRequestError


async def put_question(
    model: ChatModel,
    messages: Sequence[ChatMessage],
    *,
    has_words: bool,
    on_left_out: Callable[[], None],
    on_begun: Callable[[Origin], None],
) -> AsyncGenerator[CompletionState, None]:
    """Yield the model's answer; one refused before its first word is asked for with fewer pictures.

    First the remembered pictures are left out, then the question's own where it `has_words`. `on_left_out` is
    called once an answer without pictures begins, `on_begun` with who writes it. Raises RekaError: where fewer
    pictures did not help, the first refusal.
    """
    refusal: RekaRequestError | None = None
    for attempt in _with_fewer_pictures(messages, has_words=has_words):
        begun = False
        try:
            async with aclosing(model.stream(messages=attempt, on_begun=on_begun)) as states:
                async for state in states:
                    if refusal is not None and not begun:
                        on_left_out()
                    begun = True
                    yield state
            return
        except RekaRequestError as error:
            if begun or isinstance(
                error, RekaConnectionError
            ):  # a proxy's refusal has nothing to do with pictures
                raise
            refusal = refusal or error
    if refusal is not None:
        raise refusal


def _with_fewer_pictures(messages: Sequence[ChatMessage], *, has_words: bool) -> list[Sequence[ChatMessage]]:
    """All messages with their pictures, then with the question's alone, then with none."""
    *earlier, question = messages
    attempts: list[Sequence[ChatMessage]] = [messages]
    without_earlier = [*map(_without_pictures, earlier), question]
    if without_earlier != list(messages):
        attempts.append(without_earlier)
    if has_words and _without_pictures(question) != question:
        attempts.append([*without_earlier[:-1], _without_pictures(question)])
    return attempts


def _without_pictures(message: ChatMessage) -> ChatMessage:
    content = message["content"]
    if isinstance(content, str):
        return message
    return {
        "role": message["role"],
        "content": "\n".join(part["text"] for part in content if part["type"] == "text"),
    }
