"""LaTeX formulas -> Unicode text that reads well in a message; pure.

pylatexenc reads the formula and knows the symbols; how a fraction, a root or an index is written in one line
is decided here. A formula that holds anything unknown is not converted at all: half a formula misleads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from pylatexenc.latex2text import (  # type: ignore[import-untyped]  # the library ships no types
    LatexNodes2Text,
    get_default_latex_context_db,
)
from pylatexenc.latexwalker import (  # type: ignore[import-untyped]  # the library ships no types
    LatexCharsNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexNode,
    LatexSpecialsNode,
    LatexWalker,
    LatexWalkerParseError,
)

LONGEST_CHARS = 1500
_DEEPEST = 12

_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
_RAISED_ALREADY = {"∘": "°", "°": "°", "′": "′", "'": "′", "⊤": "ᵀ", "*": "*", "∗": "*", "†": "†"}
_SCRIPTS = "".join({*_SUPERSCRIPTS.values(), *_SUBSCRIPTS.values(), "°", "′"})


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_SYMBOLS = {
    **{
        name: name for name in _names("det dim ker arg gcd deg Pr sec csc cot mod hom lg argmax argmin Re Im")
    },
    **_pairs("implies ⟹ iff ⟺ neg ¬ lnot ¬ land ∧ lor ∨ bot ⊥ models ⊨ triangle △ colon : gets ← bmod mod"),
    **_pairs("prime ′ degree ° lbrack [ rbrack ] dotsb … dotsm ⋯ dotsi ⋯ mid | ast * coloneqq ≔ triangleq ≜"),
    **_pairs("{ { } } % % $ $ & & # # _ _ | ‖"),
    **dict.fromkeys((",", ";", ":", ">", " "), " "),
    **dict.fromkeys(("!", "-", "/"), ""),
    **dict.fromkeys(
        _names("left middle right big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr"), ""
    ),
    **dict.fromkeys(_names("displaystyle textstyle limits nolimits nonumber notag"), ""),
}
_SIZES_A_DELIMITER = frozenset(("left", "middle", "right"))
_TIGHT = frozenset(_names("partial nabla Delta delta neg lnot forall exists"))
_ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "tilde": "\u0303",
    "widetilde": "\u0303",
}
_UNDER_EACH = {"overline": "\u0305", "underline": "\u0332"}
_PLAIN_STYLES = frozenset(
    _names(
        "mathrm mathbf mathit mathsf mathtt mathnormal boldsymbol bm text textrm textbf textit textsf texttt "
        "textnormal emph mbox operatorname boxed"
    )
)
_ALPHABETS = frozenset(("mathbb", "mathcal", "mathfrak", "mathscr"))
_FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac"))
_BINOMIALS = frozenset(("binom", "dbinom", "tbinom"))
_TAKES = {
    **dict.fromkeys(_FRACTIONS | _BINOMIALS, 2),
    **dict.fromkeys((*_ACCENTS, *_UNDER_EACH, *_PLAIN_STYLES, *_ALPHABETS, "sqrt", "pmod"), 1),
}
_BRACKETS = {
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "matrix": ("[", "]"),
    "smallmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"),
    "vmatrix": ("|", "|"),
    "Vmatrix": ("‖", "‖"),
    "cases": ("{", "}"),
}
_ROWS = frozenset(
    name + star
    for name in ("align", "aligned", "gather", "gathered", "equation", "split")
    for star in ("", "*")
)
_ONE_THING = re.compile(
    rf"[d∂]?(?:\w|[^\w\s(){{}}\[\]+\-=<>/*,;|])[\u0300-\u036f\u20d7{re.escape(_SCRIPTS)}]*|\d+"
)
_A_PRODUCT = re.compile(r"[^\s+\-±∓=<>≤≥/,;]+")


class _Unknown(Exception):
    """The formula holds something that has no honest form in one line."""


@lru_cache(maxsize=256)
def unicode_of(latex: str) -> str | None:
    """The formula as Unicode text, rows of an aligned one as lines; None where it must stay as it was written."""
    depth = deepest = 0
    for char in latex:
        depth += (char in "{[") - (char in "}]")
        deepest = max(deepest, depth)
    if len(latex) > LONGEST_CHARS or deepest > _DEEPEST or latex.count("\\begin") > _DEEPEST:
        return None
    try:
        nodes = LatexWalker(latex, tolerant_parsing=False).get_latex_nodes()[0]
        written = _written(nodes)
    except (LatexWalkerParseError, _Unknown, IndexError):  # IndexError: the library reads past a final \verb
        return None
    lines = [" ".join(line.split()) for line in written.split("\n")]
    return "\n".join(line for line in lines if line) or None


@cache
def _symbol(name: str) -> str:
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    spec = get_default_latex_context_db().get_macro_spec(name)
    known = spec.simplify_repl if spec is not None else None
    if not isinstance(known, str) or not known or "%" in known:
        raise _Unknown(name)
    return known


def _written(nodes: Iterable[LatexNode]) -> str:
    """One line of text for a row of nodes; indices bind to what stands before them."""
    written = ""
    pieces = _pieces(list(nodes))
    for piece in pieces:
        if piece not in ("^", "_"):
            written += piece
            continue
        script = next(pieces, None)
        if script is None or script in ("^", "_"):
            raise _Unknown("an index without its text")
        written = written.rstrip() + _script(piece, script.strip()) + (" " if script[-1:].isspace() else "")
    return written


def _pieces(nodes: list[LatexNode]) -> Iterator[str]:
    """The pieces that an index can be or bind to: characters, whole groups, whole macros; takes `nodes` up."""
    sized = False
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, LatexCharsNode):
            chars = node.chars.lstrip() if sized else node.chars
            yield from chars[1:] if sized and chars.startswith(".") else chars
        elif isinstance(node, LatexMacroNode):
            yield _macro(node, nodes)
        elif isinstance(node, LatexGroupNode):
            inside = _written(node.nodelist)
            yield inside if node.delimiters[0] == "{" else node.delimiters[0] + inside + node.delimiters[1]
        elif isinstance(node, LatexEnvironmentNode):
            yield _environment(node)
        elif isinstance(node, LatexSpecialsNode) and node.specials_chars != "&":
            yield {"''": "″", "~": " "}.get(node.specials_chars, node.specials_chars)
        else:
            raise _Unknown(type(node).__name__)
        sized = isinstance(node, LatexMacroNode) and node.macroname in _SIZES_A_DELIMITER


def _macro(node: LatexMacroNode, following: list[LatexNode]) -> str:
    name = node.macroname
    if name in _TAKES:
        return _applied(name, _arguments(node, following)) + (node.macro_post_space and " ")
    if node.nodeargd is not None and any(node.nodeargd.argnlist or ()):
        raise _Unknown(name)
    return _symbol(name) + ("" if name in _TIGHT else node.macro_post_space)


def _arguments(node: LatexMacroNode, following: list[LatexNode]) -> list[LatexNode | None]:
    """What the macro applies to; where the library does not know that it takes anything, what follows."""
    found = list(node.nodeargd.argnlist or ()) if node.nodeargd is not None else []
    while len(found) < _TAKES[node.macroname]:
        if not (following and isinstance(following[0], LatexGroupNode)):
            raise _Unknown(node.macroname)
        found.append(following.pop(0))
    return found


def _applied(name: str, arguments: list[LatexNode | None]) -> str:
    texts = [_argument(node) for node in arguments if node is not None]
    if not texts:
        raise _Unknown(name)
    last = texts[-1]
    if name in _FRACTIONS:
        over = texts[-2] if _A_PRODUCT.fullmatch(texts[-2]) else f"({texts[-2]})"
        return f"{over}/{last}" if _ONE_THING.fullmatch(last) else f"{over}/({last})"
    if name in _BINOMIALS:
        return f"({texts[-2]} choose {last})"
    if name == "sqrt":
        sign = _root(texts[0]) if len(texts) > 1 else "√"
        return sign + (last if _ONE_THING.fullmatch(last) else f"({last})")
    if name == "pmod":
        return f" (mod {last})"
    if name in _ACCENTS:
        if len(last) != 1:
            raise _Unknown(name)
        return unicodedata.normalize("NFC", last + _ACCENTS[name])
    if name in _UNDER_EACH:
        return "".join(char + _UNDER_EACH[name] for char in last)
    return _lettered(name, last) if name in _ALPHABETS else last


def _argument(node: LatexNode) -> str:
    return _written(node.nodelist) if isinstance(node, LatexGroupNode) else _written([node])


def _root(index: str) -> str:
    return {"3": "∛", "4": "∜"}.get(index) or _script("^", index) + "√"


def _lettered(alphabet: str, letters: str) -> str:
    """`letters` in the library's alphabet of that name: ℝ, ℒ, 𝔤."""
    if not (letters.isalnum() and letters.isascii()):
        raise _Unknown(alphabet)
    nodes = LatexWalker(f"\\{alphabet}{{{letters}}}").get_latex_nodes()[0]
    return str(LatexNodes2Text().nodelist_to_text(nodes))


