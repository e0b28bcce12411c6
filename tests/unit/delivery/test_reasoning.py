"""Reasoning: apart from the answer, and one small line while it is all there is."""

from __future__ import annotations

import pytest

from delivery._reasoning import Thought, split_reasoning, thinking_line


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("An answer", Thought("", "An answer")),
        ("<reasoning>why</reasoning>\n\nBecause", Thought("why", "Because")),
        ("\n<THINK>\nwhy\n</Think>Because", Thought("why", "Because")),
        ("<reasoning>why</rea", Thought("why", "")),
        ("<reasoning>why 1 < 2", Thought("why 1 < 2", "")),
        ("<reas", Thought("", "")),
        ("<reason", Thought("", "")),
        ("<reasons>", Thought("", "<reasons>")),
        ("I write <reasoning>x</reasoning>", Thought("", "I write <reasoning>x</reasoning>")),
    ],
)
def test_reasoning_is_what_stands_in_its_tags_at_the_start(text: str, thought: Thought) -> None:
    """Half a tag belongs to nobody yet; tags further on are the answer's own."""
    assert split_reasoning(text, ended=False) == thought


def test_an_ended_text_keeps_its_half_tag() -> None:
    """It was no tag after all."""
    assert split_reasoning("<reas", ended=True) == Thought("", "<reas")
    assert split_reasoning("<reasoning>why</rea", ended=True) == Thought("why</rea", "")


def test_the_line_shows_the_last_words_without_markup() -> None:
    """It is one small line: neither a heading nor a preview may come of it."""
    assert thinking_line("Thinking…", "## So *first*,\n- I add https://e.x `a`") == (
        "-# Thinking… So first , - I add a"
    )
    line = thinking_line("Thinking…", "many words " * 100 + "end")
    assert line.endswith("words end")
    assert len(line) < 110
    assert thinking_line("Thinking…", "x" * 500) == "-# Thinking…"
