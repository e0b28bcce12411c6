"""The four doors, each through to one growing message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sandbox import changes
from sandbox.entities import Channel, MessageKind, User
from sandbox.reka_space import Script
from tests.e2e.house import House

WITHHELD = (
    "Discord did not show me what you wrote there: mention me in a message of its own, "
    "or use “Ask about this message” from the message's Apps menu."
)
HINT = "Ask me something: write your question after my name, send me a picture, or use /ask."


@pytest.fixture
def typing_signs(house: House) -> Iterator[list[Channel]]:
    """The channels in which the bot showed the typing sign, in order."""
    shown: list[Channel] = []

    def watch(change: changes.Change) -> None:
        if isinstance(change, changes.TypingStarted) and change.user is house.world.bot:
            shown.append(change.channel)

    house.world.listeners.append(watch)
    yield shown
    house.world.listeners.remove(watch)


async def test_a_mention_is_answered_by_one_message_that_grows(house: House) -> None:
    """The one sentence of the product: appears with the first token, grows, ends."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The ", "sky ", "scatters ", "blue."], gate=gate))

    asked = house.alice.says(house.general, f"{house.at_reka} why is the sky blue?")
    gate.release()
    await house.world.until(house.replies)
    for _ in range(3):
        gate.release()
    await house.until_shown("The sky scatters blue.")

    [reply] = house.replies()
    assert reply.reply_to_id == asked.id
    assert reply.edits[0][1] == "The"
    assert not reply.pinged
    assert house.sandbox.limits.rejected.total() == 0


async def test_the_typing_sign_shows_until_the_first_words(house: House, typing_signs: list[Channel]) -> None:
    """Somebody who waits for the first token sees that it is on its way."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["Soon."], gate=gate))

    house.alice.says(house.general, f"{house.at_reka} when?")
    await house.world.until(lambda: typing_signs)
    assert house.replies() == []
    gate.release()
    await house.until_shown("Soon.")

    assert typing_signs == [house.general]


async def test_a_mention_of_the_managed_role_is_a_mention(house: House) -> None:
    """Clients offer the role of the same name first; people pick it without noticing."""
    house.reka.enqueue(Script("Here."))
    role = house.world.home.bot_role_id

    house.alice.says(house.general, f"<@&{role}> are you there?")
    await house.until_shown("Here.")

    assert house.told() == [("human", "alice: are you there?")]


async def test_a_role_mention_whose_content_is_withheld_gets_one_sentence(house: House) -> None:
    """Discord may hand over nothing for a role: silence would look like a dead bot."""
    house.world.role_mentions_deliver = False

    house.alice.says(house.general, f"<@&{house.world.home.bot_role_id}> are you there?")
    await house.until_shown(WITHHELD)

    assert house.reka.chats == []


async def test_a_direct_message_needs_no_mention(house: House, typing_signs: list[Channel]) -> None:
    """Nobody else is there to be talked to."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("Hello, Alice.", first_token_s=0.3))  # a sign after the first words is no sign

    [reply] = await house.hears("hello", "Hello, Alice.", channel=dm)

    assert house.told() == [("human", "alice: hello")]
    assert typing_signs == [dm]
    assert reply.channel is dm


async def test_a_mention_in_a_direct_message_is_cut_too(house: House) -> None:
    """Habit: the model should not read its own name in each question."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("Hello."))

    await house.hears(f"{house.at_reka} hello", "Hello.", channel=dm)

    assert house.told() == [("human", "alice: hello")]


async def test_a_reply_that_pings_the_bot_is_a_question(house: House) -> None:
    """People go on by replying, without a mention in the text."""
    house.reka.enqueue(Script("Blue."), Script("Rayleigh."))
    [reply] = await house.hears("which colour?", "Blue.")

    asked = house.alice.says(house.general, "and who found out?", reply_to=reply)
    await house.until_shown("Blue.", "Rayleigh.")

    assert house.replies()[1].reply_to_id == asked.id
    assert house.told() == [
        ("human", "alice: which colour?"),
        ("model", "Blue."),
        ("human", "alice: and who found out?"),
    ]


async def test_a_reply_without_a_ping_is_not_for_the_bot(house: House) -> None:
    """Who switches the ping off talks about the answer, not to the bot; Discord withholds it, too."""
    house.reka.enqueue(Script("Blue."), Script("Yes."))
    [reply] = await house.hears("which colour?", "Blue.")

    house.bob.says(house.general, "what nonsense", reply_to=reply, ping=False)
    await house.hears("sure?", "Blue.", "Yes.")

    assert len(house.reka.chats) == 2


async def test_a_reply_to_a_slash_answer_gets_the_sentence_and_not_the_hint(house: House) -> None:
    """Discord never hands such a reply over; "ask me something" would answer a question with an insult."""
    house.reka.enqueue(Script("Blue."))
    house.alice.uses(house.general, "ask", {"question": "which colour?"})
    await house.until_shown("Blue.")

    house.alice.says(house.general, "why?", reply_to=house.replies()[0])
    await house.until_shown("Blue.", WITHHELD)

    assert len(house.reka.chats) == 1


async def test_a_reply_to_a_slash_answer_with_a_mention_is_answered(house: House) -> None:
    """The sentence tells people to do exactly this."""
    house.reka.enqueue(Script("Blue."), Script("Rayleigh."))
    house.alice.uses(house.general, "ask", {"question": "which colour?"})
    await house.until_shown("Blue.")

    house.alice.says(house.general, f"{house.at_reka} why?", reply_to=house.replies()[0])
    await house.until_shown("Blue.", "Rayleigh.")

    assert house.told()[-1] == ("human", "alice: why?")


async def test_ask_streams_into_its_own_response(house: House) -> None:
    """Deferred at once, then one message that grows; nothing else appears in the channel."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["The ", "sky."], gate=gate))

    used = house.alice.uses(house.general, "ask", {"question": "what is blue?"})
    await house.world.until(lambda: used.original is not None)
    assert used.original is not None
    assert used.original.thinking
    gate.release()
    await house.until_shown("The")
    gate.release()
    await house.until_shown("The sky.")

    [reply] = house.replies()
    assert reply is used.original
    assert not reply.ephemeral
    assert reply.kind is MessageKind.CHAT_INPUT_COMMAND
    assert house.told() == [("human", "alice: what is blue?")]
    assert not reply.pinged


