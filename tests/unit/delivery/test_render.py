"""Rendering: what Discord renders stays as it is; the rest becomes the nearest that it does."""

from __future__ import annotations

import pytest

from delivery._tables import Head
from delivery.render import Piece, Renderer, Row, TableEnd


def shown(text: str, *, ended: bool = True) -> str:
    """The text that is shown, where it holds no table."""
    pieces = Renderer().read(text, ended=ended)
    assert all(isinstance(piece, str) for piece in pieces)
    return "".join(map(str, pieces)).rstrip("\n") if ended else "".join(map(str, pieces))


@pytest.mark.parametrize(
    "text",
    [
        "# One\n## Two\n### Three\n-# small",
        "**bold** *soft* __under__ ~~gone~~ ||hidden|| `code` [t](https://e.x) <https://e.x>",
        "> quote\n>>> more\n- item\n  - inner\n* star\n1. one\n10) ten",
        "```py\n#### x\n| a | b |\n|---|---|\n$x^2$ <br> ![a](https://b.c)\n---\n~~~\n```",
        "`$x^2$ <b>b</b> ![a](https://b.c) [^1]`",
        "It costs $5 and $10, or $5-$10, or $1_000 and $2; US$3_000 and more. 5$, 6$",
        "Set $HOME_DIR and $PATH to it; then go on",
        "2 < 3 > 1, a<b>c and List<int> or <div> and <@123> <:name:1> <t:0:R>",
        "An end! And [brackets] and a[0](x) and f(x)!",
        "\\# no heading, \\$x^2\\$, \\![a](https://b.c), \\<br>, \\[citation needed\\] \\(see below\\)",
        "a | b\n--- and more | so\n| one lone line\n\n| another |",
        "| a | b |\n| c | d |",
        "> | a | b |\n> |---|---|\n> | c | d |",
        "||| odd\n|--|",
        "-- two, - one, ** a, __ b",
        "###no heading, ####none either, ####### seven",
        "- [link] and - [ ]x and [x] done",
        "~~gone~~ and ~/home",
        "![local](image.png) and ![](data:abc)",
        "漢字 שלום مرحبا 👨‍👩‍👧 e\u0301\u200b",
        "Line one\nline two  \n\n\nline three\ttab",
    ],
)
def test_what_discord_renders_passes_unchanged(text: str) -> None:
    """Every change is a risk: only what would be unreadable is touched."""
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("#### Four\n##### Five **b**\n> ###### Six", "### Four\n### Five **b**\n> ### Six"),
        ("a\n\n---\nb\n* * *\n___", f"a\n\n{'─' * 20}\nb\n{'─' * 20}\n{'─' * 20}"),
        ("See ![a cat](https://e.x/c.png)!", "See [a cat](https://e.x/c.png)!"),
        ("![](https://e.x/c_(1).png)", "https://e.x/c_(1).png"),
        ('![x](https://e.x/c.png "A title")', "[x](https://e.x/c.png)"),
        ("[![CI](https://e.x/b.svg)](https://e.x/ci)", "[CI](https://e.x/ci)"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("> one<br>two", "> one\n> two"),
        ("<b>a</b> <strong>b</strong> <i>c</i> <em>d</em>", "**a** **b** *c* *d*"),
        ("<u>a</u> <s>b</s> <del>c</del> <code>d*</code> <kbd>Esc</kbd>", "__a__ ~~b~~ ~~c~~ `d*` `Esc`"),
        ("<b> a <i>b</i></b>c", " **a *b***c"),
        ("x<sup>2</sup>, H<sub>2</sub>O, a<sup>Q!</sup>", "x², H₂O, a^(Q!)"),
        ('<a href="https://e.x">here</a>', "[here](https://e.x)"),
        ('<img src="https://e.x/i.png" alt="A view">', "[A view](https://e.x/i.png)"),
        ("a<hr>b", f"a\n{'─' * 20}\nb"),
        ("- [ ] one\n- [x] two\n  * [X] three\n1. [ ] four", "- ☐ one\n- ☑ two\n  * ☑ three\n1. ☐ four"),
        ("Said[^1] and[^src].\n\n[^1]: There.\n[^src]: Here.", "Said¹ and[^src].".replace("[^src]", "ˢʳᶜ")
         + "\n\n-# ¹ There.\n-# ˢʳᶜ Here."),
        ("~~~py\nx = 1\n~~~\nafter", "```py\nx = 1\n```\nafter"),
        ("~~~~md\n```py\nx `y`\n```\n~~~\n~~~~", "```md\n~~~py\nx `y`\n~~~\n~~~\n```"),
    ],
)  # fmt: skip
def test_what_discord_does_not_render_becomes_the_nearest(text: str, instead: str) -> None:
    """Raw markup reads like a fault."""
    assert shown(text) == instead


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("So $E = mc^2$.", "So E = mc²."),
        ("With \\(x\\) and $a_1$, $\\alpha$", "With x and a₁, α"),
        ("\\[\n\\frac{a}{b}\n\\]", "a/b"),
        ("Thus $$x^2$$ holds", "Thus \nx²\nholds"),
        ("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$", "a = b\nc = d"),
        ("It is $\\unknown{x}$ here", "It is `$\\unknown{x}$` here"),
        ("So \\[x^2\\]. Then\n\\[ y \\]\nends", "So \nx².\nThen\ny\nends"),
        ("$$\n\\unknown{x}\n$$", "```latex\n\\unknown{x}\n```"),
        ("> $$\n> \\unknown{x}\n> $$", "> `$$\\unknown{x}$$`"),
        ("> $$\n> x^2\n> $$", "> x²"),
        ("$a_{*}$", "a\\_(\\*)"),
        ("$$-x^2$$", "\\-x²"),
        ("$5 and $x^2$ cost $10", "$5 and x² cost $10"),
        ("$x_1 \\text{ if and only if } y_1$", "x₁ if and only if y₁"),
        ("Never ends: \\(x + y", "Never ends: \\(x + y"),
    ],
)
def test_maths_becomes_unicode(text: str, instead: str) -> None:
    """Discord has no LaTeX; what Unicode cannot say is kept as code, so that no backslash is eaten."""
    assert shown(text) == instead


