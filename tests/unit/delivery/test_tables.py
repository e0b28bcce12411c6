"""Tables: aligned where a phone can show it, a list where not, and whole on every page."""

from __future__ import annotations

import pytest

from delivery._tables import (
    COLUMNS,
    Head,
    bullet,
    first_chunk,
    has_link,
    read_head,
    read_row,
    split_row,
    width_of,
)
from delivery.compose import PageComposer

HEAD = "| Name | Size |\n|:-----|-----:|\n"


def contents(text: str, limit_chars: int = 2000, *, ended: bool = True) -> list[str]:
    return PageComposer(limit_chars).compose(text, ended=ended)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("漢字", 4),
        ("ｶﾅ", 2),
        ("👍", 2),
        ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("❤️", 2),
        ("e\u0301", 1),
        ("a\u200bb", 2),
        ("שלום", 4),
        ("x²", 2),
        ("", 0),
    ],
)
def test_width_is_what_a_terminal_font_takes(text: str, columns: int) -> None:
    """Columns stand under each other only if wide characters count twice and marks not at all."""
    assert width_of(text) == columns


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("| a | b |", ("a", "b")),
        ("| a | b", ("a", "b")),
        ("a | b", ("a", "b")),
        ("|a||c|", ("a", "", "c")),
        ("| a \\| b | c |", ("a | b", "c")),
        ("| `x \\| y` | \\\\| z |", ("`x | y`", "\\\\", "z")),
        ("| | b |", ("", "b")),
        ("| a | |", ("a",)),
    ],
)
def test_rows_are_cut_at_pipes_that_no_backslash_escapes(line: str, cells: tuple[str, ...]) -> None:
    """GFM: a pipe inside a cell is written with a backslash, in code too."""
    assert split_row(line)[: len(cells)] == cells


def test_a_head_needs_as_many_delimiters_as_cells() -> None:
    """Else it is no table, says GFM."""
    assert read_head("| a | b | c |\n| :-- | :-: | --: |\n") == Head(("a", "b", "c"), "<^>")
    assert read_head("| a | b |\n|---|\n") is None


def test_a_row_has_the_columns_of_its_head() -> None:
    """Models miscount; no word may be lost for it."""
    head = Head(("a", "b"), "<<")
    assert read_row("| 1 |\n", head) == ("1", "")
    assert read_row("| 1 | 2 | 3 |\n", head) == ("1", "2 | 3")


def test_columns_are_aligned_as_the_table_says() -> None:
    """Numbers are read from the right."""
    text = "| Name | Größe | Art |\n|---|--:|:-:|\n| 漢字 | 7 | x |\n| Reka | 21 | abcde |"
    assert contents(text) == [
        "```\nName | Größe |  Art\n-----+-------+------\n漢字 |     7 |   x\nReka |    21 | abcde\n```"
    ]


def test_markup_in_cells_is_plain_in_code() -> None:
    """Code shows stars and backticks as they are."""
    chunk = first_chunk(Head(("**a**",), "<"))
    for cell in (
        "**bold** *it*",
        "`x*y*`",
        "~~gone~~ ||h||",
        "snake_case_x",
        "a\\*b",
        "```x```",
        "[t](/local)",
    ):
        chunk = chunk.with_row((cell,))
    assert [row[0] for row in chunk.rows] == [
        *("bold it", "x*y*", "gone h", "snake_case_x", "a*b", "x", "t"),
    ]
    assert chunk.block().startswith("```\na\n")


def test_a_table_too_wide_for_a_phone_is_a_list() -> None:
    """Wrapped lines of a code block cannot be read as a table."""
    text = f"{HEAD}| Core | {'long ' * 10}|\n| Edge | |"
    assert contents(text) == [f"- **Name:** Core\n  **Size:** {('long ' * 10).strip()}\n- **Name:** Edge"]
    assert bullet(Head(("**a**", "*"), "<<"), ("x", "y")) == "- **a:** x\n  **\\*:** y\n"


def test_a_table_with_links_is_a_list() -> None:
    """Nobody can follow a link in a code block."""
    assert has_link(("a", "[x](HTTPS://e.x)"))
    assert contents(f"{HEAD}| a | https://e.x |") == ["- **Name:** a\n  **Size:** https://e.x"]


def test_a_table_stays_within_forty_columns() -> None:
    """The widest code that a phone shows without wrapping."""
    exact = f"| a | b |\n|---|---|\n| {'x' * 20} | {'y' * 17} |"
    assert max(map(len, contents(exact)[0].split("\n"))) == COLUMNS
    assert contents(exact.replace("y |", "yy |"))[0].startswith("- **a:** x")


def test_the_header_is_repeated_on_the_next_page() -> None:
    """A column without its name means nothing."""
    rows = "".join(f"| row {number} | {number} |\n" for number in range(30))
    pages = contents(f"Look:\n\n{HEAD}{rows}\nThat is all.", 200)
    assert len(pages) > 2
    assert pages[0].startswith("Look:\n```\nName")
    assert all(page.startswith("```\nName ") for page in pages[1:])
    assert pages[-1].endswith("\n```\nThat is all.")
    found = [line for page in pages for line in page.split("\n") if line.startswith("row")]
    assert len(found) == 30


def test_a_table_that_no_longer_fits_below_the_text_begins_a_page() -> None:
    """A header alone at the foot of a page would stand away from its rows."""
    pages = contents(f"{'word ' * 16}\n{HEAD}| a | 1 |", 100)
    assert pages == [("word " * 16).strip(), "```\nName | Size\n-----+-----\na    |    1\n```"]


def test_a_table_grows_row_by_row() -> None:
    """Half a row would make its columns jump with every letter."""
    text = f"So:\n{HEAD}| Core | 67 |\n| Flash-3.1 | 2100000 |\n"
    composer, seen = PageComposer(), list[str]()
    for size in range(1, len(text) + 1):
        for content in composer.compose(text[:size], ended=False):
            if content not in seen:
                seen.append(content)
    assert seen[-2:] == [
        "So:\n```\nName | Size\n-----+-----\nCore |   67\n```",
        "So:\n```\nName      |    Size\n----------+--------\nCore      |      67\nFlash-3.1 | 2100000\n```",
    ]
    assert all(content in ("S", "So", "So:") for content in seen[:-2])


def test_a_table_that_turns_out_too_wide_becomes_a_list_as_a_whole() -> None:
    """Half table, half list would be two answers; only pages that are fixed stay as they are."""
    text = f"{HEAD}| Core | 67 |\n| Edge | {'wide ' * 9}|\n| Flash | 21 |"
    assert contents(text)[0].split("\n")[:2] == ["- **Name:** Core", "  **Size:** 67"]
    rows = "".join(f"| row {number} | {number} |\n" for number in range(15))
    pages = contents(f"{HEAD}{rows}| Edge | {'wide ' * 9}|", 150)
    assert pages[0].startswith("```\nName")
    assert "- **Name:** Edge" in "\n".join(pages)


def test_what_follows_a_table_stands_under_it() -> None:
    """Text, and another table, share the page with it."""
    block = "```\nName | Size\n-----+-----\na    |    1\n```"
    assert contents(f"{HEAD}| a | 1 |\nAfter.\n\n{HEAD}| a | 1 |") == [f"{block}\nAfter.\n{block}"]


def test_a_header_without_rows_is_still_shown() -> None:
    """The answer may break off there."""
    assert contents(HEAD) == ["```\nName | Size\n-----+-----\n```"]
    assert contents(HEAD, ended=False) == []
    wide = "| a name that is long | https://e.x |\n|---|---|\n"
    assert contents(wide) == ["a name that is long | https://e.x"]
