"""What a client of space.reka.ai must do with each thing that the wire may do.

Every case runs over AsyncReka and over Reka, against the loopback Reka. Each names its fact: a section of
the project's notes on Reka's APIs, or the rule of ours where the notes leave a choice.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing
from typing import Any, Protocol

import pytest
from PIL import Image

from reka_provider import (
    AsyncReka,
    CompletionState,
    Reka,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)
from sandbox.reka_space import Chat, Fault, RekaSpace, Script

HELLO = [{"role": "user", "content": "Hello"}]
SESSION = "session-Zx81-secret"


class Face(Protocol):
    """The same calls over either class."""

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]: ...
    async def upload(self, image: Any, **options: Any) -> str: ...
    async def token(self) -> str: ...
    async def first_piece_then_close(self) -> str: ...
    async def close(self) -> None: ...


class AsyncFace:
    """AsyncReka as it is."""

    def __init__(self, **options: Any) -> None:
        self.client = AsyncReka(**options)

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]:
        return [piece async for piece in self.client.create_completion(messages=messages, **options)]

    async def upload(self, image: Any, **options: Any) -> str:
        return await self.client.upload_image(image, **options)

    async def token(self) -> str:
        return await self.client.get_access_token()

    async def first_piece_then_close(self) -> str:
        async with aclosing(self.client.create_completion(messages=HELLO)) as pieces:
            return await anext(pieces)

    async def close(self) -> None:
        await self.client.close()


class BlockingFace:
    """Reka, in a thread, since the server lives in this one's loop."""

    def __init__(self, **options: Any) -> None:
        self.client = Reka(**options)

    async def pieces(self, messages: Any = HELLO, **options: Any) -> list[str]:
        return await asyncio.to_thread(
            lambda: list(self.client.create_completion(messages=messages, **options))
        )

    async def upload(self, image: Any, **options: Any) -> str:
        return await asyncio.to_thread(self.client.upload_image, image, **options)

    async def token(self) -> str:
        return await asyncio.to_thread(self.client.get_access_token)

    async def first_piece_then_close(self) -> str:
        def read_one() -> str:
            with closing(self.client.create_completion(messages=HELLO)) as pieces:
                return next(pieces)

        return await asyncio.to_thread(read_one)

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)


MakeFace = Callable[..., Face]


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    async with RekaSpace(token_s=0.0) as running:
        yield running


@pytest.fixture(params=[AsyncFace, BlockingFace], ids=["AsyncReka", "Reka"])
async def make(request: pytest.FixtureRequest, space: RekaSpace) -> AsyncIterator[MakeFace]:
    """Makes faces that speak to the loopback Reka, and closes them."""
    async with AsyncExitStack() as stack:

        def made(**options: Any) -> Face:
            if "api_key" not in options:
                options.setdefault("cookies", {"appSession": SESSION})
            face: Face = request.param(**{"base_url": space.url, "backoff": 0.01, **options})
            stack.push_async_callback(face.close)
            return face

        yield made


@pytest.fixture
def reka(make: MakeFace) -> Face:
    return make()


def png(width_px: int = 64, height_px: int = 48, colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px), colour).save(buffer, "PNG")
    return buffer.getvalue()


def event(text: str, **more: object) -> bytes:
    return b"event: message\ndata: " + json.dumps({"type": "model", "text": text, **more}).encode() + b"\n\n"


def last_chat(space: RekaSpace) -> Chat:
    return space.chats[-1]


async def failure_of(face: Face, **options: Any) -> RekaError:
    with pytest.raises(RekaError) as caught:
        await face.pieces(**options)
    return caught.value


# --- the token (1.1) ---


async def test_cookies_are_traded_for_a_token(reka: Face, space: RekaSpace) -> None:
    """1.1: GET /bff/auth/access_token with the cookies answers {"accessToken": ...}."""
    assert await reka.token() in space.issued_tokens


async def test_the_token_is_kept(reka: Face, space: RekaSpace) -> None:
    """1.1: it is a JWT with an `exp`; until then one request is enough."""
    await reka.pieces()
    await reka.pieces()
    assert space.token_requests == 1


async def test_a_token_near_its_end_is_replaced_before_use(reka: Face, space: RekaSpace) -> None:
    """1.1: the JWT's `exp` claim tells when it ends."""
    space.token_life_s = 0.05
    await reka.token()
    await asyncio.sleep(0.06)
    await reka.pieces()
    assert space.token_requests == 2


