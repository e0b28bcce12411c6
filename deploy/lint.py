"""Check each deployment file with its own tool: `python -m deploy.lint`, or `make lint`.

A tool that a machine lacks is named and left out; in CI (CI is set) that is a failure. Exit status 1 where a file is
wrong.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

DEPLOY = Path(__file__).parent
VENV_BIN = Path(sys.executable).parent
MOST_EXPOSED = 20  # of 100, in tenths of what systemd-analyze calls the exposure level


class Run(Protocol):
    """Runs one command; whether it found nothing wrong. One of `few_words` says something only of what is wrong."""

    def __call__(self, command: Sequence[str | Path], *, few_words: bool = False) -> bool: ...


Tool = Callable[[str], str]
"""Where the program of this name is. Raises MissingToolError."""


class MissingToolError(Exception):
    """A linter is not on this machine."""


def hadolint(run: Run, tool: Tool) -> bool:
    """The Dockerfile."""
    return run([tool("hadolint"), DEPLOY / "Dockerfile"])


def compose_schema(run: Run, tool: Tool) -> bool:
    """The compose files, by the schema of the Compose specification."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    return run([tool("check-jsonschema"), *schema, *sorted(DEPLOY.glob("compose*.yaml"))])


def kubernetes(run: Run, tool: Tool) -> bool:
    """The Kubernetes manifests, with no field that Kubernetes does not know."""
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    return run([tool("kubernetes-validate"), "--strict", "--quiet", *files])


def systemd(run: Run, tool: Tool) -> bool:
    """The unit, as systemd itself reads it, and how much of the machine the bot could reach."""
    analyze = tool("systemd-analyze")
    with _unit_for_this_machine() as unit:
        exposure = ["security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager"]
        # Its status is 0 for a line that systemd does not know and leaves out.
        verified = run([analyze, "verify", unit], few_words=True)
        return run([analyze, *exposure, unit]) and verified


LINTERS = (hadolint, compose_schema, kubernetes, systemd)


@contextmanager
def _unit_for_this_machine() -> Iterator[Path]:
    """The unit with a program and a page that are there, since systemd looks for both."""
    text = (DEPLOY / "reka-bot.service").read_text(encoding="utf-8")
    for there, here in (
        ("/opt/reka-bot/.venv/bin/python", sys.executable),
        ("/opt/reka-bot/docs", str(DEPLOY.parent / "docs")),
    ):
        if there not in text:
            raise LookupError(f"reka-bot.service no longer names {there}")
        text = text.replace(there, here)
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "reka-bot.service"
        unit.write_text(text, encoding="utf-8")
        yield unit


def _tool_on(path: str) -> Tool:
    def tool(name: str) -> str:
        found = shutil.which(name, path=path)
        if found is None:
            raise MissingToolError(name)
        return found

    return tool


def _quietly(command: Sequence[str | Path], *, few_words: bool = False) -> bool:
    """Show what a command says only where something is wrong."""
    ended = subprocess.run(  # noqa: S603 - our own files and tools, no shell
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wrong = bool(ended.returncode or (few_words and ended.stdout.strip()))
    if wrong:
        print(ended.stdout, end="", file=sys.stderr)
    return not wrong


def main(run: Run = _quietly, *, in_ci: bool, path: str | None = None) -> int:
    """Run all linters, found beside this Python and on PATH unless `path` says where; say of each how it went."""
    tool = _tool_on(f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}" if path is None else path)
    status = 0
    for linter in LINTERS:
        what = (linter.__doc__ or "").rstrip(".")
        try:
            right = linter(run, tool)
        except MissingToolError as missing:
            print(f"left out: {what} ({missing} is not on this machine)")
            right = not in_ci
        else:
            print(f"{'ok' if right else 'wrong'}: {what}")
        status = status if right else 1
    return status


if __name__ == "__main__":
    sys.exit(main(in_ci=bool(os.environ.get("CI"))))
