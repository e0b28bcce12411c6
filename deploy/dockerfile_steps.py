"""A Dockerfile, read into its steps: as much of the language as ours uses, and an error for the rest; pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from string import Template

_PLAIN = frozenset({"COPY", "RUN", "WORKDIR"})


class UnknownStepError(Exception):
    """The Dockerfile says something that is not understood here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done to a stage, with what was set before it."""

    word: str  # COPY, RUN or WORKDIR
    text: str
    folder: str
    env: dict[str, str]


@dataclass(slots=True)
class Stage:
    """One FROM and what follows; the last one is the image."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    volumes: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()


def read_stages(text: str, *, path: str) -> list[Stage]:
    """The stages of a Dockerfile.

    Args:
        path: PATH of the base image, which ENV may build on.

    Raises:
        UnknownStepError: a word, or a form of it, that is not understood; with the line.
    """
    stages: list[Stage] = []
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base.strip(), name.strip(), env={"PATH": path}))
        elif not stages:
            raise UnknownStepError(f"{line!r} stands before the first FROM")
        else:
            _take(stages[-1], word, rest.strip())
    if not stages:
        raise UnknownStepError("there is no FROM in it")
    return stages


def _lines(text: str) -> Iterator[str]:
    """The instructions, each on one line; comments may stand between the parts of one."""
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    yield from (line.strip() for line in re.sub(r"\\\n\s*", "", "\n".join(kept)).splitlines())


def _take(stage: Stage, word: str, rest: str) -> None:
    if word in _PLAIN:
        stage.steps.append(Step(word, rest, stage.folder, dict(stage.env)))
        if word == "WORKDIR":
            stage.folder = str(PurePosixPath(stage.folder) / rest)
    elif word == "ENV":
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            stage.env[name] = Template(value).substitute(stage.env)
    elif word == "USER":
        stage.user = rest
    elif word == "VOLUME":
        stage.volumes = _words_of(rest)
    elif word == "CMD":
        stage.command = _words_of(rest)
    elif word == "HEALTHCHECK":
        stage.healthcheck = _words_of(rest.partition("CMD ")[2])
    else:
        raise UnknownStepError(f"{word} is not understood")


def _words_of(text: str) -> tuple[str, ...]:
    """The exec form alone: a shell between the supervisor and the bot would swallow its signals."""
    try:
        words = json.loads(text)
    except ValueError:
        raise UnknownStepError(f"{text!r} is not in the exec form, a JSON list of words") from None
    return tuple(str(word) for word in words)


def left_in(paths: Iterable[PurePosixPath], ignore: str) -> list[PurePosixPath]:
    """Which files of the context an ignore file leaves in it; its last pattern that fits decides."""
    rules: list[tuple[re.Pattern[str], bool]] = []
    for line in ignore.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            rules.append((_pattern(pattern.removeprefix("!")), pattern.startswith("!")))
    return [path for path in paths if _stays(path, rules)]


def _stays(path: PurePosixPath, rules: Iterable[tuple[re.Pattern[str], bool]]) -> bool:
    names = [str(place) for place in (path, *path.parents)][:-1]
    stays = True
    for pattern, includes in rules:
        if any(pattern.fullmatch(name) for name in names):
            stays = includes
    return stays


def _pattern(glob: str) -> re.Pattern[str]:
    meant = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*|\?|\[[^\]]*\])", glob)
    return re.compile(
        "".join(meant.get(part, part if part.startswith("[") else re.escape(part)) for part in parts)
    )
