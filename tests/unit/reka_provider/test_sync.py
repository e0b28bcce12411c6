"""What the blocking class adds to the asynchronous one: threads, and the ways in which a program ends."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from reka_provider import AbstractProvider, Reka, RekaAuthError, RekaPlatform, RekaRequestError
from sandbox.reka_space import RekaSpace, Script
from tests.unit.reka_provider.scripted_platform import Platform, pieces, said

ROOT = Path(__file__).parents[3]
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    async with RekaSpace(token_s=0.0) as running:
        yield running


def test_the_attributes_of_a_provider_are_on_the_class() -> None:
    """Programs look at them without making an instance."""
    assert issubclass(Reka, AbstractProvider)
    assert (Reka.domain, Reka.url) == ("space.reka.ai", "https://space.reka.ai")
    assert Reka.working
    assert Reka.needs_auth
    assert Reka.supports_stream
    assert Reka.default_vision_model == "reka-core"
    assert Reka.cookies == {}
    assert "in pieces" in (Reka.create_completion.__doc__ or "")


async def test_a_call_on_the_class_takes_the_constructors_arguments(space: RekaSpace) -> None:
    """As keywords, beside those of the method."""

    def program() -> tuple[str, str, str]:
        cookies = {"appSession": "x"}
        token = Reka.get_access_token(cookies=cookies, base_url=space.url)
        url = Reka.upload_image(png_dot(), access_token=token, base_url=space.url)
        pieces = Reka.create_completion("reka-core", HELLO, api_key="your_api_key", base_url=space.url)
        return token, url, "".join(pieces)

    token, url, text = await asyncio.to_thread(program)
    assert token in space.issued_tokens
    assert url == space.uploads[0].media_url
    assert "stand-in" in text


def png_dot() -> bytes:
    return bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )


async def test_cookies_on_the_class_serve_those_who_give_none(space: RekaSpace) -> None:
    """Programs of the known client set them there; a subclass keeps its own."""

    class Mine(Reka):
        cookies: ClassVar[dict[str, str]] = {"appSession": "mine"}

    space.sessions = {"mine"}
    assert await asyncio.to_thread(lambda: Mine.get_access_token(base_url=space.url))
    assert Reka.cookies == {}


def test_an_unknown_argument_is_refused() -> None:
    """A misspelt name must not be ignored."""
    with pytest.raises(TypeError, match="imag"):
        list(Reka.create_completion(messages=HELLO, imag=b"", api_key="x", base_url="http://127.0.0.1:9"))


def test_without_credentials_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same from the class as from the asynchronous one, and a ValueError as programs expect."""
    for name in ("REKA_APP_SESSION", "REKA_COOKIES", "REKA_BEARER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="appSession") as caught:
        next(Reka.create_completion(messages=HELLO))
    assert isinstance(caught.value, RekaAuthError)


async def test_a_dropped_generator_ends_the_answer_upstream(space: RekaSpace) -> None:
    """`break` in a for loop drops it, and says nothing more."""
    space.enqueue(Script("one two", silent_after_pieces=1))

    def program() -> None:
        for _ in Reka.create_completion(messages=HELLO, api_key="your_api_key", base_url=space.url):
            break
        gc.collect()

    await asyncio.to_thread(program)
    await space.until(lambda: space.chats[0].closed_early, timeout_s=1.0)


async def test_a_generator_that_was_never_started_costs_nothing(space: RekaSpace) -> None:
    """No client, no request."""
    Reka.create_completion(messages=HELLO, api_key="your_api_key", base_url=space.url).close()
    await asyncio.sleep(0.05)
    assert space.chats == []


async def test_several_threads_share_one_loop(space: RekaSpace) -> None:
    """Each of them blocks only itself."""
    with Reka(api_key="your_api_key", base_url=space.url) as reka:
        texts = await asyncio.gather(
            *(asyncio.to_thread(lambda: "".join(reka.create_completion(messages=HELLO))) for _ in range(8))
        )
    assert len(set(texts)) == 1
    assert sum(thread.name == "reka" for thread in threading.enumerate()) == 1


def test_the_official_face_is_a_provider_of_the_same_kind() -> None:
    """Programs choose between the two by their attributes."""
    assert issubclass(RekaPlatform, AbstractProvider)
    assert (RekaPlatform.domain, RekaPlatform.url) == ("api.reka.ai", "https://api.reka.ai/v1")
    assert RekaPlatform.working
    assert RekaPlatform.needs_auth
    assert RekaPlatform.supports_stream
    assert RekaPlatform.default_vision_model == "reka-edge-2603"


async def test_the_official_api_answers_on_class_and_instance() -> None:
    """With its own parameters, and the constructor's where there is no instance."""

    def program(url: str) -> tuple[str, str, list[str]]:
        on_class = RekaPlatform.create_completion("reka-flash-3", HELLO, api_key="k", base_url=url, seed=7)
        text = "".join(on_class)
        with RekaPlatform(api_key="k", base_url=url) as reka:
            again = "".join(reka.create_completion(messages=HELLO, max_tokens=5))
            ids = [model.id for model in reka.list_models()]
        assert ids == [model.id for model in RekaPlatform.list_models(api_key="k", base_url=url)]
        return text, again, ids

    async with Platform() as platform:
        found = await asyncio.to_thread(program, platform.url)
    assert found == ("Hi", "Hi", ["reka-flash-3", "reka-edge-2603"])
    assert (platform.chats[0]["seed"], platform.chats[1]["max_tokens"]) == (7, 5)


async def test_the_official_api_ends_with_a_dropped_generator() -> None:
    """The tokens that nobody reads cost money."""

    def program(url: str) -> None:
        for _ in RekaPlatform.create_completion(messages=HELLO, api_key="k", base_url=url):
            break
        gc.collect()

    async with Platform() as platform:
        platform.answer = pieces(said("Hi"), silent=True)
        await asyncio.to_thread(program, platform.url)
        async with asyncio.timeout(1.0):
            await platform.closed.wait()


@pytest.mark.parametrize(
    ("option", "kind"), [({"max_token": 5}, TypeError), ({"max_tokens": 0}, RekaRequestError)]
)
def test_the_official_face_refuses_wrong_parameters(option: dict[str, int], kind: type[Exception]) -> None:
    """A misspelt name must not be ignored, nor a value that cannot be right."""
    with pytest.raises(kind, match="max_token"):
        list(
            RekaPlatform.create_completion(
                messages=HELLO, api_key="x", base_url="http://127.0.0.1:9", **option
            )
        )


PROGRAMS = {
    "half read": "pieces = Reka.create_completion(messages=HELLO)\nprint(next(pieces))",
    "never closed": "reka = Reka()\nprint(next(reka.create_completion(messages=HELLO)))",
    "in a thread": (
        "import contextlib, threading\n"
        "from reka_provider import RekaError\n"
        "pieces = Reka.create_completion(messages=HELLO)\nprint(next(pieces))\n"
        "def read_on():\n    with contextlib.suppress(RekaError):\n        list(pieces)\n"
        "threading.Thread(target=read_on, daemon=True).start()"
    ),
    "interrupted": (
        "import os, signal, threading\n"
        "pieces = Reka.create_completion(messages=HELLO)\nprint(next(pieces))\n"
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    next(pieces)\nexcept KeyboardInterrupt:\n    pieces.close()"
    ),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
async def test_a_program_ends_however_it_left_its_answer(space: RekaSpace, program: str) -> None:
    """It must neither hang nor warn, and Reka must see the end of it."""
    space.enqueue(Script("one two", silent_after_pieces=1))
    code = f"from reka_provider import Reka\nHELLO = {HELLO!r}\n{program}\n"
    environment = {**os.environ, "REKA_URL": space.url, "REKA_APP_SESSION": "x"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-c", code),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(10):
        output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == (0, "one\n")
    await space.until(lambda: space.chats[0].closed_early, timeout_s=1.0)
