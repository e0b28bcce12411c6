"""What the loopback Reka is told to do, and what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOKEN_PATH = "/bff/auth/access_token"  # noqa: S105 - an address, no secret


@dataclass(frozen=True, slots=True)
class Script:
    """How one chat is answered: `text` a word at a time, or the `pieces` by which the text grows.

    Times are seconds before the first piece and before each further one. `gate` is acquired before each
    piece, so that a test lets them out one by one. After `cut_after_pieces` the connection is aborted; after
    `silent_after_pieces` nothing comes until the client leaves (only comments, every `comment_s`).
    `revise_to` replaces the text in one event more. `raw_chunks` are sent as they are, and nothing else; with
    `raw_whole` False the connection is aborted after them. Where `body` is given or the status is not 200,
    that is the whole answer. `hold_open` leaves the connection open after the last event.
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


@dataclass(frozen=True, slots=True)
class Fault:
    """The next request to `path` is answered with this instead."""

    status: int
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = TOKEN_PATH


@dataclass(slots=True)
class Chat:
    """A chat request as it arrived, and how it went."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    received_at: float
    closed_early: bool = False
    finished: bool = False
    ended_at: float | None = None

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
