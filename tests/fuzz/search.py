"""The search: inputs made from a corpus, until the time is up or one of them does what it must not."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.fuzz.mutation import mutate

_CASES_A_TURN = 40
_CALLS_AT_ONCE = 48
_LONGEST_CASE_CPU_S = 3.0
_LONGEST_CALL_S = 30.0
_SHRINKING_S = 20.0

Check = Callable[[bytes], None]
"""Raises for an input that is read wrongly, and only then."""

Call = Callable[[bytes], Awaitable[None]]
"""The same, of something that has to wait."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that did what it must not."""

    target: str
    case: str
    """`SEED/NUMBER`: what makes it again."""
    data: bytes
    error: BaseException


class TooSlowError(Exception):
    """An input cost more time than any of its size should."""


class Search:
    """One run over some targets, from one seed.

    Args:
        seed: two runs with the same try the same inputs, as far as they come.
        checks: a check and its corpus by the name of the target.
        calls: the same for calls, of which many run at once.
    """

    def __init__(
        self,
        seed: int,
        checks: Mapping[str, tuple[Check, Sequence[bytes]]],
        calls: Mapping[str, tuple[Call, Sequence[bytes]]],
    ) -> None:
        self._seed = seed
        self._checks = checks
        self._calls = calls
        self.tried: Counter[str] = Counter()
        self._reported: list[BaseException] = []

    async def run(self, seconds: float) -> Finding | None:
        """Search for so long; the first finding, its input made small."""
        asyncio.get_running_loop().set_exception_handler(self._hear)
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            for name, (check, corpus) in self._checks.items():
                for _ in range(_CASES_A_TURN):
                    found = self._try(name, check, corpus)
                    if found is not None:
                        return found
            for name, (call, corpus) in self._calls.items():
                found = await self._call(name, call, corpus)
                if found is not None:
                    return found
        return None

    def _next(self, name: str, corpus: Sequence[bytes]) -> tuple[str, bytes]:
        number = self.tried[name]
        self.tried[name] += 1
        rng = random.Random(f"{self._seed}/{name}/{number}")
        # The corpus itself comes first, as it is.
        data = corpus[number] if number < len(corpus) else mutate(rng.choice(corpus), corpus, rng)
        return f"{self._seed}/{number}", data

    def _try(self, name: str, check: Check, corpus: Sequence[bytes]) -> Finding | None:
        case, data = self._next(name, corpus)
        error = outcome(check, data)
        if error is None:
            return None
        data = shrunk(check, data, error)
        return Finding(name, case, data, outcome(check, data) or error)

    async def _call(self, name: str, call: Call, corpus: Sequence[bytes]) -> Finding | None:
        cases = [self._next(name, corpus) for _ in range(_CALLS_AT_ONCE)]
        tried = (_outcome_of_call(call, data) for _, data in cases)
        for (case, data), error in zip(cases, await asyncio.gather(*tried), strict=True):
            if error is not None:
                return Finding(name, case, data, error)
        if self._reported:
            return Finding(
                name, f"one of {cases[0][0]} and the {len(cases) - 1} after it", b"", self._reported[0]
            )
        return None

    def _hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._reported.append(error if isinstance(error, BaseException) else RuntimeError(context["message"]))


def outcome(check: Check, data: bytes) -> BaseException | None:
    """What a check raises, or None."""
    begun_s = time.process_time()
    try:
        check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return error
    if time.process_time() - begun_s > _LONGEST_CASE_CPU_S:
        return TooSlowError(f"{len(data)} bytes took more than {_LONGEST_CASE_CPU_S:.0f} s of CPU")
    return None


def shrunk(check: Check, data: bytes, error: BaseException) -> bytes:
    """A part of `data` that fails with the same type of error, none of whose spans can be left out."""
    end_s = time.monotonic() + _SHRINKING_S
    width = len(data) // 2
    while width and time.monotonic() < end_s:
        at = 0
        while at < len(data) and time.monotonic() < end_s:
            less = data[:at] + data[at + width :]
            if type(outcome(check, less)) is type(error):
                data = less
            else:
                at += width
        width //= 2
    return data


async def _outcome_of_call(call: Call, data: bytes) -> BaseException | None:
    try:
        async with asyncio.timeout(_LONGEST_CALL_S):
            await call(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return error
    return None


def bound(call: Callable[..., Awaitable[None]], *before: object) -> Call:
    """`call` with its first arguments."""
    return partial(call, *before)