async def test_a_split_session_cookie_counts(make: MakeFace, space: RekaSpace) -> None:
    """1.1: large sessions may be split into appSession.0, appSession.1."""
    space.sessions = {"leftright"}
    face = make(cookies={"appSession.0": "left", "appSession.1": "right"})
    assert await face.token()


async def test_a_bearer_token_needs_no_token_request(make: MakeFace, space: RekaSpace) -> None:
    """1.1: a ready-made token is accepted, and none is fetched."""
    assert "".join(await make(api_key="your_api_key").pieces())
    assert space.token_requests == 0


async def test_an_expired_token_is_renewed_once_for_all_waiters(reka: Face, space: RekaSpace) -> None:
    """1.5: 401 is the likely code of an expired token; ten tabs must not fetch ten."""
    await reka.pieces()
    space.expire_tokens()
    space.token_delay_s = 0.1
    answers = await asyncio.gather(*(reka.pieces() for _ in range(10)))
    assert all(answers)
    assert space.token_requests == 2


async def test_a_second_401_is_an_auth_error(reka: Face, space: RekaSpace) -> None:
    """1.5: a fresh token that is refused will be refused again."""
    space.enqueue(Script(status=401), Script(status=401))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert failure.status == 401
    assert space.token_requests == 2


async def test_a_refused_bearer_token_is_an_auth_error(make: MakeFace, space: RekaSpace) -> None:
    """1.1: without cookies there is nothing to renew it with."""
    failure = await failure_of(make(api_key="stale"))
    assert isinstance(failure, RekaAuthError)
    assert space.token_requests == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(401, '{"error": "gone"}'),
        Fault(200, "<html><body>Log in</body></html>", {"Content-Type": "text/html"}),
        Fault(302, "", {"Location": "https://auth.reka.ai/u/login?state=abc"}),
        Fault(307, "", {"Location": "/"}),
        Fault(200, '{"user": null}'),
        Fault(200, '{"accessToken": null}'),
        Fault(200, "[]"),
        Fault(403, "<html>Are you a robot?</html>", {"Content-Type": "text/html"}),
    ],
    ids=["401", "page", "redirect", "redirect-path", "no-token", "null", "list", "robot"],
)
async def test_a_session_that_ended_is_an_auth_error(reka: Face, space: RekaSpace, fault: Fault) -> None:
    """1.1: its form is unknown; each likely one must say what to do."""
    space.faults.append(fault)
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert isinstance(failure, ValueError)
    assert "appSession" in str(failure)


async def test_trouble_with_the_token_request_is_no_login_problem(reka: Face, space: RekaSpace) -> None:
    """4: the known client turns every failure of it into a ValueError."""
    space.faults.extend(Fault(503) for _ in range(4))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert not isinstance(failure, ValueError)


async def test_cookies_without_a_session_are_refused_before_any_request(
    make: MakeFace, space: RekaSpace
) -> None:
    """1.1: appSession is needed."""
    assert isinstance(await failure_of(make(cookies={"theme": "dark"})), RekaAuthError)
    assert space.token_requests == 0


# --- the request (1.3) ---


async def test_the_request_has_the_fields_of_the_wire(reka: Face, space: RekaSpace) -> None:
    """1.3: the fields of POST /api/chat."""
    await reka.pieces([{"role": "system", "content": "Be brief."}, *HELLO], model="reka-flash")
    body = last_chat(space).body
    assert body["conversation_history"] == [{"type": "human", "text": "Be brief.\n\nHello"}]
    assert body["model_name"] == "reka-flash"
    assert body["stream"] is True
    assert body["use_search_engine"] is False
    assert isinstance(body["random_seed"], int)


async def test_cookies_and_token_go_with_each_call(reka: Face, space: RekaSpace) -> None:
    """1.1: all calls carry the bearer token; the site's own also carry the cookies."""
    await reka.pieces()
    headers = last_chat(space).headers
    assert headers["Cookie"] == f"appSession={SESSION}"
    assert headers["Authorization"].startswith("Bearer ")


async def test_the_default_model_is_reka_core(reka: Face, space: RekaSpace) -> None:
    """1.3: the name that the site is known to take."""
    await reka.pieces()
    assert last_chat(space).model_name == "reka-core"


