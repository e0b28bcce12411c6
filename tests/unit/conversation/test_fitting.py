"""Which model a question goes to, and how much of the past goes along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation.fitting import (
    NOT_SHOWN,
    PICTURE_TOKENS,
    ModelFacts,
    ModelsByNeed,
    Prompt,
    asks_about_pictures,
    fitted,
    tokens_of,
    with_newest_pictures,
)
from reka_provider import ChatMessage, ContentPart, RekaRequestError
from tests.unit.conversation.fake_model import words_of

FLASH, EDGE = "reka-flash-3", "reka-edge-2603"


def said(text: str, *pictures: str) -> ChatMessage:
    """A person's message."""
    if not pictures:
        return {"role": "user", "content": text}
    parts: list[ContentPart] = [
        {"type": "image", "image": name.encode(), "media_type": "image/png"} for name in pictures
    ]
    return {"role": "user", "content": [*parts, {"type": "text", "text": text}]}


def answered(text: str) -> ChatMessage:
    return {"role": "assistant", "content": text}


def told(text: str) -> ChatMessage:
    return {"role": "system", "content": text}


def by_need(text: str = FLASH, listed: dict[str, ModelFacts] | None = None) -> ModelsByNeed:
    return ModelsByNeed(text, EDGE, listed)


def pictures_of(prompt: Prompt) -> list[bytes]:
    return [
        part["image"]
        for message in prompt.messages
        if not isinstance(message["content"], str)
        for part in message["content"]
        if part["type"] == "image"
    ]


# Which model -------------------------------------------------------------------------------------------------


def test_text_goes_to_the_model_for_text() -> None:
    """It is the better writer."""
    assert by_need().prompt([told("Be kind."), said("Hi")]).model == FLASH


def test_a_question_with_a_picture_goes_to_the_model_for_pictures() -> None:
    """reka-flash-3 reads text only: it would answer with a refusal."""
    prompt = by_need().prompt([said("What is this?", "cat")])

    assert prompt.model == EDGE
    assert pictures_of(prompt) == [b"cat"]


def test_a_question_soon_after_a_picture_is_about_it() -> None:
    """ "And what colour is it?" has no picture of its own."""
    talk = [said("What is this?", "cat"), answered("A cat."), said("And what colour is it?")]

    prompt = by_need().prompt(talk)

    assert prompt.model == EDGE
    assert pictures_of(prompt) == [b"cat"]


def test_a_picture_of_long_ago_does_not_keep_the_model_for_pictures() -> None:
    """One picture in the morning must not make all answers of the day poorer; a word stands for it."""
    talk = [said("What is this?", "cat"), answered("A cat.")]
    for number in range(2):
        talk += [said(f"Something else, {number}?"), answered("Yes.")]

    prompt = by_need().prompt([*talk, said("Why?")])

    assert prompt.model == FLASH
    assert pictures_of(prompt) == []
    assert words_of(prompt.messages[0]) == f"What is this?\n{NOT_SHOWN}"


def test_a_model_that_reads_both_answers_both() -> None:
    """An operator may choose one; then nobody has to choose again."""
    listed = {"reads-all": ModelFacts(100_000, None, 8), EDGE: ModelFacts(16_384, None, 3)}

    prompt = by_need("reads-all", listed).prompt([said("What is this?", "cat")])

    assert (prompt.model, pictures_of(prompt)) == ("reads-all", [b"cat"])


def test_a_server_with_one_model_is_sent_its_pictures() -> None:
    """A server of one's own tells little about its model, and has no reka-edge-2603."""
    prompt = by_need("llama", {"llama": ModelFacts()}).prompt([said("What is this?", "cat")])

    assert (prompt.model, pictures_of(prompt)) == ("llama", [b"cat"])


def test_pictures_that_nobody_can_read_are_refused() -> None:
    """Then the question is asked again without them, and the person is told."""
    models = by_need(listed={FLASH: ModelFacts(65_536, 58_982, 0)})

    with pytest.raises(RekaRequestError, match=r"reka-edge-2603 is not there .* set REKA_VISION_MODEL"):
        models.prompt([said("What is this?", "cat")])

    assert models.prompt([said("What is this?")]).model == FLASH


@pytest.mark.parametrize(("ago", "expected"), [(0, True), (1, True), (2, True), (3, False)])
def test_recent_means_the_last_two_questions(ago: int, expected: bool) -> None:
    """The instructions and the answers between do not count."""
    after = [said("Hm?") for _ in range(ago)]
    talk = [told("Be kind."), said("Look", "cat"), *(one for each in after for one in (answered("A."), each))]

    assert asks_about_pictures(talk) is expected


