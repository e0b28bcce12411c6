"""`stream`, which the asynchronous faces alone have: the answer as it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from reka_provider import CompletionState, RekaConnectionError
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace, Script
from tests.contract.reka.faces import HELLO
from tests.contract.reka.wires import Wire


async def states_of(client: Any, pause_s: float = 0.0) -> list[CompletionState]:
    return [state async for state in _paced(client, pause_s)]


async def _paced(client: Any, pause_s: float) -> AsyncIterator[CompletionState]:
    async with aclosing(client.stream(messages=HELLO)) as states:
        async for state in states:
            yield state
            await asyncio.sleep(pause_s)


async def test_a_state_is_the_whole_answer_so_far(client: Any, wire: Wire) -> None:
    """1.3, 2.1: the last state tells why the answer ended and what it cost."""
    gate = asyncio.Semaphore(1)
    wire.server.enqueue(Script("one two three", gate=gate))
    states = []
    async for state in client.stream(messages=HELLO):
        states.append(state)
        gate.release()
    texts = [state.text for state in states]
    assert list(dict.fromkeys(texts)) == ["one", "one two", "one two three"]
    assert states[-1].finish_reason == "stop"
    assert states[-1].usage is not None
    assert states[-1].usage.output_tokens == 3
    assert states[-1].usage.input_tokens > 0


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_the_reason_of_the_end_is_told(client: Any, wire: Wire, reason: str) -> None:
    """2.1: `length` offers to continue, `content_filter` says so."""
    wire.server.enqueue(Script("one two", finish_reason=reason))
    assert (await states_of(client))[-1].finish_reason == reason


async def test_usage_is_told_where_it_is_sent(client: Any, platform: RekaPlatformServer) -> None:
    """2.1: usage comes in a chunk of its own, after the finish reason, or not at all."""
    platform.enqueue(Script("one two"), Script("one two", usage=False))
    with_usage, without = (await states_of(client))[-1], (await states_of(client))[-1]
    assert with_usage.usage is not None
    assert (with_usage.text, with_usage.finish_reason) == ("one two", "stop")
    assert without == CompletionState("one two", finish_reason="stop")


@pytest.mark.parametrize("tags", [False, True], ids=["field", "tags"])
async def test_reasoning_grows_beside_an_empty_text(
    client: Any, platform: RekaPlatformServer, tags: bool
) -> None:
    """2.2: in a field or in tags; who shows thinking sees it before the first word."""
    platform.enqueue(Script("It is four.", reasoning=["Add ", "them."], reasoning_tags=tags, token_s=0.02))
    states = await states_of(client)
    assert (states[0].text, states[0].reasoning[:4]) == ("", "Add ")
    assert (states[-1].text, states[-1].reasoning) == ("It is four.", "Add them.")


async def test_a_revision_is_followed(client: Any, space: RekaSpace) -> None:
    """1.3: with cumulative events Reka can revise what it sent, and `stream` simply shows the new text."""
    space.enqueue(Script("The tower", token_s=0.02, revise_to="A lighthouse"))
    assert [state.text for state in await states_of(client)][-2:] == ["The tower", "A lighthouse"]


async def test_a_slow_reader_skips_states(client: Any, wire: Wire) -> None:
    """Ours (decision 7): newest only; what nobody awaited is not shown late."""
    wire.server.enqueue(Script("one two three four five six seven"))
    states = await states_of(client, 0.1)
    assert states[-1].text == "one two three four five six seven"
    assert len(states) <= 4


async def test_a_slow_reader_loses_nothing_that_arrived(client: Any, wire: Wire) -> None:
    """Ours: `.partial` holds every whole event before the break, also those that waited to be read."""
    texts: list[str] = []
    wire.server.enqueue(Script("one two three four", token_s=0.005, cut_after_pieces=3))

    async def read() -> None:
        async for state in client.stream(messages=HELLO):
            texts.append(state.text)
            await asyncio.sleep(0.2)

    with pytest.raises(RekaConnectionError) as caught:
        await read()
    assert texts[-1] == caught.value.partial == "one two three"


async def test_a_state_is_never_given_twice(client: Any, wire: Wire) -> None:
    """Ours: each state costs its reader an edit."""
    wire.server.enqueue(Script(pieces=["a", "", "", "b", ""], token_s=0.01))
    states = await states_of(client)
    assert all(one != other for one, other in pairwise(states))
    assert states[-1].text == "ab"
