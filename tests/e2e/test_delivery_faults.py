"""Growing replies while Discord stalls, fails, refuses and resets: never lost, doubled or left behind."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise

import pytest

from sandbox.entities import MessageFlag
from sandbox.faults import Fault
from sandbox.limits import Rule, Scope
from sandbox.permissions import Permission
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, EDIT, EDIT_RESPONSE, TYPING, House, Route

WORDS = ["Light ", "is ", "scattered ", "by ", "air."]
WHOLE = "Light is scattered by air."


def gated(house: House, *pieces: str) -> asyncio.Semaphore:
    """Let the next answer's pieces out one by one."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=pieces, gate=gate))
    return gate


def let_out(gate: asyncio.Semaphore, pieces: int) -> None:
    for _ in range(pieces):
        gate.release()


def rejected(house: House) -> int:
    return house.sandbox.limits.rejected.total()


def nonces(house: House) -> list[object]:
    return [request.body.get("nonce") for request in house.sent(CREATE) if isinstance(request.body, dict)]


# ---------------------------------------------------------------------- discord.py's stalls and retries


async def test_reply_whose_create_took_the_last_slot_grows_at_once(house: House) -> None:
    """discord.py withholds that create's message until the window ends; its id is read from the body."""
    for number in range(4):
        house.reka.enqueue(Script(pieces=[f"answer {number}"]))
        house.alice.says(house.general, f"{house.at_reka} question {number}")
        await house.until_shown(*(f"answer {earlier}" for earlier in range(number + 1)))
    gate = gated(house, *WORDS)

    house.alice.says(house.general, f"{house.at_reka} why is the sky blue?")
    let_out(gate, 1)
    await house.world.until(lambda: house.replies()[4:])
    let_out(gate, 4)
    reply = house.replies()[4]
    await house.world.until(lambda: reply.content == WHOLE)

    assert reply.edits[-1][0] - reply.edits[0][0] < 2.0, "the window of creates is 5 s"
    assert rejected(house) == 0


async def test_failing_edit_never_puts_old_text_on_screen_last(house: House) -> None:
    """After a 500 discord.py would repeat the same edit a second later, when newer text stands there."""
    gate = gated(house, *WORDS)
    house.alice.says(house.general, f"{house.at_reka} why?")
    let_out(gate, 1)
    await house.world.until(house.replies)
    house.sandbox.faults.next(*EDIT, Fault.status(500))

    let_out(gate, 1)
    await house.world.until(lambda: house.sent(EDIT))
    let_out(gate, 3)
    await house.until_shown(WHOLE)
    await asyncio.sleep(1.3)

    assert house.shows(WHOLE)
    sizes = [len(str(content)) for content in house.contents(EDIT)]
    assert sizes == sorted(sizes)


LOST = [
    pytest.param(Fault.status(503), id="503"),
    pytest.param(Fault.status(503, after_effect=True), id="503-after"),
    pytest.param(Fault.status(502, after_effect=True), id="502-after"),
    pytest.param(Fault.reset_before(), id="reset-before"),
    pytest.param(Fault.reset_after(), id="reset-after"),
]


@pytest.mark.parametrize("fault", LOST)
async def test_create_whose_answer_is_lost_is_repeated_with_its_nonce(house: House, fault: Fault) -> None:
    """Nobody knows whether it happened: only the nonce keeps the repeat from doubling the message."""
    house.sandbox.faults.next(*CREATE, fault)
    house.reka.enqueue(Script(pieces=WORDS))

    asked = house.alice.says(house.general, f"{house.at_reka} why?")
    await house.world.until(lambda: len(house.sent(CREATE)) == 2)
    await house.until_shown(WHOLE)

    assert len(set(nonces(house))) == 1
    assert house.replies()[0].reply_to_id == asked.id


@pytest.mark.parametrize("fault", LOST)
async def test_edit_whose_answer_is_lost_is_repeated_with_the_newest_text(house: House, fault: Fault) -> None:
    """The last edit is the answer: it has to be there in the end, whatever became of the others."""
    gate = gated(house, *WORDS)
    house.sandbox.faults.next(*EDIT, fault, fault)
    house.alice.says(house.general, f"{house.at_reka} why?")
    let_out(gate, 1)
    await house.world.until(house.replies)

    let_out(gate, 4)
    await house.world.until(lambda: [edit.status for edit in house.sent(EDIT)][-1:] == [200])
    await house.until_shown(WHOLE)

    assert len(house.sent(EDIT)) >= 3
    assert rejected(house) == 0