# --- the stream (1.3) ---


async def test_repeated_text_stays(reka: Face, space: RekaSpace) -> None:
    """4: replacing the old text in the new makes "a a a a" lose its repetitions."""
    space.enqueue(Script(pieces=["a ", "a ", "a ", "a"], token_s=0.01))
    assert "".join(await reka.pieces()) == "a a a a"


async def test_pieces_come_as_the_text_grows(reka: Face, space: RekaSpace) -> None:
    """1.3: events are cumulative; what is yielded is what each adds, and never empty."""
    space.enqueue(Script(pieces=["The ", "", "tower ", "is red."], token_s=0.02))
    pieces = await reka.pieces()
    assert "".join(pieces) == "The tower is red."
    assert len(pieces) > 1
    assert all(pieces)


async def test_without_streaming_the_text_comes_once(reka: Face, space: RekaSpace) -> None:
    """Ours: `stream=False` yields the whole text once."""
    space.enqueue(Script("one two three", token_s=0.01))
    assert await reka.pieces(stream=False) == ["one two three"]


async def test_revised_text_is_an_error_for_pieces(reka: Face, space: RekaSpace) -> None:
    """1.3: with cumulative events text may be revised; pieces cannot be taken back."""
    space.enqueue(Script("The tower", token_s=0.1, revise_to="A lighthouse"))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.partial == "The tower"


async def test_a_stop_marker_fragment_is_dropped(reka: Face, space: RekaSpace) -> None:
    """1.3: the final text can end with a fragment of the stop marker."""
    space.enqueue(Script(pieces=["Done.", "\n", " <", "se"], token_s=0.01))
    assert "".join(await reka.pieces()) == "Done."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
async def test_characters_split_between_chunks_arrive_whole(reka: Face, space: RekaSpace, size: int) -> None:
    """1.3: UTF-8 in JSON; the network cuts anywhere."""
    data = b'data: {"type": "model", "text": "' + "né 🦉".encode() + b'"}\r\n\r\n'
    space.enqueue(Script(raw_chunks=[data[i : i + size] for i in range(0, len(data), size)]))
    assert "".join(await reka.pieces()) == "né 🦉"


async def test_a_bare_object_is_an_answer(reka: Face, space: RekaSpace) -> None:
    """1.3: a short answer may come as one bare JSON object."""
    space.enqueue(Script("Hi there.", bare_json=True))
    assert await reka.pieces() == ["Hi there."]


async def test_gzip_is_understood(reka: Face, space: RekaSpace) -> None:
    """Ours: a proxy in front may compress."""
    space.enqueue(Script("one two three", compress=True))
    assert "".join(await reka.pieces()) == "one two three"


async def test_other_events_are_skipped(reka: Face, space: RekaSpace) -> None:
    """1.3: be ready for events of other types, and for events without text."""
    other = b'event: status\ndata: searching\n\n: note\n\ndata: {"type": "tool", "name": "search"}\n\n'
    space.enqueue(Script(raw_chunks=[other, event("Hi"), other], token_s=0.01))
    assert await reka.pieces() == ["Hi"]


async def test_a_broken_event_in_a_burst_is_an_error(reka: Face, space: RekaSpace) -> None:
    """Ours: a skipped event must at least look like an object (decision 7)."""
    space.enqueue(Script(raw_chunks=[event("a") + b"data: oops\n\n" + event("abc")]))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.partial == "a"


async def test_an_end_without_a_blank_line_is_an_end(reka: Face, space: RekaSpace) -> None:
    """Ours: some servers leave the last blank line out."""
    space.enqueue(Script(raw_chunks=[event("a"), event("ab").rstrip()]))
    assert "".join(await reka.pieces()) == "ab"


async def test_an_end_within_an_event_is_an_error(reka: Face, space: RekaSpace) -> None:
    """Ours: it is an error with .partial, also where HTTP calls the body whole."""
    space.enqueue(Script(raw_chunks=[event("a"), event("ab")[:30]], token_s=0.01))
    assert (await failure_of(reka)).partial == "a"


async def test_an_answer_ends_with_its_finish_reason(reka: Face, space: RekaSpace) -> None:
    """1.3: it appears only in the last event; a server that then keeps the line open must not keep us."""
    space.enqueue(Script("one two", hold_open=True))
    start_s = time.monotonic()
    assert "".join(await reka.pieces()) == "one two"
    assert time.monotonic() - start_s < 1.0


