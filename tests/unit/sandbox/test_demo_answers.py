"""Who answers in the demo, and what the bot is told of the operator's own Reka."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.__main__ import REAL_REKA, Answers, bot_environment, name_of, who_answers
from sandbox.reka_space import RekaSpace

HERE = "http://127.0.0.1:8321/reka/v1"
OFFICIAL = Answers.OFFICIAL_STAND_IN


@pytest.mark.parametrize(
    ("env", "answers"),
    [
        ({}, Answers.SPACE_STAND_IN),
        ({"REKA_API_KEY": "", "REKA_API_URL": ""}, Answers.SPACE_STAND_IN),
        ({"REKA_FALLBACK": "space", "REKA_MODEL": "reka-core"}, Answers.SPACE_STAND_IN),
        ({"REKA_API_URL": "http://127.0.0.1:8000/v1"}, Answers.SPACE_STAND_IN),
        ({"REKA_COOKIES": "appSession=x"}, Answers.REAL_REKA),
        ({"REKA_API_KEY": "k"}, OFFICIAL),
        ({"REKA_API_KEY": "k", "REKA_APP_SESSION": "s"}, OFFICIAL),
        ({"REKA_API_KEY": "k", "REKA_API_URL": HERE}, OFFICIAL),
        ({"REKA_API_KEY": "k", "REKA_API_URL": "http://localhost:1/reka/v1/"}, OFFICIAL),
        ({"REKA_API_URL": "http://[::1]:8321/reka/v1", "REKA_APP_SESSION": "s"}, OFFICIAL),
        ({"REKA_API_KEY": "k", "REKA_API_URL": "https://api.reka.ai/v1"}, Answers.REAL_REKA),
        ({"REKA_API_KEY": "k", "REKA_API_URL": "http://127.0.0.1:8000/v1"}, Answers.REAL_REKA),
        ({"REKA_API_KEY": "k", "REKA_API_URL": "http://evil.example/reka/v1"}, Answers.REAL_REKA),
        ({"REKA_API_KEY": "k", "REKA_API_URL": "http://["}, Answers.REAL_REKA),
    ],
)
def test_a_key_goes_only_where_an_address_leads_it(env: dict[str, str], answers: Answers) -> None:
    """A demo that spends somebody's money must have been told to."""
    assert who_answers(env) is answers


@pytest.mark.parametrize("answers", [Answers.SPACE_STAND_IN, OFFICIAL])
async def test_a_stand_in_meets_nothing_of_the_operators_reka(answers: Answers, tmp_path: Path) -> None:
    """Neither a credential nor what would keep the bot from its stand-in."""
    env = {**dict.fromkeys(REAL_REKA, "of-mine"), "DISCORD_TOKEN": "of-mine", "LOG_LEVEL": "DEBUG"}
    async with Sandbox() as sandbox, RekaSpace() as space:
        told = bot_environment(env, sandbox, answers, space, tmp_path)

        assert "of-mine" not in told.values()
        assert told["LOG_LEVEL"] == "DEBUG"
        if answers is OFFICIAL:
            assert (told["REKA_API_URL"], told["REKA_API_KEY"]) == (sandbox.reka_api_url, "stand-in")
        else:
            assert (told["REKA_URL"], told["REKA_API_KEY"]) == (space.url, "")


async def test_a_real_reka_gets_what_the_operator_set(tmp_path: Path) -> None:
    """Its credentials are the operator's, and the choice of the model, too."""
    env = {"REKA_APP_SESSION": "s", "REKA_MODEL": "reka-flash"}
    async with Sandbox() as sandbox, RekaSpace() as space:
        told = bot_environment(env, sandbox, Answers.REAL_REKA, space, tmp_path)
    assert told.items() >= env.items()


def test_a_real_reka_is_named_by_its_host() -> None:
    """And a password in the address stays where it is."""
    real = Answers.REAL_REKA
    assert name_of(real, {"REKA_APP_SESSION": "s"}) == "space.reka.ai"
    assert (
        name_of(real, {"REKA_API_KEY": "k", "REKA_API_URL": "http://a:b@reka.example:81/v1"})
        == "reka.example:81"
    )
    assert name_of(OFFICIAL, {"REKA_API_KEY": "k"}) == "stand-in for the official API"
