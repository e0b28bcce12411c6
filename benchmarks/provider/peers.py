"""A venv of their own for the clients that ours is measured against."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

PINS = Path(__file__).with_name("peers.txt")
_DONE = "installed"


class PeersMissingError(Exception):
    """The peers are not installed, or could not be; the text says what to do."""


def folder() -> Path:
    """Where the venv of these pins and this Python is: in the user's cache, outside of the project."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache / "reka-bot-benchmarks" / f"peers-{pins}"


def python(place: Path) -> Path:
    """The Python of the venv in `place`. Raises PeersMissingError."""
    if not (place / _DONE).exists():
        raise PeersMissingError(
            "g4f and the openai SDK are not installed for this benchmark:"
            " say --install once, or --alone to measure without them."
        )
    return place / "bin" / "python"


def install(place: Path) -> None:
    """Make the venv anew and install the pins, about 100 MB. Raises PeersMissingError."""
    print(f"Installing {PINS.name} into {place} ...", file=sys.stderr)
    venv.create(place, clear=True, with_pip=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--requirement", str(PINS)], check=False)  # noqa: S603 - our own pins
    if done.returncode != 0:
        raise PeersMissingError(f"pip could not install {PINS}; what it said stands above.")
    (place / _DONE).touch()
