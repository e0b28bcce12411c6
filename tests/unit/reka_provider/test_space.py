"""AsyncReka's session and its options, against the loopback Reka."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reka_provider import AsyncReka, RekaAuthError, RekaRequestError
from sandbox.reka_space import Fault, RekaSpace, Script

HELLO = [{"role": "user", "content": "Hello"}]
TOKEN, CHAT, UPLOAD = "/bff/auth/access_token", "/api/chat", "/api/upload-image"


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    async with RekaSpace(token_s=0.0) as running:
        yield running


@pytest.fixture
def cookies(tmp_path: Path) -> Path:
    """A file as a browser extension exports it."""
    path = tmp_path / "cookies.json"
    path.write_text(exported("first"), encoding="utf-8")
    return path


def exported(session: str) -> str:
    items = [
        {"name": "appSession", "value": session, "domain": "space.reka.ai"},
        {"name": "sid", "value": "of another site", "domain": ".example.org"},
    ]
    return json.dumps(items, indent=2)


def export(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def text_in(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def session_in(path: Path) -> str:
    return str(json.loads(text_in(path))[0]["value"])


def lose(path: Path) -> None:
    path.unlink()


def png(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


def client_of(space: RekaSpace, cookies: Any, **options: Any) -> AsyncReka:
    return AsyncReka(cookies=cookies, base_url=space.url, backoff=0.01, **options)


async def text_of(client: AsyncReka, messages: Any = HELLO, **options: Any) -> str:
    return "".join([piece async for piece in client.create_completion(messages=messages, **options)])


def sent_cookies(space: RekaSpace) -> str:
    return space.chats[-1].headers["Cookie"]


# --- what a question may ask for ---


async def test_search_code_model_and_seed_go_along(space: RekaSpace) -> None:
    """reka-api.md 1.3: the fields of the site's own switches."""
    async with client_of(space, {"appSession": "x"}) as client:
        await text_of(
            client, model="reka-flash", use_search_engine=True, use_code_interpreter=True, random_seed=7
        )
        body = space.chats[-1].body
        assert body["use_search_engine"] is True
        assert body["use_code_interpreter"] is True
        assert body["model_name"] == "reka-flash"
        assert body["random_seed"] == 7


async def test_without_a_seed_the_time_is_one(space: RekaSpace) -> None:
    """reka-api.md 1.3: in milliseconds; two equal questions are to be answered anew."""
    async with client_of(space, {"appSession": "x"}) as client:
        await text_of(client)
        assert 1_700_000_000_000 < space.chats[-1].body["random_seed"] < 10_000_000_000_000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"random_seed": 1.5}, "random_seed must be a whole number"),
        ({"random_seed": True}, "random_seed must be a whole number"),
        ({"random_seed": -1}, "random_seed must be a whole number"),
        ({"random_seed": 2**63}, "random_seed must be a whole number"),
        ({"use_search_engine": "yes"}, "use_search_engine must be True or False"),
        ({"use_code_interpreter": 1}, "use_code_interpreter must be True or False"),
        ({"model": 5}, "model must be a name"),
    ],
)
async def test_options_of_a_wrong_kind_are_refused_before_any_request(
    space: RekaSpace, options: dict[str, Any], said: str
) -> None:
    """What Reka would say to them is unknown."""
    async with client_of(space, {"appSession": "x"}) as client:
        with pytest.raises(RekaRequestError, match=said):
            await text_of(client, **options)
    assert space.token_requests == 0


async def test_a_refused_model_is_told_with_names_that_are_taken(space: RekaSpace) -> None:
    """A name of the official API is the likely mistake."""
    space.enqueue(Script(status=404, body='{"detail": "unknown model"}'))
    async with client_of(space, {"appSession": "x"}) as client:
        with pytest.raises(RekaRequestError, match="reka-core, reka-flash, reka-edge") as caught:
            await text_of(client, model="reka-flash-9")
    assert caught.value.status == 404


async def test_answers_beyond_the_bound_wait_in_order(space: RekaSpace) -> None:
    """REKA_CONCURRENCY: a machine with few files or an account with few streams."""
    gate = asyncio.Semaphore(0)
    space.enqueue(*[Script("one two", gate=gate)] * 3)
    async with client_of(space, {"appSession": "x"}, concurrency=2) as client:
        answers = [asyncio.create_task(text_of(client)) for _ in range(3)]
        await space.until(lambda: len(space.chats) == 2)
        await asyncio.sleep(0.05)
        assert len(space.chats) == 2
        for _ in range(6):
            gate.release()
        assert await asyncio.gather(*answers) == ["one two"] * 3


# --- the session as Reka renews it ---


