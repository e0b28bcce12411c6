"""The image of deploy/Dockerfile, made and run without Docker: unprivileged, on a read-only tree, the bot answers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.reka_space import RekaSpace, Script
from sandbox.server import Sandbox
from tests.e2e.house import environment_for
from tests.e2e.processes import ROOT
from tests.e2e.test_health import free_port


def able_to_try() -> None:
    """Mounts need root on Linux, which CI is."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        reason = "to try the image takes root on Linux"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@asynccontextmanager
async def trying_image(settings: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """Make the image and run it until the end of the block; the program that does, once all is healthy, and what it
    says."""
    trial = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.try_image", "--env-file", settings),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert trial.stdin is not None
    assert trial.stdout is not None
    said: list[str] = []
    try:
        async for line in trial.stdout:
            said.append(line.decode().rstrip())
            if said[-1] == "healthy":
                break
        else:
            pytest.fail("\n".join(said))
        yield trial, said
        trial.stdin.close()
        said += (await trial.stdout.read()).decode().splitlines()
        await trial.wait()
    finally:
        if trial.returncode is None:
            trial.kill()
            await trial.wait()


@pytest.mark.timeout(300)  # it installs what the bot needs, from its registry
async def test_the_image_is_made_by_its_dockerfile_and_answers(tmp_path: Path) -> None:
    """A step that fails, a room left out, a file it cannot write: all that is found in production otherwise."""
    able_to_try()
    async with Sandbox() as sandbox, RekaSpace() as reka:
        reka.enqueue(Script(text="From inside."))
        env = environment_for(sandbox, reka, tmp_path, HEALTH_PORT=str(free_port()))
        del env["DATABASE_URL"]  # the image's own, on its volume
        settings = tmp_path / "env"
        settings.write_text("".join(f"{name}={value}\n" for name, value in env.items()), encoding="utf-8")
        async with trying_image(settings) as (trial, said):
            general = sandbox.world.channel("general")
            sandbox.world.person("alice").says(general, f"{sandbox.world.bot.mention} where are you?")
            await sandbox.world.until(
                lambda: [one.content for one in sandbox.world.messages(general)][1:] == ["From inside."],
                timeout_s=20,
            )
        assert trial.returncode == 0, "\n".join(said)

    assert "CMD python bot.py, as 10001:10001" in said
    assert said[-1] == "stopped"
    assert not [line for line in said if "Traceback" in line]