async def test_a_line_of_a_mebibyte_is_read(reka: Face, space: RekaSpace) -> None:
    """4: the known client took 7 s for it."""
    space.enqueue(Script(pieces=["x" * 1024 * 1024]))
    start_s = time.monotonic()
    assert len("".join(await reka.pieces())) == 1024 * 1024
    assert time.monotonic() - start_s < 2.0


@pytest.mark.parametrize("comment_s", [None, 0.02])
async def test_silence_is_an_error_and_comments_are_life(
    make: MakeFace, space: RekaSpace, comment_s: float | None
) -> None:
    """Ours: `idle_timeout` counts seconds without any byte; comments are bytes."""
    pause = [event("a"), *([b": still here\n\n"] * 8 if comment_s else []), event("ab")]
    space.enqueue(
        Script(raw_chunks=pause, token_s=0.05) if comment_s else Script("a b", silent_after_pieces=1)
    )
    face = make(idle_timeout=0.2)
    if comment_s:
        assert "".join(await face.pieces()) == "ab"
        return
    failure = await failure_of(face)
    assert isinstance(failure, RekaTimeoutError)
    assert failure.partial == "a"


async def test_silence_before_any_header_is_an_error(make: MakeFace, space: RekaSpace) -> None:
    """Ours: headers included."""
    space.enqueue(Script("a b", silent_after_pieces=0))
    assert isinstance(await failure_of(make(idle_timeout=0.15)), RekaTimeoutError)


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_cut_connection_leaves_the_text_so_far(reka: Face, space: RekaSpace, count: int) -> None:
    """Ours: `.partial` is the text yielded before it."""
    space.enqueue(Script("one two three", token_s=0.01, cut_after_pieces=count))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaConnectionError)
    assert failure.partial == " ".join(["one", "two", "three"][:count])
    assert failure.request_id


async def test_a_connection_cut_at_any_byte_leaves_whole_text(make: MakeFace, space: RekaSpace) -> None:
    """Ours: what is yielded before a break is always a prefix of the answer, never half a character."""
    recorded = event("é") + event("é🦉") + event("é🦉!", finish_reason="stop")
    face = make()
    for cut in range(1, len(recorded), 17):
        space.enqueue(Script(raw_chunks=[recorded[:cut]], raw_whole=False))
        failure = await failure_of(face)
        assert isinstance(failure, RekaConnectionError)
        assert "é🦉!".startswith(failure.partial)


@pytest.mark.parametrize("body", ["", ": ping\n\n", 'data: {"type": "model", "text": ""}\n\n'])
async def test_an_answer_without_text_is_an_error(reka: Face, space: RekaSpace, body: str) -> None:
    """Ours: an answer with no text at all is a RekaResponseError."""
    space.enqueue(Script(raw_chunks=[body.encode()] if body else []))
    assert isinstance(await failure_of(reka), RekaResponseError)


async def test_an_error_object_in_the_stream_is_an_error(reka: Face, space: RekaSpace) -> None:
    """2.6: servers of this form send errors inside a running stream."""
    error = b'data: {"error": {"type": "server_error", "message": "lamp broke"}}\n\n'
    space.enqueue(Script(raw_chunks=[event("a"), error], token_s=0.01))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.partial == "a"
    assert "lamp broke" in str(failure)


async def test_a_web_page_is_no_answer(reka: Face, space: RekaSpace) -> None:
    """1.5: the site can sit behind pages of others."""
    space.enqueue(Script(body="<!DOCTYPE html><p>Back soon</p>", headers={"Content-Type": "text/html"}))
    assert isinstance(await failure_of(reka), RekaResponseError)


