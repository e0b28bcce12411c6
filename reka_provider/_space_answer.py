"""The body of one answer of space.reka.ai, read as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import aiohttp

from reka_provider._arriving_bytes import let_gather, next_bytes
from reka_provider._cumulative import CumulativeAnswer
from reka_provider._errors import RekaError
from reka_provider._http import Http
from reka_provider._types import CompletionState

_LINGER_S = 0.25


async def states_of(response: aiohttp.ClientResponse, http: Http) -> AsyncGenerator[CompletionState, None]:
    """The answer in the body of a response as it stands, newest only. Raises RekaError with `.partial`."""
    answer = CumulativeAnswer(http.scrub)
    failure: RekaError | None = None
    shown = ""
    while answer.finish_reason is None:
        try:
            chunk = await next_bytes(response.content)
        except (aiohttp.ClientError, OSError) as error:
            failure = http.translate(error)
            break
        if not chunk:
            break
        state = answer.feed(chunk)
        if state is not None:
            shown = state.text
            yield state
        if answer.failure is not None:
            break
        if answer.finish_reason is None:
            await let_gather(response, chunk, http.turnstile.inside)
    failure = failure or answer.failure
    if failure is None:
        state = answer.finish()
        if state is not None:
            shown = state.text
            yield state
        failure = answer.failure
    if failure is not None:
        failure.partial = shown
        failure.request_id = failure.request_id or http.request_id(response)
        raise failure
    await _linger(response)


async def _linger(response: aiohttp.ClientResponse) -> None:
    """Read a finished answer's end, so that its connection can serve again; one that is held open cannot."""
    if response.content.at_eof():
        return
    try:
        async with asyncio.timeout(_LINGER_S):
            while await next_bytes(response.content):
                pass
    except (aiohttp.ClientError, OSError):
        return  # the answer is whole; how its connection ends concerns nobody
