"""The log: its two forms, its fields, and what can never get into it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from runtime.logs import configure_logs

SECRET = "hunter2-hunter2"
QUIET = ("discord.http", "discord.gateway", "discord.webhook.async_", "aiosqlite", "PIL")
log = logging.getLogger("conversation.pipeline")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The logging module is one for the whole process: other tests get it back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    quiet = {name: logging.getLogger(name).level for name in QUIET}
    yield
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
    for name, earlier in quiet.items():
        logging.getLogger(name).setLevel(earlier)


@pytest.fixture
def text() -> io.StringIO:
    stream = io.StringIO()
    configure_logs("INFO", "text", stream, secrets=[SECRET])
    return stream


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    configure_logs("INFO", "json", stream, secrets=[SECRET])
    return stream


@contextlib.contextmanager
def without_pytest_listening() -> Iterator[None]:
    """pytest listens too: its handler fails at odd arguments, and its workers cannot send half characters."""
    root = logging.getLogger()
    theirs = [one for one in root.handlers if type(one).__module__.startswith("_pytest.")]
    for handler in theirs:
        root.removeHandler(handler)
    yield
    for handler in theirs:
        root.addHandler(handler)


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__


def fail(words: str) -> None:
    raise ValueError(words)


def test_text_line_has_time_level_logger_words_and_fields(text: io.StringIO) -> None:
    """The form that people grep: fields as name=value after the words."""
    log.info("answered", extra={"reply_id": 12, "channel_id": 81384788765712384, "ms": 812})

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO conversation\.pipeline answered"
        r" reply_id=12 channel_id=81384788765712384 ms=812\n",
        text.getvalue(),
    )


def test_json_line_is_one_object(lines: io.StringIO) -> None:
    """What a log collector reads needs no rule of its own."""
    log.warning("slow %s", "answer", extra={"ms": 812, "channel_id": 81384788765712384, "late": True})

    line = json.loads(lines.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "WARNING",
        "logger": "conversation.pipeline",
        "message": "slow answer",
        "ms": 812,
        # As a number it would lose its last digits in a viewer written in JavaScript.
        "channel_id": "81384788765712384",
        "late": True,
    }


def test_numbers_that_json_lacks_become_words(lines: io.StringIO) -> None:
    """A bare NaN makes the whole line unreadable for a strict parser."""
    log.info("odd", extra={"a": float("nan"), "b": float("inf"), "c": 0.5, "d": None})

    line = json.loads(lines.getvalue())
    assert (line["a"], line["b"], line["c"], line["d"]) == ("nan", "inf", 0.5, None)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_form_shows_a_secret(log_format: str) -> None:
    """Words, arguments, fields and tracebacks all end in the same file."""
    stream = io.StringIO()
    configure_logs("INFO", "json" if log_format == "json" else "text", stream, secrets=[SECRET])

    log.info("with %s", SECRET, extra={"field": f"x{SECRET}", "odd": {"k": [SECRET]}})
    log.info(SECRET)
    try:
        fail(f"refused: {SECRET}")
    except ValueError:
        log.exception("failed")
    with without_pytest_listening():
        log.info("%d", SECRET)

    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("[secret]") >= 6


@pytest.mark.parametrize(
    "break_", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K\x1b[1G"]
)
def test_no_value_can_forge_a_line(text: io.StringIO, break_: str) -> None:
    """A user name may hold a line break, and what follows must not look like a line of ours."""
    forged = f"alice{break_}2026-11-22T10:00:00.123Z ERROR bot gone"

    log.info("asked by %s", forged, extra={"name_": forged})
    try:
        fail(forged)
    except ValueError:
        log.exception("failed")

    starts = [line for line in text.getvalue().splitlines() if not line.startswith("    ")]
    assert len(starts) == 2
    assert not re.search(r"[\x0b\x0c\x1b\x1c\x85\r\u2028\u2029]", text.getvalue())


def test_values_with_spaces_are_quoted(text: io.StringIO) -> None:
    """Else `name=a ms=1` could be one value or two."""
    log.info("asked", extra={"who": 'al "ms=1" ice', "empty": ""})

    assert text.getvalue().endswith('asked who="al \\"ms=1\\" ice" empty=""\n')


def test_text_direction_marks_and_half_characters_are_escaped(text: io.StringIO) -> None:
    """The first can make a line read as something else; the second cannot be written at all."""
    with without_pytest_listening():
        log.info("a\u202eb \ud83d c")

    assert r"a\u202eb \ud83d c" in text.getvalue()


@pytest.mark.parametrize(
    ("message", "args"),
    [("%d apples", ("many",)), ("%s and %s", ("one",)), ("none", ("extra",)), ("%(key)s", ({"k": 1},))],
)
def test_arguments_that_do_not_fit_cost_nothing(
    text: io.StringIO, message: str, args: tuple[object, ...]
) -> None:
    """The logging module would print a traceback with the raw arguments instead of the line."""
    with without_pytest_listening():
        log.info(message, *args)

    (line,) = text.getvalue().splitlines()
    assert f"pipeline {message}" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_value_that_cannot_be_shown_costs_one_line(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object whose repr fails must not stop an answer, nor print what its error says."""
    stream = io.StringIO()
    configure_logs("INFO", "json" if log_format == "json" else "text", stream)

    with without_pytest_listening():
        log.info("odd %s", Unspeakable())
        log.info("odd", extra={"field": Unspeakable()})

    assert stream.getvalue().count("a log line could not be written source=test_logs.py:") == 2
    assert "error=RuntimeError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue() + capsys.readouterr().err


def test_a_closed_stream_is_survived(text: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """`make run | head` closes the pipe while the bot runs on."""
    text.close()

    log.info("nobody reads this")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_tracebacks_are_kept(log_format: str) -> None:
    """A failure without its place in the code cannot be repaired."""
    stream = io.StringIO()
    configure_logs("INFO", "json" if log_format == "json" else "text", stream)

    try:
        fail("broken")
    except ValueError:
        log.exception("failed")
    log.info("here", stack_info=True)

    assert "ValueError: broken" in stream.getvalue()
    assert "in fail" in stream.getvalue()
    assert "Stack (most recent call last)" in stream.getvalue()


def test_libraries_that_print_payloads_stay_quiet_at_debug() -> None:
    """Their DEBUG lines hold messages of people and tokens of interactions."""
    stream = io.StringIO()
    configure_logs("DEBUG", "text", stream)

    for name in QUIET:
        logging.getLogger(name).debug("payload")
        logging.getLogger(name).info("shown")
    log.debug("ours")

    assert "payload" not in stream.getvalue()
    assert stream.getvalue().count("shown") == len(QUIET)
    assert "ours" in stream.getvalue()


def test_libraries_that_print_payloads_follow_a_stricter_level() -> None:
    """LOG_LEVEL=ERROR means all of them."""
    stream = io.StringIO()
    configure_logs("ERROR", "text", stream)

    logging.getLogger("discord.http").warning("too much")

    assert stream.getvalue() == ""


def test_a_second_call_replaces_the_first(text: io.StringIO) -> None:
    """A reload must not write every line twice, nor take away what others listen with."""
    theirs = logging.NullHandler()
    logging.getLogger().addHandler(theirs)
    stream = io.StringIO()

    configure_logs("INFO", "text", stream)
    log.info("once")

    assert (text.getvalue(), stream.getvalue().count("once")) == ("", 1)
    assert theirs in logging.getLogger().handlers


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to what a person asked for (--check)."""
    configure_logs("INFO")
    log.info("hello")

    assert "hello" in capsys.readouterr().err
    assert sys.stdout is not sys.stderr
