"""The four faces of the client, behind the same calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from reka_provider import AsyncReka, AsyncRekaPlatform, Reka, RekaPlatform

HELLO = [{"role": "user", "content": "Hello"}]


class Face(Protocol):
    """The same calls over each of the classes."""

    client: Any

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]:
        """All pieces of an answer."""
        ...

    async def pieces_before(self, failure: type[Exception]) -> tuple[list[str], Exception | None]:
        """The pieces of an answer up to its end or to that failure, and the failure."""
        ...

    async def each(
        self, prepare: Callable[[int], None], numbers: range, failure: type[Exception]
    ) -> list[tuple[list[str], Exception | None]]:
        """`pieces_before` once for each number, after `prepare` was called with it."""
        ...

    async def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """The result of another method."""
        ...

    async def first_piece_then_close(self) -> str:
        """One piece of an answer that is then closed."""
        ...

    async def close(self) -> None:
        """Close the client."""
        ...

    def breakers(self) -> Mapping[str, Any]:
        """What the client knows of each endpoint's health."""
        ...


class AsyncFace:
    """AsyncReka or AsyncRekaPlatform as it is."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]:
        return [piece async for piece in self.client.create_completion(messages=messages, **options)]

    async def pieces_before(self, failure: type[Exception]) -> tuple[list[str], Exception | None]:
        found: list[str] = []
        answer: AsyncGenerator[str, None] = self.client.create_completion(messages=HELLO)
        try:
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    found.append(piece)  # noqa: PERF401 - what came before the failure is kept
        except failure as error:
            return found, error
        return found, None

    async def each(
        self, prepare: Callable[[int], None], numbers: range, failure: type[Exception]
    ) -> list[tuple[list[str], Exception | None]]:
        found = []
        for number in numbers:
            prepare(number)
            found.append(await self.pieces_before(failure))
        return found

    async def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        return await getattr(self.client, method)(*arguments, **options)

    async def first_piece_then_close(self) -> str:
        answer: AsyncGenerator[str, None] = self.client.create_completion(messages=HELLO)
        async with aclosing(answer) as pieces:
            return await anext(pieces)

    async def close(self) -> None:
        await self.client.close()

    def breakers(self) -> Mapping[str, Any]:
        known: Mapping[str, Any] = self.client.breakers
        return known


class BlockingFace:
    """Reka or RekaPlatform, in a thread, since the server lives in this one's loop."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]:
        return await asyncio.to_thread(
            lambda: list(self.client.create_completion(messages=messages, **options))
        )

    async def pieces_before(self, failure: type[Exception]) -> tuple[list[str], Exception | None]:
        return await asyncio.to_thread(self._read, failure)

    async def each(
        self, prepare: Callable[[int], None], numbers: range, failure: type[Exception]
    ) -> list[tuple[list[str], Exception | None]]:
        def read_all() -> list[tuple[list[str], Exception | None]]:
            found = []
            for number in numbers:
                prepare(number)
                found.append(self._read(failure))
            return found

        return await asyncio.to_thread(read_all)

    def _read(self, failure: type[Exception]) -> tuple[list[str], Exception | None]:
        found: list[str] = []
        answer: Generator[str, None, None] = self.client.create_completion(messages=HELLO)
        try:
            for piece in answer:
                found.append(piece)  # noqa: PERF402 - what came before the failure is kept
        except failure as error:
            return found, error
        return found, None

    async def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        return await asyncio.to_thread(getattr(self.client, method), *arguments, **options)

    async def first_piece_then_close(self) -> str:
        def read_one() -> str:
            answer: Generator[str, None, None] = self.client.create_completion(messages=HELLO)
            with closing(answer) as pieces:
                return next(pieces)

        return await asyncio.to_thread(read_one)

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)

    def breakers(self) -> Mapping[str, Any]:
        # A blocking client shows none; those of the one inside are the same objects.
        known: Mapping[str, Any] = self.client._client.breakers  # noqa: SLF001 - see above
        return known


MakeFace = Callable[..., Face]
"""Makes a face of the kind that a test runs over, with further arguments for its constructor."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four: a class, how it is called, and the wire that it speaks."""

    wire: Literal["space", "platform"]
    client: Callable[..., Any]
    face: Callable[[Any], Face]

    @property
    def name(self) -> str:
        """The class's name."""
        return str(getattr(self.client, "__name__", self.client))


SPACE = (Kind("space", AsyncReka, AsyncFace), Kind("space", Reka, BlockingFace))
PLATFORM = (Kind("platform", AsyncRekaPlatform, AsyncFace), Kind("platform", RekaPlatform, BlockingFace))
