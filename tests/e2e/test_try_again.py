"""The button under an answer that broke off."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from sandbox.entities import Message
from sandbox.limits import Rule
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, EDIT, House, logged
from tests.e2e.pictures import picture

LABEL = "Try again"
BROKE_OFF = (
    "\n\n-# The answer broke off here. I cannot reach Reka at the moment: please try again in a minute."
)
NOT_YOURS = "Only the person who asked, or somebody who manages messages here, can try this again."
RUNNING = "I am already on it, or it has been answered."
NO_MEMORY = "I cannot reach my memory at the moment: please try again in a minute."
FORGOTTEN = "I no longer remember this question: please ask it anew."

CUT = Script(pieces=["The moon ", "is made ", "of"], cut_after_pieces=2)


async def _until_broken(house: House, *, viewer: Person | None = None) -> Message:
    """The newest answer, once it has its button."""
    await house.world.until(lambda: any(reply.buttons for reply in house.replies(viewer=viewer)), 10)
    await house.until_ended()
    return house.replies(viewer=viewer)[-1]


async def _broken(house: House) -> Message:
    """Alice asked, and the answer broke off."""
    house.reka.enqueue(CUT)
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    return await _until_broken(house)


def _said_to(house: House, who: Person) -> list[str]:
    """What only this person sees of the bot."""
    return [reply.content for reply in house.replies(viewer=who) if reply.ephemeral]


async def test_an_answer_that_broke_off_stays_with_a_note_and_a_button(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What was written is not taken away; the person learns what happened, the operator gets one line."""
    caplog.set_level(logging.INFO)

    reply = await _broken(house)

    assert reply.content == f"The moon is made{BROKE_OFF}"
    assert [button["label"] for button in reply.buttons] == [LABEL]
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.getMessage() == "answer broke off"
    written = logged(caplog.records)
    assert "reply_id" in written
    assert not any(secret in written for secret in ("moon", house.sandbox.token, *house.reka.issued_tokens))


