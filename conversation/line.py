"""One queue per place: who came first is answered first, and places never wait for each other."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from conversation.model import Place


class Standing:
    """One question's place in a line; as a context manager it leaves the line in any case."""

    def __init__(self, lines: Lines, place: Place, line: deque[Standing]) -> None:
        self._lines = lines
        self._place = place
        self._line = line
        self._at_front = asyncio.Event()

    @property
    def is_first(self) -> bool:
        """Whether its turn has come."""
        return self._line[0] is self

    async def turn(self) -> None:
        """Return when everybody before it has left the line."""
        await self._at_front.wait()

    def admit_if_first(self) -> None:
        if self._line and self._line[0] is self:
            self._at_front.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lines.leave(self._place, self)


class Lines:
    """All lines of the process; an empty line takes no memory."""

    def __init__(self) -> None:
        self._lines: dict[Place, deque[Standing]] = {}

    def length(self, place: Place) -> int:
        """How many stand in line at `place`, the one being answered included."""
        return len(self._lines.get(place, ()))

    def join(self, place: Place) -> Standing:
        """Stand at the end of the line of `place`; takes no time, so order of arrival is order of answers."""
        line = self._lines.setdefault(place, deque())
        standing = Standing(self, place, line)
        line.append(standing)
        standing.admit_if_first()
        return standing

    def leave(self, place: Place, standing: Standing) -> None:
        """Step out of the line, wherever in it one stands."""
        line = self._lines[place]
        line.remove(standing)
        if line:
            line[0].admit_if_first()
        else:
            del self._lines[place]
