"""Files: long answers and long code come whole, too."""

from __future__ import annotations

import pytest

from delivery._attachment import whole_answer
from delivery.surface import Attachment

CODE = "x = 1\n" * 80


def test_an_answer_over_five_pages_comes_as_a_file() -> None:
    """Nobody copies six messages by hand."""
    assert whole_answer("A *long* answer", 6, 2000) == Attachment("answer.md", b"A *long* answer")
    assert whole_answer("A *long* answer", 5, 2000) is None


@pytest.mark.parametrize(
    ("language", "filename"),
    [("python", "code.py"), ("C++", "code.cpp"), ("", "code.txt"), ("odd", "code.txt")],
)
def test_code_over_two_pages_comes_as_a_file(language: str, filename: str) -> None:
    """Code in pieces does not run."""
    for mark in ("```", "~~~", "````"):
        text = f"Look:\n{mark}{language}\n{CODE}{mark}\nDone."
        assert whole_answer(text, 3, 200) == Attachment(filename, CODE.encode())
        assert whole_answer(text, 3, 300) is None


def test_several_long_blocks_come_as_the_whole_answer() -> None:
    """One file is enough."""
    text = f"```py\n{CODE}```\nand\n```py\n{CODE}"
    assert whole_answer(text, 5, 200) == Attachment("answer.md", text.encode())


def test_a_block_ends_only_at_its_own_fence() -> None:
    """Markdown about Markdown holds shorter fences."""
    text = f"````md\n```py\n{CODE}```\n````"
    assert whole_answer(text, 5, 200) == Attachment("code.md", f"```py\n{CODE}```\n".encode())
