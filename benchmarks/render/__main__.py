"""CPU of rendering and pagination per 1,000 tokens, beside a loop that does it all again at every token.

    python -m benchmarks.render [--tokens 1000]

Both sides compose after every token, which is the worst case: the bot composes only what it is about to send.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from delivery.compose import PageComposer

CHARS_PER_TOKEN = 4
SENTENCE = (
    "of the answer that grows while Reka writes and people read it on a phone in a channel, with friends"
)
WORDS = SENTENCE.split()


def prose(rng: random.Random) -> str:
    """A paragraph with some emphasis."""
    words = [rng.choice(WORDS) for _ in range(60)]
    words[rng.randrange(60)] = "**bold words**"
    words[rng.randrange(60)] = "`inline_code`"
    return " ".join(words) + "."


def code(rng: random.Random) -> str:
    """A block of code."""
    lines = [f"    value_{rng.randrange(99)} = compute({rng.random():.3f})" for _ in range(15)]
    return "\n".join(("```python", "def f():", *lines, "```"))


def table(rng: random.Random) -> str:
    """A table that a phone shows."""
    rows = [f"| {rng.choice(WORDS)} | {rng.randrange(9999)} | {rng.choice(WORDS)} |" for _ in range(15)]
    return "\n".join(("| Name | Count | Note |", "|:--|--:|---|", *rows))


def maths(rng: random.Random) -> str:
    """Sentences with formulas."""
    number = rng.randrange(2, 99)
    return (
        f"Let $x_{{{number}}} = \\frac{{a}}{{{number}}}$ and \\(y^{number}\\) be such that\n\n"
        f"$$\\sum_{{i=1}}^{{n}} x_i = {number}\\alpha$$\n\nholds, at a price of $5."
    )


KINDS: dict[str, tuple[Callable[[random.Random], str], ...]] = {
    "prose": (prose,),
    "code": (code,),
    "tables": (table,),
    "maths": (maths,),
    "mixed": (prose, code, prose, table, maths),
}


def write(kind: str, chars: int) -> str:
    """A text of that kind, the same each time."""
    rng, text = random.Random(kind), ""
    while len(text) < chars:
        for block in KINDS[kind]:
            text += block(rng) + "\n\n"
    return text[:chars]


def ours(text: str) -> None:
    """One composer, told the text as it grows."""
    composer = PageComposer(wraps_urls=True)
    for size in range(CHARS_PER_TOKEN, len(text), CHARS_PER_TOKEN):
        composer.compose(text[:size], ended=False)
    composer.compose(text, ended=True)


def naive(text: str) -> None:
    """Render and paginate the whole text at every token."""
    for size in range(CHARS_PER_TOKEN, len(text), CHARS_PER_TOKEN):
        PageComposer(wraps_urls=True).compose(text[:size], ended=False)
    PageComposer(wraps_urls=True).compose(text, ended=True)


def cpu_s(work: Callable[[str], None], text: str) -> float:
    """CPU seconds of this process."""
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of rendering and pagination per 1,000 tokens")
    parser.add_argument("--tokens", type=int, default=1000)
    tokens = parser.parse_args().tokens
    print("| text   | ours, ms per 1,000 tokens | naive, ms per 1,000 tokens | naive / ours |")
    print("|--------|--------------------------:|---------------------------:|-------------:|")
    for kind in KINDS:
        text = write(kind, tokens * CHARS_PER_TOKEN)
        fast, slow = (cpu_s(work, text) * 1e6 / tokens for work in (ours, naive))
        print(f"| {kind:6} | {fast:25.1f} | {slow:26.1f} | {slow / fast:12.1f} |")


if __name__ == "__main__":
    main()
