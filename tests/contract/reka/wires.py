"""The two wires in one vocabulary: what a server of either kind says for the same story."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Protocol

from sandbox.reka_platform import COMPLETIONS_PATH, RekaPlatformServer
from sandbox.reka_space import CHAT_PATH, Fault, RekaSpace

SESSION = "session-Zx81-contract-secret"
KEY = "key-Qw72-contract-secret"
BEARER = "your_api_key"


class Wire(Protocol):
    """What differs between the two, as far as the cases of both need it."""

    server: Any
    credentials: dict[str, Any]
    endpoint: str

    @property
    def secrets(self) -> Sequence[str]:
        """What no error may show."""
        ...

    def grown(self, *pieces: str) -> list[bytes]:
        """The events by which a text grows piece by piece."""
        ...

    def whole(self, *pieces: str, finish: str = "stop") -> list[bytes]:
        """The same with a proper end."""
        ...

    def fault(self, status: int, body: str = "", **headers: str) -> Fault:
        """The next question is answered with this instead."""
        ...

    def requests_seen(self) -> int:
        """How many requests of any kind the server saw."""
        ...


def data(value: object) -> bytes:
    """One event."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"data: {text}\n\n".encode()


class SpaceWire:
    """space.reka.ai: every event repeats the text (1.3)."""

    def __init__(self, server: RekaSpace) -> None:
        self.server = server
        self.credentials: dict[str, Any] = {"cookies": {"appSession": SESSION}}
        self.endpoint = f"POST {CHAT_PATH}"

    @property
    def secrets(self) -> Sequence[str]:
        return [SESSION, *self.server.issued_tokens]

    def grown(self, *pieces: str) -> list[bytes]:
        return [data({"type": "model", "text": text}) for text in accumulate(pieces)]

    def whole(self, *pieces: str, finish: str = "stop") -> list[bytes]:
        return [
            *self.grown(*pieces[:-1]),
            data({"type": "model", "text": "".join(pieces), "finish_reason": finish}),
        ]

    def fault(self, status: int, body: str = "", **headers: str) -> Fault:
        return Fault(status, body, headers, path=CHAT_PATH)

    def requests_seen(self) -> int:
        return int(self.server.token_requests) + len(self.server.chats) + len(self.server.uploads)


class PlatformWire:
    """api.reka.ai: every event adds a piece (2.1)."""

    def __init__(self, server: RekaPlatformServer) -> None:
        self.server = server
        self.credentials: dict[str, Any] = {"api_key": KEY}
        self.endpoint = f"POST {COMPLETIONS_PATH}"

    @property
    def secrets(self) -> Sequence[str]:
        return [KEY]

    def grown(self, *pieces: str) -> list[bytes]:
        return [chunk({"content": piece}) for piece in pieces]

    def whole(self, *pieces: str, finish: str = "stop") -> list[bytes]:
        return [*self.grown(*pieces), chunk({}, finish), data("[DONE]")]

    def fault(self, status: int, body: str = "", **headers: str) -> Fault:
        return Fault(status, body, headers, path=COMPLETIONS_PATH)

    def requests_seen(self) -> int:
        return int(self.server.requests.total())


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """One event of the official API (2.1)."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return data({"id": "c1", "object": "chat.completion.chunk", "choices": [choice], **more})
