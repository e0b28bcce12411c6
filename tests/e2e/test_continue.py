"""An answer that reached a limit of the model goes on at the press of a button."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.entities import Channel, Message
from sandbox.person import Person
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, House, open_house
from tests.e2e.test_try_again import memory_out_of_reach

LABEL = "Continue"
AT_LIMIT = "\n\n-# I stop here: this answer has reached the model's limit."
ONLY_THOUGHT = "-# I only thought about this, and never came to an answer."
FILTERED = "-# Reka's content filter stopped this answer: please ask in another way."
GO_ON = "Please go on exactly where you stopped, in the same language."
RUNNING = "I am already on it, or it has been answered."
FORGOTTEN = "I no longer remember this question: please ask it anew."
NO_MEMORY = "I cannot reach my memory at the moment: please try again in a minute."

CUT = Script("The moon is made", finish_reason="length")
CUT_SHORT = f"The moon is made{AT_LIMIT}"


def labels(reply: Message) -> list[str]:
    """What the buttons under a message say."""
    return [str(button["label"]) for button in reply.buttons]


async def until_offered(
    house: House, *, channel: Channel | None = None, viewer: Person | None = None
) -> Message:
    """The newest answer, once it has its buttons."""
    await house.world.until(lambda: any(reply.buttons for reply in house.replies(channel, viewer)), 10)
    await house.until_ended()
    return house.replies(channel, viewer)[-1]


def whispers(house: House, who: Person) -> list[str]:
    """What only this person sees of the bot."""
    return [reply.content for reply in house.replies(viewer=who) if reply.ephemeral]


async def _cut_short(house: House) -> Message:
    house.reka.enqueue(CUT)
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    return await until_offered(house)


async def test_an_answer_at_the_models_limit_says_so_and_offers_to_go_on(house: House) -> None:
    """An answer that ends in the middle of a sentence without a word looks broken."""
    reply = await _cut_short(house)

    assert reply.content == CUT_SHORT
    assert labels(reply) == [LABEL]


async def test_it_goes_on_in_a_reply_to_the_one_that_was_cut(house: House) -> None:
    """What was read stays; the rest stands below it, and belongs to it visibly."""
    reply = await _cut_short(house)
    house.reka.enqueue(Script("of rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.")
    await house.world.until(lambda: not reply.buttons)

    rest = house.replies()[-1]
    assert rest.reply_to is not None
    assert rest.reply_to.id == reply.id
    assert not rest.pinged
    assert house.told() == [
        ("human", "alice: what is the moon?"),
        ("model", "The moon is made\n\n[This answer broke off here.]"),
        ("human", f"alice refers to this message of Reka:\n> The moon is made\n\nalice: {GO_ON}"),
    ]


async def test_what_comes_after_it_is_told_both_parts(house: House) -> None:
    """Memory reads as the screen does."""
    reply = await _cut_short(house)
    house.reka.enqueue(Script("of rock."), Script("Yes."))
    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.")
    await house.until_ended()

    await house.hears("really?", CUT_SHORT, "of rock.", "Yes.")

    assert [text for who, text in house.told() if who == "model"] == [
        "The moon is made\n\n[This answer broke off here.]",
        "of rock.",
    ]


async def test_anybody_may_have_it_go_on_and_pays_for_it(tmp_path: Path) -> None:
    """A question of somebody else's hour would be spent without their doing."""
    async with open_house(tmp_path, QUESTIONS_PER_USER_HOUR="1") as house:
        reply = await _cut_short(house)

        house.alice.presses(reply, label=LABEL)
        await house.world.until(lambda: whispers(house, house.alice))
        assert "your one question" in whispers(house, house.alice)[0]
        assert labels(reply) == [LABEL]

        house.reka.enqueue(Script("of rock."))
        house.bob.presses(reply, label=LABEL)
        await house.until_shown(CUT_SHORT, "of rock.")
        await house.world.until(lambda: not reply.buttons)

    assert len(house.reka.chats) == 2


async def test_pressing_twice_goes_on_once(house: House) -> None:
    """Two people may press at once, and one person twice."""
    reply = await _cut_short(house)
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["of rock."], gate=gate))

    def told() -> list[str]:
        return whispers(house, house.alice) + whispers(house, house.bob)

    house.alice.presses(reply, label=LABEL)
    house.bob.presses(reply, label=LABEL)
    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: len(told()) == 2)
    gate.release()
    await house.until_shown(CUT_SHORT, "of rock.")
    await house.until_ended()

    assert told() == [RUNNING, RUNNING]
    assert len(house.reka.chats) == 2
    assert len(house.sent(CREATE)) == 2


