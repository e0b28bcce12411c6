"""The arrows between the rooms, and the other lines of the house that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("cogs", "conversation", "delivery", "reka_provider", "runtime", "sandbox", "storage")
OURS = (*ROOMS, "bot", "tests", "benchmarks", "deploy")

# Which of our modules a file may import beside those of its own room. The longest matching path decides.
ARROWS: dict[str, tuple[str, ...]] = {
    "bot.py": ("cogs", "conversation", "delivery", "runtime"),
    "cogs": ("conversation", "delivery.surface", "delivery.ledger"),
    "conversation": ("delivery", "reka_provider"),
    "delivery": (),
    "reka_provider": (),
    "runtime": ("conversation", "delivery", "reka_provider", "storage"),
    "sandbox": (),
    "sandbox/__main__.py": ("bot", "runtime"),  # it alone starts the bot
    "storage": ("conversation.model", "conversation.ports"),
}

# Where a library may be imported; the rest of the house does not know that it exists.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "discord": ("bot.py", "cogs"),
    "sqlalchemy": ("storage",),
    "alembic": ("storage",),
    "asyncpg": ("storage",),
    "cryptography": ("storage",),
    "aiohttp": ("bot.py", "reka_provider", "runtime/cdn.py", "runtime/health.py", "sandbox"),
    # _types.py names PIL's image for type checkers alone.
    "PIL": ("reka_provider/_images.py", "reka_provider/_types.py", "sandbox"),
    "prometheus_client": ("runtime/metrics.py",),
    "pydantic_settings": ("runtime/settings.py",),
}

VAGUE_WORDS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

# What must not be called while a module is imported: it starts something, or looks at the machine.
LATE_CALLS = {
    "AutoShardedBot",
    "Bot",
    "Client",
    "ClientSession",
    "Settings",
    "Thread",
    "basicConfig",
    "configure_logs",
    "create_async_engine",
    "create_engine",
    "get_event_loop",
    "getenv",
    "load_settings",
    "new_event_loop",
    "open",
    "read_bytes",
    "read_text",
    "run",
}


@dataclass(frozen=True)
class Import:
    """One imported module, whole; `names` are those taken from it."""

    module: str
    names: tuple[str, ...]
    line: int

    def targets(self) -> Iterator[str]:
        """The module, and each name as if it were a module: `from conversation import model` imports one."""
        yield self.module
        yield from (f"{self.module}.{name}" for name in self.names)


def imports_of(tree: ast.AST, path: PurePosixPath) -> Iterator[Import]:
    """Every import of a file, wherever it stands: in a function or under TYPE_CHECKING it is one, too."""
    package = path.parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            yield Import(module, tuple(alias.name for alias in node.names), node.lineno)
        elif isinstance(node, ast.Call) and _last_name(node.func) in {"import_module", "__import__"}:
            names = [part.value for part in node.args[:1] if isinstance(part, ast.Constant)]
            yield from (Import(str(name), (), node.lineno) for name in names)


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _within(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(f"{allowed}.")


def _lies_in(path: PurePosixPath, place: str) -> bool:
    return path == PurePosixPath(place) or PurePosixPath(place) in path.parents


def offences(source: str, path: PurePosixPath) -> list[str]:
    """What a file at `path` (from the root, with slashes) does against the house, one sentence each."""
    tree = ast.parse(source)
    found = [*_vague_names(path), *_early_calls(tree)]
    for one in imports_of(tree, path):
        found += [
            f"line {one.line}: {sentence}"
            for check in (_against_arrows, _against_libraries, _against_privacy, _against_cogs)
            for sentence in check(one, path)
        ]
    return found


def _against_arrows(one: Import, path: PurePosixPath) -> Iterator[str]:
    room = one.module.split(".")[0]
    if room not in OURS or room == path.parts[0]:
        return
    place = max((place for place in ARROWS if _lies_in(path, place)), key=len)
    if any(_within(one.module, allowed) for allowed in ARROWS[place]):
        return
    # `from conversation import model` takes a module: each name has to be allowed as one.
    taken = list(one.targets())[1:]
    if not taken or not all(target in ARROWS[place] for target in taken):
        yield f"{place} may not import {one.module}"


def _against_libraries(one: Import, path: PurePosixPath) -> Iterator[str]:
    library = one.module.split(".")[0]
    places = LIBRARIES.get(library)
    if places is not None and not any(_lies_in(path, place) for place in places):
        yield f"{library} is imported only in {', '.join(places)}"


def _against_privacy(one: Import, path: PurePosixPath) -> Iterator[str]:
    if one.module.split(".")[0] not in OURS:
        return
    for target in one.targets():
        parts = target.split(".")
        for position, part in enumerate(parts):
            private = part.startswith("_") and not part.startswith("__")
            if private and path.parent.parts != tuple(parts[:position]):
                yield f"{target} is private to {'/'.join(parts[:position])}"
                return
    if path.parts[0] != "reka_provider" and one.module.startswith("reka_provider."):
        yield f"{one.module} is not a public name of reka_provider"


def _against_cogs(one: Import, path: PurePosixPath) -> Iterator[str]:
    if path.parts[0] != "cogs" or path.parts == ("cogs", "__init__.py"):
        return
    own = path.parts[1].removesuffix(".py")
    for target in one.targets():
        parts = target.split(".")
        # A capital begins a name that the package itself holds, not the name of a cog.
        if parts[0] == "cogs" and len(parts) > 1 and parts[1].islower() and parts[1] != own:
            yield f"the cog {own} imports the cog {parts[1]}"
            return


def _vague_names(path: PurePosixPath) -> Iterator[str]:
    for part in (*path.parts[:-1], path.stem):
        if VAGUE_WORDS & set(part.strip("_").split("_")):
            yield f"{part} does not say what it does"


def _early_calls(tree: ast.Module) -> Iterator[str]:
    for call in _calls_at_import(tree):
        name = _last_name(call.func)
        if name in LATE_CALLS:
            yield f"line {call.lineno}: {name}() is called at import"


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda) or _is_main_block(child):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            # The body waits for a call; decorators and defaults do not.
            arguments = child.args
            for early in (*child.decorator_list, *arguments.defaults, *arguments.kw_defaults):
                if early is not None:
                    yield from _calls_at_import(ast.Expr(early))
            continue
        yield from _calls_at_import(child)


def _is_main_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def our_files() -> list[Path]:
    """Every Python file of the rooms, and bot.py."""
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return sorted([*files, *ROOT.glob("*.py")])


@pytest.mark.parametrize("path", our_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_keeps_to_the_house(path: Path) -> None:
    """The arrows are what lets one read, test and replace a room without the others."""
    place = PurePosixPath(path.relative_to(ROOT).as_posix())

    assert offences(path.read_text(encoding="utf-8"), place) == []


def test_every_room_is_looked_at() -> None:
    """A room that was renamed would be free of all rules."""
    seen = {path.relative_to(ROOT).parts[0] for path in our_files()}

    assert set(ROOMS) <= seen
    assert {place.split("/")[0] for place in ARROWS} >= set(ROOMS)


@pytest.mark.parametrize(
    ("path", "source", "sentence"),
    [
        ("delivery/pages.py", "import discord", "discord is imported only in bot.py, cogs"),
        ("conversation/pipeline.py", "from sqlalchemy import text", "sqlalchemy is imported only in storage"),
        ("storage/engine.py", "import aiohttp.web", "aiohttp is imported only in"),
        ("runtime/services.py", "import aiohttp", "aiohttp is imported only in"),
        ("reka_provider/_space.py", "import PIL.Image", "PIL is imported only in reka_provider/_images.py"),
        ("conversation/a.py", "def f():\n    import discord", "line 2: discord is imported only in"),
        ("conversation/a.py", "import importlib\nimportlib.import_module('discord')", "discord is imported"),
        (
            "delivery/pages.py",
            "from conversation.model import Ask",
            "delivery may not import conversation.model",
        ),
        ("delivery/pages.py", "from ..conversation import model", "delivery may not import conversation"),
        (
            "reka_provider/_http.py",
            "import runtime.settings",
            "reka_provider may not import runtime.settings",
        ),
        ("conversation/recall.py", "from storage import history", "conversation may not import storage"),
        ("storage/history.py", "from conversation import pipeline", "storage may not import conversation"),
        (
            "storage/history.py",
            "from conversation import model, recall",
            "storage may not import conversation",
        ),
        ("storage/history.py", "import delivery.surface", "storage may not import delivery.surface"),
        ("cogs/chat/_cog.py", "from reka_provider import RekaError", "cogs may not import reka_provider"),
        ("cogs/chat/_cog.py", "from delivery.scheduler import X", "cogs may not import delivery.scheduler"),
        ("cogs/chat/_cog.py", "import runtime.services", "cogs may not import runtime.services"),
        ("cogs/chat/_cog.py", "from cogs import operator", "the cog chat imports the cog operator"),
        ("cogs/chat/_cog.py", "from .. import operator", "the cog chat imports the cog operator"),
        ("cogs/operator.py", "from cogs.chat import setup", "the cog operator imports the cog chat"),
        ("sandbox/rest.py", "from delivery.surface import Draft", "sandbox may not import delivery.surface"),
        ("sandbox/rest.py", "import bot", "sandbox may not import bot"),
        ("sandbox/__main__.py", "import conversation.pipeline", "sandbox/__main__.py may not import"),
        ("runtime/services.py", "import sandbox.world", "runtime may not import sandbox.world"),
        ("runtime/services.py", "from tests.contract import memory_store", "runtime may not import tests"),
        ("runtime/services.py", "from storage._text import x", "storage._text is private to storage"),
        ("runtime/services.py", "from storage import _text", "storage._text is private to storage"),
        ("storage/migrations/env.py", "from storage._text import x", "storage._text is private to storage"),
        ("conversation/a.py", "from reka_provider import _sse", "reka_provider._sse is private to"),
        ("conversation/a.py", "from reka_provider.types import X", "is not a public name of reka_provider"),
        ("delivery/text_utils.py", "", "text_utils does not say what it does"),
        ("runtime/helpers/redact.py", "", "helpers does not say what it does"),
        ("runtime/services.py", "SETTINGS = load_settings()", "line 1: load_settings() is called at import"),
        ("runtime/services.py", "class A:\n    x = open('f')", "line 2: open() is called at import"),
        ("runtime/services.py", "def f(x=Settings()): ...", "line 1: Settings() is called at import"),
        ("runtime/services.py", "if True:\n    asyncio.run(f())", "line 2: run() is called at import"),
    ],
)
def test_offence_is_seen(path: str, source: str, sentence: str) -> None:
    """A checker that sees nothing would be green, too."""
    found = offences(source, PurePosixPath(path))

    assert len(found) == 1, found
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bot.py", "import discord, aiohttp\nfrom cogs import EXTENSIONS\nfrom runtime.services import x"),
        ("cogs/chat/_cog.py", "import discord\nfrom cogs.chat._intake import x\nfrom ._surface import y"),
        ("cogs/chat/_surface.py", "from delivery.surface import Draft\nfrom delivery import ledger"),
        ("cogs/chat/_cog.py", "from cogs import WiredBot, EXTENSIONS"),
        ("cogs/__init__.py", "from cogs import chat"),
        ("conversation/pipeline.py", "from reka_provider import AsyncReka, RekaError\nimport delivery.pages"),
        ("storage/history.py", "from conversation.model import Turn\nfrom conversation import model, ports"),
        ("storage/history.py", "from __future__ import annotations\nfrom storage._text import clean"),
        ("runtime/cdn.py", "import aiohttp\nfrom conversation.model import FileUnavailable"),
        ("runtime/services.py", "def f():\n    return open('f')\n\nx = lambda: open('f')"),
        ("bot.py", "if __name__ == '__main__':\n    asyncio.run(main())"),
        ("sandbox/__main__.py", "import bot"),
        ("reka_provider/_images.py", "from PIL import Image"),
    ],
)
def test_what_the_house_allows_is_no_offence(path: str, source: str) -> None:
    """A rule that forbids too much gets switched off."""
    assert offences(source, PurePosixPath(path)) == []
