"""What a blocking face of an asynchronous client needs: one loop in one thread for the whole process."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import functools
import inspect
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from reka_provider._errors import RekaConnectionError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
C = TypeVar("C", bound="Client")
S = TypeVar("S", bound="Blocking[Any]")
_STOP_S = 2.0


class Client(Protocol):
    """An asynchronous client, as far as its life goes."""

    async def close(self) -> None:
        """Close all connections."""
        ...


class LoopThread:
    """An event loop in a daemon thread, stopped before the interpreter ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._clients: set[Client] = set()
        self._thread = threading.Thread(target=self._serve, name="reka", daemon=True)
        self._thread.start()
        # A generator that is still half read when modules are torn down would wait for a dead thread.
        atexit.register(self.stop)

    @property
    def alive(self) -> bool:
        """False once stopped, and in a forked child, where threads do not live on."""
        return self._thread.is_alive() and not self._loop.is_closed()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, done in the loop; cancelled if the wait for it is interrupted."""
        if not self.alive or threading.current_thread() is self._thread:
            work.close()
            raise RekaConnectionError(
                "Reka's event loop has ended, by the interpreter's end or by a fork: make a new Reka."
            )
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise RekaConnectionError("Reka's event loop ended before the answer did.") from None
        finally:
            future.cancel()  # does nothing where the result is there

    def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in the loop; not waited for where that cannot be, as in the loop's own thread."""
        if not self.alive:
            work.close()
        elif threading.current_thread() is self._thread:
            asyncio.run_coroutine_threadsafe(work, self._loop)
        else:
            with suppress(RekaConnectionError):
                self.run(work)

    def release(self, client: Client) -> None:
        """Close a client that nobody holds any more, without waiting, so also from a garbage collection."""
        self._clients.discard(client)
        if self.alive:
            asyncio.run_coroutine_threadsafe(client.close(), self._loop)

    def keep(self, client: Client) -> None:
        """Close `client` when the loop stops, if nobody did before."""
        self._clients.add(client)

    def forget(self, client: Client) -> None:
        """`client` is closed."""
        self._clients.discard(client)

    def stop(self) -> None:
        """End all answers, close all clients and the thread."""
        atexit.unregister(self.stop)
        if self.alive:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_S)

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._wind_up())
        finally:
            self._loop.close()

    async def _wind_up(self) -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=_STOP_S / 2)
        await self._loop.shutdown_asyncgens()
        for client in list(self._clients):
            await client.close()


class _Shared:
    """The process's one loop thread, started with its first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None

    def get(self) -> LoopThread:
        with self._lock:
            if self._thread is None or not self._thread.alive:
                self._thread = LoopThread()
            return self._thread


_shared = _Shared()


class _Reader(Generic[T]):
    """Takes the pieces of one answer out of the loop, one at a time."""

    def __init__(self, pieces: AsyncGenerator[T, None]) -> None:
        self._pieces = pieces
        self._step: asyncio.Task[T | None] | None = None

    async def next(self) -> T | None:
        """The next piece; None at the end."""
        self._step = asyncio.ensure_future(self._advance())
        return await self._step

    async def _advance(self) -> T | None:
        return await anext(self._pieces, None)

    async def close(self) -> None:
        """End the answer upstream, also where a step of it was interrupted and still winds up."""
        if self._step is not None and not self._step.done():
            self._step.cancel()
            await asyncio.wait([self._step])
        await self._pieces.aclose()


class Blocking(Generic[C]):
    """A client that blocks, around one that does not; closed at the latest when it is not held any more."""

    def __init__(self, client: C) -> None:
        self._client = client
        self._loop = _shared.get()
        self._loop.keep(client)
        self._finalizer = weakref.finalize(self, self._loop.release, client)
        self._finalizer.atexit = False  # the loop's end closes what is still open

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; running answers break off."""
        if self._finalizer.detach() is not None:
            self._loop.forget(self._client)
        self._loop.finish(self._client.close())

    def _result(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(work)

    def _each(self, pieces: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """The pieces, one by one; closing the generator closes `pieces`."""
        reader = _Reader(pieces)
        try:
            while (piece := self._loop.run(reader.next())) is not None:
                yield piece
        finally:
            self._loop.finish(reader.close())


class OnClassOrInstance(Generic[S, P, R]):
    """A method that on the class serves one call with a client made for it.

    There, arguments of the constructor go in as keywords beside those of the method.
    """

    def __init__(self, method: Callable[Concatenate[S, P], R]) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type] # it takes any object with a __dict__

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Callable[..., R]: ...
    @overload
    def __get__(self, instance: S, owner: type[S]) -> Callable[P, R]: ...
    def __get__(self, instance: S | None, owner: type[S]) -> Callable[..., R]:
        if instance is not None:
            return functools.partial(self._method, instance)
        return self._on_class(owner)

    def _on_class(self, owner: type[S]) -> Callable[..., R]:
        method: Callable[..., Any] = self._method
        constructor = set(inspect.signature(owner).parameters)

        def split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
            made = {name: options.pop(name) for name in list(options) if name in constructor}
            return made, options

        @functools.wraps(method)
        def call(*args: Any, **options: Any) -> R:
            made, options = split(options)
            with owner(**made) as face:
                answer: R = method(face, *args, **options)
                return answer

        @functools.wraps(method)
        def generate(*args: Any, **options: Any) -> Generator[Any, None, None]:
            made, options = split(options)
            with owner(**made) as face:
                yield from method(face, *args, **options)

        if inspect.isgeneratorfunction(method):
            return cast("Callable[..., R]", generate)  # its R is that generator
        return call
