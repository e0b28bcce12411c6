"""When an answer is so long that people want it as a file, too; pure."""

from __future__ import annotations

import re

from delivery.surface import Attachment

PAGES_WITHOUT_FILE = 5
CODE_PAGES_WITHOUT_FILE = 2

_FENCE = re.compile(r"[ \t]{0,8}(`{3,}|~{3,})[ \t]*+([\w+#.-]{0,24})[^`]*")
_LANGUAGES = (
    "python py py py javascript js js js typescript ts ts ts java java c c cpp cpp c++ cpp csharp cs cs cs "
    "go go rust rs rs rs ruby rb rb rb php php swift swift kotlin kt html html css css json json yaml yaml "
    "yml yaml toml toml xml xml sql sql bash sh sh sh shell sh zsh sh powershell ps1 lua lua r r "
    "markdown md md md latex tex tex tex diff diff ini ini csv csv"
)
_EXTENSIONS = dict(zip(_LANGUAGES.split()[::2], _LANGUAGES.split()[1::2], strict=True))


def whole_answer(text: str, pages: int, limit_chars: int) -> Attachment | None:
    """The file that an ended answer of so many pages brings along; None where it needs none.

    An answer of more than five pages comes whole, as it was written. A shorter one that holds code over two
    pages brings that code, or the whole of it where there are several such blocks.
    """
    if pages > PAGES_WITHOUT_FILE:
        return Attachment("answer.md", text.encode("utf-8", "replace"))
    if pages <= CODE_PAGES_WITHOUT_FILE:
        return None
    long = [block for block in _code_blocks(text) if len(block[1]) > CODE_PAGES_WITHOUT_FILE * limit_chars]
    if len(long) > 1:
        return Attachment("answer.md", text.encode("utf-8", "replace"))
    for language, code in long:
        return Attachment(f"code.{_EXTENSIONS.get(language.lower(), 'txt')}", code.encode("utf-8", "replace"))
    return None


def _code_blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block; one that was never closed ends with the text."""
    blocks, opened = list[tuple[str, str]](), None
    lines = list[str]()
    for line in text.split("\n"):
        if opened is None:
            opened = _FENCE.fullmatch(line)
            lines = []
        elif line.strip().startswith(opened[1]) and not line.strip().strip(opened[1][0]):
            blocks.append((opened[2], "".join(lines)))
            opened = None
        else:
            lines.append(f"{line}\n")
    if opened is not None:
        blocks.append((opened[2], "".join(lines)))
    return blocks
