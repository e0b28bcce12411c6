"""Pages: what Discord gets is whole Markdown, gives back the text, and never changes once it has a successor."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
import regex
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from delivery.pages import Page, Pager, paginate

# Discord's own patterns for code, as its client's Markdown rules have them.
_CODE_BLOCK = re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE)
_INLINE_CODE = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")
_TICK = re.compile(r"[`\\]")
_REOPENED = re.compile(r"(?:> )?(?:[*_~|]+|`{1,2})*(?:(?:> )?`{3,}[\w+#.-]*\n)*(?:> )?")
_CLOSED = re.compile(r"[\\ ]?`{0,2}(?:\n(?:> )?`{3,})*(?:`{1,2})?>?[*_~|]*\]?[*_~|]*")


def units(text: str) -> int:
    """The length as Discord counts it at worst."""
    return len(text.encode("utf-16-le")) // 2


def fences_balanced(content: str) -> bool:
    """True where Discord's client would show no raw fence."""
    pos = 0
    while (mark := _TICK.search(content, pos)) is not None:
        pos = mark.start()
        if content[pos] == "\\":
            pos += 2
            continue
        code = _CODE_BLOCK.match(content, pos) or _INLINE_CODE.match(content, pos)
        if code is None and content.startswith("```", pos):
            return False
        pos = code.end() if code else pos + 1
    return True


def shown_by(page: Page, text: str) -> str:
    """What a page shows of the text: its content without what was reopened and closed."""
    shown = text[page.start : page.end]
    before, found, after = page.content.partition(shown)
    assert found, f"{page} does not show {shown!r}"
    assert _REOPENED.fullmatch(before), f"{page} begins with more than markers"
    assert _CLOSED.fullmatch(after), f"{page} ends with more than markers"
    return shown


def check_page(page: Page, text: str, limit_chars: int) -> None:
    assert units(page.content) <= limit_chars
    assert page.content == page.content.strip() != ""
    assert fences_balanced(page.content), page
    shown_by(page, text)


def check_joined(pages: list[Page], text: str) -> None:
    ends = [0, *(page.end for page in pages)]
    starts = [*(page.start for page in pages), len(text)]
    gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert not "".join(gaps).strip(), "text is lost between two pages"
    parts = [shown_by(page, text) for page in pages]
    joined = "".join(gap + part for gap, part in zip(gaps, [*parts, ""], strict=True))
    assert joined == text


def check_words(pages: list[Page], text: str, limit_chars: int) -> None:
    for page, following in pairwise(pages):
        if following.start > page.end or regex.search(
            r"[\p{Han}\p{Hiragana}\p{Katakana}。、]{2}", text[page.end - 1 : page.end + 1]
        ):
            continue
        cut = text[page.end - 1 : page.end + 1]
        assert len(regex.findall(r"\X", cut)) == 2, f"a cluster is cut in {cut!r}"
        word = re.findall(r"\S*$", text[: page.end])[0] + re.findall(r"^\S*", text[page.end :])[0]
        room = limit_chars - units(page.content) + page.end - page.start
        assert units(word) > min(room, limit_chars // 2), f"{word!r} is cut"


# Markdown as a model writes it

PLAIN = "a of the and to in is it on as with that for was stream token edit message limit answer ends"
MARKED = (
    "**bold** *soft* __under__ ~~gone~~ ||hidden|| `code` ``x`y`` snake_case_name 2*3 it's (so) grows. why?"
)
FOREIGN = (
    "👍 👨‍👩‍👧‍👦 🇩🇪 🏳️‍🌈 e\u0301a\u0302 Übergröße Ωμέγα 漢字かな 漢字が続く文章です。とても長い。 שלום مرحبا"
)
WORDS = (
    *PLAIN.split(),
    *MARKED.split(),
    *FOREIGN.split(),
    "`a b`",
    "**two words**",
    "*a **b** c*",
    "https://example.org/a_b?c=d",
    "[a link](https://example.org/page)",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    "x" * 130,
)
CODE = (
    "x = 1",
    "return x",
    "    for item in items:",
    "        print(item)",
    "",
    "}",
    "# note",
    "if (a) { b(); }",
)
LANGUAGES = ("", "", "py", "python", "c++", "js")


def _prose(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 22)))


def _heading(rng: random.Random) -> str:
    return "#" * rng.randint(1, 3) + " " + " ".join(rng.choice(PLAIN.split()) for _ in range(3))


def _bullets(rng: random.Random) -> str:
    mark = rng.choice(("- ", "* ", "1. ", "  - "))
    return "\n".join(mark + " ".join(rng.choice(WORDS) for _ in range(4)) for _ in range(rng.randint(1, 5)))


