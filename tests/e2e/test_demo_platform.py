"""The demo with a key: the stand-in for the official API answers, and the key stays on this machine."""

from __future__ import annotations

import signal
from pathlib import Path

from sandbox.reka_platform import RekaPlatformServer, Script
from tests.e2e.demo import demo, page_of, say
from tests.e2e.pictures import picture


async def test_the_demo_answers_through_the_official_api(tmp_path: Path) -> None:
    """Words by the model that reads text, and nothing of the operator's other settings gets in the way."""
    env = {
        "REKA_API_KEY": "a-key-of-mine",
        "REKA_API_URL": "http://127.0.0.1:8321/reka/v1",
        "REKA_APP_SESSION": "session-of-mine",
        "REKA_FALLBACK": "space",
        "REKA_MODEL": "reka-core",
        "REKA_PROXY": "http://127.0.0.1:9",
    }
    async with demo(tmp_path, env=env) as program:
        page = await page_of(program)
        said = await say(page, "hello", until=lambda text: "“hello”" in text)
        await program.until(lambda: "Ctrl+C" in "\n".join(program.output))
        program.signal(signal.SIGINT)
        assert await program.ended() == 0

    told = "\n".join(program.output)
    assert "stand-in" in said
    assert f"{page}reka/v1" in told
    assert "official API" in told
    assert "of-mine" not in told
    assert program.errors == []


async def test_the_demo_shows_pictures_to_the_official_api(tmp_path: Path) -> None:
    """By the model that sees, also when a later question comes back to one."""
    async with demo(tmp_path, env={"REKA_API_KEY": "a-key-of-mine"}) as program:
        page = await page_of(program)
        seen = await say(
            page,
            "what is this?",
            file=("cat.png", picture()),
            until=lambda text: "× 48 pixels" in text,
        )
        again = await say(page, "how large is the picture?", until=lambda text: "× 48 pixels" in text)

    assert "You sent me a" in seen
    assert "I still have a" in again
    assert program.errors == []


async def test_the_demo_with_a_key_and_another_address_talks_to_that(tmp_path: Path) -> None:
    """A server of one's own, or Reka itself where REKA_API_URL says so."""
    async with RekaPlatformServer() as reka:
        reka.keys = {"a-key-of-mine"}
        reka.enqueue(Script(pieces=["Really."]))
        env = {"REKA_API_KEY": "a-key-of-mine", "REKA_API_URL": reka.url}
        async with demo(tmp_path, env=env) as program:
            page = await page_of(program)
            assert await say(page, "are you real?", until=lambda text: "Really." in text)
            await program.until(lambda: "Ctrl+C" in "\n".join(program.output))

    told = "\n".join(program.output)
    host = reka.url.removeprefix("http://").removesuffix("/v1")
    assert f"The answers come from {host}." in told
    assert "stand-in" not in told
    assert program.errors == []