async def test_ask_in_a_direct_message(house: House) -> None:
    """The command exists in all contexts."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("Yes."))

    house.alice.uses(dm, "ask", {"question": "here too?"})
    await house.until_shown("Yes.", channel=dm)

    assert house.told() == [("human", "alice: here too?")]


async def test_ask_about_a_message_explains_it(house: House) -> None:
    """The context menu is the one way to show the bot what somebody else wrote."""
    said = house.bob.says(house.general, "E = mc²")
    assert house.world.content_withheld(said)
    house.reka.enqueue(Script("Energy is mass."))

    house.alice.uses_on(said, "Ask about this message")
    await house.until_shown("Energy is mass.")

    assert house.told() == [
        (
            "human",
            "alice refers to this message of bob:\n> E = mc²\n\nalice: Please explain this message.",
        )
    ]
    assert house.replies()[0].kind is MessageKind.CONTEXT_MENU_COMMAND


async def test_ask_about_a_message_says_which_even_if_it_is_remembered(house: House) -> None:
    """“Please explain this message” means nothing without the message, least of all after ten others."""
    house.reka.enqueue(Script("Blue."), Script("Red."), Script("It scatters."))
    [first] = await house.hears("the sky?", "Blue.")
    await house.hears("the rose?", "Blue.", "Red.")

    house.alice.uses_on(first, "Ask about this message")
    await house.until_shown("Blue.", "Red.", "It scatters.")

    assert house.told()[-1] == (
        "human",
        "alice refers to this message of Reka:\n> Blue.\n\nalice: Please explain this message.",
    )


async def test_in_a_thread_it_answers_in_the_thread(house: House) -> None:
    """A thread is a channel of its own."""
    thread = house.world.add_thread(house.general, "skies")
    house.reka.enqueue(Script("In here."))

    asked = house.alice.says(thread, f"{house.at_reka} where are you?")
    await house.until_shown("In here.", channel=thread)

    [reply] = house.replies(thread)
    assert reply.reply_to_id == asked.id
    assert house.replies() == []


async def test_ask_in_a_thread(house: House) -> None:
    """Long answers go on there, not in the channel that the thread belongs to."""
    thread = house.world.add_thread(house.general, "skies")
    house.reka.enqueue(Script("In here. " * 300))

    house.alice.uses(thread, "ask", {"question": "everything"})
    await house.world.until(lambda: len(house.replies(thread)) == 2)

    assert house.replies() == []


async def test_bots_webhooks_and_everyone_get_no_answer(house: House) -> None:
    """Two bots could answer each other for ever, and @everyone is no question to the bot."""
    other_bot = User(house.world.snowflakes.next(), "Parrot", bot=True)
    webhook = User(house.world.snowflakes.next(), "Feed", webhook=True)
    house.reka.enqueue(Script("Hello, Alice."))

    house.world.post(other_bot, house.general, f"{house.at_reka} hello")
    house.world.post(webhook, house.general, f"{house.at_reka} news")
    shouted = house.alice.says(house.general, "@everyone look at @here")
    await house.hears("hello", "Hello, Alice.")

    assert shouted.mentions_everyone
    assert len(house.reka.chats) == 1


async def test_a_mention_with_nothing_to_it_gets_the_hint(house: House) -> None:
    """A short hint how to use it, and Reka is not asked."""
    house.alice.says(house.general, house.at_reka)
    await house.until_shown(HINT)

    asked = house.alice.says(house.general, f"<@&{house.world.home.bot_role_id}>  ")
    await house.until_shown(HINT, HINT)

    assert house.replies()[1].reply_to_id == asked.id
    assert house.reka.chats == []
