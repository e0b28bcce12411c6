"""The log: one line for each event, as text or as JSON, with no secret in it and no forged line."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

from runtime._redaction import Redactor

__all__ = ["configure_logs"]

# Below INFO these write whole payloads, tokens or people's words (aiosqlite: each statement's parameters).
_KEPT_QUIET = (
    "discord.http",
    "discord.gateway",
    "discord.webhook.async_",
    "aiosqlite",
    "PIL",
)

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN_VALUE = re.compile(r"[\w.:/+@%,-]+", re.ASCII)
# Control characters, separators that some viewers break lines at, marks that reverse the direction of a line,
# and halves of surrogate pairs, which no encoding can write.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EXACT_IN_JAVASCRIPT = 2**53
_TRACEBACK_INDENT = "    "


def configure_logs(
    level: str,
    log_format: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
    *,
    secrets: Iterable[str] = (),
) -> None:
    """Send every logger's lines to `stream`; a second call replaces the first.

    Fields given as `extra={"channel_id": ...}` become `channel_id=...` or a key of the JSON object. The
    logging module itself refuses the names of its own attributes ("message", "name", "module", ...).

    Args:
        level: DEBUG, INFO, WARNING or ERROR. Loggers that would show payloads stay at INFO or above.
        log_format: lines for people, or one JSON object a line.
        stream: where to; None for standard error.
        secrets: strings to mask wherever they turn up, beside everything that looks like a token or cookie.
    """
    threshold = logging.getLevelNamesMapping()[level]
    redactor = Redactor(secrets)
    handler = _Handler(sys.stderr if stream is None else stream)
    handler.setFormatter(_JsonFormatter(redactor) if log_format == "json" else _TextFormatter(redactor))
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(handler)
    root.setLevel(threshold)
    for name in _KEPT_QUIET:
        logging.getLogger(name).setLevel(max(logging.INFO, threshold))


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a record that cannot be formatted costs its text, never the bot and never a secret."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named by the logging module
        """Say where the record came from. The module's own answer prints its raw arguments."""
        error = sys.exc_info()[0]
        kind = error.__name__ if error is not None else "unknown"
        line = f"{_time(record)} ERROR {__name__} a log line could not be written"
        # The stream itself may be what failed (a closed pipe): then there is nowhere left to say so.
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"{line} source={record.filename}:{record.lineno} error={kind}\n")


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def _message(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError, IndexError):
            # Arguments that do not fit the message: a slip of the caller, whose words we still want.
            text = f"{record.msg} {record.args!r}"
        return self._redactor.clean(text)

    def _traceback(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return self._redactor.clean("\n".join(parts))

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        given: Mapping[str, object] = vars(record)
        return {name: self._value(value) for name, value in given.items() if name not in _STANDARD_ATTRIBUTES}

    def _value(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._redactor.clean(str(value))


class _TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """`2026-11-22T10:00:00.123Z INFO conversation.pipeline answered reply_id=12 ms=812`."""
        head = f"{_time(record)} {record.levelname} {record.name} {_escaped(self._message(record))}"
        fields = (f" {name}={_shown(value)}" for name, value in self._fields(record).items())
        # Indented, so that no line of a traceback can pass for a line of the log.
        below = (f"\n{_TRACEBACK_INDENT}{_escaped(line)}" for line in self._traceback(record).splitlines())
        return "".join((head, *fields, *below))


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object in ASCII; `time`, `level`, `logger` and `message` are always there."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
        }
        line |= {name: _jsonable(value) for name, value in self._fields(record).items() if name not in line}
        if traceback := self._traceback(record):
            line["traceback"] = traceback
        return json.dumps(line)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escaped(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _shown(value: object) -> str:
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(_escaped(text), ensure_ascii=False)


def _jsonable(value: object) -> object:
    if isinstance(value, float) and value - value != 0:
        return str(value)  # JSON has no infinity and no NaN
    if isinstance(value, int) and abs(value) >= _EXACT_IN_JAVASCRIPT:
        return str(value)  # Discord's ids lose their last digits in every viewer written in JavaScript
    return value
