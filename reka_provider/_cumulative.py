"""Bytes of a space.reka.ai answer to states; pure.

Wire: each event repeats the whole text; `finish_reason` comes with the last one; other events and events
without text are to be expected; a short answer may be one bare JSON object (reka-api.md 1.3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from reka_provider._errors import RekaConnectionError, RekaError, RekaResponseError
from reka_provider._refusals import SPACE, error_from_object, page_error
from reka_provider._skipping import SkippedEvents, events_of
from reka_provider._sse import MAX_EVENT_BYTES, Event, EventParser, EventTooLongError
from reka_provider._stop_marker import without_beginning_marker, without_marker
from reka_provider._types import CompletionState, Usage

_BLANK = b" \t\r\n\xef\xbb\xbf"
_LARGEST_PAGE_BYTES = 64 * 1024


class CumulativeAnswer:
    """An answer whose events each hold all of its text.

    Of the events in one chunk only the newest with text is parsed. When something is wrong, `failure` holds
    the error; what came before it is still returned, so the caller shows that first and then raises. `scrub`
    takes secrets out of what Reka says of an error.
    """

    def __init__(self, scrub: Callable[[str], str] = str) -> None:
        self._scrub = scrub
        self.failure: RekaError | None = None
        self.finish_reason: str | None = None
        self._text = ""
        self._usage: Usage | None = None
        self._shown: CompletionState | None = None
        self._parser = EventParser()
        self._opening = b""  # the bytes until it is known what the body is
        self._body: bytearray | None = None  # a body that is no event stream
        self._sniffed = False

    def feed(self, chunk: bytes) -> CompletionState | None:
        """The answer as it stands after `chunk`; None where it does not show anything new."""
        if not self._sniffed:
            chunk = self._opening + chunk
            start = chunk.lstrip(_BLANK)[:1]
            if not start:
                self._opening = chunk[-len(_BLANK) :]
                return None
            self._sniffed = True
            self._opening = b""
            if start in (b"{", b"[", b"<"):
                self._body = bytearray()
        if self._body is not None:
            self._body += chunk
            if self._body[:64].lstrip(_BLANK)[:1] == b"<" and len(self._body) > _LARGEST_PAGE_BYTES:
                self._fail(page_error(bytes(self._body), SPACE))
            elif len(self._body) > MAX_EVENT_BYTES:
                self._fail(RekaResponseError("Reka sent an answer without end."))
            return None
        try:
            events = events_of(self._parser, chunk)
        except EventTooLongError:
            self._fail(RekaResponseError("Reka sent an event without end."))
            return None
        return self._newest(events)

    def finish(self) -> CompletionState | None:
        """The answer at the end of the body, where that is new; sets `failure` where its end is missing."""
        last, cut = (
            self._parser.finish()
            if self._body is None
            else (Event("message", bytes(self._body).strip(_BLANK)), False)
        )
        if self.finish_reason is not None:
            last, cut = None, False  # what follows the last event is no part of the answer
        if cut or (last and self._body is None and not _may_be_object(last.data)):
            self._fail(RekaConnectionError("Reka's answer broke off within an event."))
            return None
        state = self._newest([last], bare=self._body is not None) if last else None
        if self.failure is not None:
            return state
        text = without_marker(self._text)
        if not text:
            self._fail(RekaResponseError("Reka's answer has no text."))
            return None
        return self._new(CompletionState(text, finish_reason=self.finish_reason, usage=self._usage)) or state

    def _fail(self, error: RekaError) -> None:
        if self.failure is None:
            self.failure = error

    def _newest(
        self, events: Sequence[Event | SkippedEvents], *, bare: bool = False
    ) -> CompletionState | None:
        for index, event in enumerate(events):
            if bare or isinstance(event, SkippedEvents) or event.name != "message":
                continue
            if not _may_be_object(event.data):
                self._fail(RekaResponseError("Reka sent an event that is no JSON object."))
                events = events[:index]
                break
        for event in reversed(events):
            found = event.read() if isinstance(event, SkippedEvents) else [event]
            if any(self._take(one) for one in reversed(found)):
                return self._state()
        return None

    def _take(self, event: Event) -> bool:
        """Parse one event; True where it holds text, so that older ones need no look."""
        if event.data == b"[DONE]":
            return False
        try:
            value = json.loads(event.data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            self._take_no_object(event)
            return False
        text = value.get("text")
        if value.get("type", "model") != "model" or not isinstance(text, str):
            self._note_end(value)
            if value.get("error") or value.get("type") == "error" or event.name == "error":
                self.failure = error_from_object(value, self._scrub)
            return False
        self._text = _whole_characters(text) if b"\\u" in event.data else text
        self._note_end(value)
        return True

    def _take_no_object(self, event: Event) -> None:
        if event.name == "error":
            said = event.data.decode("utf-8", "replace")
            self.failure = error_from_object({"error": said}, self._scrub)
        elif event.name == "message" and event.data.lstrip(_BLANK)[:1] == b"<":
            self.failure = page_error(event.data, SPACE)
        elif event.name == "message":
            self.failure = RekaResponseError("Reka sent an event that is no JSON object.")

    def _note_end(self, value: dict[str, Any]) -> None:
        if value.get("type", "model") != "model":
            return
        reason = value.get("finish_reason")
        if isinstance(reason, str) and self.finish_reason is None:
            self.finish_reason = reason
            self.failure = None  # it was read before this, so it came after: no part of the answer
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            read, written = metadata.get("input_tokens"), metadata.get("generated_tokens")
            if isinstance(read, int) and isinstance(written, int):
                self._usage = Usage(read, written)

    def _state(self) -> CompletionState | None:
        text = _settled(self._text)
        if not text:
            return None
        return self._new(CompletionState(text, finish_reason=self.finish_reason, usage=self._usage))

    def _new(self, state: CompletionState) -> CompletionState | None:
        old, self._shown = self._shown, state
        if old is not None and (old.text, old.finish_reason) == (state.text, state.finish_reason):
            return None
        return state


def _may_be_object(data: bytes) -> bool:
    trimmed = data.strip()
    return (trimmed.startswith(b"{") and trimmed.endswith(b"}")) or trimmed in (b"", b"[DONE]")


def _settled(text: str) -> str:
    """`text` without an end that the next event may take back: half a stop marker, half a character."""
    text = without_beginning_marker(text)
    # Where the writer cuts a character in two, its first half shows as U+FFFD until the rest arrives.
    return text.rstrip("\ufffd") if text.endswith("\ufffd") else text


def _whole_characters(text: str) -> str:
    """`text` without lone surrogates, which no output could encode; half a pair at the end is left out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        if "\ud800" <= text[-1] <= "\udbff":
            text = text[:-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