def _fence(rng: random.Random) -> str:
    lines = ["first()", *(rng.choice(CODE) for _ in range(rng.randint(0, 9))), "last()"]
    return "\n".join((f"```{rng.choice(LANGUAGES)}", *lines, "```"))


def _quoted_fence(rng: random.Random) -> str:
    return "\n".join("> " + line for line in _fence(rng).split("\n"))


def _bold_prose(rng: random.Random) -> str:
    marker = rng.choice(("**", "*", "~~", "||", "***"))
    return f"{marker}{' '.join(rng.choice(WORDS[:30]) for _ in range(rng.randint(2, 25)))}{marker}"


BLOCKS = (_prose, _prose, _heading, _bullets, _fence, _fence, _quoted_fence, _bold_prose)


def _write(blocks: list[int], seed_: int, gap: str) -> str:
    rng = random.Random(seed_)
    return gap.join(BLOCKS[block](rng) for block in blocks)


def markdown(*, most: int, least: int = 1) -> st.SearchStrategy[str]:
    blocks = st.lists(st.integers(0, len(BLOCKS) - 1), min_size=least, max_size=most)
    return st.builds(_write, blocks, st.integers(0, 2**32), st.sampled_from(("\n\n", "\n\n", "\n")))


def check_growth(text: str, limit_chars: int) -> list[Page]:
    """Let `text` grow one character at a time and check every state; its pages once it has ended."""
    pager, before = Pager(limit_chars), list[Page]()
    for size in range(1, len(text) + 1):
        pages = pager.pages(text[:size], ended=False)
        assert pages[: len(before) - 1] == before[:-1] or not before, "a page with a successor changed"
        if before:
            assert pages[-1].end >= before[-1].end, "text vanished from the screen"
        for page in pages[max(0, len(before) - 1) :]:
            if not before or page is not before[-1]:
                check_page(page, text, limit_chars)
        before = pages
    ended = pager.pages(text, ended=True)
    assert ended[: len(before) - 1] == before[:-1] or not before, "a page with a successor changed at the end"
    assert ended == paginate(text, limit_chars=limit_chars)
    for page in ended:
        check_page(page, text, limit_chars)
    check_joined(ended, text)
    check_words(ended, text, limit_chars)
    return ended