def raised(text: str) -> str | None:
    """`text` in superscript letters; None where there is not one for each."""
    return _in_letters(text, _SUPERSCRIPTS)


def lowered(text: str) -> str | None:
    """`text` in subscript letters; None where there is not one for each."""
    return _in_letters(text, _SUBSCRIPTS)


def _in_letters(text: str, letters: dict[str, str]) -> str | None:
    tight = text.replace(" ", "")
    if not tight or any(char not in letters for char in tight):
        return None
    return "".join(letters[char] for char in tight)


def _script(kind: str, text: str) -> str:
    if kind == "^" and text and all(char in _RAISED_ALREADY for char in text):
        return "".join(_RAISED_ALREADY[char] for char in text)
    small = raised(text) if kind == "^" else lowered(text)
    return small or (f"{kind}{text}" if _ONE_THING.fullmatch(text) else f"{kind}({text})")


def _environment(node: LatexEnvironmentNode) -> str:
    name = node.environmentname
    rows = [[_written(cell) for cell in row] for row in _cells(node.nodelist)]
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if name in _ROWS:
        return "\n".join("".join(row) for row in rows)
    if name not in _BRACKETS:
        raise _Unknown(name)
    opening, closing = _BRACKETS[name]
    space = " " if name == "cases" else ""
    inside = "; ".join(", ".join(cell.strip() for cell in row).replace(",,", ",") for row in rows)
    return f"{opening}{space}{inside}{space}{closing}"


def _cells(nodes: Iterable[LatexNode]) -> list[list[list[LatexNode]]]:
    rows: list[list[list[LatexNode]]] = [[[]]]
    for node in nodes:
        if isinstance(node, LatexMacroNode) and node.macroname == "\\":
            rows.append([[]])
        elif isinstance(node, LatexSpecialsNode) and node.specials_chars == "&":
            rows[-1].append([])
        else:
            rows[-1][-1].append(node)
    return rows
