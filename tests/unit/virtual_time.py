"""An event loop whose clock jumps to the next timer when nothing else is left to do: minutes take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

STUCK_AFTER_S = 10.0  # real seconds


class StuckError(RuntimeError):
    """Every task waits for something that no timer, thread or socket will bring."""


class _LeapingSelector(selectors.DefaultSelector):
    """Instead of sleeping, tells the loop how long it would have slept."""

    def __init__(self) -> None:
        super().__init__()
        self.leaped_s = 0.0
        self.threads_running = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.threads_running:  # a thread works in real time, and time must not run away from it
            return super().select(0.05 if timeout is None else min(timeout, 0.05))
        if timeout is None:
            ready = super().select(STUCK_AFTER_S)
            if not ready:
                raise StuckError("nothing is left that could go on")
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self.leaped_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, from 0.

    Tasks run in the same order every time; only work in threads takes real time.
    """

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._leaping.leaped_s

    def run_in_executor(
        self, executor: Any, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:  # the signature of the loop that this one overrides
        """Run `func` in a thread, while the clock stands still."""
        self._leaping.threads_running += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _future: asyncio.Future[Any]) -> None:
        self._leaping.threads_running -= 1


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in a fresh loop of virtual time; for property tests, where each case needs its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now_s() -> float:
    """The running loop's seconds."""
    return asyncio.get_running_loop().time()


async def until(holds: Callable[[], bool], *, every_s: float = 0.0) -> None:
    """Let other tasks go on until `holds` does; it is asked again every `every_s`, or after each of their steps."""
    while not holds():  # noqa: ASYNC110 - a test looks in from outside, where there is no event to wait for
        await asyncio.sleep(every_s)
