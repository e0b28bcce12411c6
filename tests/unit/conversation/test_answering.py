"""The answer while the model writes it."""

from __future__ import annotations

import asyncio

import pytest

from conversation.answering import Answering, Interrupt, Limits
from conversation.sentences import say
from delivery.surface import Draft, Offer, OfferKind
from reka_provider import CompletionState, RekaConnectionError, RekaNoTextError, RekaRateLimitError
from tests.unit.conversation.fake_model import FakeModel, Step
from tests.unit.conversation.talk import EPOCH_S, epoch_s
from tests.unit.virtual_time import now_s

TRY_AGAIN = Offer(OfferKind.TRY_AGAIN, 7, "Try again")
GO_ON = Offer(OfferKind.GO_ON, 7, "Continue")
THINKING = Offer(OfferKind.SHOW_THINKING, 7, "Show thinking")


class Kept:
    """A memory that tells what it was told."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.told: list[tuple[str, bool]] = []
        self.thought = ""

    async def remember(self, text: str, complete: bool) -> None:
        await asyncio.sleep(self.takes_s)
        self.told.append((text, complete))

    def keep_thought(self, text: str) -> bool:
        self.thought = text
        return bool(text)


def answering(
    model: FakeModel,
    *,
    limits: Limits | None = None,
    ends_at_s: float | None = None,
    notes: tuple[str, ...] = (),
    kept: Kept | None = None,
) -> Answering:
    kept = kept or Kept()
    return Answering(
        model.stream(messages=[{"role": "user", "content": "Hi"}]),
        limits=limits or Limits(),
        ends_at_s=ends_at_s,
        locale="en-US",
        notes=notes,
        reply_id=7,
        remember=kept.remember,
        keep_thought=kept.keep_thought,
        now_s=epoch_s,
    )


async def drafts_of(answer: Answering) -> list[Draft]:
    return [draft async for draft in answer.drafts()]


def script(*steps: Step) -> FakeModel:
    model = FakeModel()
    model.answers(*steps)
    return model


async def test_each_state_is_a_draft_and_the_last_has_ended() -> None:
    """Delivery needs to know the end from a pause."""
    kept = Kept()
    answer = answering(script("He", "Hello"), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert [(draft.text, draft.ended) for draft in drafts] == [
        ("He", False),
        ("Hello", False),
        ("Hello", True),
    ]
    assert drafts[-1].offers == ()
    assert drafts[-1].note == ""
    assert kept.told == [("Hello", True)]
    assert not answer.broke_off


async def test_memory_is_told_while_the_last_edit_is_on_its_way() -> None:
    """The next question must not wait for the screen."""
    kept = Kept()
    answer = answering(script("Hello"), kept=kept)

    async for draft in answer.drafts():
        if draft.ended:
            await asyncio.sleep(0.1)
            assert kept.told == [("Hello", True)]


async def test_an_error_before_the_first_token_is_one_sentence() -> None:
    """There is no answer that could have broken off."""
    kept = Kept()
    answer = answering(script(RekaRateLimitError("busy", retry_after=30)), kept=kept)

    (draft,) = await drafts_of(answer)
    await answer.settled()

    assert draft.text == ""
    assert draft.note == f"-# {say('reka-busy-until', 'en-US', retry=f'<t:{int(EPOCH_S) + 31}:R>')}"
    assert draft.offers == (TRY_AGAIN,)
    assert answer.broke_off
    assert kept.told == []


async def test_an_error_in_the_middle_leaves_the_text_with_a_note() -> None:
    """What was read cannot be taken back, and is not remembered as whole."""
    kept = Kept()
    answer = answering(script("Once upon", RekaConnectionError("cut")), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "Once upon"
    assert drafts[-1].note.startswith("-# The answer broke off here. I cannot reach Reka")
    assert drafts[-1].offers == (TRY_AGAIN,)
    assert kept.told == [("Once upon", False)]


async def test_an_answer_ends_after_its_characters() -> None:
    """A model in a loop would fill a channel."""
    model, kept = script("x" * 8, "x" * 12, 60.0, "more"), Kept()
    answer = answering(model, limits=Limits(answer_chars=10), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "x" * 10
    assert "10 characters" in drafts[-1].note
    assert model.streams[0].closed_early
    assert kept.told == [("x" * 10, False)]
    assert not answer.broke_off


async def test_an_answer_ends_after_its_minutes() -> None:
    """Nobody waits for ever, and every open answer costs money."""
    model = script("slow", 10_000.0)
    answer = answering(model, limits=Limits(answer_s=120.0))

    drafts = await drafts_of(answer)

    assert now_s() == pytest.approx(120.0)
    assert "2 minutes" in drafts[-1].note
    assert model.streams[0].closed_early
    assert drafts[-1].offers == (GO_ON,)


async def test_an_answer_ends_before_its_place_does() -> None:
    """After 15 minutes no note could be shown any more."""
    answer = answering(script("slow", 10_000.0), ends_at_s=EPOCH_S + 300.0)

    drafts = await drafts_of(answer)

    assert now_s() == pytest.approx(280.0)
    assert drafts[-1].note == f"-# {say('note-token-ending', 'en-US')}"


async def test_a_place_that_has_ended_costs_no_tokens_but_a_note() -> None:
    """A question may wait in line for longer than its token lives."""
    model = script("never")
    answer = answering(model, ends_at_s=EPOCH_S + 10.0)

    drafts = await drafts_of(answer)

    assert drafts[-1].ended
    assert drafts[-1].note == f"-# {say('note-token-ending', 'en-US')}"


async def test_an_interrupt_ends_a_stream_that_is_silent() -> None:
    """A restart does not wait for the next token."""
    model = script("half", 10_000.0)
    answer = answering(model)
    asyncio.get_running_loop().call_later(3.0, answer.interrupt, Interrupt.RESTARTED)

    drafts = await drafts_of(answer)

    assert now_s() == pytest.approx(3.0)
    assert drafts[-1].text == "half"
    assert drafts[-1].note == f"-# {say('note-restarted', 'en-US')}"
    assert drafts[-1].offers == (TRY_AGAIN,)
    assert answer.broke_off
    assert model.streams[0].closed_early


async def test_an_interrupt_before_the_first_step_asks_nothing_of_the_model() -> None:
    """A question that was still waiting when the bot was told to end."""
    model = script("never")
    answer = answering(model)
    answer.interrupt(Interrupt.RESTARTED)

    drafts = await drafts_of(answer)

    assert model.streams == []
    assert [draft.ended for draft in drafts] == [True]
    assert drafts[0].offers == (TRY_AGAIN,)


async def test_an_interrupt_after_the_end_changes_nothing() -> None:
    """The answer is whole; only its last edit was still on its way."""
    answer = answering(script("whole"))

    drafts = await drafts_of(answer)
    answer.interrupt(Interrupt.RESTARTED)

    assert drafts[-1].offers == ()
    assert not answer.broke_off


async def test_the_first_interrupt_says_why() -> None:
    """Two reasons would contradict each other."""
    answer = answering(script("half", 10_000.0))
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, answer.interrupt, Interrupt.RESTARTED)
    loop.call_later(1.0, answer.interrupt, Interrupt.TOO_SLOW)

    assert (await drafts_of(answer))[-1].note == f"-# {say('note-restarted', 'en-US')}"


async def test_notes_stand_under_the_answer_whatever_becomes_of_it() -> None:
    """A picture that was left out explains an odd answer."""
    answer = answering(script("Hm", RekaConnectionError("cut")), notes=("I left out a file.",))

    lines = (await drafts_of(answer))[-1].note.splitlines()

    assert lines[0] == "-# I left out a file."
    assert lines[1].startswith("-# The answer broke off")


async def test_an_answer_of_white_space_is_not_remembered() -> None:
    """There is nothing to remember of it."""
    kept = Kept()
    answer = answering(script(" \n"), kept=kept)

    await drafts_of(answer)
    await answer.settled()

    assert kept.told == []


@pytest.mark.parametrize("text", [" \n", " \n\t\u2003\u3000" * 500, "<reasoning></reasoning>\n"])
async def test_an_answer_of_white_space_is_an_odd_answer(text: str) -> None:
    """Nobody can see it: without a sentence the question would look unheard."""
    answer = answering(script(CompletionState(text, finish_reason="stop")))

    drafts = await drafts_of(answer)

    assert drafts[-1].note == f"-# {say('reka-odd', 'en-US')}"
    assert drafts[-1].offers == (TRY_AGAIN,)
    assert isinstance(answer.error, RekaNoTextError)


async def test_the_unexpected_goes_through() -> None:
    """Only Reka's own failures have a sentence here."""
    model = script("half", KeyError("bug"))
    answer = answering(model)

    with pytest.raises(KeyError):
        await drafts_of(answer)

    assert model.running == 0
    assert answer.text == "half"


