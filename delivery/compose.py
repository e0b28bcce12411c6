"""The contents that Discord gets for an answer as it stands: one call from text to messages; pure."""

from __future__ import annotations

from delivery.pages import Pager, paginate
from delivery.render import UrlWrapper


class PageComposer:
    """Turns the growing text of one answer into the contents of its messages.

    Each call costs what is new in the text. A content that has a successor never changes as the text grows; a
    text that was revised is composed anew.
    """

    def __init__(self, limit_chars: int = 2000, *, wraps_urls: bool = False) -> None:
        self._limit_chars = limit_chars
        self._pager = Pager(limit_chars)
        self._urls = UrlWrapper() if wraps_urls else None

    def compose(self, text: str, *, ended: bool, note: str = "") -> list[str]:
        """The contents of the messages that show `text`, each balanced Markdown within the limit, none blank.

        `note` is finished Markdown of ours: it stands under the text after a blank line, or in a message of
        its own where it does not fit. The list is empty while there is nothing to show.
        """
        if self._urls is not None:
            text = self._urls.wrap(text, ended=ended)
        contents = [page.content for page in self._pager.pages(text, ended=ended)]
        notes = [page.content for page in paginate(note, limit_chars=self._limit_chars)]
        if not (contents and notes):
            return contents or notes
        together = f"{contents[-1]}\n\n{notes[0]}"
        if len(together.encode("utf-16-le", "surrogatepass")) // 2 <= self._limit_chars:
            return [*contents[:-1], together, *notes[1:]]
        return contents + notes
