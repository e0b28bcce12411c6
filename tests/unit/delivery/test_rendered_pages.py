"""The whole way from text to contents, over random Markdown of every kind."""

from __future__ import annotations

import random
import re
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery._markdown import Scanner
from delivery.compose import PageComposer
from delivery.render import Piece, Renderer, TableEnd
from tests.unit.delivery.test_pages import fences_balanced, units

PIECES = (
    *("$x^2$", "$5 and $10 ", "$", "$$", "\\(a_1\\)", "\\[\\frac{a}{b}\\]", "\\(", "\\)", "\\[", "\\]", "\\"),
    *("x_1", "^", "{", "}", "|", "\n|", "---", "|---|---|\n", "\n| a | b |\n|---|--:|\n", "| c | d |\n"),
    *("\n| a | 漢字 |\n|:-:|---|\n| 👍🏽 | https://e.x |\n", "\n~~~", "~~~\n", "~", "\n```py\n", "\n```\n"),
    *("```", "`", "``", "\n> ", "> ```\n", "\n- ", "\n- [ ] ", "\n- [x] ", "\n1. ", "\n#", "####", "#", " "),
    *("\n---\n", "\n***", "\n- - -", "![", "![alt](https://e.x/i.png)", "[![b](https://e.x/i)](https://e.x)"),
    *("](", ")", "[", "]", "[^1]", "\n[^1]: ", "<b>", "</b>", "<br>", "<b>bold</b>", "<sup>2</sup>", "<"),
    *(">", "<hr/>", '<a href="https://e.x">t</a>', "<img src='https://e.x/i'>", "!", "**", "*", "_", "__"),
    *("~~", "||", "https://e.x/a_b", "word ", "words of prose. ", "漢字。", "👨‍👩‍👧", "e\u0301", "שלום "),
    *("مرحبا ", "\n", "\n\n", "  ", "12", "\t"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=22).map("".join)


def quick(examples: int) -> settings:
    """The same examples every time, and few enough."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces, texts that follow each other being one."""
    whole: list[Piece] = []
    for piece in pieces:
        if whole and isinstance(piece, str) and isinstance(whole[-1], str):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


def leads_to(pieces: list[Piece], longer: list[Piece]) -> bool:
    """Whether `longer` goes on from `pieces`; white space at the end of both is nobody's."""
    if not pieces:
        return True
    *firm, last = pieces
    if longer[: len(firm)] != firm:
        return False
    other = longer[len(firm)] if len(longer) > len(firm) else ""
    if isinstance(last, str) and not last.strip():
        return True
    if isinstance(last, str) and isinstance(other, str):
        return other.startswith(last.rstrip())
    return other == last


def balanced(content: str) -> bool:
    """Whether a content leaves no code block and no spoiler open."""
    scanner = Scanner().feed(f"{content}\n")
    bars_at_the_end = content.rstrip("*_~").endswith("||")  # hide nothing, whichever way they are read
    return not scanner.blocks and (not scanner.in_spoiler or bars_at_the_end)


@given(MARKDOWN)
@quick(400)
def test_rendering_never_takes_back_what_it_gave(text: str) -> None:
    """Pages are fixed by what they were given: more text may only add to it, however it is cut up."""
    renderer, pieces = Renderer(), list[Piece]()
    for size in range(1, len(text) + 1):
        pieces = joined([*pieces, *renderer.read(text[:size], ended=False)])
        assert leads_to(pieces, [*joined(Renderer().read(text[:size], ended=True)), TableEnd()])
    assert pieces == joined(Renderer().read(text, ended=False))


@given(MARKDOWN, st.integers(40, 160), st.booleans())
@quick(400)
def test_contents_hold_for_any_markdown(text: str, limit_chars: int, wraps_urls: bool) -> None:
    """Models stumble and streams break off: within the limit, balanced, and fixed once there is a successor."""
    composer, before = PageComposer(limit_chars, wraps_urls=wraps_urls), list[str]()
    for size in range(1, len(text) + 1):
        contents = composer.compose(text[:size], ended=False)
        assert contents[: max(0, len(before) - 1)] == before[:-1]
        for content in contents[max(0, len(before) - 1) :]:
            assert balanced(content), content
        before = contents
    ended = composer.compose(text, ended=True)
    assert ended[: max(0, len(before) - 1)] == before[:-1]
    assert ended == PageComposer(limit_chars, wraps_urls=wraps_urls).compose(text, ended=True)
    for content in (*before, *ended):
        assert content.strip()
        assert units(content) <= limit_chars
        assert balanced(content), content


# Whole documents whose every word is known

TOKEN = re.compile(r"w\d+x|[漢字かな]|שלום|مرحبا|👨‍👩‍👧|👍🏽|e\u0301")
DECORATION = ("漢", "字", "שלום", "مرحبا", "👨‍👩‍👧", "👍🏽", "e\u0301", "", "", "")


class Document:
    """Writes random Markdown, and keeps its words in order; `h1x` and the like are heads of tables."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._count = 0

    def word(self) -> str:
        """A word that no other place has."""
        self._count += 1
        return f"w{self._count}x{self._rng.choice(DECORATION)}"

    def words(self, most: int) -> str:
        """Some words of prose."""
        return " ".join(self.word() for _ in range(self._rng.randint(1, most)))

    def table(self) -> str:
        """A table, narrow or wide, short or long."""
        rng, columns = self._rng, self._rng.randint(1, 4)
        longest = rng.choice((1, 1, 2, 8))
        heads = [f"h{rng.randint(1, 99)}x" for _ in range(columns)]
        lines = [heads, [rng.choice(("---", ":--", "--:", ":-:")) for _ in heads]]
        lines += [[self._cell(longest) for _ in heads] for _ in range(rng.randint(1, 12))]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _cell(self, longest: int) -> str:
        form = self._rng.choice(
            ("{}", "{}", "**{}**", "`{}`", "<b>{}</b>", "$x^2$ {}", "{}<br>y", "[{}](https://e.x)")
        )
        return form.format(self.words(longest))

    def fence(self) -> str:
        """Code, perhaps with a fence in it, perhaps in a quote."""
        mark = self._rng.choice(("```", "```", "~~~", "````"))
        lines = [f"    {self.words(3)} | $x^2$ <br>" for _ in range(self._rng.randint(1, 12))]
        if mark in ("~~~", "````"):
            lines = ["```py", *lines, "```"]
        lines = [f"{mark}md", *lines, mark]
        return (
            "\n".join(f"> {line}" for line in lines)
            if mark == "```" and self._rng.random() < 0.3
            else "\n".join(lines)
        )

    def line(self) -> str:
        """One line that Discord renders, or does not."""
        form = self._rng.choice(FORMS)
        return form.replace("{}", "\0").replace("\0", self.words(6), 1).replace("\0", self.word())

    def write(self, blocks: int) -> str:
        """A document of so many blocks."""
        kinds = (self.line, self.line, self.line, self.table, self.fence, lambda: self.words(40))
        return "\n\n".join(self._rng.choice(kinds)() for _ in range(blocks))


FORMS = (
    *("#### {}", "- [ ] {}\n- [x] {}", "{} $\\frac{a}{b}$ {}", "$$\nx^2\n$$\n{}", "{}\\[ \\alpha_i \\]{}"),
    *("![{}](https://e.x/i.png) {}", "{} costs $5 and $10 {}", "**{}** and *{}*", "||{}||", "> {}\n> {}"),
    *("1. {}\n2. {}", "{}<br>{}", "<b>{}</b> <i>{}</i>", "{}[^1]\n\n[^1]: {}", "---\n{}", "~~{}~~ `{}`"),
    *("\\({}\\unknown{}\\)", "[{}](https://e.x/y) {}", "| {} alone", "https://e.x/z {} <https://e.x>"),
)


def tokens(text: str) -> list[str]:
    """The words of a document that are found, in order."""
    return TOKEN.findall(text)


@given(st.integers(0, 2**32), st.integers(1, 9), st.sampled_from((100, 150, 200, 400)), st.booleans())
@quick(150)
def test_every_word_comes_out_in_order(seed: int, blocks: int, limit_chars: int, wraps_urls: bool) -> None:
    """Whatever becomes of the markup, no word of the answer may be lost, doubled or moved."""
    text = Document(seed).write(blocks)
    composer, before = PageComposer(limit_chars, wraps_urls=wraps_urls), list[str]()
    for size in range(1, len(text) + 1, 3):
        contents = composer.compose(text[:size], ended=False)
        assert contents[: max(0, len(before) - 1)] == before[:-1]
        before = contents
    ended = composer.compose(text, ended=True)
    assert ended[: max(0, len(before) - 1)] == before[:-1]
    assert tokens("\n".join(ended)) == tokens(text)
    assert set(re.findall(r"h\d+x", "".join(ended))) == set(re.findall(r"h\d+x", text))
    for content in ended:
        assert units(content) <= limit_chars
        assert balanced(content)
        assert fences_balanced(content) or "~~~" in text or "````" in text, content


@given(st.integers(0, 2**32))
@quick(25)
def test_the_promises_hold_at_discords_limit(seed: int) -> None:
    """The same at the limit that people meet, with pages full of tables and code."""
    text = Document(seed).write(40)
    composer, before = PageComposer(), list[str]()
    for size in range(1, len(text) + 1, 17):
        contents = composer.compose(text[:size], ended=False)
        assert contents[: max(0, len(before) - 1)] == before[:-1]
        before = contents
    ended = composer.compose(text, ended=True)
    assert tokens("\n".join(ended)) == tokens(text)
    assert all(units(content) <= 2000 and balanced(content) for content in ended)


def test_composing_a_growing_text_costs_what_is_new() -> None:
    """An answer is composed hundreds of times: doing it all again each time would keep the bot from its work."""
    text = Document(1).write(12)[:1600]
    sizes = range(4, len(text), 4)
    composer, begun = PageComposer(), time.process_time()
    for size in sizes:
        composer.compose(text[:size], ended=False)
    ours_s, begun = time.process_time() - begun, time.process_time()
    for size in sizes:
        PageComposer().compose(text[:size], ended=False)
    assert time.process_time() - begun > 3 * ours_s