@pytest.mark.parametrize("path", [TOKEN, CHAT])
async def test_a_renewed_session_is_kept(space: RekaSpace, path: str) -> None:
    """A session that rolls ends with its first cookie if nobody takes the next."""
    space.set_cookies.append((path, ["appSession=second; Path=/; HttpOnly", "tracker=1; Path=/"]))
    async with client_of(space, {"appSession": "first"}) as client:
        await text_of(client)
        await text_of(client)
    assert sent_cookies(space) == "appSession=second"


async def test_an_upload_may_renew_the_session_too(space: RekaSpace) -> None:
    """Each answer of the site may."""
    space.set_cookies.append((UPLOAD, ["appSession=second"]))
    async with client_of(space, {"appSession": "first"}) as client:
        await client.upload_image(png())
        await text_of(client)
    assert sent_cookies(space) == "appSession=second"


async def test_a_refusal_may_renew_the_session_too(space: RekaSpace) -> None:
    """A rolling session rolls with every answer, whatever its status."""
    space.set_cookies.append((CHAT, ["appSession=second"]))
    space.enqueue(Script(status=503), Script("There."))
    async with client_of(space, {"appSession": "first"}) as client:
        await text_of(client)
        await text_of(client)
    assert sent_cookies(space) == "appSession=second"


async def test_a_session_may_be_split_and_joined(space: RekaSpace) -> None:
    """reka-api.md 1.1: a session that grows comes in two cookies, and the old one is deleted."""
    space.set_cookies.append(
        (CHAT, ["appSession=; Max-Age=0", "appSession.0=left; Path=/", "appSession.1=right; Path=/"])
    )
    async with client_of(space, {"appSession": "first", "theme": "dark"}) as client:
        await text_of(client)
        await text_of(client)
    assert sent_cookies(space) == "theme=dark; appSession.0=left; appSession.1=right"


@pytest.mark.parametrize(
    "line",
    [
        "appSession=evil; Domain=example.org",
        "appSession=evil; Path=/other",
        "other=1",
        "appSession=evil;Domain=ai",
    ],
)
async def test_cookies_that_are_not_of_this_site_are_left(space: RekaSpace, line: str) -> None:
    """As a browser would."""
    space.set_cookies.append((TOKEN, [line]))
    async with client_of(space, {"appSession": "first"}) as client:
        await text_of(client)
    assert sent_cookies(space) == "appSession=first"


async def test_a_bearer_token_alone_takes_no_cookies(space: RekaSpace) -> None:
    """Whose session would that be?"""
    space.set_cookies.append((CHAT, ["appSession=second"]))
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        await text_of(client)
        await text_of(client)
    assert "Cookie" not in space.chats[-1].headers


