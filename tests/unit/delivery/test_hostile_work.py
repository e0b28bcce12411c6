"""Text that is made to cost: what an answer costs grows with its length alone, whatever stands in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from delivery.compose import PageComposer
from delivery.urls import wrap_bare_urls

MADE_TO_COST: dict[str, Callable[[int], str]] = {
    "quotes": lambda chars: "> " * (chars // 2),
    "quotes without a space": lambda chars: ">" * chars,
    "underscores and tildes": lambda chars: "_~" * (chars // 2),
    "one word": lambda chars: "a" * chars,
    "brackets": lambda chars: "[" * (chars // 2) + "](" * (chars // 4),
    "parentheses": lambda chars: "[a](http://" + "(" * chars,
    "stars": lambda chars: "*" * chars,
    "stars that open": lambda chars: "*a " * (chars // 3),
    "backticks": lambda chars: "`" * chars,
    "code that never ends": lambda chars: "`" + "a" * chars,
    "a wide table": lambda chars: "\n".join(cell * (chars // 6) + "|" for cell in ("|a", "|-", "|b")),
    "a long table": lambda chars: "|a|b|\n|-|-|\n" + "|1|2|\n" * (chars // 6),
    "lists in lists": lambda chars: "\n".join(" " * deep + "- a" for deep in range(int((2 * chars) ** 0.5))),
    "dollars": lambda chars: "$" * chars,
    "formulas in formulas": lambda chars: "\\[" * (chars // 2),
    "angles": lambda chars: "<" * chars,
    "tags": lambda chars: "<b>" * (chars // 3),
    "spoilers": lambda chars: "||" * (chars // 2),
    "backslashes": lambda chars: "\\" * chars,
    "a URL of brackets": lambda chars: "https://a.b/" + ")" * chars,
    "words with h": lambda chars: "h " * (chars // 2),
    "a block of tildes": lambda chars: "~~~\n" + "a\n" * (chars // 2),
}
CHARS = 2_000
AN_ORDINARY_WORD = "word"
PIECES = 10


def calls_of(act: Callable[[], object]) -> int:
    """How many functions `act` calls, those in C included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    return calls


def compose_at_once(text: str) -> None:
    PageComposer(wraps_urls=True).compose(text, ended=True)


def compose_piece_by_piece(text: str) -> None:
    composer, step = PageComposer(wraps_urls=True), max(1, len(text) // PIECES)
    for end in range(step, len(text), step):
        composer.compose(text[:end], ended=False)
    composer.compose(text, ended=True)


@pytest.mark.parametrize("compose", [compose_at_once, compose_piece_by_piece])
@pytest.mark.parametrize("name", MADE_TO_COST)
def test_four_times_the_text_costs_about_four_times_the_work(
    name: str, compose: Callable[[str], None]
) -> None:
    """All replies share one event loop: one text of this kind would stop every other reply."""
    text = MADE_TO_COST[name]
    little = calls_of(lambda: compose(text(CHARS)))
    assert calls_of(lambda: compose(text(4 * CHARS))) < 8 * little


@pytest.mark.parametrize("name", MADE_TO_COST)
def test_no_text_costs_many_times_an_ordinary_one(name: str) -> None:
    """Growing in proportion is not enough where each character is read a hundred times."""
    ordinary = calls_of(lambda: compose_at_once(f"{AN_ORDINARY_WORD} " * (4 * CHARS // 5)))
    assert calls_of(lambda: compose_at_once(MADE_TO_COST[name](4 * CHARS))) < 6 * ordinary


@pytest.mark.parametrize(
    "text",
    [
        "$^" + r"\text{a}" * 200 + "\n",
        "|a|\n|-" + " " * 20_000 + "x",
        (r"\(" * 190 + r"x `\)") * 10,
    ],
)
def test_no_pattern_goes_back_and_back(text: str) -> None:
    """One match of the first would last for years: this test is done at all, or it is not."""
    assert PageComposer().compose(text, ended=True)


def test_a_text_that_came_at_once_is_read_as_far_as_its_pages_go() -> None:
    """The rest of it goes into a file, as it is."""

    def calls_for(pages: int) -> int:
        composer = PageComposer(rest="-# The rest is in the file.", most_pages=2)
        return calls_of(lambda: composer.compose("word " * 400 * pages, ended=True))

    assert calls_for(40) < 1.5 * calls_for(10)


def test_what_is_no_url_for_its_length_is_wrapped_only_so_far() -> None:
    """No message holds more of it, and looking for its end must not begin anew with each piece."""
    wrapped = wrap_bare_urls("https://a.b/" + "c" * 5_000)
    assert wrapped.replace("<", "").replace(">", "") == "https://a.b/" + "c" * 5_000
