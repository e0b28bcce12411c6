"""Slash commands inside their limits: 3 s, 15 minutes, 25 edits a minute, and places where the bot is no member."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from sandbox.entities import Message
from sandbox.faults import Fault
from sandbox.person import OptionValue
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, DEFER, EDIT, EDIT_RESPONSE, FOLLOW_UP, House, open_house

TOKEN_LIFE_S = 900.0
SWITCHES_S = 20.0  # so long before its end the bot leaves the token
LONG = [f"{number:04d} and more " for number in range(200)]  # two pages


def whole(house: House, viewer: str | None = None) -> str:
    """All that the bot shows in #general, on one line."""
    person = house.world.person(viewer) if viewer else None
    return " ".join(" ".join(reply.content for reply in house.replies(viewer=person)).split())


def let_out(gate: asyncio.Semaphore, pieces: int) -> None:
    for _ in range(pieces):
        gate.release()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# ---------------------------------------------------------------------- the ordinary way


async def test_command_is_deferred_at_once_and_streams_into_the_response(house: House) -> None:
    """Discord gives 3 s for the first answer, and a model may take longer."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The ", "sky ", "is blue."], gate=gate))

    used = house.alice.uses(house.general, "ask", {"question": "why?"})
    await house.world.until(lambda: used.original)
    assert used.answered_with == 5
    gate.release()
    await house.until_shown("The")
    let_out(gate, 2)
    await house.until_shown("The sky is blue.")

    assert house.replies() == [used.original]
    assert house.sandbox.requests[-1].route == EDIT_RESPONSE[1]
    assert not house.sent(CREATE)
    assert house.sandbox.limits.rejected.total() == 0


async def test_two_answers_at_once_in_one_channel_meet_no_limit(house: House) -> None:
    """Both count against a limit of the channel that no header shows."""
    pieces = [f"word{number} " for number in range(250)]
    house.reka.enqueue(*(Script(pieces=pieces, token_s=0.01) for _ in range(2)))

    house.alice.uses(house.general, "ask", {"question": "count", "private": True})
    house.bob.uses(house.general, "ask", {"question": "count", "private": True})
    await house.world.until(
        lambda: all(whole(house, name).endswith("word249") for name in ("alice", "bob")), timeout_s=8
    )

    assert house.sandbox.limits.rejected.total() == 0
    assert len(house.sent(EDIT_RESPONSE)) <= 10


async def test_a_channel_full_of_fast_answers_keeps_to_25_edits(tmp_path: Path) -> None:
    """Discord refuses some 30 in 60 s: progress is dropped, and each last edit still comes at once."""
    async with open_house(tmp_path, start=False) as house:
        people = [house.world.add_person(f"person{number}") for number in range(10)]
        await house.start_bot()
        pieces = [f"word{number} " for number in range(150)]
        house.reka.enqueue(*(Script(pieces=pieces, token_s=0.015) for _ in people))

        for person in people:
            house.world.person(person.name).uses(house.general, "ask", {"question": "count", "private": True})
        await house.world.until(
            lambda: all(whole(house, person.name).endswith("word149") for person in people), timeout_s=8
        )

        assert 2 * len(people) <= len(house.sent(EDIT_RESPONSE)) <= 25
        assert house.sandbox.limits.rejected.total() == 0
        ended_s = max(chat.ended_at or 0.0 for chat in house.reka.chats)
        assert max(edit.answered_s for edit in house.sent(EDIT_RESPONSE)) - ended_s < 2.0


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500, after_effect=True),
        Fault.status(503),
        Fault.reset_before(),
        Fault.reset_after(),
        Fault.rate_limit("shared", 0.3),
    ],
    ids=["500-after", "503", "reset-before", "reset-after", "429"],
)
async def test_failing_edits_of_a_response_end_with_the_newest_text(house: House, fault: Fault) -> None:
    """Edits of a response carry no nonce and need none: repeating one changes nothing."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["one ", "two ", "three ", "four"], gate=gate))
    house.alice.uses(house.general, "ask", {"question": "count"})
    let_out(gate, 1)
    await house.until_shown("one")
    house.sandbox.faults.next(*EDIT_RESPONSE, fault)

    let_out(gate, 1)
    await house.world.until(lambda: len(house.sent(EDIT_RESPONSE)) >= 2)
    let_out(gate, 2)
    await house.until_shown("one two three four")
    await house.stop_bot()

    assert house.shows("one two three four")
    sizes = [len(str(content)) for content in house.contents(EDIT_RESPONSE)]
    assert sizes == sorted(sizes)
    assert house.sandbox.limits.rejected.total() == (1 if fault.scope else 0)


