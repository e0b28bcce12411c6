"""What the README tells people to type is what works."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from runtime.settings import Settings
from sandbox.reka_space import RekaSpace
from sandbox.server import Sandbox

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text(encoding="utf-8")

# Where each command of the README is run, over and over.
RUN_BY = {
    "make demo": "tests/e2e/test_demo.py",
    "make test": ".ci/run",
    "cp .env.example .env": "tests/e2e/test_readme.py",
    "make check": "tests/e2e/test_readme.py",
    "make run": "tests/e2e/test_readme.py",
    "make bench": "tests/e2e/test_benchmark_smoke.py",
    "make chaos": "tests/e2e/test_kill_anywhere.py",
    "make soak": "tests/e2e/test_soak_short.py",
}


def commands() -> list[str]:
    """Every line of every shell block."""
    blocks = re.findall(r"^( *)```sh\n(.*?)^\1```", README, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for _, block in blocks for line in block.splitlines() if line.strip()]


def test_every_command_of_the_readme_is_run_somewhere() -> None:
    """A command that nobody runs is wrong sooner or later."""
    assert sorted(commands()) == sorted(RUN_BY)
    for command, place in RUN_BY.items():
        text = (HOUSE / place).read_text(encoding="utf-8")
        assert command in text or command.removeprefix("make ") in text


def test_the_readme_lists_the_settings_in_their_order() -> None:
    """People look there first."""
    listed = re.findall(r"^\| `([A-Z_]+)` \|", README, flags=re.MULTILINE)

    assert listed == [name.upper() for name in Settings.model_fields]


def test_what_the_readme_links_to_is_there() -> None:
    """A picture or page that is missing is the first thing that a newcomer sees."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (HOUSE / target).exists(), target


def ready_venv() -> None:
    """Without the Makefile's venv, `make` would install it here and now."""
    if not (HOUSE / ".venv" / ".run-ready").exists():
        reason = "no .venv made by make: run the tests with `make test`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


async def make(*arguments: str, folder: Path, env: dict[str, str]) -> asyncio.subprocess.Process:
    """Run the Makefile's targets as a person does, with settings that point at the sandbox."""
    # The `make test` that runs us hands its own arguments down; a person's shell has none.
    own = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "ARGS"
    }
    return await asyncio.create_subprocess_exec(
        "make",
        "--no-print-directory",
        *arguments,
        cwd=HOUSE,
        env={**own, "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'reka.db'}", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def test_make_check_and_make_run_work_with_right_settings(tmp_path: Path) -> None:
    """Steps 4 and 5 of running it for real, with a Discord and a Reka that are on loopback."""
    ready_venv()
    async with Sandbox() as sandbox, RekaSpace() as reka:
        env = {
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "REKA_URL": reka.url,
            "REKA_APP_SESSION": "sandbox",
        }
        checking = await make("check", folder=tmp_path, env=env)
        said, _ = await checking.communicate()
        assert checking.returncode == 0, said.decode()
        assert "permissions=" in said.decode()

        running = await make("run", folder=tmp_path, env=env)
        await sandbox.world.until(lambda: sandbox.gateway.online, timeout_s=20)
        os.killpg(running.pid, signal.SIGINT)
        said, _ = await running.communicate()
        assert "Traceback" not in said.decode()


async def test_an_env_file_copied_from_the_example_says_what_is_missing(tmp_path: Path) -> None:
    """`cp .env.example .env` alone is not enough, and the bot says what is."""
    (tmp_path / ".env").write_text((HOUSE / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in _settings()}

    starting = await asyncio.create_subprocess_exec(
        sys.executable,
        HOUSE / "bot.py",
        cwd=tmp_path,
        env=kept,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await starting.communicate()

    assert starting.returncode == 2
    assert "DISCORD_TOKEN" in said.decode()
    assert "Traceback" not in said.decode()


def _settings() -> set[str]:
    return {name.upper() for name in Settings.model_fields}