async def test_it_works_after_a_restart(house: House) -> None:
    """The button knows all that it needs by itself."""
    reply = await _cut_short(house)
    await house.stop_bot()
    await house.start_bot()
    house.reka.enqueue(Script("of rock."))

    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.")

    assert len(house.told()) == 3


async def test_after_reset_there_is_nothing_to_go_on_from(house: House) -> None:
    """The answer was forgotten at somebody's wish."""
    reply = await _cut_short(house)
    await house.resets()

    house.alice.presses(reply, label=LABEL)
    await house.world.until(lambda: FORGOTTEN in whispers(house, house.alice))

    assert len(house.reka.chats) == 1


async def test_private_stays_private(house: House) -> None:
    """The rest is for the same eyes, and in the same memory."""
    house.reka.enqueue(CUT, Script("of rock."))
    house.alice.uses(house.general, "ask", {"question": "what is the moon?", "private": True})
    reply = await until_offered(house, viewer=house.alice)

    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.", viewer=house.alice)
    await house.world.until(lambda: not reply.buttons)

    assert house.replies() == []
    assert house.replies(viewer=house.bob) == []
    assert all(reply.ephemeral for reply in house.replies(viewer=house.alice))
    assert len(house.told()) == 3
    house.reka.enqueue(Script("Hello."))
    house.bob.says(house.general, f"{house.at_reka} hello")
    await house.until_asked(3)
    assert house.told() == [("human", "bob: hello")]


async def test_in_a_direct_message(house: House) -> None:
    """There is no guild whose permissions could be asked for."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(CUT, Script("of rock."))
    house.alice.says(dm, "what is the moon?")
    reply = await until_offered(house, channel=dm)

    house.alice.presses(reply, label=LABEL)

    await house.until_shown(CUT_SHORT, "of rock.", channel=dm)


async def test_a_slash_answer_goes_on_long_after_its_token(house: House) -> None:
    """The bot's own routes reach a public place for ever."""
    house.reka.enqueue(CUT, Script("of rock."))
    house.alice.uses(house.general, "ask", {"question": "what is the moon?"}, aged_s=600)
    reply = await until_offered(house)

    house.alice.presses(reply, label=LABEL)

    await house.until_shown(CUT_SHORT, "of rock.")


async def test_where_the_bot_may_not_write_it_goes_on_by_the_press(house: House) -> None:
    """A slash command is answered there, and so is its button."""
    house.world.deny(house.general, "SEND_MESSAGES")
    house.reka.enqueue(CUT, Script("of rock."))
    house.alice.uses(house.general, "ask", {"question": "what is the moon?"})
    await house.world.until(lambda: house.shows(CUT_SHORT))
    [reply] = house.replies()
    await house.until_ended()

    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.")

    assert house.sent(CREATE) == []
    assert house.sandbox.limits.rejected.total() == 0


async def test_an_answer_that_was_all_thought_says_so_and_goes_on_over_its_note(house: House) -> None:
    """There is nothing yet that could stay: one message answers."""
    house.reka.enqueue(
        Script("<reasoning>It is far away and", finish_reason="length"), Script("It is made of rock.")
    )
    house.alice.says(house.general, f"{house.at_reka} what is the moon?")
    reply = await until_offered(house)
    assert reply.content == ONLY_THOUGHT
    assert labels(reply) == [LABEL, "Show thinking"]

    house.bob.presses(reply, label=LABEL)
    await house.until_shown("It is made of rock.")
    await house.until_ended()

    assert house.replies() == [reply]
    assert reply.buttons == []
    told = str(house.reka.chats[-1].conversation_history)
    assert "It is far away and" in told
    assert "Answer it now" in told


async def test_a_filtered_answer_says_so_in_the_persons_language(house: House) -> None:
    """To try again would change nothing; to ask otherwise may."""
    house.reka.enqueue(Script("The", finish_reason="content_filter"))
    house.alice.locale = "de"

    house.alice.uses(house.general, "ask", {"question": "how?"})
    await house.world.until(lambda: house.replies() and "\n" in house.replies()[-1].content)

    [reply] = house.replies()
    assert reply.content == (
        "The\n\n-# Der Inhaltsfilter von Reka hat diese Antwort angehalten: Frag bitte anders."
    )
    assert reply.buttons == []


async def test_a_database_that_fails_at_the_press_is_told(house: House) -> None:
    """Silence would read as a dead button."""
    reply = await _cut_short(house)

    with memory_out_of_reach(house, "replies"):
        house.alice.presses(reply, label=LABEL)
        await house.world.until(lambda: whispers(house, house.alice))

    assert whispers(house, house.alice) == [NO_MEMORY]
    house.reka.enqueue(Script("of rock."))
    house.alice.presses(reply, label=LABEL)
    await house.until_shown(CUT_SHORT, "of rock.")
