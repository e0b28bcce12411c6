"""A pytest plugin: a test whose output holds a secret has failed, whatever else it found.

It looks at all that a test lets out: what it and its child processes print, what our code logs, the errors that it
expects, with all behind them, and the reprs of our objects among its fixtures. Each worker of pytest-xdist looks at
its own tests. What it looks for are the secrets in the tests' sources, and the kinds that the loopback servers make up
while they run.
"""

from __future__ import annotations

import asyncio.subprocess
import logging
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_secrets import secrets_under

ROOMS = frozenset({"bot", "cogs", "conversation", "delivery", "reka_provider", "runtime", "storage"})
"""Whose log lines, errors and reprs are ours to answer for; what libraries log passes through runtime.logs first."""

_KINDS: Mapping[str, re.Pattern[str]] = {
    "an access token of the loopback Reka": re.compile(
        r"eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9\.[\w-]+\.[\w-]+"
    ),
    "a bot token of the loopback Discord": re.compile(r"\b[MNO][\w-]{20,30}\.[\w-]{6}\.[\w-]{38}(?![\w-])"),
    "the token of an interaction": re.compile(r"/(?:webhooks|interactions)/\d+/[\w-]{40,}"),
}
_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({})))


class Secrets:
    """What no output may hold, and what is said of it: never the secret itself."""

    def __init__(self, made_up: Mapping[str, str]) -> None:
        self._made_up = made_up
        self._exact = re.compile("|".join(map(re.escape, sorted(made_up, key=len, reverse=True))) or r"(?!)")

    def leaks_in(self, where: str, text: str) -> Iterator[str]:
        """A sentence for each secret in a text."""
        for secret in sorted(set(self._exact.findall(text))):
            yield f"{where} holds a secret of {self._made_up[secret]}, the one that begins with {secret[:3]!r}"
        for kind, pattern in _KINDS.items():
            if pattern.search(text):
                yield f"{where} holds {kind}"


def shown_by(error: BaseException) -> str:
    """All that an error, and each behind it, would show to whoever prints or logs it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    return "\n".join(f"{one}\n{one!r}\n{one.args!r}\n{vars(one)!r}" for one in seen)


def logged_by(record: logging.LogRecord) -> str:
    """All that a log record would show: its line, its fields and its traceback's error."""
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}
    error = record.exc_info[1] if record.exc_info else None
    return f"{record.getMessage()}\n{fields}\n{shown_by(error) if error else ''}"


def is_ours(thing: object) -> bool:
    """Whether the class of a thing is in one of our rooms."""
    module = type(thing).__module__  # of a class that C code made, it may be anything
    return isinstance(module, str) and module.partition(".")[0] in ROOMS


class LeakCheck(logging.Handler):
    """Gathers what the running test lets out, and fails it for each secret in it."""

    def __init__(self, secrets: Secrets, root: Path) -> None:
        super().__init__()
        self._secrets = secrets
        self._root = root
        self._leaks: list[str] = []
        self._patches = pytest.MonkeyPatch()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a line that our own code logs; what a test logs itself is no line of ours."""
        path = Path(record.pathname)
        if (
            path.is_relative_to(self._root)
            and path.relative_to(self._root).parts[0].partition(".")[0] in ROOMS
        ):
            self._look(f"the log of {record.name}", logged_by(record))

    def pytest_sessionstart(self) -> None:
        """Begin to listen."""
        logging.getLogger().addHandler(self)
        self._listen_at(pytest.RaisesExc, "__exit__", self._wrap_raises)
        self._listen_at(pytest.CaptureFixture, "readouterr", self._wrap_capture)
        self._listen_at(subprocess.Popen, "communicate", self._wrap_communicate)
        self._listen_at(asyncio.subprocess.Process, "communicate", self._wrap_async_communicate)

    def pytest_sessionfinish(self) -> None:
        """Leave everything as it was."""
        logging.getLogger().removeHandler(self)
        self._patches.undo()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Fail the last report of a test that let a secret out."""
        report: pytest.TestReport = yield  # type: ignore[assignment] # pluggy sends the result in
        if report.when == "call":
            self._look_at_fixtures(item)
        if report.when == "teardown":
            for name, text in report.sections:
                # Lines of libraries stand there as they were before runtime.logs; ours were looked at one by one.
                if "log" not in name:
                    self._look(name, text)
            leaks, self._leaks = list(dict.fromkeys(self._leaks)), []
            if leaks:
                report.outcome = "failed"
                report.longrepr = "\n".join([f"{item.nodeid} lets a secret out:", *leaks])
        return report  # type: ignore[return-value] # a wrapper returns the result

    def _look_at_fixtures(self, item: pytest.Item) -> None:
        for name, value in getattr(item, "funcargs", {}).items():
            if is_ours(value):
                self._look(f"the repr of the fixture {name}", repr(value))

    def _look(self, where: str, text: str) -> None:
        self._leaks += self._secrets.leaks_in(where, text)

    def _listen_at(self, place: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        self._patches.setattr(place, name, wrap(getattr(place, name)))

    def _wrap_raises(self, leave: Any) -> Any:
        def left(context: Any, kind: Any, error: BaseException | None, trace: Any) -> Any:
            if error is not None and is_ours(error):
                self._look(f"an expected {type(error).__name__}", shown_by(error))
            return leave(context, kind, error, trace)

        return left

    def _wrap_capture(self, read: Any) -> Any:
        def looked(capture: Any) -> Any:
            texts = read(capture)
            self._look("what was printed", "\n".join(map(_text, texts)))
            return texts

        return looked

    def _wrap_communicate(self, communicate: Any) -> Any:
        def looked(process: Any, *arguments: Any, **options: Any) -> Any:
            texts = communicate(process, *arguments, **options)
            self._look("the output of a child process", "\n".join(map(_text, texts)))
            return texts

        return looked

    def _wrap_async_communicate(self, communicate: Any) -> Any:
        async def looked(process: Any, *arguments: Any, **options: Any) -> Any:
            texts = await communicate(process, *arguments, **options)
            self._look("the output of a child process", "\n".join(map(_text, texts)))
            return texts

        return looked


def _text(output: str | bytes | None) -> str:
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""


def pytest_configure(config: pytest.Config) -> None:
    """Look at every test of this process."""
    secrets = Secrets(secrets_under(config.rootpath / "tests"))
    config.pluginmanager.register(LeakCheck(secrets, config.rootpath), "secret-leaks")
