"""The official API, over a loopback server that says exactly what a test scripts."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from reka_provider import (
    AsyncRekaPlatform,
    CompletionState,
    Model,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaNoTextError,
    RekaQuotaError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
    Usage,
    image_limit,
)
from tests.unit.reka_provider.scripted_platform import (
    DONE,
    STOP,
    USAGE,
    Platform,
    pieces,
    refusal,
    said,
)

HELLO = [{"role": "user", "content": "Hello"}]
KEY = "key-Zx81-secret"


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform() as running:
        yield running


@pytest.fixture
async def reka(platform: Platform) -> AsyncIterator[AsyncRekaPlatform]:
    async with AsyncRekaPlatform(api_key=KEY, base_url=platform.url, backoff=0.01) as client:
        yield client


async def pieces_of(reka: AsyncRekaPlatform, messages: Any = HELLO, **options: Any) -> list[str]:
    return [piece async for piece in reka.create_completion(messages=messages, **options)]


async def states_of(reka: AsyncRekaPlatform, messages: Any = HELLO, **options: Any) -> list[CompletionState]:
    return [state async for state in reka.stream(messages=messages, **options)]


async def failure_of(reka: AsyncRekaPlatform, messages: Any = HELLO, **options: Any) -> RekaError:
    with pytest.raises(RekaError) as caught:
        await pieces_of(reka, messages, **options)
    return caught.value


def png(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


async def test_an_answer_comes_in_pieces(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """As they arrive."""
    platform.answer = pieces(said("Hel"), said("lo"), STOP, DONE, pause_s=0.02)
    assert await pieces_of(reka) == ["Hel", "lo"]
    assert platform.chats == [{"model": "reka-flash-3", "stream": True, "messages": HELLO}]
    assert platform.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_reasoning_is_never_a_piece(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Callers of create_completion want the answer."""
    platform.answer = pieces(said("<reasoning>Hm"), said(".</reasoning>\nHi"), STOP, DONE, pause_s=0.02)
    assert await pieces_of(reka) == ["Hi"]
    states = await states_of(reka)
    assert (states[0].text, states[0].reasoning) == ("", "Hm")
    assert (states[-1].text, states[-1].reasoning) == ("Hi", "Hm.")


