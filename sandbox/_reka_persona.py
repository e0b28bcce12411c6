"""What the stand-in for Reka says when no script tells it what to say; pure."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

_LABEL = re.compile(r"\A[^\s:>`#][^:\n`]{0,39}: (?=\S)")
_IMAGE_TURN = re.compile(r"\A\[image \d+ of \d+\]\Z")
_ABOUT_PICTURES = re.compile(r"\b(pictures?|images?|photos?|screenshots?)\b", re.IGNORECASE)
_QUOTED_CHARS = 160

_GREETINGS = (
    "I am a stand-in for Reka, and no model: a few rules in a trench coat.",
    "A stand-in speaks here, not a model. My whole wit fits in one file.",
    "No model is at home; I am the stand-in that minds the house.",
)
_CLOSINGS = (
    "Ask on. I have all day, and no opinions.",
    "That is as deep as a stand-in goes.",
    "The real Reka would know more. I, at least, am punctual.",
)
_CODE = '''Here is a small one:

```python
def greet(name: str) -> str:
    """Say hello, and mean it."""
    return f"Hello, {name}!"


print(greet("world"))
```
'''
_TABLE = """A table, as ordered:

| What | Who does it | How fast |
| --- | --- | --- |
| Reading | the bot | at once |
| Writing | the stand-in | a word at a time |
| Thinking | nobody here | never |
"""
_LONG_CODE = '''```python
"""Count the words of a text, the patient way."""

from collections import Counter


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without their punctuation."""
    found = []
    for raw in text.split():
        word = raw.strip(".,;:!?()[]\\"'").lower()
        if word:
            found.append(word)
    return found


def most_common(text: str, count: int = 3) -> list[tuple[str, int]]:
    """The words used most, the most used first."""
    return Counter(words(text)).most_common(count)


def report(text: str) -> str:
    """A line for each of the words used most."""
    lines = []
    for word, times in most_common(text):
        lines.append(f"{word}: {times}")
    return "\\n".join(lines)


if __name__ == "__main__":
    print(report("a rose is a rose is a rose"))
```
'''
_LONG_PARTS = (
    """## How a lighthouse works

A lamp alone is a poor lighthouse. Its light leaves in every direction, and most of it falls on the tower's \
own walls. The lens makes the difference: rings of glass, each ground to its own angle, that bend the \
scattered rays until they leave side by side.""",
    """## Why it turns

A steady light could be a star, or a kitchen. So the lens turns, and the beam sweeps the sea. Every tower \
has a rhythm of its own, and a sailor with a watch and a book knows which one he sees.""",
    """## The rhythms

Charts know four kinds:

- **Fixed**: the light never changes.
- **Flashing**: longer dark than light.
- **Occulting**: longer light than dark.
- **Isophase**: as much of the one as of the other.""",
    """## Who kept it

Somebody had to trim the wick, wind the clock and polish the brass. The log books survive. They speak of \
weather, of oil, of ships that passed, and now and then of a cat.""",
    "## And some code\n\nIt counts words, which is what keepers did on quiet nights:",
    _LONG_CODE,
    "## In short\n\nGlass, clockwork and patience. The rest is sea.",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation as it came over the wire."""

    type: str
    text: str
    image_url: str | None = None


def answer(turns: Sequence[Turn], pictures: Mapping[str, bytes]) -> str:
    """The stand-in's answer to the last human turn; `pictures` holds the uploaded bytes by URL."""
    asked = [turn for turn in turns if turn.type == "human"]
    if not asked:
        return "You said nothing yet, so I shall say little."
    question = spoken(asked[-1].text)
    texts = [spoken(turn.text) for turn in asked[:-1]]
    earlier = [text for text in texts if text and not _IMAGE_TURN.match(text)]
    seen, seen_before = _images(turns)
    number = len(earlier)
    parts = [_GREETINGS[number % len(_GREETINGS)]]
    parts.append(f"You asked: “{quoted(question)}”" if question else "You sent no words with it.")
    parts.extend(_about_images(seen, "You sent me", pictures))
    if not seen and _ABOUT_PICTURES.search(question):
        kept = _about_images(seen_before, "I still have", pictures)
        parts.extend(
            kept or ["I see no picture in this conversation. Drop one here, and I shall measure it."]
        )
    parts.extend(_on_request(question))
    parts.append(_memory(earlier, sum(not _IMAGE_TURN.match(turn.text.strip()) for turn in turns)))
    parts.append(_CLOSINGS[number % len(_CLOSINGS)])
    return "\n\n".join(part.strip("\n") for part in parts)


def thoughts(turns: Sequence[Turn]) -> str:
    """What the stand-in thinks before it answers, where the model that it stands in for would reason."""
    asked = [turn for turn in turns if turn.type == "human"]
    question = spoken(asked[-1].text) if asked else ""
    words = len(question.split())
    return (
        f"Somebody wants an answer, and gave me {words} {'word' if words == 1 else 'words'} to go by. "
        "A model would weigh them now. I count them, which is less deep and quite as quick, and pick what my "
        "rules say to such words."
    )


def spoken(text: str) -> str:
    """What was said last in a turn, without the name of who said it.

    That is all from the last paragraph that begins with a name; without any name, the last paragraph. What
    stands before it is context: a system text, or the message that the question refers to.
    """
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    for index in range(len(paragraphs) - 1, -1, -1):
        if _LABEL.match(paragraphs[index]):
            return _LABEL.sub("", "\n\n".join(paragraphs[index:]))
    return paragraphs[-1] if paragraphs else ""


def quoted(text: str) -> str:
    """One line of `text`, cut where it grows long."""
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_CHARS else line[:_QUOTED_CHARS].rstrip() + "…"


def pieces(text: str) -> list[str]:
    """`text` a word at a time, each with the white space before it; joined they are `text` again."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def described(data: bytes) -> str:
    """A picture's format and size, like "a PNG of 64 × 48 pixels"."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = "WebP" if image.format == "WEBP" else image.format or "picture"
            return f"a {kind} of {image.width} × {image.height} pixels"
    except (UnidentifiedImageError, OSError):
        return "a file that I cannot read as a picture"


def _on_request(question: str) -> list[str]:
    words = set(re.findall(r"[a-z]+", question.lower()))
    if words & {"long", "longer"}:
        return [_long()]
    wanted = [_CODE] if words & {"code", "program", "python"} else []
    return [*wanted, _TABLE] if words & {"table"} else wanted


def _long() -> str:
    return "\n\n".join(["# A long answer, since you asked for one", *_LONG_PARTS])


def _images(turns: Sequence[Turn]) -> tuple[list[str], list[str]]:
    """The images of the question, and those of all turns before it."""
    now: list[str] = []
    before: list[str] = []
    of_question = True
    for index, turn in enumerate(reversed(turns)):
        extra = turn.type == "human" and bool(_IMAGE_TURN.match(turn.text.strip()))
        of_question = of_question and (index == 0 or extra)
        if turn.image_url:
            (now if of_question else before).insert(0, turn.image_url)
    return now, before


def _about_images(urls: Sequence[str], opening: str, pictures: Mapping[str, bytes]) -> list[str]:
    said = [
        described(pictures[url]) if url in pictures else f"a picture kept at {urlsplit(url).netloc}"
        for url in urls
    ]
    if not said:
        return []
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return [f"{opening} {listed}. More than its measure I cannot tell, having no eyes."]


def _memory(earlier: Sequence[str], turns: int) -> str:
    if not earlier:
        return "This is the first thing that I was told."
    return f"Before that you asked: “{quoted(earlier[-1])}” I was given {turns} turns to read."
