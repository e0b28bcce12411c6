"""Which Reka answers, by which model, and who stands in where it cannot."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conversation.fitting import NOT_SHOWN
from sandbox.entities import Message
from sandbox.reka_platform import COMPLETIONS_PATH, MODELS_PATH, Fault, RateLimit, Script
from tests.e2e.house import House, open_house
from tests.e2e.pictures import picture, size_px


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with both services, the second to stand in for the first."""
    async with open_house(tmp_path, official=True, REKA_FALLBACK="space") as opened:
        yield opened


def line(caplog: pytest.LogCaptureFixture, message: str) -> dict[str, object]:
    """The fields of the one log record with this message."""
    [record] = [record for record in caplog.records if record.getMessage() == message]
    return record.__dict__


def asked(house: House, question: str, **files: bytes) -> Message:
    """Alice asks in the channel, with pictures by name."""
    named = [(f"{name}.png", data) for name, data in files.items()]
    return house.alice.says(house.general, f"{house.at_reka} {question}", files=named)


# Who answers ---------------------------------------------------------------------------------------------------


async def test_the_official_api_answers_where_there_is_a_key(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever pays for a key wants it used, and the log says who wrote what."""
    house.platform.enqueue(Script("Hello Alice."))

    with caplog.at_level(logging.INFO):
        await house.hears("hello", "Hello Alice.")
        await house.until_ended()

    [chat] = house.platform.chats
    assert chat.model == "reka-flash-3"
    assert [role for role, _ in chat.told] == ["system", "user"]
    assert chat.body["max_tokens"] > 16_000
    assert house.reka.chats == []
    fields = line(caplog, "answered")
    assert (fields["reka"], fields["model"]) == ("official", "reka-flash-3")


async def test_space_stands_in_for_an_outage(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """People get their answer, whoever writes it; the log has a line for the operator."""
    house.platform.faults.append(Fault(503, path=COMPLETIONS_PATH, headers={"Retry-After": "60"}))
    house.reka.enqueue(Script("Hello from space."))

    with caplog.at_level(logging.INFO):
        await house.hears("hello", "Hello from space.")
        await house.until_ended()

    assert house.reka.chats[0].model_name == "reka-core"
    assert line(caplog, "official did not answer")["status"] == 503
    assert (line(caplog, "answered")["reka"], line(caplog, "answered")["model"]) == ("space", "reka-core")


async def test_space_stands_in_where_the_limit_is_used_up(house: House) -> None:
    """The wait would be a minute: nobody has to."""
    house.platform.rate_limit = RateLimit(requests=0)
    house.reka.enqueue(Script("Hello from space."))

    await house.hears("hello", "Hello from space.")


async def test_space_stands_in_for_a_key_that_was_revoked(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would tell the operator: everybody is served."""
    house.platform.keys = set()
    house.reka.enqueue(Script("Hello from space."))

    await house.hears("hello", "Hello from space.")

    assert "REKA_API_KEY" in str(line(caplog, "official did not answer")["why"])


async def test_pictures_go_along_to_the_one_that_stands_in(house: House) -> None:
    """They are kept with the question, and uploaded only now."""
    house.platform.faults.append(Fault(402, path=COMPLETIONS_PATH))
    house.reka.enqueue(Script("A plain."))

    asked(house, "what is this?", plain=picture())
    await house.until_shown("A plain.")

    assert house.pictures_sent() == [house.reka.uploads[0].media_url]


async def test_an_answer_that_has_begun_is_never_begun_by_another(house: House) -> None:
    """What people read must not turn into something else."""
    house.platform.enqueue(Script("One two three four.", cut_after_pieces=2))

    asked(house, "count")
    await house.world.until(lambda: bool(house.replies()) and bool(house.replies()[0].buttons), timeout_s=10)

    assert house.replies()[0].content.startswith("One two")
    assert house.reka.chats == []


async def test_a_question_that_is_refused_is_refused(house: House) -> None:
    """Another service would only refuse it again, or answer what it should not."""
    house.platform.faults.append(Fault(400, path=COMPLETIONS_PATH))

    asked(house, "something bad")
    await house.world.until(lambda: bool(house.replies()), timeout_s=10)

    assert "would not take this question" in house.replies()[0].content
    assert house.reka.chats == []


async def test_without_the_setting_nobody_stands_in(tmp_path: Path) -> None:
    """A log-in of another account is not to be used unasked."""
    async with open_house(tmp_path, official=True) as house:
        house.platform.keys = set()

        asked(house, "hello")
        await house.world.until(lambda: bool(house.replies()), timeout_s=10)

        assert "cannot log in to Reka" in house.replies()[0].content
        assert (house.reka.chats, house.reka.token_requests) == ([], 0)


# By which model ------------------------------------------------------------------------------------------------


async def test_a_question_with_a_picture_goes_to_the_model_that_reads_them(house: House) -> None:
    """As a data URL, prepared like all others; nothing is uploaded anywhere."""
    house.platform.enqueue(Script("A plain."))

    asked(house, "what is this?", plain=picture())
    await house.until_shown("A plain.")

    [chat] = house.platform.chats
    assert chat.model == "reka-edge-2603"
    [image] = chat.images
    assert size_px(image.data or b"") == (64, 48)
    assert house.reka.uploads == []


async def test_a_question_after_a_picture_is_about_it_and_later_ones_are_not(house: House) -> None:
    """ "And what colour is it?" works; the day after is the better writer's."""
    house.platform.enqueue(*map(Script, ("A plain.", "Orange.", "Yes.", "Why not?")))
    said: list[str] = []
    for question, answer in [
        ("what is this?", "A plain."),
        ("and what colour is it?", "Orange."),
        ("really?", "Yes."),
        ("why is the sky blue?", "Why not?"),
    ]:
        asked(house, question, **({"plain": picture()} if not said else {}))
        await house.until_shown(*said, answer)
        said.append(answer)

    chats = house.platform.chats
    assert [chat.model for chat in chats] == ["reka-edge-2603"] * 3 + ["reka-flash-3"]
    assert [len(chat.images) for chat in chats] == [1, 1, 1, 0]
    assert ("user", f"alice: what is this?\n{NOT_SHOWN}") in chats[3].told


async def test_a_reply_to_an_old_answer_brings_its_picture_back(house: House) -> None:
    """Replying is how people point."""
    house.platform.enqueue(*map(Script, ("A plain.", "Yes.", "No.", "Well.", "Orange.")))
    asked(house, "what is this?", plain=picture())
    await house.until_shown("A plain.")
    said = ["A plain."]
    for answer in ("Yes.", "No.", "Well."):
        asked(house, "something else?")
        await house.until_shown(*said, answer)
        said.append(answer)

    house.alice.says(house.general, "and its colour?", reply_to=house.replies()[0])
    await house.until_shown(*said, "Orange.")

    assert [chat.model for chat in house.platform.chats[-2:]] == ["reka-flash-3", "reka-edge-2603"]
    assert len(house.platform.chats[-1].images) == 1


async def test_the_fourth_picture_is_named_in_a_note(house: House) -> None:
    """reka-edge-2603 takes three: nobody should wonder about the other."""
    house.platform.enqueue(Script("Three plains."))

    asked(house, "look", one=picture(), two=picture(), three=picture(), four=picture())
    await house.world.until(
        lambda: bool(house.replies()) and "four.png" in house.replies()[0].content, timeout_s=10
    )

    assert len(house.platform.chats[0].images) == 3


async def test_a_server_of_one_s_own_answers_with_its_one_model(tmp_path: Path) -> None:
    """It has no reka-edge-2603, and nobody knows how much its model takes."""
    async with open_house(
        tmp_path, official=True, start=False, REKA_MODEL="llama", REKA_APP_SESSION=""
    ) as house:
        house.platform.models = [{"id": "llama", "input_modalities": ["text", "image"]}]
        await house.start_bot()
        await house.platform.until(lambda: house.platform.requests[MODELS_PATH] > 0)
        house.platform.enqueue(Script("A plain."))

        asked(house, "what is this?", plain=picture())
        await house.until_shown("A plain.")

        [chat] = house.platform.chats
        assert (chat.model, len(chat.images)) == ("llama", 1)
        assert "max_tokens" not in chat.body
