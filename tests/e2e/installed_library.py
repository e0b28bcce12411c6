"""The library as `pip install .` gives it, in an environment of its own, without any network."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Installed:
    """Where it is: `folder` is for files of the test, and no part of the tree is on the path there."""

    folder: Path
    wheel: Path
    python: str
    reka: str
    environment: dict[str, str]
    """What a shell would have, without a single setting of ours."""


def install(folder: Path) -> Installed:
    """Build the wheel and install it beside the libraries that the tests have; skips without the build's tool."""
    if importlib.util.find_spec("flit_core") is None:
        reason = "no flit_core to build the wheel with: run the tests with `make test`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    wheels, home = folder / "wheels", folder / "venv"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(wheels), str(ROOT)])
    (wheel,) = wheels.iterdir()
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    _run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)])
    (packages,) = home.glob("lib/python*/site-packages")
    # aiohttp and Pillow come from here, so that nothing is fetched.
    (packages / "of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    environment = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    return Installed(folder, wheel, str(python), str(home / "bin" / "reka"), environment)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
