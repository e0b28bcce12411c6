"""The loopback official API: what it serves and refuses must be what the notes on Reka say (part 2)."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from PIL import Image

from sandbox import Sandbox
from sandbox.reka_platform import (
    COMPLETIONS_PATH,
    MODELS_PATH,
    Fault,
    RateLimit,
    RekaPlatformServer,
    Script,
)

KEY = {"Authorization": "Bearer any"}
HELLO = [{"role": "user", "content": "Hello"}]


def data_url(width_px: int = 64, height_px: int = 48) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def with_images(count: int, words: str = "What is this?") -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": data_url(10 + at, 10)}} for at in range(count)
    ]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": words}]}]


@pytest.fixture
async def platform() -> AsyncIterator[RekaPlatformServer]:
    async with RekaPlatformServer(token_s=0.0) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Asked:
    """What came back: all of it, or what there was until the connection broke off."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, *, broke: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.broke = broke

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def data(self) -> list[str]:
        """What follows each `data:`."""
        return [
            line.removeprefix("data: ") for line in self.body.decode().splitlines() if line[:5] == "data:"
        ]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]

    def joined(self, name: str = "content") -> str:
        return "".join(delta.get(name) or "" for delta in self.deltas)


class Ask:
    """A client with no knowledge of ours."""

    def __init__(self, platform: RekaPlatformServer, session: aiohttp.ClientSession) -> None:
        self.platform = platform
        self.session = session

    async def __call__(
        self, messages: object = HELLO, *, headers: dict[str, str] | None = None, **fields: object
    ) -> Asked:
        body = {"model": "reka-flash-3", "messages": messages, "stream": True, **fields}
        place = self.platform.url + COMPLETIONS_PATH
        async with self.session.post(
            place, json=body, headers=KEY if headers is None else headers
        ) as response:
            read = b""
            broke = False
            try:
                async for part in response.content.iter_any():
                    read += part
            except aiohttp.ClientError:
                broke = True
            return Asked(response.status, response.headers.copy(), read, broke=broke)


@pytest.fixture
def ask(platform: RekaPlatformServer, session: aiohttp.ClientSession) -> Ask:
    return Ask(platform, session)


# --- the form of an answer (2.1, 2.2) ---