@pytest.mark.parametrize("part", range(5))
def test_pages_hold_at_small_limits(part: int) -> None:
    """The promises of a page, at limits so small that every corner is met; 1,000 cases in each part."""
    several: list[bool] = []

    @seed(part)
    @settings(max_examples=1000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(text=markdown(most=3), limit_chars=st.integers(40, 200), sample=st.floats(0, 1))
    def holds(text: str, limit_chars: int, sample: float) -> None:
        several.append(len(check_growth(text, limit_chars)) > 1)
        some = text[: int(sample * len(text))]
        assert Pager(limit_chars).pages(some, ended=False) == paginate(
            some, limit_chars=limit_chars, ended=False
        )

    holds()

    assert len(several) >= 1000
    assert sum(several) * 2 >= len(several)


@pytest.mark.parametrize("part", range(4))
def test_pages_hold_at_discords_limit(part: int) -> None:
    """The same promises at the limit that people meet; 25 cases in each part."""
    several: list[bool] = []

    @seed(2000 + part)
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(text=markdown(least=15, most=40))
    def holds(text: str) -> None:
        several.append(len(check_growth(text, 2000)) > 1)

    holds()

    assert len(several) >= 25
    assert sum(several) * 2 >= len(several)


PIECES = (
    *(
        "```",
        "```py\n",
        "\n```\n",
        "`",
        "``",
        "````",
        "**",
        "*",
        "_",
        "__",
        "~~",
        "||",
        "> ",
        "- ",
        "1. ",
        "<",
    ),
    *("word ", "a", "x" * 30, "漢字", "。", "👨‍👩‍👧", "e\u0301", "\u0301", "[t](http", "s://e.x)", "\\", "."),
    *("\n", "\n\n", "  ", "    code\n"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.integers(40, 80))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_no_text_however_broken_changes_a_page_with_a_successor(text: str, limit_chars: int) -> None:
    """Models stumble and streams break off: the promises about the screen hold for any text, ended or not."""
    growing, ended = list[Page](), list[Page]()
    pager = Pager(limit_chars)
    for size in range(1, len(text) + 1):
        before, growing = growing, pager.pages(text[:size], ended=False)
        assert growing[: max(0, len(before) - 1)] == before[:-1]
        before, ended = ended, paginate(text[:size], limit_chars=limit_chars)
        assert ended[: max(0, len(before) - 1)] == before[:-1]
        assert ended[: max(0, len(growing) - 1)] == growing[:-1]
        for page in ended:
            assert units(page.content) <= limit_chars
            assert page.content.strip()
            assert text[page.start : page.end] in page.content
    ends = [0, *(page.end for page in ended)]
    starts = [*(page.start for page in ended), len(text)]
    assert not "".join(text[end:start] for end, start in zip(ends, starts, strict=True)).strip()


# Single facts


def contents(text: str, limit_chars: int = 2000, *, ended: bool = True) -> list[str]:
    return [page.content for page in paginate(text, limit_chars=limit_chars, ended=ended)]


def test_white_space_alone_is_no_page() -> None:
    """Discord refuses blank messages (50006)."""
    assert contents(" \n\t\u00a0\n") == []
    assert contents("") == []


def test_a_text_of_exactly_the_limit_is_one_page() -> None:
    """Nothing is kept in reserve: the last character fits too."""
    assert contents("x" * 2000) == ["x" * 2000]
    assert [len(page) for page in contents("x" * 2001)] == [2000, 1]


def test_the_limit_counts_utf_16_units() -> None:
    """Discord counts an emoji as one or as two; two is safe."""
    assert [len(page) for page in contents("👍" * 1001)] == [1000, 1]


def test_paragraphs_are_preferred_to_lines_and_lines_to_words() -> None:
    """A page that ends with a thought reads better than a full one."""
    page = "word " * 7
    assert contents(f"{page}\n\nNext is a long line of text", 44)[1] == "Next is a long line of text"
    assert contents(f"{page}\nNext is a long line of text", 44)[1] == "Next is a long line of text"
    assert contents(f"{page[:-1]}. Next is a long line", 44)[1] == "Next is a long line"


def test_a_word_longer_than_a_page_is_cut_between_clusters() -> None:
    """A family is one picture: half of one is another family."""
    family = "👨‍👩‍👧‍👦"
    pages = contents(family * 12, 45)
    assert "".join(pages) == family * 12
    assert all(page.replace(family, "") == "" for page in pages)


def test_one_cluster_longer_than_a_page_still_comes_out() -> None:
    """Marks can be stacked without end; no text may stop the reply."""
    text = "a" + "\u0301" * 300
    assert "".join(contents(text, 40)) == text


def test_code_is_cut_between_lines_and_reopened_with_its_language() -> None:
    """Half a line of code is no code, and colours come from the language."""
    lines = [f"    step_{number}(number)" for number in range(6)]
    pages = contents("```python\n" + "\n".join(lines) + "\n```", 80)
    assert len(pages) > 1
    assert all(page.startswith("```python\n") and page.endswith("\n```") for page in pages)
    assert [line for page in pages for line in page.split("\n")[1:-1]] == lines


def test_a_fence_goes_where_its_code_goes() -> None:
    """An empty code block at the foot of a page shows as three raw backticks."""
    pages = contents("A sentence of thirty characters\n```python\nfirst_line()\n```", 50)
    assert pages == ["A sentence of thirty characters", "```python\nfirst_line()\n```"]


def test_the_closing_fence_never_begins_a_page() -> None:
    """Where the code fits, so does its end, at every limit."""
    text = "```py\n" + "\n".join(f"call_{number}()" for number in range(30)) + "\n```"
    for limit_chars in range(40, 120):
        for page in contents(text, limit_chars):
            assert re.search(r"^call", page, re.MULTILINE), page


def test_a_longer_fence_holds_a_shorter_one() -> None:
    """Markdown about Markdown: both blocks are closed and reopened, the inner one first."""
    pages = contents("````md\nIntro\n```py\n" + "print(1)\n" * 8 + "```\n````", 60)
    assert pages[0].endswith("\n```\n````")
    assert pages[1].startswith("````md\n```py\n")


def test_markers_alone_never_fill_a_page() -> None:
    """Deep nesting on a small page: the text goes on, if need be without its markers."""
    text = "||**a `````abcdefghij\n```abcdefghij\n" + "word " * 20
    pages = contents(text, 40)
    assert "".join(pages).count("word") == 20
    assert all(units(page) <= 40 for page in pages)


def test_a_fence_in_a_quote_stays_in_its_quote() -> None:
    """A fence without its quote mark would end the quote and open another block."""
    pages = contents("> ```js\n" + "> let a = 1\n" * 8 + "> ```", 60)
    assert len(pages) > 1
    assert all(page.startswith("> ```js\n> let") and page.endswith("1\n> ```") for page in pages)


def test_a_quote_goes_on_on_the_next_page() -> None:
    """Half a quoted line without its mark would read as the bot's own words."""
    assert all(page.startswith("> ") for page in contents("> " + "quoted words " * 9, 50))
    assert contents("```\n" + "> is no quote here " * 4 + "\n```", 50)[1].startswith("```\nno quote")


def test_emphasis_is_closed_at_the_end_of_a_page_and_reopened() -> None:
    """A spoiler that leaks at a page's end is a spoiler no more."""
    pages = contents("||" + "secret " * 12 + "end||", 50)
    assert all(page.startswith("||secret") and page.endswith("||") for page in pages)
    pages = contents("**" + "strong " * 12 + "end**", 50)
    assert all(page.startswith("**strong") and page.endswith("**") for page in pages)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is **bo", "It is **bo**"),
        ("It is **bold*", "It is **bold**"),
        ("It is **bold**", "It is **bold**"),
        ("It is **", "It is"),
        ("It is ***both", "It is ***both***"),
        ("It is __un", "It is __un__"),
        ("It is ~~ol", "It is ~~ol~~"),
        ("It is ||hid", "It is ||hid||"),
        ("**a *b", "**a *b***"),
        ("**a `b", "**a `b`**"),
        ("Call `f(x", "Call `f(x`"),
        ("Call ``a`b", "Call ``a`b``"),
        ("Call `", "Call"),
        ("Call `` ", "Call"),
        ("Call `a`` ", "Call `a`` `"),
        ("So:\n``", "So:"),
        ("So:\n```p", "So:"),
        ("So:\n```py\n", "So:"),
        ("So:\n```py\nx", "So:\n```py\nx\n```"),
        ("So:\n```py\nx\n``", "So:\n```py\nx\n```"),
        ("See [the pa", "See [the pa]"),
        ("**See [the *pa", "**See [the *pa*]**"),
        ("See [", "See ["),
        ("See [the page](https://exa", "See [the page]"),
        ("See [the page](https://e.x)", "See [the page](https://e.x)"),
        ("See f[0](x", "See f[0](x"),
        ("See <https://exa", "See <https://exa>"),
        ("One:\n- ", "One:"),
        ("One:\n12", "One:"),
        ("One:\n- [x", "One:\n- [x]"),
        ("So:\n##", "So:"),
        ("So:\n> ", "So:"),
        ("So:\n> - x", "So:\n> - x"),
    ],
)
def test_a_growing_text_is_balanced_at_every_moment(text: str, shown: str) -> None:
    """People read the answer while it grows: half-typed Markdown must not flash on the screen."""
    assert contents(text, ended=False) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 and 2*3",
        "snake_case and a_b_c_",
        "* item\n* another",
        "a || b",
        r"\*not bold and \`no code",
        "`**` is bold in `__x` code",
        "A **literal\n\nnext paragraph",
        "~~~\nno fence of Discord's",
        "5 ~ 6 | 7",
        "**bold** *soft* `code` ||hidden|| ~~gone~~ [t](https://e.x) <https://e.x>.",
    ],
)
def test_what_is_balanced_passes_unchanged(text: str) -> None:
    """Markers that are no emphasis are text, and text is shown as it was written."""
    assert contents(text) == [text]
    assert contents(text + " x", ended=False) == [text + " x"]