async def test_first_words_of_a_response_survive_a_failure(house: House) -> None:
    """They fill the placeholder; until then the person sees the bot think."""
    house.sandbox.faults.next(*EDIT_RESPONSE, Fault.reset_after(), Fault.reset_before())
    house.reka.enqueue(Script(pieces=["Here ", "it is."]))

    used = house.alice.uses(house.general, "ask", {"question": "where?"})
    await house.world.until(lambda: len(house.sent(EDIT_RESPONSE)) >= 3)
    await house.until_shown("Here it is.")

    assert house.replies() == [used.original]


async def test_further_pages_of_a_public_answer_are_channel_messages(house: House) -> None:
    """Only those carry a nonce, so that a lost answer can be repeated without doubling."""
    house.sandbox.faults.next(*CREATE, Fault.reset_after())
    house.reka.enqueue(Script(pieces=LONG))

    house.alice.uses(house.general, "ask", {"question": "count"})
    await house.world.until(lambda: len(house.sent(CREATE)) == 2)
    await house.world.until(lambda: whole(house) == " ".join("".join(LONG).split()))

    assert len(house.replies()) == 2
    assert not house.sent(FOLLOW_UP)


async def test_further_pages_of_a_private_answer_stay_private(house: House) -> None:
    """A private exchange never goes on in public."""
    house.reka.enqueue(Script(pieces=LONG))

    house.alice.uses(house.general, "ask", {"question": "count", "private": True})
    await house.world.until(lambda: whole(house, "alice") == " ".join("".join(LONG).split()))

    assert len(house.sent(FOLLOW_UP)) == 1
    assert not house.replies(viewer=house.bob)
    assert not house.sent(CREATE)


@pytest.mark.parametrize("fault", [Fault.reset_before(), Fault.reset_after()], ids=["before", "after"])
async def test_followup_whose_answer_is_lost_is_not_repeated(
    house: House, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    """It has no nonce: a second try might show the page twice."""
    house.sandbox.faults.next(*FOLLOW_UP, fault)
    house.reka.enqueue(Script(pieces=LONG))

    house.alice.uses(house.general, "ask", {"question": "count", "private": True})
    await house.world.until(lambda: "could not show the whole answer" in caplog.text)

    assert len(house.sent(FOLLOW_UP)) == 1
    assert warnings(caplog) == ["could not show the whole answer"]


# ---------------------------------------------------------------------- the 15 minutes of a token


async def test_public_answer_goes_on_by_the_channel_when_its_token_ends(house: House) -> None:
    """The response is an ordinary message of ours there, and the bot's own token does not end."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["one ", "two ", "three"], gate=gate))

    house.alice.uses(house.general, "ask", {"question": "count"}, aged_s=TOKEN_LIFE_S - SWITCHES_S - 1.0)
    gate.release()
    await house.until_shown("one")
    await asyncio.sleep(1.1)
    let_out(gate, 2)
    await house.until_shown("one two three")

    assert len(house.sent(EDIT_RESPONSE)) == 1
    assert house.sent(EDIT)
    assert not house.sandbox.invalid_requests


@pytest.mark.parametrize("private", [True, False], ids=["private", "no-permission"])
async def test_answer_that_cannot_outlive_its_token_ends_with_a_note_in_time(
    house: House, private: bool
) -> None:
    """After the 15 minutes nobody could change it any more."""
    if not private:
        house.world.deny(house.general, "SEND_MESSAGES")
    house.reka.enqueue(Script(pieces=["one ", "two"], silent_after_pieces=1))

    house.alice.uses(
        house.general,
        "ask",
        {"question": "count", "private": private},
        aged_s=TOKEN_LIFE_S - SWITCHES_S - 1.0,
    )
    await house.world.until(lambda: "15 minutes only" in whole(house, "alice"))
    await house.reka.until(lambda: house.reka.chats[0].closed_early)

    assert whole(house, "alice").startswith("one -# I stop here")
    assert not house.sandbox.invalid_requests
    assert not house.sent(CREATE)


async def test_private_answer_whose_token_died_in_the_queue_is_dropped_with_a_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing can be shown any more; the tokens of the model are not spent on it."""
    caplog.set_level(logging.INFO)
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["first"], gate=gate))
    house.alice.uses(house.general, "ask", {"question": "first", "private": True})
    await house.world.until(lambda: house.reka.chats)
    second: dict[str, OptionValue] = {"question": "second", "private": True}
    used = house.alice.uses(house.general, "ask", second, aged_s=TOKEN_LIFE_S - 0.5)
    await house.world.until(lambda: used.original)
    await asyncio.sleep(0.6)
    caplog.clear()

    gate.release()
    await house.world.until(lambda: "dropped" in caplog.text)

    assert len(house.reka.chats) == 1
    assert house.sandbox.invalid_requests <= 1
    assert not warnings(caplog)