# --- statuses and retries (1.5) ---


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RekaRequestError),
        (402, RekaQuotaError),
        (403, RekaAuthError),
        (404, RekaRequestError),
        (413, RekaRequestError),
        (422, RekaRequestError),
        (501, RekaResponseError),
    ],
)
async def test_a_status_that_waiting_does_not_change_is_told_at_once(
    reka: Face, space: RekaSpace, status: int, kind: type[RekaError]
) -> None:
    """4: the known client never looks at the status."""
    body = '{"error": {"type": "x", "message": "why not"}}'
    space.enqueue(Script(status=status, body=body, headers={"X-Request-ID": "r-1"}))
    failure = await failure_of(reka)
    assert type(failure) is kind
    assert failure.status == status
    assert failure.request_id == "r-1"
    assert len(space.chats) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_status_that_may_pass_is_tried_again(reka: Face, space: RekaSpace, status: int) -> None:
    """Ours: at most three more attempts, before the first token."""
    space.enqueue(*[Script(status=status)] * 3, Script("There."))
    assert await reka.pieces() == ["There."]
    assert len(space.chats) == 4


async def test_the_fourth_failure_is_told(reka: Face, space: RekaSpace) -> None:
    """Ours: at most three more attempts."""
    space.enqueue(*[Script(status=503)] * 5)
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.status == 503
    assert len(space.chats) == 4


async def test_a_wait_that_does_not_fit_is_not_begun(reka: Face, space: RekaSpace) -> None:
    """Ours: all waits together at most 10 s; the error leaves at once with `.retry_after`."""
    space.enqueue(Script(status=429, headers={"Retry-After": "11"}))
    start_s = time.monotonic()
    failure = await failure_of(reka)
    assert isinstance(failure, RekaRateLimitError)
    assert failure.retry_after == 11
    assert time.monotonic() - start_s < 1.0


async def test_insufficient_credits_are_no_rate_limit(reka: Face, space: RekaSpace) -> None:
    """2.6: 429 also means insufficient credits, where waiting does not help."""
    body = '{"error": {"type": "rate_limit_error", "message": "Insufficient credits"}}'
    space.enqueue(Script(status=429, body=body, headers={"Retry-After": "1"}))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaQuotaError)
    assert failure.retry_after is None
    assert len(space.chats) == 1


async def test_nothing_is_tried_again_after_the_first_token(reka: Face, space: RekaSpace) -> None:
    """Ours: a second answer would begin differently."""
    space.enqueue(Script("one two", token_s=0.01, cut_after_pieces=1))
    await failure_of(reka)
    assert len(space.chats) == 1


async def test_a_refused_connection_is_tried_again_and_then_told(make: MakeFace, space: RekaSpace) -> None:
    """Ours: Reka down is a connection error, whatever was asked."""
    await space.close()
    start_s = time.monotonic()
    failure = await failure_of(make(backoff=0.02))
    assert isinstance(failure, RekaConnectionError)
    assert time.monotonic() - start_s >= 0.02 * 7 * 0.75


async def test_a_restarted_server_is_found_again(reka: Face, space: RekaSpace) -> None:
    """Ours: kept connections may be dead."""
    await reka.pieces()
    await space.close()
    await space.start()
    assert await reka.pieces()


async def test_a_moved_site_is_told(reka: Face, space: RekaSpace) -> None:
    """4: the host has moved before; redirects are not followed, since they would carry the token along."""
    space.faults.append(Fault(308, "", {"Location": "https://talk.reka.ai/x"}, path="/api/chat"))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert "talk.reka.ai" in str(failure)


# --- images (1.4) ---


async def test_an_image_is_uploaded_as_it_is(reka: Face, space: RekaSpace) -> None:
    """1.4: one part `image`, image.png, image/png; the answer holds media_url."""
    data = png()
    url = await reka.upload(data)
    (upload,) = space.uploads
    assert (upload.data, upload.filename, upload.content_type) == (data, "image.png", "image/png")
    assert url == upload.media_url


@pytest.mark.parametrize("kind", ["path", "str", "file", "pil", "data-url", "bytearray"])
async def test_each_kind_of_image_is_taken(reka: Face, space: RekaSpace, tmp_path: Any, kind: str) -> None:
    """Ours: bytes, a path, a file object or a PIL image."""
    path = tmp_path / "cat.png"
    path.write_bytes(png())
    image: Any = {
        "path": path,
        "str": str(path),
        "file": io.BytesIO(png()),
        "pil": Image.new("RGB", (64, 48)),
        "data-url": "data:image/png;base64," + base64.b64encode(png()).decode(),
        "bytearray": bytearray(png()),
    }[kind]
    await reka.upload(image)
    with Image.open(io.BytesIO(space.uploads[0].data)) as seen:
        assert seen.size == (64, 48)