async def test_create_that_fails_for_a_while_is_posted_once(house: House) -> None:
    """An outage of some seconds costs the reader those seconds and nothing else."""
    house.sandbox.faults.next(*CREATE, Fault.reset_after(), Fault.status(503), Fault.reset_before())
    house.reka.enqueue(Script(pieces=WORDS))

    house.alice.says(house.general, f"{house.at_reka} why?")
    await house.world.until(lambda: len(house.sent(CREATE)) == 4)
    await house.until_shown(WHOLE)

    assert len(set(nonces(house))) == 1


async def test_slow_edit_is_followed_by_the_newest_text(house: House) -> None:
    """While one edit takes its time no other is sent, and the next one carries all that came meanwhile."""
    gate = gated(house, *WORDS)
    house.alice.says(house.general, f"{house.at_reka} why?")
    let_out(gate, 1)
    await house.world.until(house.replies)
    house.sandbox.faults.next(*EDIT, Fault.delay(1.5))

    let_out(gate, 1)
    await asyncio.sleep(0.7)
    let_out(gate, 3)
    await house.until_shown(WHOLE)

    assert house.contents(EDIT) == ["Light is", WHOLE]
    slow, last = house.sent(EDIT)
    assert last.at_s >= slow.answered_s


# ---------------------------------------------------------------------- rate limits


@pytest.mark.parametrize(
    ("scope", "with_headers"),
    [("user", True), ("shared", True), ("global", True), ("user", False)],
    ids=["user", "shared", "global", "bare"],
)
@pytest.mark.parametrize("route", [CREATE, EDIT], ids=["create", "edit"])
async def test_rate_limited_request_is_sent_once_more_and_no_oftener(
    house: House, route: Route, scope: Scope, with_headers: bool
) -> None:
    """A 429 that is answered by more requests is how a bot gets banned."""
    fault = Fault.rate_limit(scope, 0.3, with_headers=with_headers)
    house.sandbox.faults.next(*route, fault)
    gate = gated(house, *WORDS)

    house.alice.says(house.general, f"{house.at_reka} why?")
    let_out(gate, 1)
    await house.world.until(house.replies)
    let_out(gate, 4)
    await house.until_shown(WHOLE)

    assert rejected(house) == 1
    assert [request.status for request in house.sent(route)][:2] == [429, 200]
    waited_s = house.sent(route)[1].at_s - house.sent(route)[0].answered_s
    assert waited_s > 0.28
    assert len(house.sent(CREATE)) + len(house.sent(EDIT)) <= 6


async def test_answers_without_limit_headers_are_paced_by_the_defaults(house: House) -> None:
    """A proxy may strip them; Discord counts all the same."""
    house.sandbox.faults.no_limit_headers = True
    pieces = [f"word{number} " for number in range(300)]
    house.reka.enqueue(Script(pieces=pieces, token_s=0.004))

    house.alice.says(house.general, f"{house.at_reka} count")
    await house.world.until(
        lambda: house.replies() and house.replies()[-1].content.endswith("word299"), timeout_s=10
    )

    assert rejected(house) == 0


async def test_six_quick_questions_in_one_channel_meet_no_limit(house: House) -> None:
    """One is answered, three wait, two get a polite sentence: six messages, one more than a window takes."""
    house.sandbox.limits.rules["create"] = Rule(5, 1.5)
    house.reka.enqueue(*(Script(pieces=[f"answer {number}"]) for number in range(6)))

    for number in range(6):
        person = house.alice if number < 5 else house.bob  # the same sentence is told to each once
        person.says(house.general, f"{house.at_reka} question {number}")
    await house.world.until(lambda: len(house.replies()) == 6, timeout_s=10)

    assert rejected(house) == 0
    shown = {reply.content for reply in house.replies()}
    assert shown >= {"answer 0", "answer 1", "answer 2", "answer 3"}
    assert sum("3 questions waiting" in content for content in shown) == 1


async def test_fast_long_answer_meets_no_limit_and_loses_no_word(house: House) -> None:
    """200 pieces a second over three pages: edits are dropped, text is not."""
    pieces = [f"{number:04d} and more " for number in range(360)]
    house.reka.enqueue(Script(pieces=pieces, token_s=0.005))

    house.alice.says(house.general, f"{house.at_reka} count")
    await house.world.until(
        lambda: house.replies() and house.replies()[-1].content.endswith("0359 and more"), timeout_s=15
    )

    assert rejected(house) == 0
    pages = [reply.content for reply in house.replies()]
    assert len(pages) == len(house.sent(CREATE)) == 3
    assert " ".join(" ".join(pages).split()) == " ".join("".join(pieces).split())
    assert all(len(page) <= 2000 for page in pages)


