"""Reka fails in each way it can: one friendly sentence, one line in the log, and the bot lives on.

A Reka that goes silent shows after `idle_timeout`, a minute that no setting shortens: tests/contract has it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from conversation.sentences import say
from sandbox.reka_space import CHAT_PATH, Fault, RekaSpace, Script
from tests.e2e.house import House, open_house

SESSION = "the-operators-own-session"
SECRET_WORDS = "tell me of elephants"
PARTIAL = "Elephants are large"
LOGIN_PAGE = "<!doctype html><title>Log in</title><form action=/u/login></form>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose secrets cannot be mistaken for ordinary words."""
    async with open_house(tmp_path, REKA_APP_SESSION=SESSION) as opened:
        yield opened


@pytest.fixture(autouse=True)
def keep_all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # discord.py's own payloads at DEBUG: runtime.logs keeps these quiet in the real bot.
    for name in ("discord", "aiosqlite"):
        caplog.set_level(logging.INFO, logger=name)


def asks(house: House, words: str = SECRET_WORDS) -> None:
    house.alice.says(house.general, f"{house.at_reka} {words}")


def failures(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def assert_no_secret_in(caplog: pytest.LogCaptureFixture, house: House) -> None:
    """Neither words of people nor of the model, nor anything that opens an account."""
    secrets = [SECRET_WORDS, PARTIAL, SESSION, house.sandbox.token, *house.reka.issued_tokens]
    for record in caplog.records:
        told = f"{record.getMessage()} {vars(record)} {record.exc_text}"
        assert not [secret for secret in secrets if secret in told], record


async def assert_lives_on(house: House) -> None:
    house.reka.enqueue(Script(pieces=["All is well."]))
    asks(house, "and now?")
    await house.world.until(lambda: house.replies()[-1].content == "All is well.")


def session_refused(reka: RekaSpace) -> None:
    reka.faults.extend([Fault(401, '{"detail": "expired"}', path=CHAT_PATH)] * 2)


def session_ended(reka: RekaSpace) -> None:
    reka.faults.append(Fault(401, '{"error": "not_authenticated"}'))


def login_page_for_a_token(reka: RekaSpace) -> None:
    reka.faults.append(Fault(200, LOGIN_PAGE, HTML))


def redirect_to_login(reka: RekaSpace) -> None:
    reka.faults.append(Fault(302, "", {"Location": "https://auth.reka.ai/u/login?state=1"}))


def login_page_for_an_answer(reka: RekaSpace) -> None:
    reka.enqueue(Script(body=LOGIN_PAGE, headers=HTML))


def rate_limited(reka: RekaSpace) -> None:
    reka.enqueue(
        Script(status=429, body='{"error": {"type": "rate_limit_error"}}', headers={"Retry-After": "40"})
    )


def no_credits(reka: RekaSpace) -> None:
    reka.enqueue(Script(status=402, body='{"detail": "insufficient credits"}'))


def bad_request(reka: RekaSpace) -> None:
    reka.enqueue(Script(status=400, body='{"error": {"type": "validation_error", "message": "too long"}}'))


def empty_answer(reka: RekaSpace) -> None:
    reka.enqueue(Script(raw_chunks=[b""]))


def no_event_stream(reka: RekaSpace) -> None:
    reka.enqueue(Script(raw_chunks=[b"data: {not json}\n\n"]))


@pytest.mark.parametrize(
    ("goes_wrong", "kind"),
    [
        (session_refused, "reka-auth"),
        (session_ended, "reka-auth"),
        (login_page_for_a_token, "reka-auth"),
        (redirect_to_login, "reka-auth"),
        (login_page_for_an_answer, "reka-auth"),
        (no_credits, "reka-quota"),
        (bad_request, "reka-refused"),
        (empty_answer, "reka-odd"),
        (no_event_stream, "reka-odd"),
    ],
)
async def test_failure_is_one_sentence_and_one_line(
    house: House, caplog: pytest.LogCaptureFixture, goes_wrong: Callable[[RekaSpace], None], kind: str
) -> None:
    """Who asked learns what to do, the operator learns what happened, nobody learns a secret."""
    goes_wrong(house.reka)
    caplog.clear()

    asks(house)
    await house.world.until(lambda: failures(caplog))

    [line] = failures(caplog)
    assert line.getMessage() == "answer broke off"
    assert not line.exc_info
    await house.until_shown(f"-# {say(kind, 'en-US')}")
    assert [button["label"] for button in house.replies()[0].buttons] == ["Try again"]
    await assert_lives_on(house)
    assert_no_secret_in(caplog, house)


async def test_rate_limit_tells_when_to_try_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A wait of 40 s is not sat out: the person gets the time, as every reader's own clock shows it."""
    rate_limited(house.reka)
    caplog.clear()

    asks(house)
    await house.world.until(house.replies)

    told = re.fullmatch(r"-# Reka is very busy.* try again <t:(\d+):R>\.", house.replies()[0].content)
    assert told
    assert 35 <= int(told[1]) - time.time() <= 42
    assert len(house.reka.chats) == 1
    await house.world.until(lambda: failures(caplog))
    assert [line.getMessage() for line in failures(caplog)] == ["answer broke off"]
    await assert_lives_on(house)


async def test_fault_of_reka_is_retried_and_then_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A 500 may pass within seconds; four in a row are a sentence."""
    house.reka.enqueue(*[Script(status=500, body="oops")] * 4)
    caplog.clear()

    asks(house)
    await house.world.until(house.replies, timeout_s=8)

    assert house.replies()[0].content == f"-# {say('reka-odd', 'en-US')}"
    assert len(house.reka.chats) == 4
    await house.world.until(lambda: failures(caplog))
    assert [(line.getMessage(), vars(line)["status"]) for line in failures(caplog)] == [
        ("answer broke off", 500)
    ]
    await assert_lives_on(house)
    assert_no_secret_in(caplog, house)


async def test_reka_that_is_down_is_told_and_found_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections refused for seconds are an outage, not a hiccup; the next question finds Reka back."""
    await house.reka.close()
    caplog.clear()

    asks(house)
    await house.world.until(house.replies, timeout_s=8)

    assert house.replies()[0].content == f"-# {say('reka-down', 'en-US')}"
    await house.world.until(lambda: failures(caplog))
    assert [line.getMessage() for line in failures(caplog)] == ["answer broke off"]
    await house.reka.start()
    await assert_lives_on(house)
    assert_no_secret_in(caplog, house)


async def test_short_outage_is_not_noticed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """One 503 before the first token is retried: the answer comes a second later."""
    house.reka.enqueue(Script(status=503), Script(pieces=["Here."]))
    caplog.clear()

    asks(house)
    await house.until_shown("Here.")

    assert not failures(caplog)


async def test_renewed_session_is_not_noticed(house: House) -> None:
    """An access token lives for hours, the session for weeks: one 401 is traded for a new token."""
    house.reka.enqueue(Script(pieces=["one"]), Script(pieces=["two"]))
    asks(house)
    await house.until_shown("one")
    house.reka.expire_tokens()

    asks(house)
    await house.until_shown("one", "two")

    assert house.reka.token_requests == 2


async def test_answer_cut_in_the_middle_stays_with_a_note_and_can_be_asked_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What was read is not taken away; Try again writes the whole answer over it."""
    pieces = ["Elephants ", "are ", "large ", "animals."]
    house.reka.enqueue(Script(pieces=pieces, cut_after_pieces=3), Script(pieces=pieces))
    caplog.clear()

    asks(house)
    await house.world.until(lambda: house.replies() and house.replies()[0].buttons)
    await house.world.until(lambda: failures(caplog))
    [reply] = house.replies()

    why = say("reka-down", "en-US")
    assert reply.content == f"{PARTIAL}\n\n-# The answer broke off here. {why}"
    assert [line.getMessage() for line in failures(caplog)] == ["answer broke off"]
    house.alice.presses(reply, label="Try again")
    await house.until_shown("Elephants are large animals.")
    assert not reply.buttons
    assert_no_secret_in(caplog, house)


async def test_broken_answer_is_not_remembered_as_whole(house: House) -> None:
    """The model must not take half a sentence for all that it wanted to say."""
    house.reka.enqueue(Script(pieces=["Elephants ", "are ", "large ", "animals."], cut_after_pieces=3))
    asks(house)
    await house.world.until(lambda: house.replies() and house.replies()[0].buttons)

    await assert_lives_on(house)

    turns = house.reka.chats[-1].conversation_history
    assert PARTIAL not in [turn["text"] for turn in turns]
    assert SECRET_WORDS in turns[0]["text"]


async def test_private_failure_is_told_in_private(house: House) -> None:
    """Also a sentence of ours belongs to the one who asked in private."""
    session_ended(house.reka)

    house.alice.uses(house.general, "ask", {"question": "why?", "private": True})
    await house.world.until(
        lambda: (
            [reply.content for reply in house.replies(viewer=house.alice)]
            == [f"-# {say('reka-auth', 'en-US')}"]
        )
    )

    assert not house.replies()
