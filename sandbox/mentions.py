"""Whom a text mentions and whom it pings, as Discord reads it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.entities import Json

_CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Ids in the order in which they appear, each once."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False


def read(content: str) -> Mentioned:
    """Find the mentions in a text; those inside code are none."""
    text = _CODE.sub(" ", content)
    return Mentioned(
        tuple(dict.fromkeys(int(found) for found in _USER.findall(text))),
        tuple(dict.fromkeys(int(found) for found in _ROLE.findall(text))),
        bool(_EVERYONE.search(text)),
    )


def allowed(found: Mentioned, allowed_mentions: Json | None, *, default: Iterable[str]) -> Mentioned:
    """Keep the mentions that `allowed_mentions` lets through; `default` is `parse` where it was not given."""
    rules: Json = {"parse": list(default)} if allowed_mentions is None else allowed_mentions
    parse = _texts(rules.get("parse"))
    users, roles = _ids(rules.get("users")), _ids(rules.get("roles"))
    return Mentioned(
        tuple(user for user in found.users if "users" in parse or user in users),
        tuple(role for role in found.roles if "roles" in parse or role in roles),
        found.everyone and "everyone" in parse,
    )


def reply_pings(allowed_mentions: Json | None) -> bool:
    """Whether a reply notifies the author of the message it replies to (it does where nothing was said)."""
    return allowed_mentions is None or bool(allowed_mentions.get("replied_user", False))


def _texts(value: object) -> set[str]:
    return {str(item) for item in value} if isinstance(value, list) else set()


def _ids(value: object) -> set[int]:
    """Ids come as integers or as strings of digits."""
    return {int(item) for item in _texts(value) if item.isdigit()}