# How many pictures -------------------------------------------------------------------------------------------


def test_the_newest_pictures_go_along_and_the_question_s_first() -> None:
    """More than three are a refusal of reka-edge-2603."""
    talk = [said("old", "a", "b"), answered("Well."), said("new", "c"), said("which?", "d")]

    prompt = by_need().prompt(talk)

    assert pictures_of(prompt) == [b"a", b"c", b"d"]


def test_a_question_with_too_many_pictures_keeps_its_first() -> None:
    """The order in which they were attached is the order in which they are spoken of."""
    kept = with_newest_pictures([said("Hm", "old"), said("Which?", "a", "b", "c", "d")], 3)

    assert pictures_of(Prompt("", kept)) == [b"a", b"b", b"c"]
    assert words_of(kept[0]) == f"Hm\n{NOT_SHOWN}"


def test_what_the_service_tells_wins_over_what_we_know() -> None:
    """Limits change, and the list says so first."""
    models = by_need(listed={EDGE: ModelFacts(32_768, 20_000, 5)})

    assert models.facts(EDGE) == ModelFacts(32_768, 20_000, 5)
    assert by_need(listed={EDGE: ModelFacts()}).facts(EDGE) == ModelFacts(16_384, 14_745, 3)


# How much of the past ----------------------------------------------------------------------------------------


def test_the_past_is_cut_to_the_model_s_context() -> None:
    """A prompt that is too long is refused as a whole. The newest is what the question is about."""
    talk = [told("Be kind.")]
    for number in range(20):
        talk += [said(f"{number} " + "word " * 400), answered("Yes.")]

    prompt = fitted(EDGE, ModelFacts(16_384, 14_745, 3), [*talk, said("Why?")])

    assert sum(map(tokens_of, prompt.messages)) <= 16_384 * 5 / 8
    assert [message["role"] for message in prompt.messages[:2]] == ["system", "user"]
    kept = [words_of(message).split()[0] for message in prompt.messages if message["role"] == "user"]
    assert kept[-3:] == ["18", "19", "Why?"]
    assert "0" not in kept
    assert prompt.max_tokens is not None
    assert prompt.max_tokens >= 16_384 * 3 / 16


def test_a_short_talk_leaves_much_for_the_answer() -> None:
    """A model that reasons writes thousands of tokens before its first word."""
    prompt = by_need().prompt([said("Hi")])

    assert prompt.max_tokens is not None
    assert prompt.max_tokens > 30_000


def test_no_answer_is_longer_than_the_model_writes() -> None:
    """More is a refusal."""
    assert fitted("m", ModelFacts(100_000, 2_000), [said("Hi")]).max_tokens == 2_000


def test_of_an_unknown_model_no_length_is_asked() -> None:
    """Its server knows better than we do."""
    assert fitted("m", ModelFacts(), [said("Hi")]).max_tokens is None


def test_a_question_that_is_too_long_is_an_error_and_never_cut() -> None:
    """An answer to half a question looks like one to the whole."""
    with pytest.raises(RekaRequestError, match="too long for reka-edge-2603, which takes 16,384 tokens"):
        by_need().prompt([told("x" * 40_000), said("What is this?", "cat")])


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("abc", 1), ("abcd", 2), ("漢字", 2), ("naïve", 2), ("\ud800", 1), ("🐈", 2)],
)
def test_tokens_are_counted_with_care(text: str, tokens: int) -> None:
    """Three letters of English, or one character of Chinese, are a token at the most."""
    assert tokens_of(said(text)) == 8 + tokens


def test_pictures_cost_tokens() -> None:
    """They are the dearest part of a request."""
    assert tokens_of(said("abc", "cat", "dog")) == 9 + 2 * PICTURE_TOKENS


@given(
    st.lists(st.tuples(st.sampled_from("ua"), st.text(max_size=300)), max_size=30), st.integers(200, 4_000)
)
def test_what_is_kept_is_an_unbroken_end_and_fits(turns: list[tuple[str, str]], context: int) -> None:
    """A hole in the past would put answers to the wrong questions."""
    past = [said(text) if who == "u" else answered(text) for who, text in turns]

    prompt = fitted("m", ModelFacts(context), [told("Be kind."), *past, said("Why?")])

    first, *kept, last = prompt.messages
    assert (words_of(first), words_of(last)) == ("Be kind.", "Why?")
    assert kept == past[len(past) - len(kept) :]
    assert not kept or kept[0]["role"] == "user"
    assert prompt.max_tokens is not None
    assert prompt.max_tokens > 0
    assert sum(map(tokens_of, prompt.messages)) + prompt.max_tokens <= context
