"""Answers that do not end as they should: each leaves the right text and the right error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reka_provider import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)
from sandbox.reka_platform import RekaPlatformServer, error_body
from sandbox.reka_space import RekaSpace, Script
from tests.contract.reka.faces import Face, MakeFace
from tests.contract.reka.failures import failure_of
from tests.contract.reka.wires import Wire, chunk, data

COMMENT = b": still here\n\n"
ERRORS: list[tuple[dict[str, Any], type[RekaError]]] = [
    ({"type": "validation_error", "message": "lamp broke", "param": "messages"}, RekaRequestError),
    ({"type": "not_found_error", "message": "lamp broke"}, RekaRequestError),
    ({"type": "authentication_error", "message": "lamp broke"}, RekaAuthError),
    ({"type": "rate_limit_error", "message": "lamp broke"}, RekaRateLimitError),
    ({"type": "rate_limit_error", "message": "lamp broke: insufficient credits"}, RekaQuotaError),
    ({"type": "server_error", "message": "lamp broke"}, RekaResponseError),
    ({"type": "of_tomorrow", "message": "lamp broke"}, RekaResponseError),
    ({"message": "lamp broke"}, RekaResponseError),
    ({"type": "server_error", "message": "lamp broke", "details": [{"loc": [1]}]}, RekaResponseError),
]


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_reset_leaves_the_text_so_far(reka: Face, wire: Wire, count: int) -> None:
    """Ours: `.partial` is the text yielded before it; the request's id goes with it."""
    wire.server.enqueue(Script("one two three", token_s=0.01, cut_after_pieces=count))
    failure = await failure_of(reka)
    assert type(failure) is RekaConnectionError
    assert failure.partial == " ".join(["one", "two", "three"][:count])
    assert failure.request_id


async def test_a_reset_within_compressed_bytes_leaves_the_text_so_far(reka: Face, wire: Wire) -> None:
    """Ours: a proxy in front may compress; what was whole is kept."""
    wire.server.enqueue(Script("one two three", token_s=0.01, cut_after_pieces=2, compress=True))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaConnectionError)
    assert failure.partial == "one two"


async def test_an_answer_that_stops_without_its_end_is_an_error(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """Ours: a stream with neither a finish reason nor [DONE] is an error with .partial, also where HTTP ends well."""
    platform.enqueue(Script("one two", finish_reason=None, done=False, token_s=0.005))
    failure = await failure_of(reka)
    assert type(failure) is RekaConnectionError
    assert failure.partial == "one two"


@pytest.mark.parametrize("left", [1, 20, 30, -3])
async def test_an_end_within_an_event_is_an_error(reka: Face, wire: Wire, left: int) -> None:
    """Ours: it is an error with .partial, also where HTTP calls the body whole."""
    first, second = wire.grown("a", "b")
    wire.server.enqueue(Script(raw_chunks=[first, second[:left]], token_s=0.01))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaConnectionError)
    assert failure.partial == "a"


@pytest.mark.parametrize("pieces", [0, 1])
async def test_silence_is_an_error(make: MakeFace, wire: Wire, pieces: int) -> None:
    """Ours: `idle_timeout` counts seconds without any byte from sending the request on, headers included."""
    wire.server.enqueue(Script("a b", silent_after_pieces=pieces))
    failure = await failure_of(make(idle_timeout=0.15))
    assert isinstance(failure, RekaTimeoutError)
    assert failure.partial == "a"[:pieces]


async def test_silence_after_the_headers_is_an_error(make: MakeFace, wire: Wire) -> None:
    """Ours: headers are no answer."""
    wire.server.enqueue(Script(raw_chunks=[], hold_open=True))
    assert isinstance(await failure_of(make(idle_timeout=0.15)), RekaTimeoutError)