def test_a_table_comes_in_rows() -> None:
    """A row that is still being written is held back; the layout needs whole rows."""
    renderer = Renderer()
    table = "Look:\n| A | B |\n|:--|--:|\n| 1 | $x^2$ |\n| 2 | <b>x</b>"
    pieces: list[Piece] = renderer.read(table, ended=False)
    assert pieces == ["Look:\n", Head(("A", "B"), "<>"), Row(("1", "x²"))]
    assert renderer.read(f"{table} |\nAfter", ended=True) == [Row(("2", "**x**")), TableEnd(), "After\n"]


def test_the_start_of_a_table_is_held_back_until_it_is_decided() -> None:
    """The line may yet be a header; only the next one tells."""
    assert shown("So\n| a | b |\n", ended=False) == "So\n"
    assert shown("So\n| a | b |\n|--", ended=False) == "So\n"
    assert shown("So\n| a | b |\nx", ended=False) == "So\n| a | b |\nx"


@pytest.mark.parametrize("text", ["Costs $5 and", "Take $HOME_DIR is set", "It is 5 < 6", "Wow! And", "[a] "])
def test_prose_is_not_held_back(text: str) -> None:
    """A sentence about a price must not stand still until a dollar comes that never comes."""
    assert shown(text, ended=False) == text


def test_a_table_inside_a_spoiler_stays() -> None:
    """A block of its own would show what is to be hidden."""
    text = "||hidden\n| a | b |\n|---|---|\n| 1 | 2 |\n||"
    assert shown(text) == text
