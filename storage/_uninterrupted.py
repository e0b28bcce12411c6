"""A database call that a cancel cannot cut in two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


def uninterrupted(
    method: Callable[_P, Coroutine[Any, Any, _T]],
) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Make `method` run to its end where its caller is cancelled; the cancel goes on after that.

    A cancel inside the driver throws the connection away while its thread is still at work, and the
    transaction on it may hold SQLite's one write lock until the garbage collector comes by.
    """

    @wraps(method)
    async def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        task = asyncio.create_task(method(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                with suppress(asyncio.CancelledError):  # one cancel goes on below; more of them add nothing
                    await asyncio.wait([task])
            raise

    return run
