"""What the next question carries of what was said before."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from conversation.model import Ask, Author, MessageRef, Place, ReplyState
from sandbox.reka_space import Script
from storage.engine import open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal
from tests.e2e.house import House, open_house
from tests.e2e.pictures import picture

DAY_S = 86_400.0


async def test_the_next_question_carries_the_turns_with_the_names(house: House) -> None:
    """Several people talk with it at once: who said what is part of what was said."""
    house.reka.enqueue(Script("Hello, Alice."), Script("Hello, Bob."), Script("Alice."))
    house.alice.says(house.general, f"{house.at_reka} I am first")
    await house.until_shown("Hello, Alice.")
    house.bob.says(house.general, f"{house.at_reka} I am second")
    await house.until_shown("Hello, Alice.", "Hello, Bob.")

    house.bob.says(house.general, f"{house.at_reka} who was first?")
    await house.until_shown("Hello, Alice.", "Hello, Bob.", "Alice.")

    assert house.told() == [
        ("human", "alice: I am first"),
        ("model", "Hello, Alice."),
        ("human", "bob: I am second"),
        ("model", "Hello, Bob."),
        ("human", "bob: who was first?"),
    ]


async def test_channels_threads_and_direct_messages_are_apart(house: House) -> None:
    """What is said in a thread or in private is nobody's business elsewhere."""
    thread = house.world.add_thread(house.general, "secrets")
    places = [house.general, house.world.channel("playground"), thread, house.world.dm(house.alice)]
    for number, place in enumerate(places):
        house.reka.enqueue(Script("Noted."))
        await house.hears(f"the word is {number}", "Noted.", channel=place)

        assert house.told() == [("human", f"alice: the word is {number}")]


async def test_history_turns_are_the_newest(tmp_path: Path) -> None:
    """HISTORY_TURNS counts turns, and a question is never cut from its answer."""
    async with open_house(tmp_path, HISTORY_TURNS="3") as house:
        house.reka.enqueue(Script("1"), Script("2"), Script("3"))
        await house.hears("one", "1")
        await house.hears("two", "1", "2")
        await house.hears("three", "1", "2", "3")

        assert house.told() == [("human", "alice: two"), ("model", "2"), ("human", "alice: three")]


async def test_history_chars_are_the_newest_that_fit(tmp_path: Path) -> None:
    """HISTORY_CHARS keeps the model's window from running over."""
    async with open_house(tmp_path, HISTORY_CHARS="20") as house:
        house.reka.enqueue(Script("x" * 30), Script("short"), Script("3"))
        await house.hears("one", "x" * 30)
        await house.hears("two", "x" * 30, "short")
        await house.hears("three", "x" * 30, "short", "3")

        assert house.told() == [("human", "alice: two"), ("model", "short"), ("human", "alice: three")]


async def test_a_restart_forgets_nothing(house: House) -> None:
    """The database is the memory."""
    house.reka.enqueue(Script("Noted."), Script("Rose."))
    await house.hears("the word is rose", "Noted.")

    await house.stop_bot()
    await house.start_bot()
    await house.hears("which word?", "Noted.", "Rose.")

    assert house.told() == [
        ("human", "alice: the word is rose"),
        ("model", "Noted."),
        ("human", "alice: which word?"),
    ]


async def test_reset_forgets_this_channel_alone(house: House) -> None:
    """People start afresh where they are; nobody may wipe the other channels with it."""
    playground = house.world.channel("playground")
    house.reka.enqueue(Script("1"), Script("2"), Script("3"), Script("4"))
    await house.hears("one", "1")
    await house.hears("two", "2", channel=playground)

    await house.resets()
    done = "Done: I have forgotten this conversation, and we start afresh."
    await house.hears("three", "1", done, "3")
    await house.hears("four", "2", "4", channel=playground)

    assert house.told(2) == [("human", "alice: three")]
    assert house.told(3) == [("human", "alice: two"), ("model", "2"), ("human", "alice: four")]


