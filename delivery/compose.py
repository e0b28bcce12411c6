"""The contents that Discord gets for an answer as it stands: one call from text to messages; pure."""

from __future__ import annotations

from dataclasses import dataclass

from delivery._attachment import whole_answer
from delivery._layout import Layout, units
from delivery._reasoning import Thought, split_reasoning, thinking_line
from delivery.pages import paginate
from delivery.render import Renderer
from delivery.surface import Attachment

MOST_PAGES = 10
WHOLE_ANSWER = "answer.md"
_STEP_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Composed:
    """What an answer looks like in Discord.

    `attachment` goes with the last message once the answer has ended, where there is one. `reasoning` is what
    the model thought before it answered, for whoever asks to see it: no content shows it.
    """

    contents: list[str]
    attachment: Attachment | None = None
    reasoning: str = ""


def apart(text: str, reasoning: str = "", *, ended: bool = True) -> Thought:
    """The answer apart from what the model thought before it.

    `reasoning` is what came apart from the text; text that begins with `<reasoning>` holds its own.
    """
    thought = split_reasoning(text, ended=ended)
    together = "\n\n".join(part for part in (reasoning.strip(), thought.reasoning) if part)
    return Thought(together, thought.answer)


class PageComposer:
    """Turns the growing text of one answer into the contents of its messages.

    Each call costs what is new in the text. A content that has a successor never changes as the text grows; a
    text that was revised is composed anew.

    Args:
        limit_chars: the longest content, in UTF-16 units.
        wraps_urls: write bare URLs as `<url>`, so that they show no preview.
        thinking: the label of the small line that shows a model's reasoning while it has not answered yet;
            without it nothing is shown then.
        rest: the sentence under the last page of a longer answer, which says that all of it comes as a file;
            at most half a page. Without it there are as many pages as the answer needs.
        most_pages: after how many pages that is.
        filename: of a file that holds the whole.
    """

    def __init__(
        self,
        limit_chars: int = 2000,
        *,
        wraps_urls: bool = False,
        thinking: str = "",
        rest: str = "",
        most_pages: int = MOST_PAGES,
        filename: str = WHOLE_ANSWER,
    ) -> None:
        if rest and units(rest) > limit_chars // 2 - 2:
            raise ValueError(f"the sentence about the rest takes more than half of {limit_chars} characters")
        self._limit_chars = limit_chars
        self._wraps_urls = wraps_urls
        self._thinking = thinking
        self._rest = rest
        self._most_pages = most_pages
        self._filename = filename
        self._growing = self._anew()

    def compose(self, text: str, *, ended: bool, note: str = "", reasoning: str = "") -> list[str]:
        """The contents alone of what `composed` returns."""
        return self.composed(text, ended=ended, note=note, reasoning=reasoning).contents

    def composed(self, text: str, *, ended: bool, note: str = "", reasoning: str = "") -> Composed:
        """The contents of the messages that show `text`, each balanced Markdown within the limit, none blank.

        `note` is finished Markdown of ours: it stands under the text after a blank line, or in a message of
        its own where it does not fit. The list is empty while there is nothing to show. `reasoning` is as
        `apart` takes it.
        """
        thought = apart(text, reasoning, ended=ended)
        answer, reasoning = thought.answer, thought.reasoning
        if ended and reasoning and not (answer.strip() or note):
            answer, reasoning = reasoning, ""  # the model answered inside its reasoning, or never got further
        contents = self._answer(answer, ended=ended)
        if not contents and reasoning and self._thinking and not ended:
            contents = [thinking_line(self._thinking, reasoning)]
        attachment = whole_answer(answer, len(contents), self._limit_chars) if ended else None
        if self._rest and len(contents) > self._most_pages:
            last = self._most_pages - 1
            contents = [*contents[:last], f"{contents[last]}\n\n{self._rest}"]
            attachment = Attachment(self._filename, answer.encode("utf-8", "replace")) if ended else None
        return Composed(self._with_note(contents, note), attachment, reasoning)

    def _answer(self, text: str, *, ended: bool) -> list[str]:
        if not self._growing.leads_to(text, ended=ended):
            self._growing = self._anew()
        most = self._most_pages if self._rest else None
        return self._growing.contents(text, ended=ended, most_pages=most)

    def _anew(self) -> _Growing:
        return _Growing(Layout(self._limit_of, wraps_urls=self._wraps_urls))

    def _limit_of(self, page: int) -> int:
        reserved = units(self._rest) + 2 if self._rest and page == self._most_pages - 1 else 0
        return self._limit_chars - reserved

    def _with_note(self, contents: list[str], note: str) -> list[str]:
        notes = [page.content for page in paginate(note, limit_chars=self._limit_chars)]
        if not (contents and notes):
            return contents or notes
        together = f"{contents[-1]}\n\n{notes[0]}"
        if units(together) <= self._limit_chars:
            return [*contents[:-1], together, *notes[1:]]
        return contents + notes


class _Growing:
    """One text as far as it was composed."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._renderer = Renderer()
        self._text = ""
        self._ended = False
        self._last: list[str] = []

    def leads_to(self, text: str, *, ended: bool) -> bool:
        """Whether `text` goes on from what was composed, so that only the rest of it is to be read."""
        if self._ended:
            return ended and text == self._text
        return text.startswith(self._text)

    def contents(self, text: str, *, ended: bool, most_pages: int | None) -> list[str]:
        """The contents that show `text`; past `most_pages` one more, and no more of the text is read."""
        over = most_pages is not None and len(self._last) > most_pages
        new = (text, ended) != (self._text, self._ended)
        if new and not over and (most_pages is None or not self._fills(text, most_pages)):
            self._read(text, ended=ended)
        self._text, self._ended = text, ended
        return self._last

    def _fills(self, text: str, most_pages: int) -> bool:
        """Read a text that came at once only as far as the pages go; whether they are full then."""
        for end in range(len(self._text) + _STEP_CHARS, len(text), _STEP_CHARS):
            self._read(text[:end], ended=False)
            if len(self._last) > most_pages:
                return True
        return False

    def _read(self, text: str, *, ended: bool) -> None:
        for piece in self._renderer.read(text, ended=ended):
            self._layout.add(piece)
        self._last = self._layout.contents(ended=ended)
