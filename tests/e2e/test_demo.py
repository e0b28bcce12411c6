"""`python -m sandbox`, the process behind `make demo`: from nothing to a page, and back to nothing."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import aiohttp

from sandbox.reka_space import RekaSpace, Script
from tests.e2e.demo import demo, page_of, say


async def test_demo_is_ready_when_it_names_its_page_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Who opens the address at once finds the page, and the bot in it; Ctrl+C ends all within 3 s."""
    async with demo(tmp_path) as program:
        page = await page_of(program)
        async with aiohttp.ClientSession() as session, session.get(page) as response:
            assert response.status == 200
            assert "text/html" in response.headers["Content-Type"]
        assert await say(page, "hello")
        assert "stand-in" in "\n".join(program.output)

        async with aiohttp.ClientSession() as session, session.ws_connect(f"{page}sandbox/live"):
            began_s = time.monotonic()
            program.signal(signal.SIGINT)
            assert await program.ended() == 0
            assert time.monotonic() - began_s < 3.0
    assert program.errors == []
    assert (tmp_path / "data" / "demo.db").is_file()
    assert os.listdir(tmp_path) == ["data"]  # noqa: PTH208 - a look at a folder, not a walk


async def test_demo_remembers_in_a_database_of_its_own(tmp_path: Path) -> None:
    """A DATABASE_URL of the real bot in the environment, or in a .env there, is left alone."""
    real = tmp_path / "real.db"
    (tmp_path / ".env").write_text("DISCORD_TOKEN=a.real.token\n", encoding="utf-8")
    env = {"DATABASE_URL": f"sqlite+aiosqlite:///{real}", "DISCORD_TOKEN": "a.real.token"}

    async with demo(tmp_path, env=env) as program:
        await page_of(program)

    assert not real.exists()
    assert (tmp_path / "data" / "demo.db").is_file()


async def test_demo_with_credentials_talks_to_that_reka_and_says_so(tmp_path: Path) -> None:
    """The same page, with the real thing behind it."""
    async with RekaSpace() as reka:
        reka.enqueue(Script(pieces=["Really."]))
        env = {"REKA_URL": reka.url, "REKA_APP_SESSION": "a-session"}
        async with demo(tmp_path, env=env) as program:
            page = await page_of(program)
            assert await say(page, "are you real?") == "Really."
            await program.until(lambda: "Ctrl+C" in "\n".join(program.output))
            program.signal(signal.SIGINT)
            assert await program.ended() == 0

    told = "\n".join(program.output)
    assert f"The answers come from {reka.url.removeprefix('http://')}" in told
    assert "stand-in" not in told
    assert program.errors == []


async def test_demo_says_that_its_port_is_taken(tmp_path: Path) -> None:
    """One sentence with a way out, and no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with demo(tmp_path, "--port", str(taken.getsockname()[1])) as program:
            assert await program.ended() == 1

    [sentence] = program.errors
    assert "is taken" in sentence
    assert program.output == []


async def test_demo_whose_bot_cannot_start_says_why_and_ends(tmp_path: Path) -> None:
    """The bot's own sentence stands above the demo's."""
    async with demo(tmp_path, env={"GRACE_S": "0", "HISTORY_DAYS": "never"}) as program:
        assert await program.ended() == 1

    assert program.errors[0].startswith("HISTORY_DAYS must be")
    assert "ended by itself, with status 2" in program.errors[-1]
    assert "Traceback" not in "\n".join(program.errors)


async def test_ctrl_c_before_the_demo_is_ready_ends_it(tmp_path: Path) -> None:
    """A person who changed their mind gets their prompt back."""
    async with demo(tmp_path) as program:
        await program.until((tmp_path / "data").exists)
        program.signal(signal.SIGINT)
        assert await program.ended(3.0) == 0

    assert "Traceback" not in "\n".join([*program.output, *program.errors])
