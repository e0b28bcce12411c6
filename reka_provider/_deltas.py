"""Bytes of an OpenAI-form answer to states; pure.

Wire: events of `choices[0].delta`, the finish reason in one of the last, then perhaps usage and `[DONE]`; an answer
may also be one bare JSON object of `choices[0].message` (reka-api.md 2.1). Reasoning comes in a field of its own or in
tags at the beginning of the content (2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from reka_provider._chat_objects import choice_in, only_piece, reasoning_in, text_in, usage_in
from reka_provider._errors import RekaConnectionError, RekaError, RekaNoTextError, RekaResponseError
from reka_provider._growing_text import GrowingText
from reka_provider._reasoning_tags import ReasoningTags
from reka_provider._refusals import PLATFORM, error_from_object, page_error
from reka_provider._repeated_events import EventForm, Key, form_of, parsed
from reka_provider._sse import MAX_EVENT_BYTES, Event, EventParser, EventTooLongError
from reka_provider._stop_marker import without_beginning_marker, without_marker
from reka_provider._types import CompletionState, Usage

_BLANK = b" \t\r\n\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LARGEST_PAGE_BYTES = 64 * 1024
_FORMS_TRIED = 16
_SHORT_RUN = 4
_SHORT_RUNS_A_CHUNK = 8
_NO_OBJECT = "Reka sent an event that is no JSON object."


class DeltaAnswer:
    """An answer whose events each add a piece to it.

    Events that only differ in their piece are read many at a time; the result is that of reading each. When
    something is wrong, `failure` holds the error; what came before it is still returned, so the caller shows that
    first and then raises. `scrub` takes secrets out of what Reka says of an error.
    """

    def __init__(self, scrub: Callable[[str], str] = str) -> None:
        self._scrub = scrub
        self.failure: RekaError | None = None
        self.ended = False
        """Whether the answer is whole; only its usage may still come."""
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._text = GrowingText()
        self._reasoning = GrowingText()
        self._tags = ReasoningTags()
        self._shown: CompletionState | None = None
        self._parser = EventParser()
        self._forms: dict[Key, EventForm] = {}
        self._forms_left = _FORMS_TRIED
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
            self._take_body(chunk)
            return None
        try:
            self._read(chunk)
        except EventTooLongError:
            self._fail(RekaResponseError("Reka sent an event without end."))
        return self._state()

    def finish(self) -> CompletionState | None:
        """The answer at the end of the body, where that is new; sets `failure` where its end is missing."""
        if self._body is not None:
            self._finish_body(bytes(self._body).strip(_BLANK))
        else:
            last, cut = self._parser.finish()
            if last is not None and not self._take_last(last):
                cut = True
            if not self.ended:
                where = "within an event" if cut else "before its end"
                self._fail(RekaConnectionError(f"Reka's answer broke off {where}."))
        state = self._state()
        if self.failure is None and not without_marker(self._text.text):
            self.failure = self._no_text()
        return state

    def _fail(self, error: RekaError) -> None:
        if self.failure is None and not self.ended:
            self.failure = error

    def _no_text(self) -> RekaNoTextError:
        reasoning = self._reasoning.text
        spent = " It spent all of its tokens on reasoning." if reasoning else ""
        reason = f" (finish reason {self._scrub(self._finish_reason)[:40]})" if self._finish_reason else ""
        return RekaNoTextError(
            f"Reka's answer has no text{reason}.{spent}",
            finish_reason=self._finish_reason,
            reasoning=reasoning,
        )

    def _read(self, stream: bytes) -> None:
        """Read all events in `stream`, those that repeat a form in runs."""
        start = 0
        short_runs = 0
        while start < len(stream) and self.failure is None:
            if short_runs < _SHORT_RUNS_A_CHUNK and self._parser.between_events and not self.ended:
                end, count = self._read_run(stream, start)
                if count:
                    start = end
                    short_runs += count < _SHORT_RUN
                    continue
            blank = _BLANK_LINE.search(stream, start)
            end = blank.end() if blank else len(stream)
            self._read_slowly(stream[start:end])
            start = end

    def _read_run(self, stream: bytes, start: int) -> tuple[int, int]:
        """Where the events of a known form end that begin at `start`, and how many there are."""
        for form in self._forms.values():
            run = form.run_at(start, stream)
            if run is not None:
                self._forms_left = _FORMS_TRIED
                self._add(form.key, run.text)
                return run.end, run.events
        return start, 0

    def _read_slowly(self, stream: bytes) -> None:
        """Parse each event in `stream`; where it is one, whole, keep its form."""
        whole = self._parser.between_events
        events = self._parser.feed(stream)
        whole = whole and len(events) == 1 and self._parser.between_events
        for event in events:
            if self.failure is not None:
                return
            value = self._take(event)
            if whole and value is not None and self._forms_left and not self.ended:
                self._keep_form(stream, event.data, value)

    def _keep_form(self, stream: bytes, data: bytes, value: dict[str, Any]) -> None:
        key = only_piece(value)
        if key is None:
            return
        self._forms_left -= 1  # a form that no other event has is not worth looking for
        form = form_of(stream, data, value, key)
        if form is not None:
            self._forms[key] = form

    def _take(self, event: Event) -> dict[str, Any] | None:
        """Read one event; its JSON where it was a piece of the answer."""
        if event.name not in ("message", "error"):
            return None
        data = event.data.strip()
        if data == b"[DONE]":
            self._end()
            return None
        if self.failure is not None or not data:
            return None
        try:
            value = parsed(event.data)
        except (ValueError, RecursionError):
            value = None
        if event.name == "error" and not self.ended:
            found = value if isinstance(value, dict) else {"error": event.data.decode("utf-8", "replace")}
            self._fail(error_from_object(found, self._scrub, PLATFORM))
        elif not isinstance(value, dict):
            if not self.ended:
                wrong = page_error(data, PLATFORM) if data[:1] == b"<" else RekaResponseError(_NO_OBJECT)
                self._fail(wrong)
        else:
            self._take_object(value)
            return value
        return None

    def _take_object(self, value: dict[str, Any]) -> None:
        if not self.ended and (value.get("error") or value.get("object") == "error"):
            self._fail(error_from_object(value, self._scrub, PLATFORM))
            return
        self._usage = usage_in(value) or self._usage
        choice = choice_in(value)
        if choice is None or self.ended:
            return
        piece = choice.get("delta")
        if not isinstance(piece, dict):
            piece = choice.get("message")
        if isinstance(piece, dict):
            self._add("reasoning_content", reasoning_in(piece))
            self._add("content", text_in(piece.get("content")))
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._finish_reason = reason
            self._end()

    def _add(self, key: Key, piece: str) -> None:
        if not piece:
            return
        if key == "content":
            piece, reasoning = self._tags.feed(piece)
            self._text.add(piece)
            self._reasoning.add(reasoning)
        else:
            self._reasoning.add(piece)

    def _end(self) -> None:
        """The answer is whole: what was held back until more came is part of it."""
        if self.ended:
            return
        self.ended = True
        text, reasoning = self._tags.finish()
        self._text.add(text, last=True)
        self._reasoning.add(reasoning, last=True)

    def _take_last(self, event: Event) -> bool:
        """Read what stood at the end without its blank line; False where it is cut."""
        if event.name in ("message", "error") and event.data.strip() != b"[DONE]":
            try:
                if not isinstance(parsed(event.data), dict):
                    return False
            except (ValueError, RecursionError):
                return False
        self._take(event)
        return True

    def _take_body(self, chunk: bytes) -> None:
        body = cast("bytearray", self._body)
        body += chunk
        if len(body) > _LARGEST_PAGE_BYTES and body[:64].lstrip(_BLANK)[:1] == b"<":
            self._fail(page_error(bytes(body), PLATFORM))
        elif len(body) > MAX_EVENT_BYTES:
            self._fail(RekaResponseError("Reka sent an answer without end."))

    def _finish_body(self, body: bytes) -> None:
        """Read an answer that is one JSON object."""
        if body[:1] == b"<":
            self._fail(page_error(body, PLATFORM))
            return
        try:
            value = parsed(body)
        except (ValueError, RecursionError):
            cut = body[-1:] not in (b"}", b"]")
            broke = RekaConnectionError("Reka's answer broke off within its JSON.")
            self._fail(broke if cut else RekaResponseError("Reka's answer is no JSON."))
            return
        if not isinstance(value, dict):
            self._fail(RekaResponseError("Reka's answer is no JSON object."))
            return
        self._take_object(value)
        if self.failure is None and choice_in(value) is None:
            self._fail(RekaResponseError("Reka's answer holds no choices, so it is no chat completion."))
        self._end()

    def _state(self) -> CompletionState | None:
        text = self._text.text
        text = without_marker(text) if self.ended else without_beginning_marker(text)
        state = CompletionState(text, self._reasoning.text, self._finish_reason, self._usage)
        old = self._shown
        if (not text and not state.reasoning) or state == old:
            return None
        self._shown = state
        return state