async def test_pressing_it_regenerates_over_the_same_message(house: House) -> None:
    """One message answers, also the second time; it stops offering what it has done."""
    reply = await _broken(house)
    house.reka.enqueue(Script("The moon is rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")
    await house.until_ended()

    assert house.replies() == [reply]
    assert reply.buttons == []
    assert len(house.sent(CREATE)) == 1
    assert house.told() == [("human", "alice: what is the moon?")]
    assert not reply.pinged


async def test_the_button_is_gone_from_the_first_new_word_on(house: House) -> None:
    """While it writes there is nothing to try again."""
    reply = await _broken(house)
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The moon ", "is rock."], gate=gate))

    house.alice.presses(reply, label=LABEL)
    await house.until_asked(2)
    assert reply.buttons
    gate.release()
    await house.until_shown("The moon")
    assert reply.buttons == []
    gate.release()
    await house.until_shown("The moon is rock.")


async def test_the_new_answer_is_what_is_remembered(house: House) -> None:
    """The broken one is no part of the conversation any more."""
    reply = await _broken(house)
    house.reka.enqueue(Script("The moon is rock."), Script("Yes."))
    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    await house.hears("really?", "The moon is rock.", "Yes.")

    assert house.told() == [
        ("human", "alice: what is the moon?"),
        ("model", "The moon is rock."),
        ("human", "alice: really?"),
    ]


async def test_what_was_said_later_is_not_recalled(house: House) -> None:
    """The question is asked as it was then: what came after it would be answered twice."""
    reply = await _broken(house)
    house.reka.enqueue(Script("Green."), Script("The moon is rock."))
    await house.hears("and the sea?", reply.content, "Green.")

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.", "Green.")

    assert house.told() == [("human", "alice: what is the moon?")]


async def test_it_may_break_off_again(house: House) -> None:
    """The button comes back as often as it takes."""
    reply = await _broken(house)
    house.reka.enqueue(Script(pieces=["It ", "is", " not"], cut_after_pieces=2), Script("Rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown(f"It is{BROKE_OFF}")
    await _until_broken(house)
    house.alice.presses(reply, label=LABEL)
    await house.until_shown("Rock.")

    assert len(house.sent(CREATE)) == 1


async def test_it_works_after_a_restart(house: House) -> None:
    """The button knows all that it needs by itself."""
    reply = await _broken(house)
    await house.stop_bot()
    await house.start_bot()
    house.reka.enqueue(Script("The moon is rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    assert reply.buttons == []
    assert house.told() == [("human", "alice: what is the moon?")]


async def test_a_restart_in_the_middle_offers_it(house: House) -> None:
    """The answer's end was the operator's doing: the person gets a note, and what they asked for later."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The moon ", "is made of"], gate=gate))
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    gate.release()
    await house.until_shown("The moon")

    await house.stop_bot()
    [reply] = house.replies()
    note = "-# I was restarted in the middle of this answer: please try again."
    assert reply.content == f"The moon\n\n{note}"
    await house.start_bot()
    house.reka.enqueue(Script("The moon is rock."))
    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    assert reply.buttons == []


async def test_a_stranger_is_told_that_it_is_not_theirs(house: House) -> None:
    """Everybody sees the button; a sentence for the presser alone."""
    reply = await _broken(house)

    house.bob.presses(reply, label=LABEL)
    await house.world.until(lambda: _said_to(house, house.bob))

    assert _said_to(house, house.bob) == [NOT_YOURS]
    assert _said_to(house, house.alice) == []
    assert reply.buttons
    assert len(house.reka.chats) == 1


async def test_who_manages_messages_may(house: House) -> None:
    """A moderator tidies up; the question is still the asker's."""
    reply = await _broken(house)
    house.bob.manages_messages = True
    house.reka.enqueue(Script("The moon is rock."))

    house.bob.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    assert house.told() == [("human", "alice: what is the moon?")]


async def test_pressing_twice_answers_once(house: House) -> None:
    """People press again where nothing seems to happen."""
    reply = await _broken(house)
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The moon is rock."], gate=gate))

    house.alice.presses(reply, label=LABEL)
    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: _said_to(house, house.alice))
    gate.release()
    await house.until_shown("The moon is rock.")
    await house.until_ended()

    assert _said_to(house, house.alice) == [RUNNING]
    assert len(house.reka.chats) == 2


async def test_after_reset_there_is_nothing_to_try(house: House) -> None:
    """The question was forgotten at somebody's wish."""
    reply = await _broken(house)
    await house.resets()

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: FORGOTTEN in _said_to(house, house.alice))

    assert len(house.reka.chats) == 1


async def test_private_stays_private(house: House) -> None:
    """The new answer appears where the old one was, for the same eyes."""
    house.reka.enqueue(CUT)
    house.alice.uses(house.general, "ask", {"question": "what is the moon?", "private": True})
    reply = await _until_broken(house, viewer=house.alice)
    house.reka.enqueue(Script("The moon is rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.", viewer=house.alice)
    await house.until_ended()

    assert house.replies() == []
    assert reply.ephemeral
    assert reply.buttons == []
    assert house.sent(CREATE) == []


async def test_a_slash_answer_is_regenerated_long_after_its_token(house: House) -> None:
    """The bot's own routes reach a public answer for ever."""
    house.reka.enqueue(CUT)
    house.alice.uses(house.general, "ask", {"question": "what is the moon?"}, aged_s=600)
    reply = await _until_broken(house)
    house.reka.enqueue(Script("The moon is rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    assert house.replies() == [reply]
    assert reply.buttons == []


async def test_in_a_direct_message(house: House) -> None:
    """Nobody manages messages there; the asker may."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(CUT, Script("The moon is rock."))
    house.alice.says(dm, "what is the moon?")
    await house.world.until(lambda: any(reply.buttons for reply in house.replies(dm)))
    await house.until_ended()

    house.alice.presses(house.replies(dm)[0], label=LABEL)
    await house.until_shown("The moon is rock.", channel=dm)


async def test_a_failure_before_the_first_word_can_be_tried_again(house: House) -> None:
    """The sentence that stands there gives way to the answer."""
    house.reka.enqueue(Script(status=400, body="{}"), Script("The moon is rock."))
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    reply = await _until_broken(house)
    assert "Reka would not take this question" in reply.content

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")

    assert house.told() == [("human", "alice: what is the moon?")]


async def test_surplus_pages_of_the_broken_answer_go_away(house: House) -> None:
    """A short new answer must not stand above the rest of a long old one."""
    paragraphs = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(6))
    house.reka.enqueue(Script(pieces=[paragraphs, " and", " so on"], cut_after_pieces=2))
    house.alice.says(house.general, f"{house.at_reka} everything")
    reply = await _until_broken(house)
    assert len(house.replies()) == 3
    house.reka.enqueue(Script("In short: rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("In short: rock.")
    await house.until_ended()
    house.reka.enqueue(Script("Yes."))
    await house.hears("really?", "In short: rock.", "Yes.")

    assert ("model", "In short: rock.") in house.told()


async def test_a_removed_page_is_not_missed_by_a_third_attempt(house: House) -> None:
    """Long and broken, short and broken, long again: the page in between is made anew."""
    long = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(4)) + "The end."
    house.reka.enqueue(Script(pieces=[long, " and", " so on"], cut_after_pieces=2), CUT, Script(long))
    house.alice.says(house.general, f"{house.at_reka} everything")
    house.alice.presses(await _until_broken(house), label=LABEL)
    await house.until_shown(f"The moon is made{BROKE_OFF}")
    house.alice.presses(await _until_broken(house), label=LABEL)
    await house.world.until(lambda: house.replies()[-1].content.endswith("The end."))
    await house.until_ended()

    assert len(house.replies()) == 2
    assert not any(reply.buttons for reply in house.replies())


async def test_a_context_menus_question_keeps_its_message(house: House) -> None:
    """The message that it asks about is all that there is to the question."""
    house.reka.enqueue(CUT, Script("A formula."))
    said = house.bob.says(house.general, "E = mc²")
    house.alice.uses_on(said, "Ask about this message")
    reply = await _until_broken(house)

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("A formula.")

    assert house.told(1) == house.told(0)
    assert "> E = mc²" in house.told()[0][1]


async def test_the_picture_of_the_question_is_still_there(house: House) -> None:
    """The question is its words and its pictures."""
    house.reka.enqueue(CUT, Script("A plain."))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    reply = await _until_broken(house)

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("A plain.")

    assert len(house.pictures_sent()) == 1


async def test_a_bare_address_in_a_commands_new_answer_unfurls_no_preview(house: House) -> None:
    """A command's response was made without suppressed previews, and edits by the channel carry no flags."""
    house.reka.enqueue(CUT, Script("See https://example.com/moon for more."))
    house.alice.uses(house.general, "ask", {"question": "what is the moon?"})
    reply = await _until_broken(house)

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("See <https://example.com/moon> for more.")

    assert house.sent(EDIT)
    assert all("flags" not in request.body for request in house.sent(EDIT) if isinstance(request.body, dict))


@pytest.mark.parametrize("table", ["replies", "turns"])  # before the press is deferred, and behind it
async def test_a_database_that_fails_at_the_press_is_told_and_logged(
    house: House, caplog: pytest.LogCaptureFixture, table: str
) -> None:
    """Silence would read as a dead button; the operator gets one line, and later it works."""
    reply = await _broken(house)
    caplog.clear()

    with memory_out_of_reach(house, table):
        house.alice.presses(reply, label=LABEL)
        await house.world.until(lambda: _said_to(house, house.alice))

    assert _said_to(house, house.alice) == [NO_MEMORY]
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (line.getMessage(), line.exc_info) == ("memory is out of reach", None)
    written = logged(caplog.records) + caplog.text
    assert not any(secret in written for secret in ("moon", house.sandbox.token, *house.reka.issued_tokens))
    assert len(house.reka.chats) == 1
    house.reka.enqueue(Script("The moon is rock."))
    house.alice.presses(reply, label=LABEL)
    await house.until_shown("The moon is rock.")


async def test_a_database_that_fails_at_the_question_is_told(house: House) -> None:
    """Nothing is asked of Reka that nobody could find again after a death."""
    with memory_out_of_reach(house, "replies"):
        await house.hears("what is the moon?", f"-# {NO_MEMORY}")

    assert house.reka.chats == []
    assert house.replies()[0].buttons == []


async def test_the_file_of_the_broken_answer_goes_with_it(house: House) -> None:
    """Under a short new answer the old file would pass for the whole of it."""
    house.sandbox.limits.rules["create"] = Rule(50, 5.0)
    long = "".join(f"Sentence number {number} says a little more than the last. " for number in range(250))
    house.reka.enqueue(Script(pieces=[long, "and", "so on"], cut_after_pieces=2), Script("In short: rock."))
    house.alice.says(house.general, f"{house.at_reka} everything")
    await house.world.until(lambda: any(reply.attachments for reply in house.replies()), 15)
    reply = await _until_broken(house)
    assert reply.attachments

    house.alice.presses(reply, label=LABEL)
    await house.until_shown("In short: rock.")

    assert not any(reply.attachments for reply in house.replies())


async def test_the_file_of_a_private_answer_goes_with_it_too(house: House) -> None:
    """There the one page with the button is all that can still be reached."""
    long = "".join(f"Sentence number {number} says a little more than the last. " for number in range(250))
    house.reka.enqueue(Script(pieces=[long, "and", "so on"], cut_after_pieces=2), Script("In short: rock."))
    house.alice.uses(house.general, "ask", {"question": "everything", "private": True})
    reply = await _until_broken(house, viewer=house.alice)
    assert reply.attachments

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: reply.content == "In short: rock.")

    assert reply.attachments == []


async def test_the_file_is_gone_as_soon_as_it_begins_again(house: House) -> None:
    """Nobody should open the old one while the new one grows."""
    code = "\n".join(f"value_{number} = compute(value_{number - 1})" for number in range(150))
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(
        Script(pieces=[f"```python\n{code}\n```\n", "and", "so"], cut_after_pieces=2),
        Script(pieces=[f"```python\n{code}\n", "x = 1\n```"], gate=gate),
    )
    house.alice.says(house.general, f"{house.at_reka} code, please")
    reply = await _until_broken(house)
    pages = len(house.replies())
    assert reply.attachments

    house.alice.presses(reply, label=LABEL)
    gate.release()
    await house.world.until(lambda: not house.replies()[-1].buttons)
    assert not any(reply.attachments for reply in house.replies())
    gate.release()
    await house.world.until(lambda: bool(house.replies()[-1].attachments))

    assert len(house.replies()) == pages


@contextmanager
def memory_out_of_reach(house: House, table: str) -> Iterator[None]:
    """Take a table away, by another connection, and put it back."""
    _rename_table(house, table, "away")
    try:
        yield
    finally:
        _rename_table(house, "away", table)


def _rename_table(house: House, name: str, to: str) -> None:
    with (
        closing(
            sqlite3.connect(house.settings.database_url.get_secret_value().partition("///")[2])
        ) as database,
        database,
    ):
        database.execute("PRAGMA legacy_alter_table=ON")  # keys that refer to the table keep its name
        database.execute(f"ALTER TABLE {name} RENAME TO {to}")