async def test_comments_are_life(make: MakeFace, wire: Wire) -> None:
    """Ours: comments count as life, also where they are its only sign for longer than `idle_timeout`."""
    first, *rest = wire.whole("a", "b")
    wire.server.enqueue(Script(raw_chunks=[*[COMMENT] * 6, first, *[COMMENT] * 6, *rest], token_s=0.05))
    assert "".join(await make(idle_timeout=0.2).pieces()) == "ab"


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"\n\n\n", COMMENT, b"event: ping\ndata: x\n\n", b"\xef\xbb\xbf"]
)
async def test_an_empty_stream_is_an_error(reka: Face, wire: Wire, body: bytes) -> None:
    """Ours: an answer with no text at all is an error, never an empty answer."""
    wire.server.enqueue(Script(raw_chunks=[body] if body else []))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError | RekaConnectionError)
    assert failure.partial == ""


async def test_an_answer_that_ends_well_without_text_is_an_error(reka: Face, wire: Wire) -> None:
    """Ours: an answer with no text at all is a RekaResponseError."""
    wire.server.enqueue(Script(raw_chunks=wire.whole("")))
    assert isinstance(await failure_of(reka), RekaResponseError)


async def test_a_stop_marker_alone_is_no_text(reka: Face, wire: Wire) -> None:
    """1.3: the fragment is no part of the answer, so nothing is left."""
    wire.server.enqueue(Script(raw_chunks=wire.whole("\n <sep")))
    assert isinstance(await failure_of(reka), RekaResponseError)


@pytest.mark.parametrize(("error", "expected"), ERRORS, ids=lambda value: str(value)[:48])
@pytest.mark.parametrize("form", ["stream", "event", "object", "burst"])
async def test_an_error_object_inside_a_200_is_that_error(
    reka: Face, wire: Wire, error: dict[str, Any], expected: type[RekaError], form: str
) -> None:
    """2.6: servers of this form send errors inside a running stream; the types are those of the statuses."""
    wire.server.enqueue(
        Script(
            "one two",
            error=error,
            error_event=form == "event",
            bare_json=form == "object",
            burst=form == "burst",
            token_s=0.005,
        )
    )
    failure = await failure_of(reka)
    assert type(failure) is expected
    assert "lamp broke" in str(failure)
    assert failure.partial == ("" if form == "object" else "one two")


@pytest.mark.parametrize(
    "event",
    [
        data({"error": "lamp broke"}),
        data({"detail": "lamp broke", "error": True}),
        b"event: error\ndata: lamp broke\n\n",
        b'event: error\ndata: {"message": "lamp broke"}\n\n',
    ],
    ids=["string", "detail", "bare-words", "bare-message"],
)
async def test_an_error_of_another_shape_is_an_error_too(reka: Face, wire: Wire, event: bytes) -> None:
    """2.6: errors inside a running stream are undocumented."""
    wire.server.enqueue(Script(raw_chunks=[*wire.grown("a"), event], token_s=0.01))
    failure = await failure_of(reka)
    assert type(failure) is RekaResponseError
    assert failure.partial == "a"


@pytest.mark.parametrize("garbage", ["oops", "{half", "[1, 2]", "7", '"text"', "<html>", "null", "{'a': 1}"])
@pytest.mark.parametrize("where", [1, 2])
@pytest.mark.parametrize("burst", [True, False], ids=["burst", "apart"])
async def test_a_malformed_event_is_an_error_wherever_it_stands(
    reka: Face, wire: Wire, garbage: str, where: int, burst: bool
) -> None:
    """Ours (decision 7): an event that is skipped in a burst must at least look like an object."""
    wire.server.enqueue(
        Script(pieces=["a", "b", "c"], garbage_after_pieces=where, garbage=garbage, burst=burst, token_s=0.01)
    )
    if garbage.startswith("{'") and isinstance(wire.server, RekaSpace):
        assert "".join(await reka.pieces()) == "abc"  # it does look like one, and the text after it is whole
        return
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.partial == "abc"[:where]


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/event-stream"])
@pytest.mark.parametrize("page", ["<!DOCTYPE html><p>Back soon</p>", "\n  <html><p>Back soon</p></html>"])
async def test_a_web_page_is_no_answer(reka: Face, wire: Wire, content_type: str, page: str) -> None:
    """1.5: the site can sit behind pages of others, with any type and a status of 200."""
    wire.server.enqueue(Script(body=page, headers={"Content-Type": content_type}))
    failure = await failure_of(reka)
    assert type(failure) is RekaResponseError
    assert "web page" in str(failure)