async def test_settling_brings_a_failing_memory_to_light() -> None:
    """An answer that was not remembered must not pass for one that was."""

    class Broken(Kept):
        async def remember(self, text: str, complete: bool) -> None:
            raise OSError("disk full")

    answer = answering(script("Hello"), kept=Broken())
    await drafts_of(answer)

    with pytest.raises(OSError, match="disk full"):
        await answer.settled()


# Limits of the model, and what it thinks ----------------------------------------------------------------------


async def test_an_answer_at_the_models_limit_says_so_and_can_go_on() -> None:
    """It looks like an answer that ends in the middle of a sentence for no reason."""
    kept = Kept()
    answer = answering(script("The moon", CompletionState("The moon is", finish_reason="length")), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "The moon is"
    assert drafts[-1].note == f"-# {say('note-at-models-limit', 'en-US')}"
    assert drafts[-1].offers == (GO_ON,)
    assert kept.told == [("The moon is", False)]
    assert not answer.broke_off


async def test_our_own_limits_can_be_gone_on_from_too() -> None:
    """They say that one may ask for more: a button is easier."""
    answer = answering(script("x" * 12), limits=Limits(answer_chars=10))

    assert (await drafts_of(answer))[-1].offers == (GO_ON,)


async def test_an_error_after_the_limit_is_an_error() -> None:
    """Two reasons would contradict each other."""
    answer = answering(script(CompletionState("Half", finish_reason="length"), RekaConnectionError("cut")))

    assert (await drafts_of(answer))[-1].offers == (TRY_AGAIN,)


async def test_a_filtered_answer_says_so_and_offers_nothing() -> None:
    """The same question would be filtered again; only another one helps."""
    kept = Kept()
    answer = answering(script(CompletionState("The bomb", finish_reason="content_filter")), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "The bomb"
    assert drafts[-1].note == f"-# {say('reka-filtered', 'en-US')}"
    assert drafts[-1].offers == ()
    assert kept.told == [("The bomb", False)]
    assert not answer.broke_off


async def test_an_answer_filtered_before_its_first_word_says_so() -> None:
    """The client has no text to hand over, and so raises."""
    answer = answering(script(RekaNoTextError("no text", finish_reason="content_filter")))

    (draft,) = await drafts_of(answer)

    assert draft.note == f"-# {say('reka-filtered', 'en-US')}"
    assert draft.offers == ()
    assert not answer.broke_off


async def test_what_was_thought_apart_is_kept_and_offered() -> None:
    """The official API hands it over beside the text."""
    kept = Kept()
    answer = answering(script(CompletionState("", "2+2"), CompletionState("4", "2+2=4")), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert [(draft.text, draft.reasoning) for draft in drafts[:-1]] == [("", "2+2"), ("4", "2+2=4")]
    assert drafts[-1].text == "4"
    assert drafts[-1].offers == (THINKING,)
    assert kept.thought == "2+2=4"
    assert kept.told == [("4", True)]


async def test_what_was_thought_inside_the_text_is_no_part_of_the_answer() -> None:
    """Open weights write it into the text: remembered, the model would read its own thoughts as its words."""
    kept = Kept()
    answer = answering(script("<reasoning>2+2", "<reasoning>2+2=4</reasoning>\n4"), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "4"
    assert drafts[-1].offers == (THINKING,)
    assert kept.thought == "2+2=4"
    assert kept.told == [("4", True)]


@pytest.mark.parametrize(
    "steps",
    [
        ("<reasoning>2+2",),
        (CompletionState("<reasoning>2+2", finish_reason="length"),),
        (CompletionState("", "2+2", finish_reason="length"),),
        (CompletionState("", "2+"), RekaNoTextError("no text", finish_reason="length", reasoning="2+2")),
        (CompletionState("", "2+2"), RekaNoTextError("no text", finish_reason="stop")),
    ],
)
async def test_an_answer_that_was_all_thought_says_so_and_can_go_on(steps: tuple[Step, ...]) -> None:
    """A blank message, or thoughts in place of an answer, would puzzle everybody."""
    kept = Kept()
    answer = answering(script(*steps), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == ""
    assert drafts[-1].note == f"-# {say('note-only-thought', 'en-US')}"
    assert drafts[-1].offers == (GO_ON, THINKING)
    assert kept.thought == "2+2"
    assert kept.told == []
    assert answer.broke_off


async def test_a_thought_that_a_limit_of_ours_ended_can_go_on() -> None:
    """The note says which limit; asking again would only think as long again."""
    answer = answering(script(CompletionState("", "2+2"), 10_000.0), limits=Limits(answer_s=120.0))

    drafts = await drafts_of(answer)

    assert "2 minutes" in drafts[-1].note
    assert drafts[-1].offers == (GO_ON, THINKING)
    assert answer.broke_off


async def test_a_thought_that_broke_off_is_tried_again() -> None:
    """The connection failed, not the model."""
    answer = answering(script("<reasoning>2+2", RekaConnectionError("cut")))

    drafts = await drafts_of(answer)

    assert drafts[-1].text == ""
    assert drafts[-1].note == f"-# {say('reka-down', 'en-US')}"
    assert drafts[-1].offers == (TRY_AGAIN, THINKING)


async def test_without_a_word_or_a_thought_it_is_an_odd_answer() -> None:
    """There is nothing to go on from and nothing to show."""
    answer = answering(script(RekaNoTextError("no text", finish_reason="length")))

    (draft,) = await drafts_of(answer)

    assert draft.note == f"-# {say('reka-odd', 'en-US')}"
    assert draft.offers == (TRY_AGAIN,)


async def test_an_answer_that_nobody_sees_is_no_answer() -> None:
    """Zero-width characters would stand there as an empty message, and in memory as a word."""
    kept = Kept()
    answer = answering(script("\u200b", "\u200b \u2060\ufeff\u00ad\n"), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert [draft.text for draft in drafts] == ["", "", ""]
    assert drafts[-1].note == f"-# {say('reka-odd', 'en-US')}"
    assert drafts[-1].offers == (TRY_AGAIN,)
    assert kept.told == []


async def test_an_answer_of_one_joined_emoji_stays_as_it_is() -> None:
    """What joins it is seen by nobody, and the emoji by everybody."""
    kept = Kept()
    answer = answering(script("👩\u200d🚀❤\ufe0f"), kept=kept)

    drafts = await drafts_of(answer)
    await answer.settled()

    assert drafts[-1].text == "👩\u200d🚀❤\ufe0f"
    assert kept.told == [("👩\u200d🚀❤\ufe0f", True)]
