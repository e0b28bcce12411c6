"""Which Rekas the settings make, and what is learned of their models."""

from __future__ import annotations

import asyncio
import logging

import pytest

from conversation.fitting import ModelFacts, ModelsByNeed
from reka_provider import Model, RekaConnectionError, RekaError
from runtime.rekas import LOOK_AGAIN_S, facts_of, learn_models, open_rekas
from runtime.settings import load_settings
from tests.unit.runtime.test_settings import TOKEN
from tests.unit.virtual_time import run_virtually

KEY = {"REKA_API_KEY": "key"}
SESSION = {"REKA_APP_SESSION": "session"}


@pytest.mark.parametrize(
    ("env", "names", "uploads", "pictures"),
    [
        (SESSION, ("space",), True, 4),
        (KEY, ("official",), False, 3),
        (KEY | SESSION, ("official",), False, 3),
        (KEY | SESSION | {"REKA_FALLBACK": "space"}, ("official", "space"), False, 3),
    ],
    ids=["session", "key", "both", "fallback"],
)
async def test_settings_say_who_answers(
    env: dict[str, str], names: tuple[str, ...], uploads: bool, pictures: int
) -> None:
    """Pictures are uploaded beforehand only where space.reka.ai answers first: else nobody may ever want them."""
    settings = load_settings({"DISCORD_TOKEN": TOKEN, "REKA_API_URL": "http://127.0.0.1:9/v1"} | env, None)

    async with open_rekas(settings) as rekas:
        assert rekas.choosing.names == names
        assert (rekas.upload is not None) is uploads
        assert rekas.pictures == pictures
        assert {name: down() for name, down in rekas.down.items()} == {name: {} for name in names}


def test_the_list_says_what_a_model_takes() -> None:
    """Also of models that nobody knew when this was written."""
    listed = facts_of(
        [
            Model("reka-edge-2603", context_length=16_384, max_output_length=14_745),
            Model("text", input_modalities=("text",)),
            Model("both", input_modalities=("text", "image")),
            Model("silent"),
        ]
    )

    assert listed["reka-edge-2603"] == ModelFacts(16_384, 14_745, 3)
    assert listed["text"].pictures == 0
    assert listed["both"].pictures == 8
    assert listed["silent"].pictures is None


async def _learn(*lists: list[Model] | RekaError) -> list[object]:
    """What is known after each of these answers."""
    answers = iter(lists)
    models = ModelsByNeed("text", "vision")
    known: list[object] = []

    async def list_models() -> list[Model]:
        answer = next(answers)
        if isinstance(answer, RekaError):
            raise answer
        return answer

    learning = asyncio.create_task(learn_models(list_models, models))
    for _ in lists:
        await asyncio.sleep(LOOK_AGAIN_S / 2)
        known.append(None if models.listed is None else set(models.listed))
        await asyncio.sleep(LOOK_AGAIN_S / 2 - 0.001)
    learning.cancel()
    await asyncio.wait({learning})
    return known


def test_the_list_is_looked_at_again() -> None:
    """A model that is switched on today should not need a restart; an outage unlearns nothing."""
    known = run_virtually(_learn([Model("a")], RekaConnectionError("down"), [Model("a"), Model("b")], []))

    assert known == [{"a"}, {"a"}, {"a", "b"}, None]


def test_a_list_that_cannot_be_had_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A line a minute for a server that has no list would bury all others."""
    with caplog.at_level(logging.INFO):
        run_virtually(
            _learn(RekaConnectionError("x"), RekaConnectionError("x"), [], RekaConnectionError("x"))
        )

    assert [record.getMessage() for record in caplog.records] == ["could not list the models"] * 2
