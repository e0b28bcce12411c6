"""Every program of docs/reka_provider.md is run word for word, and what the page says of the package holds."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

import reka_provider
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace, Script

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reka_provider.md"
SAID = PAGE.read_text(encoding="utf-8")


def programs() -> dict[str, str]:
    """The Python of the page, by the heading above it."""
    return dict(re.findall(r"^### (.+?)\n.*?^```python\n(.*?)^```", SAID, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    """A loopback space.reka.ai."""
    async with RekaSpace(token_s=0.0) as running:
        yield running


async def run(program: str, folder: Path, **env: str) -> str:
    """What a program of the page prints; it must end well and complain of nothing."""
    Image.new("RGB", (64, 48), "orange").save(folder / "cat.png")
    (folder / "program.py").write_text(program, encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("REKA_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "program.py"),
        cwd=folder,
        env={**bare, "PYTHONPATH": str(ROOT), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    return output.decode()


def account(space: RekaSpace) -> dict[str, str]:
    return {"REKA_URL": space.url, "REKA_APP_SESSION": "a-session"}


def test_there_are_five_programs() -> None:
    """Each has its test below."""
    assert list(programs()) == [
        "Stream an answer",
        "Ask about a picture",
        "Without asyncio",
        "When it goes wrong",
        "The official API: models, reasoning, usage",
    ]


async def test_streaming(space: RekaSpace, tmp_path: Path) -> None:
    """The first thing that anybody tries."""
    space.enqueue(Script(text="Blue light is scattered most."))

    said = await run(programs()["Stream an answer"], tmp_path, **account(space))

    assert said == "Blue light is scattered most.\n"
    assert space.chats[0].conversation_history[0]["text"].endswith("Why is the sky blue?")


async def test_picture(space: RekaSpace, tmp_path: Path) -> None:
    """It arrives, and the question refers to it."""
    said = await run(programs()["Ask about a picture"], tmp_path, **account(space))

    assert said.strip()
    (turn,) = space.chats[0].conversation_history
    assert turn["image_url"] == space.uploads[0].media_url


async def test_blocking(space: RekaSpace, tmp_path: Path) -> None:
    """Once in pieces and once whole."""
    space.enqueue(Script(text="Elbe, Po, Nile."), Script(text="Oder, Don, Ob."))

    said = await run(programs()["Without asyncio"], tmp_path, **account(space))

    assert said == "Elbe, Po, Nile.\nOder, Don, Ob.\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (Script(status=429, headers={"Retry-After": "75"}), "Come back in 75 s.\n"),
        (Script(status=403), "Log in anew: "),
        (
            Script(pieces=["Hel", "lo", "."], cut_after_pieces=2, token_s=0.05),
            "Hello\nBroke off after 5 characters: ",
        ),
    ],
)
async def test_errors(space: RekaSpace, tmp_path: Path, script: Script, told: str) -> None:
    """Each branch of the program is one that people will meet."""
    space.enqueue(script)

    said = await run(programs()["When it goes wrong"], tmp_path, **account(space))

    assert said.startswith(told)


async def test_official(tmp_path: Path) -> None:
    """Models, reasoning and usage are what the other service has not."""
    async with RekaPlatformServer(token_s=0.0) as platform:
        program = programs()["The official API: models, reasoning, usage"]
        said = await run(program, tmp_path, REKA_API_URL=platform.url, REKA_API_KEY="your_api_key")

    assert re.search(r"^reka-edge-2603 16384 \('text', 'image', 'video'\)$", said, flags=re.MULTILINE)
    assert re.search(r"^Thought: .+", said, flags=re.MULTILINE)
    assert re.search(r"^Answer: .+ stop$", said, flags=re.MULTILINE | re.DOTALL)
    assert re.search(r"^Tokens: \d+ \d+$", said, flags=re.MULTILINE)


def test_page_names_every_error_and_every_client() -> None:
    """A name that is missing there is one that nobody catches."""
    errors = {name for name in reka_provider.__all__ if name.startswith("Reka") and name.endswith("Error")}

    assert {name for name in errors - {"RekaError"} if f"| `{name}`" not in SAID} == set()
    assert {"AsyncReka", "Reka", "AsyncRekaPlatform", "RekaPlatform"} <= set(reka_provider.__all__)


async def test_page_names_every_option_of_the_command(tmp_path: Path) -> None:
    """`--help` and the page are read by the same people."""
    helping = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reka_provider", "--help"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    helped, _ = await helping.communicate()

    options = set(re.findall(r"--[a-z][a-z-]+", helped.decode()))
    assert helping.returncode == 0
    assert options == set(re.findall(r"--[a-z][a-z-]+", SAID.partition("## The command")[2]))


def test_what_the_page_links_to_is_there() -> None:
    """It is the front page of the package, too."""
    for target in re.findall(r"\]\(([^)#]+)\)", SAID):
        assert target.startswith("https://") or (PAGE.parent / target).exists(), target
