"""What a loopback Reka of either kind is told to do, and what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOKEN_PATH = "/bff/auth/access_token"  # noqa: S105 - an address, no secret


@dataclass(frozen=True, slots=True)
class Script:
    """How one chat is answered: `text` a word at a time, or the `pieces` by which the text grows.

    One vocabulary for both services; where only one can do a thing, it says so. `reasoning` are pieces of their
    own before those of the text, and count as pieces below (official API alone); with `reasoning_tags` they
    stand as <reasoning>...</reasoning> in the text.

    Pace: times are seconds before the first piece and before each further one; where `comment_s` is given, a
    comment comes that often while one waits. `gate` is acquired before each piece, so that a test lets them out
    one by one. `burst` sends all in one write. `chunk_bytes` cuts every write into parts of that many bytes,
    characters and lines too.

    Form: `newline` ends the lines; `space` stands after each colon or not; `multiline` spreads an event's JSON
    over several data lines; `ascii_only` writes all other characters as JSON escapes; `compress` is gzip,
    flushed after each write; `bare_json` is one JSON object where a stream was asked for; `null_content` writes
    null where there is no text, `usage` False leaves the usage out, `done` False the [DONE] (these three:
    official API alone). `revise_to` replaces the text in one event more (space alone). A `finish_reason` of
    None is left out.

    Trouble: after `cut_after_pieces` pieces or `cut_after_bytes` bytes of the body the connection is aborted;
    after `silent_after_pieces` nothing comes until the client leaves (only comments, every `comment_s`; with
    none, a 0 holds back the headers, too). After `garbage_after_pieces` an event comes whose data is `garbage`.
    `error` is an error object that ends the stream in place of its proper end, named `event: error` with
    `error_event`. `hold_open` leaves the connection open after the last event.

    Whole answers: where `body` is given or the status is not 200, that is all. `raw_chunks` are sent as they
    are, and nothing else; with `raw_whole` False the connection is aborted after them.
    """

    text: str = ""
    pieces: Sequence[str] = ()
    first_token_s: float = 0.0
    token_s: float = 0.0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None
    content_type: str = "text/event-stream"
    finish_reason: str | None = "stop"
    gate: asyncio.Semaphore | None = None
    cut_after_pieces: int | None = None
    silent_after_pieces: int | None = None
    comment_s: float | None = None
    revise_to: str | None = None
    bare_json: bool = False
    raw_chunks: Sequence[bytes] | None = None
    raw_whole: bool = True
    hold_open: bool = False
    compress: bool = False
    reasoning: Sequence[str] = ()
    reasoning_tags: bool = False
    burst: bool = False
    chunk_bytes: int | None = None
    cut_after_bytes: int | None = None
    newline: str = "\n"
    space: bool = True
    multiline: bool = False
    ascii_only: bool = False
    null_content: bool = False
    usage: bool = True
    done: bool = True
    garbage_after_pieces: int | None = None
    garbage: str = "oops"
    error: Mapping[str, object] | None = None
    error_event: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """The next request to `path` is answered with this instead."""

    status: int
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = TOKEN_PATH


@dataclass(slots=True)
class Exchange:
    """A request for an answer as it arrived, and how it went."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    received_at: float
    closed_early: bool = False
    finished: bool = False
    ended_at: float | None = None


class Chat(Exchange):
    """A chat of space.reka.ai."""

    @property
    def conversation_history(self) -> list[dict[str, Any]]:
        """The turns, oldest first."""
        history: list[dict[str, Any]] = self.body["conversation_history"]
        return history

    @property
    def model_name(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model_name", ""))


@dataclass(frozen=True, slots=True)
class Upload:
    """An image as it arrived."""

    data: bytes = field(repr=False)
    filename: str
    content_type: str
    media_url: str
    headers: Mapping[str, str] = field(repr=False)