async def test_public_answer_whose_token_died_in_the_queue_is_a_channel_message(house: House) -> None:
    """Where the bot may write, the question is still answered."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["first"], gate=gate), Script(pieces=["second"]))
    house.alice.uses(house.general, "ask", {"question": "first"})
    await house.world.until(lambda: house.reka.chats)
    used = house.alice.uses(house.general, "ask", {"question": "second"}, aged_s=TOKEN_LIFE_S - 0.5)
    await house.world.until(lambda: used.original)
    await asyncio.sleep(0.6)

    gate.release()
    await house.world.until(lambda: house.replies()[-1].content == "second")

    assert house.replies()[-1] is not used.original
    assert not house.sandbox.invalid_requests


# ---------------------------------------------------------------------- the 3 s of a first answer


async def test_defer_that_comes_too_late_costs_one_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing can be shown (10062): no question is asked, nothing is tried again, the bot lives on."""
    caplog.set_level(logging.INFO)
    house.alice.uses(house.general, "ask", {"question": "why?"}).made_s -= 3.0
    await house.world.until(lambda: "too late" in caplog.text)

    assert [record.getMessage() for record in caplog.records] == ["too late for an interaction"]
    assert not caplog.records[-1].exc_info
    assert [request.status for request in house.sent(DEFER)] == [404]
    assert not house.reka.chats

    house.reka.enqueue(Script(pieces=["Here."]))
    house.alice.uses(house.general, "ask", {"question": "still there?"})
    await house.until_shown("Here.")


async def test_defer_whose_answer_is_lost_is_answered_all_the_same(house: House) -> None:
    """It happened: the person sees the bot think, and would wait in vain."""
    house.sandbox.faults.next(*DEFER, Fault.reset_after())
    house.reka.enqueue(Script(pieces=["Here."]))

    house.alice.uses(house.general, "ask", {"question": "why?"})

    await house.until_shown("Here.")


async def test_interaction_that_comes_twice_is_answered_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord delivers an event at least once, not exactly once."""
    house.reka.enqueue(Script(pieces=["Once."]))

    used = house.alice.uses(house.general, "ask", {"question": "why?"})
    house.sandbox.gateway.redeliver(used)
    await house.world.until(lambda: len(house.sent(DEFER)) == 2)
    await house.until_shown("Once.")
    await house.stop_bot()

    assert len(house.reka.chats) == 1
    assert house.shows("Once.")
    assert not warnings(caplog)


# ---------------------------------------------------------------------- where the bot is no member


async def test_user_install_works_in_a_guild_without_the_bot(house: House) -> None:
    """There only the interaction's token exists: all pages go by it, and nothing else is tried."""
    elsewhere = house.world.add_guild("Elsewhere", channels=("far away",), with_bot=False)
    far_away = next(iter(elsewhere.channels.values()))
    house.reka.enqueue(Script(pieces=LONG))

    house.alice.uses(far_away, "ask", {"question": "count"})

    def shown() -> list[Message]:
        return house.replies(far_away)

    await house.world.until(lambda: len(shown()) == 2 and shown()[1].content.endswith("0199 and more"))
    await house.stop_bot()

    assert len(house.sent(FOLLOW_UP)) == 1
    assert not house.sent(CREATE)
    assert house.sandbox.invalid_requests == 0