async def test_last_edit_follows_the_last_token_though_progress_was_made(house: House) -> None:
    """One slot of each window is kept for it; bounds are generous, the order is not."""
    gate = gated(house, *[f"{number} " for number in range(25)])
    house.alice.says(house.general, f"{house.at_reka} count")
    for _ in range(24):
        let_out(gate, 1)
        await asyncio.sleep(0.06)
    edits = len(house.sent(EDIT))

    let_out(gate, 1)
    await house.world.until(lambda: house.replies()[0].content.endswith("24"))

    ended_at = house.reka.chats[-1].ended_at
    assert ended_at is not None
    assert house.replies()[0].edits[-1][0] - ended_at < 1.0
    assert edits >= 1
    assert rejected(house) == 0


async def test_answers_in_two_channels_grow_side_by_side(house: House) -> None:
    """Channels never wait for each other."""
    playground = house.world.channel("playground")
    gates = [gated(house, "one ", "two."), gated(house, "three ", "four.")]

    house.alice.says(house.general, f"{house.at_reka} here")
    await house.world.until(lambda: len(house.reka.chats) == 1)
    house.bob.says(playground, f"{house.at_reka} there")
    await house.world.until(lambda: len(house.reka.chats) == 2)
    let_out(gates[1], 2)
    await house.until_shown("three four.", channel=playground)
    assert not house.replies()
    let_out(gates[0], 2)
    await house.until_shown("one two.")


# ---------------------------------------------------------------------- what a message carries


async def test_every_create_has_a_short_enforced_nonce(house: House) -> None:
    """Discord takes 25 characters, and forgets to compare them unless asked to."""
    house.reka.enqueue(Script(text="word " * 900), Script(pieces=["short"]))

    house.alice.says(house.general, f"{house.at_reka} a long one")
    house.bob.says(house.world.dm(house.bob), "a short one")
    await house.until_shown("short", channel=house.world.dm(house.bob))
    await house.world.until(lambda: len(house.replies()) == 3, timeout_s=8)

    bodies = [request.body for request in house.sent(CREATE) if isinstance(request.body, dict)]
    assert len(set(nonces(house))) == len(bodies) == 4
    for body in bodies:
        assert 1 <= len(str(body["nonce"])) <= 25
        assert body["enforce_nonce"] is True
        assert body["allowed_mentions"] == {"parse": []}


async def test_edits_leave_previews_suppressed(house: House) -> None:
    """discord.py's Message.edit sends flags 0 and would show every link's preview again."""
    house.reka.enqueue(Script(pieces=["See ", "https://example.com ", "for more."], token_s=0.5))

    house.alice.says(house.general, f"{house.at_reka} where?")
    await house.until_shown("See https://example.com for more.")

    assert house.sent(EDIT)
    assert all("flags" not in request.body for request in house.sent(EDIT) if isinstance(request.body, dict))
    assert house.replies()[0].flags & MessageFlag.SUPPRESS_EMBEDS


# ---------------------------------------------------------------------- questions gone, rights missing


async def test_question_that_is_gone_gets_a_plain_message(house: House) -> None:
    """Discord's event of the deletion may never come; a reply to nothing would be refused with a 400."""
    gate = gated(house, *WORDS)
    asked = house.alice.says(house.general, f"{house.at_reka} why?")
    await house.world.until(lambda: house.reka.chats)
    del house.general.messages[asked.id]  # gone, and nobody told

    let_out(gate, 5)
    await house.until_shown(WHOLE)

    assert house.replies()[0].reply_to is None
    assert {request.status for request in house.sent(CREATE)} == {200}


async def test_bot_that_may_not_read_history_sends_plainly_from_the_start(house: House) -> None:
    """Replying needs that permission; knowing so beforehand saves a 400 for every answer."""
    house.world.deny(house.general, "READ_MESSAGE_HISTORY")
    house.reka.enqueue(Script(pieces=WORDS))

    house.alice.says(house.general, f"{house.at_reka} why?")
    await house.until_shown(WHOLE)

    assert house.replies()[0].reply_to is None
    assert not [request for request in house.sandbox.requests if request.status >= 400]