async def test_a_stream_has_the_openai_form(ask: Ask) -> None:
    """2.1: the role first, then deltas, the finish reason, the usage without a choice, and [DONE]."""
    ask.platform.enqueue(Script(pieces=["Fo", "ur"], reasoning=["Add ", "them."]))
    answer = await ask()
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.deltas == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Add "},
        {"reasoning_content": "them."},
        {"content": "Fo"},
        {"content": "ur"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in answer.chunks[:-1]] == [None] * 5 + ["stop"]
    assert answer.chunks[-1]["choices"] == []
    assert answer.chunks[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert answer.data[-1] == "[DONE]"
    assert {(chunk["object"], chunk["model"]) for chunk in answer.chunks} == {
        ("chat.completion.chunk", "reka-flash-3")
    }


async def test_without_stream_one_object_comes(ask: Ask) -> None:
    """2.1: the same answer as `message`."""
    ask.platform.enqueue(Script("4", reasoning=["Add them."], finish_reason="length"))
    answer = await ask(stream=False)
    [choice] = answer.json["choices"]
    assert answer.json["object"] == "chat.completion"
    assert choice["message"] == {"role": "assistant", "content": "4", "reasoning_content": "Add them."}
    assert choice["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] == 2


async def test_an_object_comes_with_its_headers_when_all_is_written(ask: Ask) -> None:
    """A client that waits for a first byte must wait for the whole answer here."""
    gate = asyncio.Semaphore(0)
    ask.platform.enqueue(Script("4", gate=gate, token_s=0.01))
    asking = asyncio.create_task(ask(stream=False))
    await ask.platform.until(lambda: bool(ask.platform.chats))
    assert not asking.done()
    gate.release()
    assert (await asking).status == 200


async def test_nothing_in_the_text_may_be_null(ask: Ask) -> None:
    """2.1: `content` may be null."""
    ask.platform.enqueue(Script("Hi", null_content=True, reasoning=["Hm."], usage=False, done=False))
    answer = await ask()
    assert answer.deltas[0] == {"role": "assistant", "content": None}
    assert answer.deltas[1] == {"content": None, "reasoning_content": "Hm."}
    assert answer.deltas[-1] == {"content": None}
    assert "[DONE]" not in answer.data
    assert "usage" not in answer.body.decode()


async def test_reasoning_may_stand_in_the_text(ask: Ask) -> None:
    """2.2: the open weights write tags."""
    ask.platform.enqueue(Script("Four", reasoning=["Add."], reasoning_tags=True))
    assert (await ask()).joined() == "<reasoning>Add.</reasoning>Four"


async def test_reka_flash_reasons_and_an_answer_may_be_all_reasoning(ask: Ask) -> None:
    """2.2: with max_tokens 256 the answer was `content: ""` and `length`; 512 gave text."""
    short, longer = await ask(max_tokens=256), await ask(max_tokens=512)
    assert short.joined() == ""
    assert short.joined("reasoning_content")
    assert short.chunks[-2]["choices"][0]["finish_reason"] == "length"
    assert "stand-in" in longer.joined()
    assert longer.chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert (await ask(model="reka-edge-2603")).joined("reasoning_content") == ""


async def test_max_tokens_cut_the_text(ask: Ask) -> None:
    """2.1: `length` is a finish reason, where an answer could go on."""
    answer = await ask(max_tokens=5, model="reka-edge")
    assert len(answer.joined().split()) == 5
    assert answer.chunks[-2]["choices"][0]["finish_reason"] == "length"


# --- what is asked (2.1, 2.3) ---


async def test_what_was_asked_is_there_to_be_looked_at(ask: Ask) -> None:
    """A test asks what the bot sent, images decoded."""
    await ask([{"role": "system", "content": "Be brief."}, *with_images(1)], model="reka-edge-2603")
    [chat] = ask.platform.chats
    [image] = chat.images
    assert chat.model == "reka-edge-2603"
    assert chat.told == [("system", "Be brief."), ("user", "What is this?")]
    assert image.content_type == "image/png"
    assert Image.open(io.BytesIO(image.data or b"")).size == (10, 10)
    assert chat.finished
    assert not chat.closed_early


async def test_the_stand_in_sees_pictures_here_too(ask: Ask) -> None:
    """So that `make demo` shows the whole way of a picture."""
    messages = [*with_images(2), {"role": "assistant", "content": "Hm."}, *with_images(1, "alice: And now?")]
    said = (await ask(messages, model="reka-edge-2603")).joined()
    assert "“And now?”" in said
    assert "You sent me a PNG of 10 × 10 pixels." in said
    assert "I was given 3 turns" in said


@pytest.mark.parametrize(
    ("fields", "status", "kind", "told"),
    [
        (
            {"model": "reka-flash-3", "messages": with_images(1)},
            400,
            "validation_error",
            "does not take images",
        ),
        (
            {"model": "reka-edge-2603", "messages": with_images(4)},
            400,
            "validation_error",
            "at most 3 images",
        ),
        ({"model": "reka-core-9"}, 404, "not_found_error", "reka-core-9"),
        ({"model": None}, 400, "validation_error", "model"),
        ({"messages": []}, 400, "validation_error", "messages"),
        ({"messages": ["Hi"]}, 400, "validation_error", "role"),
        ({"messages": [{"role": "human", "content": "Hi"}]}, 400, "validation_error", "role"),
        ({"messages": [{"role": "user"}]}, 400, "validation_error", "content"),
        ({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}, 400, "validation_error", "type"),
        ({"messages": [{"role": "user", "content": "x" * 300_000}]}, 400, "validation_error", "context"),
        ({"max_tokens": 0}, 400, "validation_error", "max_tokens"),
        ({"temperature": 3}, 400, "validation_error", "temperature"),
    ],
    ids=[
        "blind",
        "four",
        "model",
        "none",
        "empty",
        "string",
        "role",
        "null",
        "part",
        "context",
        "max",
        "warm",
    ],
)
async def test_what_the_service_would_refuse_is_refused(
    ask: Ask, fields: dict[str, Any], status: int, kind: str, told: str
) -> None:
    """2.3, 2.6: a stand-in that takes anything hides the mistakes of its clients."""
    answer = await ask(**{"messages": HELLO, **fields})
    assert answer.status == status
    assert answer.json["error"]["type"] == kind
    assert told in answer.json["error"]["message"]
    assert ask.platform.chats[0].refused == answer.json["error"]["message"]


@pytest.mark.parametrize("url", ["cat.png", "data:image/png;base64,%%", "data:image/png;base64,aGVsbG8=", 7])
async def test_an_image_that_is_none_is_refused(ask: Ask, url: object) -> None:
    """2.3: an http(s) URL or a base64 data URL."""
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    assert (await ask(messages, model="reka-edge-2603")).status == 400


async def test_an_image_by_its_address_is_taken(ask: Ask) -> None:
    """2.3: and never fetched: the sandbox reaches nothing outside."""
    place = {"url": "https://media.example/1.png"}
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": place}]}]
    assert "kept at media.example" in (await ask(messages, model="reka-edge-2603")).joined()


async def test_what_is_no_json_is_refused(ask: Ask) -> None:
    """One sentence and no traceback."""
    for data in (b"{", b"[]"):
        place = ask.platform.url + COMPLETIONS_PATH
        async with ask.session.post(place, data=data, headers=KEY) as response:
            assert response.status == 400


# --- keys, models, limits (2, 2.4, 2.6, 2.7) ---


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer right"}, 200),
        ({"X-Api-Key": "right"}, 200),
        ({"X-Api-Key": "wrong"}, 401),
    ],
)
async def test_only_known_keys_are_taken(ask: Ask, headers: dict[str, str], status: int) -> None:
    """2: Authorization or X-Api-Key; 401 is an authentication_error."""
    ask.platform.keys = {"right"}
    answer = await ask(headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.json["error"]["type"] == "authentication_error"
        assert not ask.platform.chats


async def test_a_server_of_ones_own_needs_no_key(ask: Ask) -> None:
    """Ours: vLLM and its like want none."""
    ask.platform.needs_key = False
    assert (await ask(headers={})).status == 200


async def test_the_models_come_in_both_shapes(ask: Ask) -> None:
    """2.4: a list object with modalities and lengths, or the older bare array."""
    async with ask.session.get(ask.platform.url + MODELS_PATH, headers=KEY) as response:
        listed = await response.json()
    edge = next(model for model in listed["data"] if model["id"] == "reka-edge-2603")
    assert listed["object"] == "list"
    assert edge["context_length"] == 16_384
    assert "image" in edge["input_modalities"]

    ask.platform.bare_models = True
    async with ask.session.get(ask.platform.url + MODELS_PATH, headers=KEY) as response:
        assert {"id": "reka-flash-3"} in await response.json()
    async with ask.session.get(ask.platform.url + MODELS_PATH) as response:
        assert response.status == 401
    assert ask.platform.requests[MODELS_PATH] == 3


async def test_every_answer_has_an_id(ask: Ask) -> None:
    """2: X-Request-ID on each, refusals and lost paths included."""
    seen = [(await ask()).headers["X-Request-ID"], (await ask(headers={})).headers["X-Request-ID"]]
    async with ask.session.get(ask.platform.url + "/responses", headers=KEY) as response:
        assert response.status == 404
        assert (await response.json())["error"]["type"] == "not_found_error"
        seen.append(response.headers["X-Request-ID"])
    assert len(set(seen)) == 3


async def test_the_limit_is_told_as_the_research_page_says(ask: Ask) -> None:
    """2.7: the reset in epoch seconds, retry-after once there is something to wait for."""
    ask.platform.rate_limit = RateLimit(1)
    first, second = await ask(), await ask()
    assert (first.status, first.headers["x-ratelimit-remaining"]) == (200, "0")
    assert float(first.headers["x-ratelimit-reset"]) > 1e9
    assert "retry-after" not in first.headers
    assert (second.status, second.headers["retry-after"]) == (429, "60")
    assert second.json["error"]["type"] == "rate_limit_error"


async def test_the_limit_is_told_as_the_vision_page_says(ask: Ask) -> None:
    """2.7: seconds until the reset, and retry-after on every answer, 0 where nothing is to be waited for."""
    ask.platform.rate_limit = RateLimit(1, window_s=86_400, form="vision")
    first, second = await ask(), await ask()
    assert first.headers["retry-after"] == "0"
    assert first.headers["x-ratelimit-requests-reset"] == "86400"
    assert (second.status, second.headers["retry-after"]) == (429, "86400")


# --- trouble ---


async def test_a_fault_answers_once(ask: Ask) -> None:
    """A status, a body and headers of any kind, in the order in which they were given."""
    ask.platform.faults.append(Fault(503, "<html>", {"Content-Type": "text/html"}, path=COMPLETIONS_PATH))
    first, second = await ask(), await ask()
    assert (first.status, first.body, first.headers["Content-Type"]) == (503, b"<html>", "text/html")
    assert second.status == 200


async def test_a_status_may_be_scripted_several_times(ask: Ask) -> None:
    """A client that tries again meets it again."""
    ask.platform.enqueue(*[Script(status=502, body="bad", headers={"Retry-After": "0"})] * 2, Script("Hi"))
    assert [(await ask()).status for _ in range(3)] == [502, 502, 200]


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_cut_comes_after_so_many_pieces(ask: Ask, count: int) -> None:
    """The end of two pieces is before the finish reason."""
    ask.platform.enqueue(Script("one two", cut_after_pieces=count))
    answer = await ask()
    assert answer.broke
    assert answer.joined() == "one two"[: 3 * count + (count > 1)]
    assert "stop" not in answer.body.decode()


async def test_a_cut_comes_after_so_many_bytes(ask: Ask) -> None:
    """Any byte, so that a test can try each."""
    for count in (1, 40, 500):
        ask.platform.enqueue(Script("one two three", cut_after_bytes=count))
        answer = await ask()
        assert answer.broke
        assert len(answer.body) == count


async def test_an_object_can_be_cut_too(ask: Ask) -> None:
    """The same words for both forms of an answer."""
    ask.platform.enqueue(Script("one two", cut_after_pieces=1))
    answer = await ask(stream=False)
    assert answer.broke
    assert answer.body.startswith(b"{")


async def test_silence_comes_before_the_headers_or_after_a_piece(ask: Ask) -> None:
    """And ends when the client leaves, which the chat tells."""
    ask.platform.enqueue(Script("one two", silent_after_pieces=0), Script("one two", silent_after_pieces=1))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask()
        await ask.platform.until(lambda: ask.platform.chats[-1].closed_early)
    assert not any(chat.finished for chat in ask.platform.chats)


async def test_comments_fill_a_wait(ask: Ask) -> None:
    """They may be the only sign of life for longer than a client waits in silence."""
    ask.platform.enqueue(Script("Hi", first_token_s=0.05, comment_s=0.01))
    answer = await ask()
    assert answer.body.count(b": still here\n\n") >= 3
    assert answer.joined() == "Hi"


async def test_garbage_comes_inside_a_burst(ask: Ask) -> None:
    """In one write with the events around it, and after the last piece, too."""
    ask.platform.enqueue(
        Script("one two", garbage_after_pieces=1, burst=True, token_s=60.0),
        Script("one two", garbage_after_pieces=2, garbage='{"id":'),
    )
    first, second = await ask(), await ask()
    assert first.data[2] == "oops"
    assert second.data[3] == '{"id":'


async def test_the_form_of_lines_is_the_scripts(ask: Ask) -> None:
    """Whatever the standard of event streams allows."""
    ask.platform.enqueue(
        Script("né", newline="\r\n", space=False), Script("né", multiline=True), Script("né", ascii_only=True)
    )
    crlf, spread, escaped = await ask(), await ask(), await ask()
    assert b'data:{"' in crlf.body
    assert b"\r\n\r\ndata:[DONE]\r\n\r\n" in crlf.body
    assert 'né"'.encode() in crlf.body
    assert b'data: {\ndata:  "id"' in spread.body
    assert b'"n\\u00e9"' in escaped.body


async def test_parts_of_any_size_add_up(ask: Ask) -> None:
    """Characters are split between writes, and nothing is lost."""
    ask.platform.enqueue(Script("né 🦉", chunk_bytes=1), Script("né 🦉", compress=True, chunk_bytes=3))
    assert (await ask()).joined() == "né 🦉"
    zipped = await ask()
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.joined() == "né 🦉"


async def test_an_error_object_may_end_the_stream(ask: Ask) -> None:
    """2.6: `data: {"error": {...}}` inside a 200, with a name or without."""
    error = {"type": "server_error", "message": "Out of luck."}
    ask.platform.enqueue(Script("one", error=error), Script("one", error=error, error_event=True))
    ask.platform.enqueue(Script("one", error=error))
    plain, named = await ask(), await ask()
    assert plain.data[-1] == json.dumps({"error": error})
    assert b"event: error\ndata: " in named.body
    assert (await ask(stream=False)).json == {"error": error}


async def test_raw_bytes_are_sent_as_they_are(ask: Ask) -> None:
    """For what no option foresees."""
    ask.platform.enqueue(
        Script(raw_chunks=[b"data: {", b"}\n\n"]),
        Script(raw_chunks=[b"data"], raw_whole=False),
        Script(body="<html>Log in</html>", headers={"Content-Type": "text/html"}),
        Script("Hi", bare_json=True),
    )
    assert (await ask()).body == b"data: {}\n\n"
    cut = await ask()
    assert (cut.body, cut.broke) == (b"data", True)
    assert (await ask()).body == b"<html>Log in</html>"
    assert (await ask()).json["choices"][0]["message"]["content"] == "Hi"


async def test_an_answer_may_lack_its_end(ask: Ask) -> None:
    """2.1: neither a finish reason nor [DONE]."""
    ask.platform.enqueue(Script("Hi", finish_reason=None, done=False, usage=False))
    answer = await ask()
    assert answer.deltas[-1] == {"content": "Hi"}
    assert not answer.broke


# --- its two places ---


async def test_a_restarted_server_keeps_its_address(platform: RekaPlatformServer) -> None:
    """A client must find it again."""
    before = platform.url
    await platform.close()
    await platform.start()
    assert platform.url == before
    assert before.endswith("/v1")


async def test_the_sandbox_serves_it_too(session: aiohttp.ClientSession) -> None:
    """One address to remember: that of the page, with /reka/v1."""
    async with Sandbox() as sandbox:
        sandbox.reka_platform.token_s = 0.0
        assert sandbox.reka_api_url == f"{sandbox.url}/reka/v1" == sandbox.reka_platform.url
        assert "stand-in" in (await Ask(sandbox.reka_platform, session)()).joined()