async def test_an_image_rides_on_the_last_user_message(reka: Face, space: RekaSpace) -> None:
    """1.3: image_url and media_type on the turn that they belong to."""
    await reka.pieces(image=png())
    (turn,) = last_chat(space).conversation_history
    assert turn["image_url"] == space.uploads[0].media_url
    assert turn["media_type"] == "image"


async def test_the_same_picture_is_uploaded_once(reka: Face, space: RekaSpace) -> None:
    """Ours: a conversation carries its pictures in every request."""
    content = [{"type": "image", "image": png(), "media_type": "image/png"}] * 2
    for _ in range(2):
        await reka.pieces([{"role": "user", "content": [*content, {"type": "text", "text": "Same?"}]}])
    assert len(space.uploads) == 1


async def test_parallel_questions_share_one_upload(reka: Face, space: RekaSpace) -> None:
    """Ours: the same, at the same time."""
    await reka.token()
    await asyncio.gather(*(reka.pieces(image=png()) for _ in range(5)))
    assert len(space.uploads) == 1


async def test_a_picture_is_forgotten_after_256_others(space: RekaSpace) -> None:
    """Ours: a client that lives for weeks must not remember every picture it saw."""
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        for number in [*range(257), 0]:
            space.enqueue(Script("Seen.", bare_json=True))
            picture = png(1, 1, f"rgb({number % 256},{number // 256},0)")
            async for _ in client.stream(messages=HELLO, image=picture):
                pass
    assert len(space.uploads) == 258


async def test_an_expired_token_is_renewed_for_an_upload(reka: Face, space: RekaSpace) -> None:
    """1.5: 401 there means the same as on chat."""
    await reka.token()
    space.expire_tokens()
    assert await reka.upload(png())


async def test_an_upload_takes_a_token_of_its_own(make: MakeFace, space: RekaSpace) -> None:
    """Ours: `access_token` takes the place of the client's credentials."""
    assert await make(api_key="none").upload(png(), access_token="your_api_key")
    assert "Cookie" not in space.uploads[0].headers


async def test_an_upload_without_its_url_is_an_error(reka: Face, space: RekaSpace) -> None:
    """1.4: the answer is {"media_url": ...}."""
    space.faults.append(Fault(200, '{"ok": true}', path="/api/upload-image"))
    with pytest.raises(RekaResponseError):
        await reka.upload(png())


@pytest.mark.parametrize("image", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"hello", png()[:-20]])
async def test_what_is_no_image_is_refused_before_any_request(
    reka: Face, space: RekaSpace, image: bytes
) -> None:
    """1.4: what Reka would say to it is unknown, so it is said here."""
    with pytest.raises(RekaRequestError):
        await reka.upload(image)
    assert space.token_requests == 0


# --- the connection ---


async def test_closing_early_ends_the_answer_upstream(reka: Face, space: RekaSpace) -> None:
    """Ours: nobody will read the rest, and it costs tokens."""
    gate = asyncio.Semaphore(1)
    space.enqueue(Script("one two three", gate=gate))
    assert await reka.first_piece_then_close() == "one"
    closed_s = time.monotonic()
    await space.until(lambda: last_chat(space).closed_early, timeout_s=1.0)
    assert (last_chat(space).ended_at or 0.0) - closed_s < 0.1


@asynccontextmanager
async def forward_proxy(space: RekaSpace) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that passes bytes on to the loopback Reka, and the heads of the requests it saw."""
    heads: list[bytes] = []
    open_writers: list[asyncio.StreamWriter] = []

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", int(space.url.rsplit(":")[-1]))
        open_writers.extend((upstream, writer))
        upstream.write(head)
        await asyncio.gather(pipe(reader, upstream), pipe(upstream_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()
        for writer in open_writers:
            writer.close()


async def test_the_proxy_is_used(make: MakeFace, space: RekaSpace) -> None:
    """4: the known client fails with every proxy."""
    async with forward_proxy(space) as (address, heads):
        face = make(proxy=f"http://name:word@{address}")
        assert await face.pieces()
        await face.close()
    assert heads[0].startswith(f"GET {space.url}/bff/auth/access_token HTTP/1.1".encode())
    assert b"Proxy-Authorization: Basic" in heads[0]


async def test_a_proxy_that_says_nothing_is_left(make: MakeFace) -> None:
    """Ours: the connection must stand in time, the proxy's part of it included."""
    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        proxy = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        face = make(base_url="https://space.example", proxy=proxy, connect_timeout=0.2)
        assert isinstance(await failure_of(face), RekaTimeoutError)
        async with asyncio.timeout(1):
            await left.wait()