async def test_reply_refused_for_want_of_history_becomes_a_plain_message(house: House) -> None:
    """The cache may be behind: 160002 tells, and the answer comes all the same."""
    house.general.denied |= Permission.READ_MESSAGE_HISTORY  # and nobody told the bot
    house.reka.enqueue(Script(text="word " * 500))

    house.alice.says(house.general, f"{house.at_reka} why?")
    await house.world.until(lambda: len(house.replies()) == 2, timeout_s=8)
    await house.world.until(lambda: house.reka.chats[-1].finished)

    assert [request.status for request in house.sent(CREATE)] == [400, 200, 200]
    assert house.replies()[0].reply_to is None


@pytest.mark.parametrize("told", [True, False], ids=["known", "unknown"])
async def test_channel_that_is_closed_to_the_bot_costs_two_requests_and_one_line(
    house: House, caplog: pytest.LogCaptureFixture, told: bool
) -> None:
    """A 403 counts toward Discord's ban: no retry, no storm, and one line for the operator."""
    caplog.set_level(logging.INFO)
    house.reka.enqueue(Script(pieces=WORDS, token_s=0.05))
    if told:
        house.world.deny(house.general, "SEND_MESSAGES")
    else:
        house.general.denied |= Permission.SEND_MESSAGES
    caplog.clear()

    house.alice.says(house.general, f"{house.at_reka} why?")
    await house.world.until(lambda: "dropped" in caplog.text)
    await house.world.until(lambda: house.reka.chats[-1].ended_at is not None)

    assert len(house.sent(CREATE)) + len(house.sent(TYPING)) <= 2
    assert house.sandbox.invalid_requests <= 2
    assert not house.replies()
    assert [record.getMessage() for record in caplog.records] == ["dropped"]


async def test_slash_command_answers_in_a_closed_channel_and_hints_once(house: House) -> None:
    """The command works without any permission; one hint tells why mentions get no answer there."""
    house.world.deny(house.general, "SEND_MESSAGES")
    house.reka.enqueue(Script(pieces=WORDS), Script(pieces=["Twice."]))

    house.alice.uses(house.general, "ask", {"question": "why?"})
    await house.world.until(lambda: len(house.replies(viewer=house.alice)) == 2)
    answer, hint = house.replies(viewer=house.alice)
    house.alice.uses(house.general, "ask", {"question": "again?"})
    await house.world.until(lambda: house.replies()[-1].content == "Twice.")
    await house.stop_bot()

    assert answer.content == WHOLE
    assert hint.only_for is house.alice
    assert "I may not write in this channel" in hint.content
    assert len(house.replies(viewer=house.alice)) == 3
    assert house.sandbox.invalid_requests == 0


async def test_trouble_leaves_no_words_and_no_token_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the operator's log learns of the trouble, and nothing of what people say."""
    caplog.set_level(logging.INFO)
    house.sandbox.faults.next(*CREATE, Fault.status(503), Fault.rate_limit("user", 0.1))
    house.sandbox.faults.next(*EDIT, Fault.reset_after(), Fault.rate_limit("global", 0.1))
    house.sandbox.faults.next(*EDIT_RESPONSE, Fault.status(500), Fault.rate_limit("shared", 0.1))
    house.reka.enqueue(*(Script(pieces=WORDS, token_s=0.1) for _ in range(2)))

    house.alice.says(house.general, f"{house.at_reka} the secret of the sky")
    used = house.bob.uses(house.world.channel("playground"), "ask", {"question": "the secret of the sky"})
    await house.until_shown(WHOLE)
    await house.until_shown(WHOLE, channel=used.channel)
    await house.stop_bot()

    for record in caplog.records:
        told = f"{record.getMessage()} {vars(record)} {record.exc_text}"
        for secret in (
            "secret of the sky",
            "scattered",
            used.token,
            house.sandbox.token,
            *house.reka.issued_tokens,
        ):
            assert secret not in told
        assert not record.exc_info


async def test_text_on_screen_only_grows(house: House) -> None:
    """The house's one sentence, watched over every version of a message, faults included."""
    house.sandbox.faults.next(*EDIT, Fault.reset_after(), Fault.status(503))
    pieces = [f"word{number} " for number in range(120)]
    house.reka.enqueue(Script(pieces=pieces, token_s=0.01))

    house.alice.says(house.general, f"{house.at_reka} count")
    await house.world.until(lambda: house.replies() and house.replies()[0].content.endswith("word119"))

    versions = [content for _at, content in house.replies()[0].edits]
    assert all(after.startswith(before) for before, after in pairwise(versions))
