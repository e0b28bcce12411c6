"""What the stand-in for Reka says: it must be honest, and must show what the bot gave it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from sandbox._reka_persona import Turn, answer, described, pieces, quoted, spoken, thoughts

PICTURE = "http://127.0.0.1:1/media/1.png"


def picture(kind: str = "PNG", width_px: int = 64, height_px: int = 48) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "asked", ["Hello", "Write code", "A long one, please", "", "🦉", "What is this picture?"]
)
def test_it_always_says_that_it_is_no_model(asked: str) -> None:
    """Nobody may take its words for Reka's."""
    said = answer([Turn("human", asked)], {})
    assert "stand-in" in said
    assert "model" in said


def test_it_quotes_the_question_without_its_speaker_and_context() -> None:
    """Turns carry who spoke, and the system text travels in the first one."""
    assert "“What now?”" in answer([Turn("human", "Be brief.\n\nalice: What now?")], {})
    assert spoken("Dr. Ana: Hm: fine") == "Hm: fine"
    assert spoken("System.\n\nana: One.\n\nTwo.") == "One.\n\nTwo."
    assert spoken("System.\n\nOne.") == "One."


def test_it_speaks_of_each_image_of_the_question() -> None:
    """Further images of a question come as turns of their own right before it."""
    turns = [
        Turn("human", "[image 1 of 2]", PICTURE),
        Turn("human", "Compare", PICTURE + "2"),
    ]
    said = answer(turns, {PICTURE: picture(), PICTURE + "2": picture("JPEG", 20, 10)})
    assert "a PNG of 64 × 48 pixels and a JPEG of 20 × 10 pixels" in said
    assert "first thing" in said


def test_it_remembers_an_earlier_image_when_asked() -> None:
    """So that one sees that images stay part of their turns."""
    turns = [
        Turn("human", "Look", PICTURE),
        Turn("model", "Nice"),
        Turn("human", "How large is the picture?"),
    ]
    said = answer(turns, {PICTURE: picture()})
    assert "I still have a PNG of 64 × 48 pixels" in said
    assert "Before that you asked: “Look”" in said
    assert "3 turns" in said


def test_a_long_answer_has_everything_that_pages_must_bear() -> None:
    """Over 2,000 characters, headings, a list and a code block of more than 20 lines."""
    said = answer([Turn("human", "bob: Tell me something long.")], {})
    assert len(said) > 2000
    assert "\n## " in said
    assert "\n- " in said
    code = said.split("```python\n")[1].split("```")[0]
    assert code.count("\n") > 20
    compile(code, "answer", "exec")


def test_code_and_tables_come_on_request() -> None:
    """Each in a short form too."""
    assert "```python" in answer([Turn("human", "Some code?")], {})
    assert "| --- |" in answer([Turn("human", "A table?")], {})
    assert "```" not in answer([Turn("human", "Hello")], {})


def test_its_thoughts_are_no_models_either() -> None:
    """They are shown to people where a model reasons."""
    said = thoughts([Turn("human", "System.\n\nalice: What now?"), Turn("model", "Hm.")])
    assert "gave me 2 words" in said
    assert "A model would" in said


def test_pieces_join_to_the_text() -> None:
    """The stream must not lose a space."""
    for text in ("a  b\n\nc \n", "", "  x", answer([Turn("human", "long")], {})):
        assert "".join(pieces(text)) == text


def test_what_is_no_picture_is_said_to_be_none() -> None:
    """The stand-in must not fall over bad bytes."""
    assert "cannot read" in described(b"hello")
    assert quoted("x" * 500).endswith("…")
