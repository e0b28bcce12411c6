"""Who answers, and who stands in where they cannot."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from conversation.choosing import Choosing, Service
from conversation.fitting import Prompt
from conversation.ports import Origin
from reka_provider import (
    ChatMessage,
    CompletionState,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaNoTextError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
    Usage,
)

QUESTION: list[ChatMessage] = [{"role": "user", "content": "Hi"}]


@dataclass(slots=True)
class Scripted:
    """A service that says `steps`, or raises them."""

    name: str
    steps: Sequence[str | CompletionState | RekaError]
    asked: list[Prompt] = field(default_factory=list)
    closed: int = 0

    def service(self) -> Service:
        return Service(self.name, lambda messages: Prompt(f"{self.name}-model", messages), self._ask)

    async def _ask(self, prompt: Prompt) -> AsyncGenerator[CompletionState, None]:
        self.asked.append(prompt)
        try:
            for step in self.steps:
                if isinstance(step, RekaError):
                    raise step
                yield CompletionState(step) if isinstance(step, str) else step
        finally:
            self.closed += 1


def choosing(*scripted: Scripted) -> Choosing:
    return Choosing([one.service() for one in scripted], now_s=lambda: 1_800_000_000.0)


async def hear(model: Choosing) -> tuple[list[str], list[Origin]]:
    """The texts of an answer, and who was said to write it."""
    origins: list[Origin] = []
    async with aclosing(model.stream(messages=QUESTION, on_begun=origins.append)) as states:
        return [state.text async for state in states], origins


async def test_the_first_answers_and_says_so() -> None:
    """The operator's log has to tell who wrote what."""
    first, second = Scripted("official", ["Hel", "Hello"]), Scripted("space", ["Hi"])
    model = choosing(first, second)

    assert await hear(model) == (["Hel", "Hello"], [Origin("official", "official-model")])
    assert second.asked == []
    assert model.counts.answered == {"official": 1}
    assert model.counts.last == Origin("official", "official-model")
    assert model.counts.last_at_s == 1_800_000_000.0
    assert model.counts.fell_back == 0


OUTAGES = [
    RekaConnectionError("down"),
    RekaTimeoutError("silent"),
    RekaResponseError("ill", status=503),
    RekaResponseError("a web page"),
    RekaRateLimitError("busy", status=429, retry_after=60.0),
    RekaQuotaError("no credits", status=402),
    RekaAuthError("no such key", status=401),
]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: f"{type(error).__name__}-{error.status}")
async def test_the_next_stands_in_for_one_that_cannot(error: RekaError) -> None:
    """People want an answer, whoever writes it."""
    model = choosing(Scripted("official", [error]), Scripted("space", ["Hi"]))

    assert await hear(model) == (["Hi"], [Origin("space", "space-model")])
    assert model.counts.fell_back == 1
    assert model.counts.failed == {"official": 1}
    assert model.counts.answered == {"space": 1}


@pytest.mark.parametrize(
    "error",
    [
        RekaRequestError("no such model", status=400),
        RekaResponseError("gone", status=404),
        RekaNoTextError("not a word", finish_reason="content_filter"),
    ],
    ids=["request", "404", "no-text"],
)
async def test_a_question_that_was_refused_is_not_asked_elsewhere(error: RekaError) -> None:
    """The reason lies in the question or in a setting: the person or the operator has to know."""
    second = Scripted("space", ["Hi"])

    with pytest.raises(type(error)):
        await hear(choosing(Scripted("official", [error]), second))

    assert second.asked == []


async def test_an_answer_that_has_begun_is_never_begun_anew() -> None:
    """What people have read must not turn into something else."""
    second = Scripted("space", ["Hi"])
    model = choosing(Scripted("official", ["Hel", RekaConnectionError("cut", partial="Hel")]), second)

    with pytest.raises(RekaConnectionError) as caught:
        await hear(model)

    assert caught.value.partial == "Hel"
    assert second.asked == []
    assert model.counts.answered == {}


async def test_where_nobody_can_the_first_one_s_reason_is_told() -> None:
    """It is the service that the operator chose, and "try again in a minute" is about it."""
    model = choosing(
        Scripted("official", [RekaRateLimitError("busy", retry_after=60.0)]),
        Scripted("space", [RekaAuthError("the session has ended")]),
    )

    with pytest.raises(RekaRateLimitError) as caught:
        await hear(model)

    assert caught.value.retry_after == 60.0
    assert model.counts.failed == {"official": 1, "space": 1}
    assert model.counts.fell_back == 0


async def test_one_alone_raises_its_reason() -> None:
    """Without a fallback there is nobody to ask."""
    with pytest.raises(RekaTimeoutError):
        await hear(choosing(Scripted("space", [RekaTimeoutError("silent")])))


async def test_falling_back_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """An operator whose key was revoked would else never learn of it: everybody is served."""
    error = RekaAuthError("Reka does not accept the key: get one at ...", status=401, request_id="r-1")
    model = choosing(Scripted("official", [error]), Scripted("space", ["Hi"]))

    with caplog.at_level(logging.INFO):
        await hear(model)

    [record] = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "official did not answer")
    fields = record.__dict__
    assert (fields["error"], fields["status"], fields["request_id"]) == ("RekaAuthError", 401, "r-1")
    assert "get one at" in fields["why"]


async def test_closing_the_answer_closes_it_upstream() -> None:
    """Nobody reads on: tokens cost money."""
    first = Scripted("official", ["Hel", "Hello"])
    answer = choosing(first).stream(messages=QUESTION)
    await anext(answer)

    await answer.aclose()

    assert first.closed == 1


def test_somebody_has_to_answer() -> None:
    """Nobody at all is a mistake in the wiring."""
    with pytest.raises(ValueError, match="somebody"):
        Choosing([])


# What is counted ----------------------------------------------------------------------------------------------


async def test_failures_are_counted_by_kind() -> None:
    """Too little credit and a dead line want different people."""
    model = choosing(
        Scripted("official", [RekaTimeoutError("silent")]), Scripted("space", [RekaAuthError("who?")])
    )

    for _ in range(2):
        with pytest.raises(RekaTimeoutError):
            await hear(model)

    assert model.counts.errors == {("official", "RekaTimeoutError"): 2, ("space", "RekaAuthError"): 2}


async def test_what_was_written_is_counted_however_it_ended() -> None:
    """A broken answer was paid for, too."""
    whole = Scripted("official", ["Hel", CompletionState("Hello", "Hm.", usage=Usage(30, 4))])
    broken = Scripted("space", ["Hi", RekaConnectionError("cut")])

    model = choosing(whole, broken)
    await hear(model)
    with pytest.raises(RekaConnectionError):
        await hear(broken_model := choosing(broken))

    assert model.counts.written_chars == {"official": 8}
    assert (model.counts.input_tokens, model.counts.output_tokens) == ({"official": 30}, {"official": 4})
    assert broken_model.counts.written_chars == {"space": 2}