def test_an_ended_text_keeps_its_stray_stars() -> None:
    """At the end a marker that was never closed is text after all; a spoiler is closed whatever comes."""
    assert contents("Use *args and **kwargs") == ["Use *args and **kwargs"]
    assert contents("The end is ||sad") == ["The end is ||sad||"]


def test_what_closes_a_spoiler_stands_apart_from_the_text() -> None:
    """A backslash would take its meaning away, and three bars are no marker."""
    assert contents("||so \\") == ["||so \\\\||"]
    assert contents("||so|\n") == ["||so| ||"]


def test_a_broken_off_block_is_closed_at_the_end() -> None:
    """An answer may break off in mid-code."""
    assert contents("```py\nx = 1") == ["```py\nx = 1\n```"]
    assert contents("```py\nx = 1\n``") == ["```py\nx = 1\n```"]


def test_the_unfinished_word_is_held_back_near_the_end_of_a_page() -> None:
    """Else it would vanish from this page to come back on the next."""
    text = "word " * 7 + "unfinished"
    assert contents(text[:-3], 44, ended=False) == ["word word word word word word word"]
    assert contents(text[:20], 44, ended=False) == ["word word word word"]


def test_the_pager_begins_anew_when_the_text_was_revised() -> None:
    """Reka may take back what it wrote; the reply follows."""
    pager = Pager(40)
    pager.pages("The first version of a text that needs two pages", ended=False)
    assert [page.content for page in pager.pages("Another text", ended=False)] == ["Another text"]


def test_a_page_needs_some_room() -> None:
    """Below that, fences and words fit no more."""
    with pytest.raises(ValueError, match="40"):
        Pager(39)
