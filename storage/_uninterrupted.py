"""A transaction that a cancel cannot cut in two."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def uninterrupted(transaction: asyncio.Future[_T]) -> _T:
    """Return what `transaction` comes to; where the caller is cancelled, wait for its end and go on with the cancel.

    Whoever was cancelled may look at once at what is in the database: by then it is all there, or it never
    will be. And a cancel inside a driver would throw a connection away that is still at work.
    """
    try:
        return await asyncio.shield(transaction)
    except asyncio.CancelledError:
        while not transaction.done():
            with suppress(asyncio.CancelledError):  # one cancel goes on below; more of them add nothing
                await asyncio.wait([transaction])
        raise