async def test_a_proxy_that_wants_a_password_is_told(make: MakeFace, space: RekaSpace) -> None:
    """Ours: 407 comes from the proxy, so no cookie has to be copied anew."""
    space.faults.append(Fault(407))
    failure = await failure_of(make(proxy=space.url))
    assert isinstance(failure, RekaProxyError)
    assert "name:password@" in str(failure)


async def test_a_proxy_that_refuses_is_told(make: MakeFace) -> None:
    """Ours: it says that it is the proxy, and keeps the proxy's password to itself."""
    failure = await failure_of(make(proxy="http://name:pass-word-1@127.0.0.1:9"))
    assert isinstance(failure, RekaProxyError)
    assert "pass-word-1" not in everything_in(failure)


def everything_in(error: BaseException | None) -> str:
    said: list[str] = []
    while error is not None:
        said += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(said)


@pytest.mark.parametrize(
    "script",
    [
        Script(status=400, body=f'{{"error": {{"message": "bad cookie {SESSION}"}}}}'),
        Script(status=500, body=f"Cookie: appSession={SESSION}"),
        Script(status=403, body=SESSION),
        Script("a b", cut_after_pieces=1),
        Script("a b", cut_after_pieces=0),
        Script(status=401),
        Script(raw_chunks=[b'data: {"error": "no session ' + SESSION.encode() + b'"}\n\n']),
    ],
    ids=["400", "500", "403", "cut", "cut-at-once", "401", "in-stream"],
)
async def test_no_error_holds_a_secret(make: MakeFace, space: RekaSpace, script: Script) -> None:
    """Ours: errors are logged and shown."""
    space.enqueue(*[script] * 4)
    face = make()
    said = everything_in(await failure_of(face))
    secrets: Sequence[str] = [SESSION, *space.issued_tokens]
    assert secrets
    assert not [secret for secret in secrets if secret in said]


# --- stream, which AsyncReka alone has ---


async def states_of(client: AsyncReka) -> list[CompletionState]:
    return [state async for state in client.stream(messages=HELLO)]


async def test_stream_shows_the_answer_as_it_stands(space: RekaSpace) -> None:
    """1.3: each event repeats the whole text; the last state tells why it ended and what it cost."""
    gate = asyncio.Semaphore(1)
    space.enqueue(Script("one two three", gate=gate))
    states = []
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        async for state in client.stream(messages=HELLO):
            states.append(state)
            gate.release()
    assert [state.text for state in states] == ["one", "one two", "one two three"]
    assert states[-1].finish_reason == "stop"
    assert states[-1].usage is not None
    assert states[-1].usage.output_tokens == 3


async def test_stream_follows_a_revision(space: RekaSpace) -> None:
    """1.3: with cumulative events Reka can revise what it sent, and `stream` simply shows the new text."""
    space.enqueue(Script("The tower", token_s=0.02, revise_to="A lighthouse"))
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        states = await states_of(client)
    assert [state.text for state in states][-2:] == ["The tower", "A lighthouse"]


async def test_a_slow_reader_skips_states(space: RekaSpace) -> None:
    """Ours: of the events that wait only the newest with text is parsed (decision 7)."""
    space.enqueue(Script("one two three four five"))
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        states = []
        async for state in client.stream(messages=HELLO):
            states.append(state.text)
            await asyncio.sleep(0.1)
    assert states[-1] == "one two three four five"
    assert len(states) <= 3


@pytest.mark.parametrize("pieces", [0, 1])
async def test_cancelling_the_reader_ends_the_answer_upstream(space: RekaSpace, pieces: int) -> None:
    """Ours: a task that is cancelled must not leave its answer running, also before the first header."""
    space.enqueue(Script("one two", silent_after_pieces=pieces))
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        reading = asyncio.create_task(states_of(client))
        await space.until(lambda: bool(space.chats))
        await asyncio.sleep(0.05)
        reading.cancel()
        cancelled_s = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await space.until(lambda: last_chat(space).closed_early, timeout_s=1.0)
    assert (last_chat(space).ended_at or 0.0) - cancelled_s < 0.1