async def test_reset_says_when_there_was_nothing(house: House) -> None:
    """An honest answer, and no failure."""
    await house.resets()

    assert house.shows("There was nothing to forget: we start afresh.")


async def test_reset_in_the_middle_of_an_answer_leaves_nothing_of_it(house: House) -> None:
    """An answer without its question is no memory."""
    house.reka.enqueue(Script("Roses are red.", token_s=0.05), Script("Hello."))
    house.alice.says(house.general, f"{house.at_reka} a poem")
    await house.world.until(house.replies)
    await house.resets()
    await house.world.until(lambda: house.replies()[0].content == "Roses are red.")

    house.alice.says(house.general, f"{house.at_reka} hello")
    await house.until_asked(2)

    assert house.told() == [("human", "alice: hello")]


async def test_an_edited_question_is_remembered_as_it_stands_now(house: House) -> None:
    """Memory must not hold words that their author took back."""
    house.reka.enqueue(Script("Noted."), Script("Peony."))
    asked = house.alice.says(house.general, f"{house.at_reka} the word is rose")
    await house.until_shown("Noted.")
    await house.until_ended()

    house.alice.edits(asked, f"{house.at_reka} the word is peony {house.bob.mention}")
    await house.until_remembered("the word is peony @bob", "Noted.")
    house.alice.says(house.general, f"{house.at_reka} which word?")
    await house.until_shown("Noted.", "Peony.")

    assert house.told()[0] == ("human", "alice: the word is peony @bob")
    assert len(house.reka.chats) == 2


async def test_a_deleted_question_is_forgotten_with_its_answer(house: House) -> None:
    """Deleting is the oldest way to say "forget that"."""
    house.reka.enqueue(Script("Noted."), Script("No."))
    asked = house.alice.says(house.general, f"{house.at_reka} my word is rose")
    await house.until_shown("Noted.")
    await house.until_ended()

    house.alice.deletes(asked)
    await house.until_remembered()
    await house.hears("which word?", "Noted.", "No.")

    assert house.told() == [("human", "alice: which word?")]


async def test_a_deleted_answer_is_forgotten_alone(house: House) -> None:
    """A moderator removes what the bot said; what the person asked still stands there."""
    house.reka.enqueue(Script("Nonsense."), Script("Sorry."))
    [reply] = await house.hears("the moon?", "Nonsense.")
    await house.until_ended()

    house.alice.deletes(reply)
    await house.until_remembered("the moon?")
    await house.hears("again", "Sorry.")

    assert house.told() == [("human", "alice: the moon?"), ("human", "alice: again")]


async def test_a_deleted_message_is_forgotten_where_it_was_quoted(house: House) -> None:
    """Bob takes his words back: Alice's question about them must not keep them, nor his picture."""
    house.reka.enqueue(Script("Noted."), Script("A rose."), Script("No."))
    shown = house.bob.says(house.general, f"{house.at_reka} my rose", files=[("rose.png", picture())])
    await house.until_shown("Noted.")
    await house.resets()
    house.alice.says(
        house.general,
        f"{house.at_reka} what is it?",
        reply_to=shown,
        files=[("pot.png", picture(colour="red"))],
    )
    await house.until_asked(2)
    assert "> @Reka my rose" in house.told()[-1][1]
    assert len(house.pictures_sent()) == 2
    await house.until_remembered("what is it?", "A rose.")
    await house.until_ended()

    house.bob.deletes(shown)
    await house.world.until(lambda: _quoted(house) == [None])
    house.alice.says(house.general, f"{house.at_reka} whose was it?")
    await house.until_asked(3)

    assert ("human", "alice: what is it?") in house.told()
    assert len(house.pictures_sent()) == 1