async def test_usage_that_comes_late_is_read(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """It follows the finish reason."""
    platform.answer = pieces(said("Hi"), STOP, USAGE, DONE, pause_s=0.02)
    assert [state.usage for state in await states_of(reka)] == [None, None, Usage(9, 7)]


async def test_an_answer_is_whole_though_its_connection_is_held_open(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """The reader must not wait for a server that forgets to close."""
    platform.answer = pieces(said("Hi"), STOP, silent=True)
    start_s = time.monotonic()
    assert await pieces_of(reka) == ["Hi"]
    assert time.monotonic() - start_s < 1.0
    async with asyncio.timeout(1.0):
        await platform.closed.wait()


async def test_the_whole_answer_is_shown_before_its_connection_ends(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """The last edit of a reply leaves with the last token."""
    platform.answer = pieces(said("Hi"), STOP, silent=True)
    start_s = time.monotonic()
    async with aclosing(reka.stream(messages=HELLO)) as states:
        async for state in states:
            if state.finish_reason:
                break
    assert time.monotonic() - start_s < 0.2


async def test_connections_serve_again(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """A new one costs three round trips."""
    for _ in range(3):
        await pieces_of(reka)
    assert len(platform.peers) == 1


async def test_without_streaming_the_whole_text_comes_once(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """The question says so, too."""

    async def whole(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})

    platform.answer = whole
    assert await pieces_of(reka, stream=False) == ["Hello"]
    assert platform.chats[0]["stream"] is False
    assert await pieces_of(reka) == ["Hello"]  # asked for a stream, it answers all the same


async def test_without_streaming_a_stream_is_read_all_the_same(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """Some servers always stream."""
    platform.answer = pieces(said("Hel"), said("lo"), STOP, DONE, pause_s=0.02)
    assert await pieces_of(reka, stream=False) == ["Hello"]


async def test_a_break_in_mid_stream_tells_what_came(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """And the request's name, for whoever asks Reka."""
    platform.answer = pieces(said("Hel"), said("lo"))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaConnectionError)
    assert (failure.partial, failure.request_id) == ("Hello", "r-7")
    assert len(platform.chats) == 1


async def test_a_reader_that_is_slow_loses_nothing_to_a_break(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """What had come by then is part of the answer, and may be the rest of it."""
    reading, broken = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(said("Hel"))
        await reading.wait()
        await response.write(said("lo") + STOP)
        await asyncio.sleep(0.05)
        if request.transport is not None:
            request.transport.abort()
        broken.set()
        return response

    platform.answer = answer
    found = []
    async for piece in reka.create_completion(messages=HELLO):
        found.append(piece)
        reading.set()
        await broken.wait()
        await asyncio.sleep(0.05)
    assert found == ["Hel", "lo"]


async def test_silence_is_a_time_out(platform: Platform) -> None:
    """Without it, a reply would stand half written for ever."""
    platform.answer = pieces(said("Hi"), silent=True)
    async with AsyncRekaPlatform(api_key=KEY, base_url=platform.url, idle_timeout=0.1) as reka:
        failure = await failure_of(reka)
    assert isinstance(failure, RekaTimeoutError)
    assert failure.partial == "Hi"


async def test_closing_the_generator_closes_upstream(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Nobody reads it: the tokens cost money."""
    platform.answer = pieces(said("Hi"), silent=True)
    async with aclosing(reka.create_completion(messages=HELLO)) as answer:
        assert await anext(answer) == "Hi"
    async with asyncio.timeout(0.1):
        await platform.closed.wait()


async def test_an_answer_of_reasoning_alone_tells_so(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """The bot offers to continue."""
    platform.answer = pieces(said("<think>Hm"), said("", "length"), DONE)
    failure = await failure_of(reka)
    assert isinstance(failure, RekaNoTextError)
    assert (failure.finish_reason, failure.reasoning, failure.partial) == ("length", "Hm", "")


# Parameters


async def test_sampling_goes_along(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """What is None is left to the server."""
    given = {
        "max_tokens": 512,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "stop": ["END"],
        "seed": 7,
        "frequency_penalty": -1,
        "presence_penalty": 1.5,
        "reasoning_effort": "low",
    }
    await pieces_of(reka, model="reka-edge-2603", **given)
    assert platform.chats[0] == {"model": "reka-edge-2603", "stream": True, "messages": HELLO, **given}
    await states_of(reka, seed=None, max_tokens=None, stop="END")
    assert platform.chats[1] == {"model": "reka-flash-3", "stream": True, "messages": HELLO, "stop": "END"}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"max_tokens": 0}, "1 or more"),
        ({"max_tokens": 1.5}, "whole number"),
        ({"max_tokens": True}, "whole number"),
        ({"top_k": 0}, "1 or more"),
        ({"seed": "x"}, "whole number"),
        ({"seed": 10**30}, "whole number"),
        ({"temperature": 2.1}, "from 0 to 2"),
        ({"temperature": float("nan")}, "from 0 to 2"),
        ({"temperature": "hot"}, "from 0 to 2"),
        ({"top_p": 0}, "above 0"),
        ({"frequency_penalty": -3}, "from -2 to 2"),
        ({"presence_penalty": 3}, "from -2 to 2"),
        ({"stop": ""}, "none empty"),
        ({"stop": []}, "none empty"),
        ({"stop": [7]}, "none empty"),
        ({"stop": 7}, "none empty"),
        ({"reasoning_effort": 3}, "one word"),
        ({"reasoning_effort": "very low"}, "one word"),
        ({"model": ""}, "id of a model"),
        ({"model": "a\nb"}, "id of a model"),
        ({"model": 7}, "id of a model"),
    ],
)
async def test_a_wrong_parameter_is_refused(
    platform: Platform, reka: AsyncRekaPlatform, option: dict[str, Any], said: str
) -> None:
    """Before any request, with what would be right."""
    failure = await failure_of(reka, **option)
    assert isinstance(failure, RekaRequestError)
    assert said in str(failure)
    assert platform.chats == []


async def test_an_unknown_parameter_is_a_type_error(reka: AsyncRekaPlatform) -> None:
    """A misspelt name must not be ignored."""
    with pytest.raises(TypeError, match="max_token'"):
        await pieces_of(reka, max_token=7)


# The key, and where it goes


@pytest.mark.parametrize("key", ["a\nb", "a b", "a\n", "schlüssel", "\x00"])
async def test_a_key_that_is_no_word_is_refused(key: str) -> None:
    """A header cannot hold it; the sentence must not repeat it."""
    with pytest.raises(RekaAuthError, match="one word") as caught:
        AsyncRekaPlatform(api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("key", [None, ""])
async def test_without_a_key_the_error_says_where_to_get_one(
    monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Also a ValueError, as programs expect."""
    monkeypatch.delenv("REKA_API_KEY", raising=False)
    monkeypatch.delenv("REKA_API_URL", raising=False)
    with pytest.raises(ValueError, match=r"platform\.reka\.ai") as caught:
        AsyncRekaPlatform(api_key=key)
    assert isinstance(caught.value, RekaAuthError)


async def test_another_server_needs_no_key(monkeypatch: pytest.MonkeyPatch, platform: Platform) -> None:
    """Self-hosted weights of Reka mostly run without."""
    monkeypatch.delenv("REKA_API_KEY", raising=False)
    async with AsyncRekaPlatform(base_url=platform.url) as reka:
        assert await pieces_of(reka) == ["Hi"]
    assert "Authorization" not in platform.headers[0]


async def test_the_environment_serves_what_is_not_given(
    monkeypatch: pytest.MonkeyPatch, platform: Platform
) -> None:
    """The settings of the bot are those of the library."""
    monkeypatch.setenv("REKA_API_KEY", KEY)
    monkeypatch.setenv("REKA_API_URL", platform.url + "/")
    async with AsyncRekaPlatform() as reka:
        assert await pieces_of(reka) == ["Hi"]
    assert platform.headers[0]["Authorization"] == f"Bearer {KEY}"


# Refusals


async def test_a_refused_key_says_where_to_get_one(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """And is not tried again."""
    platform.answer = refusal(401, f"The key {KEY} is revoked", "authentication_error")
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert "REKA_API_KEY" in str(failure)
    assert KEY not in str(failure)
    assert len(platform.chats) == 1


async def test_a_lack_of_credits_is_not_tried_again(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Waiting does not help."""
    platform.answer = refusal(429, "Insufficient credits", "rate_limit_error")
    assert isinstance(await failure_of(reka), RekaQuotaError)
    assert len(platform.chats) == 1


async def test_a_fault_is_tried_again(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Before the first token nobody has seen anything."""

    async def once(request: web.Request) -> web.StreamResponse:
        platform.answer = pieces(said("Hi"), STOP, DONE)
        return web.Response(status=503)

    platform.answer = once
    assert await pieces_of(reka) == ["Hi"]
    assert len(platform.chats) == 2


# Models


async def test_models_are_listed_once_for_all(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """They change rarely."""
    lists = await asyncio.gather(*(reka.list_models() for _ in range(5)))
    assert lists[0] == await reka.list_models() == lists[4]
    assert lists[0][0] == Model(
        "reka-flash-3", context_length=65536, max_output_length=58982, input_modalities=("text",)
    )
    assert platform.listings == 1
    lists[0].clear()
    assert len(await reka.list_models()) == 2


@pytest.mark.parametrize(
    ("models", "ids"),
    [
        ([{"id": "a"}, {"id": "b"}], ["a", "b"]),
        ({"data": [{"id": "a", "input_modalities": 7, "context_length": "big"}, {"id": 7}, {}, 7]}, ["a"]),
        ({"object": "list", "data": None}, []),
    ],
)
async def test_a_list_of_models_may_have_other_shapes(
    platform: Platform, reka: AsyncRekaPlatform, models: Any, ids: list[str]
) -> None:
    """A bare array on older pages; null by Ollama (reka-api.md 2.4)."""
    platform.models = models
    assert [model.id for model in await reka.list_models()] == ids


@pytest.mark.parametrize("models", [{}, "models", {"data": 7}])
async def test_what_is_no_list_of_models_is_an_error(
    platform: Platform, reka: AsyncRekaPlatform, models: Any
) -> None:
    """The address may be that of something else."""
    platform.models = models
    if models == {}:
        platform.models = {"models": []}
    with pytest.raises(RekaResponseError, match="list of models"):
        await reka.list_models()


async def test_vllm_names_the_context_its_own_way(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """The bot cuts the history by it."""
    platform.models = {"data": [{"id": "RekaAI/reka-flash-3", "max_model_len": 32768}]}
    assert (await reka.list_models())[0].context_length == 32768


@pytest.mark.parametrize("status", [400, 404])
async def test_an_unknown_model_brings_the_known_ones(
    platform: Platform, reka: AsyncRekaPlatform, status: int
) -> None:
    """The next question of whoever reads it."""
    platform.answer = refusal(status, "The model does not exist", "not_found_error")
    failure = await failure_of(reka, model="reka-huge")
    assert str(failure) == "There is no model 'reka-huge'. There are: reka-flash-3, reka-edge-2603."
    assert (failure.status, failure.request_id) == (status, "r-7")


async def test_a_known_model_is_not_called_unknown(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Other refusals speak of the model, too."""
    platform.answer = refusal(400, "This model's maximum context length is 65536 tokens")
    assert "maximum context length" in str(await failure_of(reka))


async def test_without_a_list_of_models_the_refusal_stands(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """Explaining one failure must not make another."""
    platform.models_status = 500
    platform.answer = refusal(404, "The model does not exist")
    assert "does not exist" in str(await failure_of(reka, model="reka-huge"))
    assert "does not exist" in str(await failure_of(reka, model="reka-huge"))
    assert platform.listings == 1


# Pictures


async def test_pictures_go_as_data_urls(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """Their bytes unchanged (reka-api.md 2.3)."""
    await pieces_of(reka, model="reka-edge-2603", image=png())
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    assert platform.chats[0]["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "Hello"},
    ]


def with_pictures(count: int) -> list[dict[str, Any]]:
    parts = [{"type": "image", "image": png(), "media_type": "image/png"} for _ in range(count)]
    return [{"role": "user", "content": parts}]


async def test_more_pictures_than_a_model_takes_are_refused(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """Before any chat request; which one to leave out is the caller's to say."""
    failure = await failure_of(reka, with_pictures(4), model="reka-edge-2603")
    assert str(failure) == "reka-edge-2603 takes at most 3 images in one request, and there are 4."
    assert platform.chats == []
    assert await pieces_of(reka, with_pictures(3), model="reka-edge-2603") == ["Hi"]


async def test_a_model_that_reads_text_alone_names_one_that_sees(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """Flash 3 is the default, and reads no pictures."""
    failure = await failure_of(reka, with_pictures(1))
    assert str(failure) == "reka-flash-3 reads no images. Ask one that does: reka-edge-2603."
    assert platform.chats == []


async def test_without_a_list_of_models_what_is_known_of_them_counts(
    platform: Platform, reka: AsyncRekaPlatform
) -> None:
    """A server without GET /models still takes questions."""
    platform.models_status = 404
    assert "reads no images" in str(await failure_of(reka, with_pictures(1)))
    assert "at most 3" in str(await failure_of(reka, with_pictures(4), model="reka-edge-2603"))
    assert await pieces_of(reka, with_pictures(5), model="another") == ["Hi"]


@pytest.mark.parametrize("image", [b"no picture", b"", b"<svg></svg>", png()[:-20]])
async def test_what_is_no_picture_is_refused(
    platform: Platform, reka: AsyncRekaPlatform, image: bytes
) -> None:
    """Before any chat request."""
    assert isinstance(await failure_of(reka, model="reka-edge-2603", image=image), RekaRequestError)
    assert platform.chats == []


def test_the_limit_of_a_model_can_be_asked_for() -> None:
    """The bot leaves pictures out before it asks."""
    assert image_limit("reka-edge-2603") == 3
    assert image_limit("reka-flash-3") == 0
    assert image_limit("another") is None
    assert image_limit("another", [Model("another", input_modalities=("text",))]) == 0
    assert image_limit("reka-flash-3", [Model("reka-flash-3", input_modalities=("text", "image"))]) is None
    assert Model("reka-edge-2603", input_modalities=("text", "image")).image_limit == 3


# Many at once


async def test_streams_beyond_the_bound_wait_their_turn(platform: Platform) -> None:
    """First come, first served."""
    platform.answer = pieces(said("Hi"), STOP, DONE, pause_s=0.02)
    async with AsyncRekaPlatform(api_key=KEY, base_url=platform.url, concurrency=1) as reka:
        questions = [[{"role": "user", "content": str(number)}] for number in range(4)]
        await asyncio.gather(*(pieces_of(reka, question) for question in questions))
    assert [chat["messages"][0]["content"] for chat in platform.chats] == ["0", "1", "2", "3"]
    assert len(platform.peers) == 1


async def test_health_and_traffic_can_be_read(platform: Platform, reka: AsyncRekaPlatform) -> None:
    """The bot's status shows them."""
    await pieces_of(reka)
    assert reka.traffic.requests == 1
    assert reka.breakers["POST /chat/completions"].state == "closed"
    assert reka.waiting == 0
