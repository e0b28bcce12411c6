"""The secrets that the tests use, found in their sources: nobody has to remember to list a new one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_SHORTEST_CHARS = 8
"""What is shorter turns up in ordinary output by chance."""

_ARGUMENTS = {"api_key", "access_token", "bearer", "token", "password"}
_SETTINGS = {"DISCORD_TOKEN", "REKA_API_KEY", "REKA_APP_SESSION", "REKA_BEARER_TOKEN", "DATA_KEYS"}
_COOKIE = re.compile(r"appSession(?:\.\d)?=([^;,\s'\"{}]+)")
_PASSWORD = re.compile(r"://[^/\s:@{}]*:([^/\s@{}]+)@")
_CONSTANT = re.compile(r"_?(?:[A-Z]+_)*(?:KEY|TOKEN|SESSION|PASSWORD|BEARER|SECRET)\Z")
_PLAIN_WORDS = re.compile(r"(?:[a-z]+(?:[_-][a-z]+)?|your_api_key|\$?[A-Z_]+)\Z")
"""`password`, `stand-in`, `REKA_API_KEY`: what stands in manuals and messages, and opens nothing."""
_WORTH_PARSING = re.compile(r"(?i:api_key|access_token|password|bearer|session|secret|_keys?\b)|TOKEN|token=")


def secrets_under(folder: Path) -> dict[str, str]:
    """Each secret in the Python files under `folder`, with the place where it was found first."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for secret in secrets_in(source) if _WORTH_PARSING.search(source) else ():
            found.setdefault(secret, str(path.relative_to(folder)))
    return found


def secrets_in(source: str) -> Iterator[str]:
    """What stands where a secret belongs: an argument, a setting, a cookie, a password in an address, a constant.

    A value that is wrong on purpose and has several words or lines counts by each of them.
    """
    for node in ast.walk(ast.parse(source)):
        for value in _values(node):
            yield from (word for word in value.split() if _is_distinct(word))


def _values(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.keyword) and (node.arg in _ARGUMENTS or _is_setting(node.arg)):
        yield from _text(node.value)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and _is_setting(key.value):
                yield from _text(value)
    elif isinstance(node, ast.Assign):
        if any(isinstance(target, ast.Name) and _CONSTANT.match(target.id) for target in node.targets):
            yield from _text(node.value)
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        name, value = node.args  # such as monkeypatch.setenv("REKA_API_KEY", ...)
        if isinstance(name, ast.Constant) and _is_setting(name.value):
            yield from _text(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (match[1] for form in (_COOKIE, _PASSWORD) for match in form.finditer(node.value))


def _is_setting(name: object) -> bool:
    return name in _SETTINGS or (isinstance(name, str) and name.startswith("appSession"))


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _is_distinct(word: str) -> bool:
    return len(word) >= _SHORTEST_CHARS and not _PLAIN_WORDS.match(word)
