"""Both stream parsers against themselves: however the bytes are cut, the answer is the same."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from reka_provider import CompletionState, RekaError
from reka_provider._cumulative import CumulativeAnswer
from reka_provider._deltas import DeltaAnswer
from reka_provider._sse import EventParser
from tests.fuzz.corpus import SECRET
from tests.fuzz.mutation import cuts

_LARGEST_BYTE_BY_BYTE = 6000


@dataclass(frozen=True, slots=True)
class Read:
    """How an answer came out."""

    text: str
    reasoning: str
    finish_reason: str | None
    failure: str | None


def scrub(text: str) -> str:
    """Without the one secret that the corpus holds."""
    return text.replace(SECRET, "***")


def official(data: bytes) -> None:
    """Whole, cut and byte by byte give one answer, and its text only grows.

    Raises AssertionError where they do not.
    """
    whole = _read_official([data])
    assert _read_official(cuts(data, _rng(data))) == whole, "cutting the stream changes the answer"
    if len(data) <= _LARGEST_BYTE_BY_BYTE:
        assert _read_official(data[at : at + 1] for at in range(len(data))) == whole, (
            "byte by byte it differs"
        )


def space(data: bytes) -> None:
    """What can be read event by event is read alike in any other way, and no burst hides an event that is no object.

    Raises AssertionError where that is not so.
    """
    read = [_read_space([data]), _read_space(cuts(data, _rng(data)))]
    slow = _read_space_by_events(data)
    if slow is not None and slow.failure is None:
        assert all(one == slow for one in read), f"a burst is read otherwise than its events: {read} {slow}"
    if _holds_no_object(data):
        assert all(one.failure is not None for one in read), "a broken event is passed over"


def _holds_no_object(data: bytes) -> bool:
    """Whether an event before the end of a stream cannot be an object, by its first and last byte alone."""
    if b"finish_reason" in data or data.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] in (b"{", b"[", b"<", b""):
        return False
    found = (event.data.strip() for event in EventParser().feed(data) if event.name == "message")
    return any(
        event not in (b"", b"[DONE]") and not (event.startswith(b"{") and event.endswith(b"}"))
        for event in found
    )


def _rng(data: bytes) -> random.Random:
    return random.Random(zlib.crc32(data))


def _read_official(chunks: Iterable[bytes]) -> Read:
    answer = DeltaAnswer(scrub)
    shown = CompletionState("")
    for chunk in chunks:
        if answer.failure is not None:
            break
        state = answer.feed(chunk)
        if state is not None:
            assert state.text.startswith(shown.text), "text that was shown is taken back"
            assert state.reasoning.startswith(shown.reasoning), "reasoning that was shown is taken back"
            shown = state
    if answer.failure is None:
        shown = answer.finish() or shown
    return _as_read(shown, answer.failure)


def _read_space(chunks: Iterable[bytes]) -> Read:
    answer = CumulativeAnswer(scrub)
    shown = CompletionState("")
    for chunk in chunks:
        if answer.failure is not None or answer.finish_reason is not None:
            break
        shown = answer.feed(chunk) or shown
    if answer.failure is None:
        shown = answer.finish() or shown
    return _as_read(shown, answer.failure)


def _read_space_by_events(data: bytes) -> Read | None:
    """Fed so that no event shares a chunk; None where more follows the answer's end."""
    answer = CumulativeAnswer(scrub)
    shown = CompletionState("")
    for at in range(len(data)):
        if answer.failure is not None:
            break
        if answer.finish_reason is not None:
            if data[at:].strip(b"\r\n"):
                return None
            break
        shown = answer.feed(data[at : at + 1]) or shown
    if answer.failure is None:
        shown = answer.finish() or shown
    return _as_read(shown, answer.failure)


def _as_read(shown: CompletionState, failure: RekaError | None) -> Read:
    assert failure is None or isinstance(failure, RekaError)
    assert SECRET not in str(failure), "an error quotes a secret"
    shown.text.encode(), shown.reasoning.encode()  # no lone surrogate may reach a caller
    said = None if failure is None else f"{type(failure).__name__}: {failure}"
    return Read(shown.text, shown.reasoning, shown.finish_reason, said)