async def test_a_log_out_by_reka_is_told(space: RekaSpace) -> None:
    """401, and the cookie deleted with it."""
    space.set_cookies.append((TOKEN, ["appSession=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]))
    space.faults.append(Fault(401))
    async with client_of(space, {"appSession": "first"}) as client:
        for _ in range(2):
            with pytest.raises(RekaAuthError, match="copy the cookie appSession anew"):
                await text_of(client)
    assert space.token_requests == 1


async def test_an_outdated_answer_does_not_delete_a_newer_session(space: RekaSpace) -> None:
    """Of two on their way, one renews the session and the other, asked with the old one, calls it over."""
    space.enqueue(Script("slow", first_token_s=0.2, status=200, body="x"), Script("fast"))
    async with client_of(space, {"appSession": "first"}) as client:
        await client.get_access_token()
        slow = asyncio.create_task(text_of(client))
        await space.until(lambda: len(space.chats) == 1)
        space.set_cookies.append((CHAT, ["appSession=second"]))
        await text_of(client)
        space.set_cookies.append((CHAT, ["appSession=; Max-Age=0"]))
        await asyncio.gather(slow, return_exceptions=True)
        await text_of(client)
    assert sent_cookies(space) == "appSession=second"


async def test_former_values_stay_secret(space: RekaSpace) -> None:
    """An answer that was asked with the old session may still quote it."""
    space.set_cookies.append((TOKEN, ["appSession=second-s3cret"]))
    space.enqueue(Script(status=400, body="bad appSession first-s3cret or second-s3cret"))
    async with client_of(space, {"appSession": "first-s3cret"}) as client:
        with pytest.raises(RekaRequestError) as caught:
            await text_of(client)
    assert "s3cret" not in str(caught.value)
    assert "bad appSession" in str(caught.value)


# --- and its file ---


async def test_a_renewed_session_goes_back_into_its_file(space: RekaSpace, cookies: Path) -> None:
    """Else the next start begins with one that has ended."""
    space.sessions, space.rotates_sessions, space.token_life_s = {"first"}, True, 0.02
    for _ in range(2):
        async with client_of(space, cookies) as client:
            for _ in range(3):
                await text_of(client)
                await asyncio.sleep(0.03)
    assert space.sessions == {session_in(cookies)}
    assert text_in(cookies) == exported(session_in(cookies))


async def test_parallel_renewals_leave_the_last_one(space: RekaSpace, cookies: Path) -> None:
    """They are written in order, however many answers bring one."""
    async with client_of(space, cookies) as client:
        await client.get_access_token()
        for number in range(20):
            space.set_cookies.append((CHAT, [f"appSession=s{number}"]))
        await asyncio.gather(*(text_of(client) for _ in range(20)))
        await text_of(client)
    assert sent_cookies(space) == f"appSession={session_in(cookies)}"


async def test_two_programs_share_a_file(space: RekaSpace, cookies: Path) -> None:
    """Where each renewal ends the session before, each must go on with the other's."""
    space.sessions, space.rotates_sessions, space.token_life_s = {"first"}, True, 0.0
    async with client_of(space, cookies) as one, client_of(space, cookies) as other:
        for _ in range(4):
            for client in (one, other):
                space.expire_tokens()
                await text_of(client)
                await client.close()
    assert space.sessions == {session_in(cookies)}


async def test_a_fresh_export_is_read_when_the_session_is_refused(space: RekaSpace, cookies: Path) -> None:
    """Nobody has to restart the bot for it."""
    space.sessions = {"first", "second"}
    async with client_of(space, cookies) as client:
        await text_of(client)
        space.sessions = {"second"}
        space.expire_tokens()
        export(cookies, exported("second"))
        await text_of(client)
        assert sent_cookies(space) == "appSession=second"
        assert space.token_requests == 2
    assert session_in(cookies) == "second"


async def test_an_export_that_comes_during_the_refusal_is_read(space: RekaSpace, cookies: Path) -> None:
    """The file is looked at once more before failing."""
    space.sessions, space.token_delay_s = {"second"}, 0.1
    async with client_of(space, cookies) as client:
        asking = asyncio.create_task(text_of(client))
        await space.until(lambda: space.token_requests == 1)
        export(cookies, exported("second"))
        assert await asking


async def test_a_refused_session_with_its_file_unchanged_fails_once(space: RekaSpace, cookies: Path) -> None:
    """One request says all there is to know."""
    space.sessions = {"second"}
    async with client_of(space, cookies) as client:
        with pytest.raises(RekaAuthError):
            await text_of(client)
    assert space.token_requests == 1


async def test_a_half_written_export_does_no_harm(space: RekaSpace, cookies: Path) -> None:
    """A program may write it in pieces; the cookies at hand may still do."""
    async with client_of(space, cookies) as client:
        export(cookies, exported("second")[:40])
        assert await text_of(client)
        lose(cookies)
        space.expire_tokens()
        assert await text_of(client)


async def test_a_fresh_export_is_not_overwritten_by_an_older_session(space: RekaSpace, cookies: Path) -> None:
    """An answer of the old session that comes late must not cost a person their new one."""
    async with client_of(space, cookies) as client:
        await text_of(client)
        space.set_cookies.append((CHAT, ["appSession=late"]))
        export(cookies, exported("fresh"))
        await text_of(client)
        await client.close()
        await text_of(client)
        assert sent_cookies(space) == "appSession=fresh"
    assert session_in(cookies) == "fresh"


async def test_a_file_that_cannot_be_written_is_warned_of_once(
    space: RekaSpace, cookies: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The request must not suffer, and the log must not show a value."""
    with caplog.at_level(logging.DEBUG):
        async with client_of(space, cookies) as client:
            await client.get_access_token()
            lose(cookies)
            for number in range(3):
                space.set_cookies.append((CHAT, [f"appSession=s3cret{number}"]))
                assert await text_of(client)
                await asyncio.sleep(0.05)
    assert sent_cookies(space) == "appSession=s3cret1"
    (record,) = [record for record in caplog.records if record.name.startswith("reka_provider")]
    assert record.levelno == logging.WARNING
    assert str(cookies) in record.getMessage()
    assert "s3cret" not in caplog.text


async def test_a_session_given_beside_a_file_is_not_written_into_it(
    space: RekaSpace, cookies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REKA_APP_SESSION is another login than that of the file."""
    monkeypatch.setenv("REKA_APP_SESSION", "other")
    monkeypatch.setenv("REKA_COOKIES", str(cookies))
    monkeypatch.delenv("REKA_BEARER_TOKEN", raising=False)
    space.set_cookies.append((TOKEN, ["appSession=second"]))
    async with AsyncReka(base_url=space.url) as client:
        await text_of(client)
    assert sent_cookies(space) == "appSession=second"
    assert session_in(cookies) == "first"


async def test_the_environments_file_gets_its_renewed_session(
    space: RekaSpace, cookies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REKA_COOKIES may name a file."""
    for name in ("REKA_APP_SESSION", "REKA_BEARER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REKA_COOKIES", str(cookies))
    space.set_cookies.append((TOKEN, ["appSession=second"]))
    async with AsyncReka(base_url=space.url) as client:
        await text_of(client)
    assert session_in(cookies) == "second"


# --- pictures that Reka forgot ---


def question_with(*pictures: bytes) -> list[dict[str, Any]]:
    parts = [{"type": "image", "image": picture, "media_type": "image/png"} for picture in pictures]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": "What is it?"}]}]


async def test_a_forgotten_picture_is_uploaded_once_more(space: RekaSpace) -> None:
    """Reka may keep uploads for a day, a conversation lasts longer."""
    async with client_of(space, {"appSession": "x"}) as client:
        await text_of(client, question_with(png("red"), png("blue")))
        space.forget_media()
        assert await text_of(client, question_with(png("red"), png("blue")))
        assert len(space.uploads) == 4
        assert await text_of(client, question_with(png("red"), png("blue")))
        assert len(space.uploads) == 4
    first, second = space.chats[-1].conversation_history
    assert [first["image_url"], second["image_url"]] == [upload.media_url for upload in space.uploads[2:]]


@pytest.mark.parametrize(
    "script",
    [
        Script(status=400, body='{"error": {"message": "media expired"}}'),
        Script(status=404, body='{"detail": "image_url not found"}'),
        Script(status=410, body="that file is gone"),
        Script(raw_chunks=[b'data: {"error": {"type": "validation_error", "message": "bad image"}}\n\n']),
    ],
    ids=["400", "404", "410", "in-stream"],
)
async def test_each_refusal_of_a_picture_is_answered_so(space: RekaSpace, script: Script) -> None:
    """How Reka says it is not known (reka-api.md 1.4)."""
    async with client_of(space, {"appSession": "x"}) as client:
        await client.keep_image(png())
        space.enqueue(script, Script("A cat."))
        assert await text_of(client, question_with(png())) == "A cat."
    assert len(space.uploads) == 2


async def test_it_is_asked_again_only_once(space: RekaSpace) -> None:
    """A picture that is refused twice is not to Reka's liking."""
    refusal = Script(status=400, body='{"detail": "bad image"}')
    space.enqueue(refusal, refusal, Script("never"))
    async with client_of(space, {"appSession": "x"}) as client:
        await client.keep_image(png())
        with pytest.raises(RekaRequestError, match="bad image"):
            await text_of(client, question_with(png()))
    assert len(space.chats) == 2


@pytest.mark.parametrize(
    ("script", "messages"),
    [
        (Script(status=400, body='{"detail": "bad image"}'), question_with(png("green"))),
        (Script(status=400, body='{"detail": "bad image"}'), HELLO),
        (Script(status=400, body='{"detail": "too many turns"}'), question_with(png())),
        (Script(status=413, body='{"detail": "image too large"}'), question_with(png())),
        (
            Script(
                raw_chunks=[
                    b'data: {"text": "A"}\n\n',
                    b'data: {"error": {"type": "validation_error", "message": "bad image"}}\n\n',
                ],
                token_s=0.02,
            ),
            question_with(png()),
        ),
    ],
    ids=["just-uploaded", "no-picture", "other-reason", "413", "after-the-first-token"],
)
async def test_other_refusals_are_told_at_once(space: RekaSpace, script: Script, messages: Any) -> None:
    """Asking again would not change them."""
    async with client_of(space, {"appSession": "x"}) as client:
        await client.keep_image(png())
        space.enqueue(script)
        with pytest.raises(RekaRequestError):
            await text_of(client, messages)
    assert len(space.chats) == 1


async def test_closing_in_the_second_try_ends_it_upstream(space: RekaSpace) -> None:
    """No answer goes on that nobody reads, in this corner neither."""
    async with client_of(space, {"appSession": "x"}) as client:
        await client.keep_image(png())
        space.enqueue(
            Script(status=400, body='{"detail": "bad image"}'), Script("one two", silent_after_pieces=1)
        )
        async with aclosing(client.stream(messages=question_with(png()))) as states:
            assert (await anext(states)).text == "one"
        await space.until(lambda: space.chats[-1].closed_early, timeout_s=1.0)