async def test_an_edited_message_is_revised_where_it_was_quoted(house: House) -> None:
    """What Bob no longer says must not be told on in his name."""
    house.reka.enqueue(Script("Noted."), Script("Rose."), Script("Peony."))
    said = house.bob.says(house.general, f"{house.at_reka} the word is rose")
    await house.until_shown("Noted.")
    await house.resets()
    house.alice.says(house.general, f"{house.at_reka} which word?", reply_to=said)
    await house.until_remembered("which word?", "Rose.")
    await house.until_ended()

    house.bob.edits(said, f"{house.at_reka} the word is peony")
    await house.world.until(lambda: "rose" not in str(_quoted(house)))
    house.alice.says(house.general, f"{house.at_reka} and now?")
    await house.until_asked(3)

    assert "the word is peony" in house.told()[0][1]
    assert "rose" not in house.told()[0][1]


def _quoted(house: House) -> list[str | None]:
    """The words that each remembered question quotes."""
    with closing(
        sqlite3.connect(house.settings.database_url.get_secret_value().partition("///")[2])
    ) as database:
        return [
            words
            for (words,) in database.execute("SELECT quote_text FROM turns WHERE role = 'user' ORDER BY id")
        ]


async def test_a_partial_answer_is_marked_as_such(house: House) -> None:
    """The model should not take half a sentence for what it meant to say."""
    house.reka.enqueue(Script(pieces=["The moon ", "is", " made"], cut_after_pieces=2), Script("Cheese."))
    house.alice.says(house.general, f"{house.at_reka} the moon?")
    await house.world.until(lambda: house.replies() and house.replies()[0].buttons)

    house.alice.says(house.general, f"{house.at_reka} go on")
    await house.until_asked(2)

    assert house.told() == [
        ("human", "alice: the moon?"),
        ("model", "The moon is\n\n[This answer broke off here.]"),
        ("human", "alice: go on"),
    ]


async def test_an_answer_that_never_came_leaves_the_question(house: House) -> None:
    """The person said it all the same; only there is no answer to remember."""
    house.reka.enqueue(Script(status=400, body="{}"), Script("Here."))
    house.alice.says(house.general, f"{house.at_reka} hello?")
    await house.world.until(house.replies)

    house.alice.says(house.general, f"{house.at_reka} are you there?")
    await house.until_asked(2)

    assert house.told() == [("human", "alice: hello?"), ("human", "alice: are you there?")]


async def test_old_turns_are_purged_at_the_start(tmp_path: Path) -> None:
    """HISTORY_DAYS is a promise about people's words. The daily round runs in the unit tests' virtual time."""
    async with open_house(tmp_path, start=False, HISTORY_DAYS="30") as house:
        await _remembered(house, days_ago=31, words="the old word")
        await _remembered(house, days_ago=29, words="the new word")
        house.reka.enqueue(Script("New."))

        await house.start_bot()
        await house.hears("which word?", "New.")

        assert house.told() == [
            ("human", "alice: the new word"),
            ("model", "Noted."),
            ("human", "alice: which word?"),
        ]


async def _remembered(house: House, *, days_ago: float, words: str) -> None:
    """Leave a question and its answer in the database, as a bot of those days did."""

    def then_s() -> float:
        return time.time() - days_ago * DAY_S

    asked = house.world.snowflakes.next(aged_s=days_ago * DAY_S)
    place = Place(house.general.id, house.world.home.id)
    ask = Ask(
        asked, place, Author(house.alice.id, "alice"), words, question=MessageRef(house.general.id, asked)
    )
    engine = await open_engine(house.settings.database_url.get_secret_value())
    try:
        journal = SqlJournal(engine, now_s=then_s)
        claim = await journal.claim(ask, text=words)
        assert claim is not None
        await SqlHistory(engine, now_s=then_s).remember(claim.reply_id, "Noted.", complete=True)
        await journal.finish(claim.reply_id, ReplyState.ENDED)
    finally:
        await engine.dispose()