async def test_a_log_in_page_is_an_auth_error(reka: Face, space: RekaSpace) -> None:
    """1.1: a session that has gone may show as an HTML page."""
    space.enqueue(Script(body="<html><form>Log in: <input name=password></form></html>"))
    failure = await failure_of(reka)
    assert type(failure) is RekaAuthError
    assert "appSession" in str(failure)


async def test_a_log_in_page_in_place_of_the_api_is_no_key_problem(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2: nobody logs in there; a page means a wrong address or a proxy's portal."""
    platform.enqueue(Script(body="<html><form>Log in to Hotel Wi-Fi</form></html>"))
    assert type(await failure_of(reka)) is RekaResponseError


@pytest.mark.parametrize(
    "body", ["null", "[]", "7", '"text"', "[" * 100_000, '{"a":' * 50_000, "{}", '{"text": 7}', "{oops}"]
)
async def test_a_body_of_other_json_is_no_answer(reka: Face, wire: Wire, body: str) -> None:
    """Ours: nothing but our errors comes out of any bytes, however deep they are nested."""
    wire.server.enqueue(Script(body=body, headers={"Content-Type": "application/json"}))
    assert isinstance(await failure_of(reka), RekaResponseError | RekaConnectionError)


@pytest.mark.parametrize("data_field", [b"data: ", b"data: {", b""], ids=["line", "object", "no-field"])
async def test_a_line_without_end_is_given_up(reka: Face, wire: Wire, data_field: bytes) -> None:
    """Ours: memory is bounded, whoever sends."""
    wire.server.enqueue(Script(raw_chunks=[data_field, *[b"x" * 1024 * 1024] * 18], hold_open=True))
    async with asyncio.timeout(5):
        failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)


async def test_bytes_that_are_no_utf_8_do_not_end_an_answer(reka: Face, wire: Wire) -> None:
    """Ours: a broken character costs that character."""
    events = [event.replace(b"Hi", b"H\xff\xfei") for event in wire.whole("Hi", "!")]
    wire.server.enqueue(Script(raw_chunks=events, token_s=0.005))
    assert "".join(await reka.pieces()) == "H\ufffd\ufffdi!"


async def test_half_a_character_at_the_end_is_shown_as_such(reka: Face, platform: RekaPlatformServer) -> None:
    """Ours: a lone surrogate could not be encoded by anybody who prints the answer."""
    half = rb'data: {"choices": [{"index": 0, "delta": {"content": "a\ud83e"}}]}' + b"\n\n"
    platform.enqueue(Script(raw_chunks=[half, chunk({}, "stop")]))
    assert "".join(await reka.pieces()).encode() == "a\ufffd".encode()


async def test_an_error_object_after_the_end_is_no_part_of_the_answer(reka: Face, wire: Wire) -> None:
    """Ours: the answer is whole; what follows concerns nobody."""
    wire.server.enqueue(Script(raw_chunks=[*wire.whole("a", "b"), data(error_body("server_error", "late"))]))
    assert "".join(await reka.pieces()) == "ab"


async def test_without_streaming_a_cut_leaves_no_text(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: half an object is no answer."""
    platform.enqueue(Script("one two", bare_json=True, cut_after_pieces=1))
    failure = await failure_of(reka, stream=False)
    assert isinstance(failure, RekaConnectionError)
    assert failure.partial == ""
