"""The options of the command `reka`, and which Reka they mean."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from reka_provider._command_output import one_line
from reka_provider._errors import RekaAuthError, RekaRequestError
from reka_provider._version import __version__

_SPACE_CREDENTIALS = ("REKA_APP_SESSION", "REKA_COOKIES", "REKA_BEARER_TOKEN")
_NO_CREDENTIALS = (
    "No credentials in the environment: set REKA_API_KEY (a key of https://platform.reka.ai) "
    "or REKA_APP_SESSION (the cookie appSession of https://space.reka.ai)."
)
_SECRET_NAME = re.compile(r"key|token|secret|cookie|session|password|auth|bearer", re.IGNORECASE)

_DESCRIPTION = "Ask Reka a question; the answer appears while it is written."
_EPILOG = """\
The question comes from the arguments, from standard input where something is piped in, or from both:
  reka "What is in this picture?" --image cat.png
  cat log.txt | reka "Explain"

Credentials come from the environment alone, since other programs can read a command's arguments:
  official API     REKA_API_KEY, REKA_API_URL
  space.reka.ai    REKA_APP_SESSION, REKA_COOKIES or REKA_BEARER_TOKEN; REKA_URL
  both             REKA_PROXY

Exit status: 0 answered, 1 Reka failed or could not be reached, 2 wrong usage or input, 3 credentials missing or
refused, 4 rate limit or no credits, 130 Ctrl+C, 141 the reader of the output has left.
"""


class Options(argparse.Namespace):
    """What was asked for, as argparse fills it in."""

    question: list[str]
    model: str | None
    service: str | None
    system: str | None
    images: list[str]
    search: bool
    code: bool
    timeout: float
    stream: bool
    show_reasoning: bool
    json: bool
    models: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one sentence instead of the whole usage."""
        raise RekaRequestError(
            f"{one_line(message)[:1].upper()}{one_line(message)[1:]} (reka --help says more)."
        )


def parse(arguments: Sequence[str] | None) -> Options:
    """The options; ends the program for --help and --version. Raises RekaRequestError for wrong ones."""
    parser = _parser()
    options, unknown = parser.parse_known_intermixed_args(arguments, Options())
    if unknown:
        # The value is left out: whoever gave a secret must not see it printed.
        name = unknown[0].partition("=")[0]
        if _SECRET_NAME.search(name):
            raise RekaRequestError(
                f"There is no {name}: credentials come from the environment, where other programs cannot "
                "read them (REKA_API_KEY, REKA_APP_SESSION)."
            )
        parser.error(f"There is no {name}")
    options.question = [_as_typed(word) for word in options.question]
    options.system = None if options.system is None else _as_typed(options.system)
    return options


def _as_typed(text: str) -> str:
    """An argument in UTF-8, also where the locale is one (such as C) that cannot read it."""
    if any("\udc80" <= char <= "\udcff" for char in text):
        return os.fsencode(text).decode("utf-8", "replace")
    return text


def _parser() -> _Parser:
    parser = _Parser(
        prog="reka",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("question", nargs="*", help="what to ask; - stands for standard input")
    add(
        "--model",
        metavar="NAME",
        help="default: reka-core on space; reka-flash-3, or with pictures reka-edge-2603",
    )
    add(
        "--service",
        choices=("space", "official"),
        help="which Reka answers; default: official where REKA_API_KEY is set, else space",
    )
    add("--system", metavar="TEXT", help="what the model is told before the question")
    add(
        "--image",
        dest="images",
        action="append",
        default=[],
        metavar="FILE",
        help="a picture, or its https address; several in their order",
    )
    add("--search", action="store_true", help="let Reka search the web (space alone)")
    add("--code", action="store_true", help="let Reka run code (space alone)")
    add(
        "--timeout",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="give up after this long without any sign of life; default: 60",
    )
    add("--no-stream", dest="stream", action="store_false", help="print the answer when it is whole")
    add("--show-reasoning", action="store_true", help="what the model thinks, on standard error")
    add("--json", action="store_true", help="one object with text, reasoning, finish_reason and usage")
    add("--models", action="store_true", help="list the models of the official API")
    add("--version", action="version", version=f"reka {__version__}")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0, such as 60")
    return seconds


def service_of(chosen: str | None, environment: Mapping[str, str]) -> str:
    """`space` or `official`: the chosen one, else the one that there are credentials for.

    Raises RekaAuthError where there are none; a server of one's own (REKA_API_URL) may need none.
    """
    if chosen is not None:
        return chosen
    if environment.get("REKA_API_KEY"):
        return "official"
    if any(environment.get(name) for name in _SPACE_CREDENTIALS):
        return "space"
    if environment.get("REKA_API_URL"):
        return "official"
    raise RekaAuthError(_NO_CREDENTIALS)
