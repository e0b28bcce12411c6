"""One queue per key: who came first is served first, and different keys never wait for each other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from types import TracebackType
from typing import Generic, Self, TypeVar

K = TypeVar("K", bound=Hashable)


class Standing(Generic[K]):
    """Somebody's position in a line; as a context manager it leaves the line in any case."""

    def __init__(self, lines: Lines[K], key: K, line: deque[Standing[K]], *, counted: bool) -> None:
        self._lines = lines
        self._key = key
        self._line = line
        self._at_front = asyncio.Event()
        self.counted = counted

    @property
    def is_first(self) -> bool:
        """Whether its turn has come."""
        return self._line[0] is self

    async def turn(self) -> None:
        """Return when everybody before it has left the line."""
        await self._at_front.wait()

    def admit_if_first(self) -> None:
        """Let it go on if nobody stands before it."""
        if self._line and self._line[0] is self:
            self._at_front.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lines.leave(self._key, self)


class Lines(Generic[K]):
    """All lines of one kind; an empty line takes no memory."""

    def __init__(self) -> None:
        self._lines: dict[K, deque[Standing[K]]] = {}

    def length(self, key: K) -> int:
        """How many stand in line at `key`, the one being served included, and none that is not `counted`."""
        return sum(standing.counted for standing in self._lines.get(key, ()))

    def join(self, key: K, *, counted: bool = True) -> Standing[K]:
        """Stand at the end of the line of `key`; takes no time, so order of arrival is order of service."""
        line = self._lines.setdefault(key, deque())
        standing = Standing(self, key, line, counted=counted)
        line.append(standing)
        standing.admit_if_first()
        return standing

    def leave(self, key: K, standing: Standing[K]) -> None:
        """Step out of the line, wherever in it one stands."""
        line = self._lines[key]
        line.remove(standing)
        if line:
            line[0].admit_if_first()
        else:
            del self._lines[key]
