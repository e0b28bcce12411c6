"""The text of an exported cookie file: which cookies it holds, and the same text with some of them replaced; pure.

Known are the Netscape form (cookies.txt, seven fields parted by tabs) and the JSON forms that browser extensions
and test tools write: a list of objects, that list as `cookies` of an object, or an object of names and values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from reka_provider._set_cookie import Rotation, is_of_host, is_session

_HTTP_ONLY = "#HttpOnly_"
_EXPIRY_KEYS = ("expirationDate", "expires", "expiry")
_MILLISECONDS_FROM = 1e11  # as seconds that is the year 5138


@dataclass(frozen=True, slots=True)
class Entry:
    """One cookie of a file; `place` is its line or its index there."""

    place: int
    name: str
    value: str
    domain: str
    expires_s: float | None


class Export(Protocol):
    """The text of a file, understood."""

    def entries(self) -> list[Entry]:
        """All cookies, of whatever site."""
        ...

    def text(self) -> str:
        """The text as it stands."""
        ...

    def replace(self, entry: Entry, rotation: Rotation) -> None:
        """Give a cookie its new value and expiry; places stay as they are."""
        ...

    def remove(self, entry: Entry) -> None:
        """Take a cookie out; places stay as they are."""
        ...

    def add(self, like: Entry, name: str, rotation: Rotation) -> None:
        """Add a cookie at the end of the file that is of the same site as `like`."""
        ...


def parsed_export(text: str) -> Export:
    """The cookies in `text`. Raises ValueError, whose text says what the file is not, without its content."""
    if text.lstrip()[:1] in ("[", "{"):
        return _json_export(text)
    netscape = _NetscapeExport(text)
    if netscape.entries():
        return netscape
    raise ValueError("is neither JSON nor a cookies.txt (seven fields a line, parted by tabs)")


def cookies_of(export: Export, hosts: Sequence[str], *, now_s: float) -> dict[str, Entry]:
    """The cookies of `hosts` by name, without expired ones; of two of a name the one for fewer hosts.

    An export may hold the cookies of every site; none but Reka's may leave for Reka.
    """
    found: dict[str, Entry] = {}
    for entry in _of(export, hosts):
        known = found.get(entry.name)
        expired = entry.expires_s is not None and entry.expires_s <= now_s
        if not expired and (known is None or len(known.domain) <= len(entry.domain)):
            found[entry.name] = entry
    return found


def session_ended_s(export: Export, hosts: Sequence[str]) -> float | None:
    """When the session's cookies in the file end, in epoch seconds, the last of them; None where none says so."""
    ends = [entry.expires_s for entry in _of(export, hosts) if is_session(entry.name)]
    return max((end for end in ends if end is not None), default=None)


def replaced(text: str, changes: Mapping[str, Rotation], hosts: Sequence[str], *, now_s: float) -> str:
    """`text` with some cookies of `hosts` replaced, added or removed, and all else as it was. Raises ValueError.

    Removed are only cookies beside a session that stays: a log-out is no reason to destroy what a person exported.
    """
    export = parsed_export(text)
    current = cookies_of(export, hosts, now_s=now_s)
    like = next((entry for entry in current.values() if is_session(entry.name)), None)
    kept = {name for name in current if name not in changes or changes[name].value is not None}
    kept.update(name for name, rotation in changes.items() if rotation.value is not None)
    session_stays = any(map(is_session, kept))
    for name, rotation in changes.items():
        entry = current.get(name)
        if rotation.value is None:
            continue
        if entry is not None:
            export.replace(entry, rotation)
        elif like is not None:
            export.add(like, name, rotation)
    # Last, since what is deleted may be the model for what is added.
    for entry in list(_of(export, hosts)) if session_stays else []:
        if entry.name in changes and changes[entry.name].value is None:
            export.remove(entry)
    return export.text()


def _of(export: Export, hosts: Sequence[str]) -> Iterable[Entry]:
    return (entry for entry in export.entries() if any(is_of_host(entry.domain, host) for host in hosts))


class _NetscapeExport:
    """domain, whether subdomains count, path, whether secure, expiry (epoch seconds, 0 for none), name, value."""

    def __init__(self, text: str) -> None:
        self._lines: list[str | None] = list(text.split("\n"))
        self._added: list[str] = []

    def entries(self) -> list[Entry]:
        return [entry for place in range(len(self._lines)) if (entry := self._entry(place)) is not None]

    def text(self) -> str:
        lines = [line for line in self._lines if line is not None]
        # The last of them is empty where the text ends with a line end.
        end = len(lines) - 1 if lines and not lines[-1] else len(lines)
        return "\n".join([*lines[:end], *self._added, *lines[end:]])

    def replace(self, entry: Entry, rotation: Rotation) -> None:
        self._lines[entry.place] = self._line(entry, entry.name, rotation)

    def remove(self, entry: Entry) -> None:
        self._lines[entry.place] = None

    def add(self, like: Entry, name: str, rotation: Rotation) -> None:
        self._added.append(self._line(like, name, rotation))

    def _entry(self, place: int) -> Entry | None:
        line = self._lines[place] or ""
        fields = line.removesuffix("\r").removeprefix(_HTTP_ONLY).split("\t")
        if len(fields) != 7 or fields[0].startswith("#"):
            return None
        return Entry(place, fields[5], fields[6], fields[0], _seconds(fields[4]))

    def _line(self, like: Entry, name: str, rotation: Rotation) -> str:
        fields = (self._lines[like.place] or "").removesuffix("\r").split("\t")
        fields[4:] = [f"{rotation.expires_s or 0:.0f}", name, rotation.value or ""]
        ending = "\r" if (self._lines[like.place] or "").endswith("\r") else ""
        return "\t".join(fields) + ending


class _JsonListExport:
    """Objects with `name` and `value`, most of them with `domain` and one of several keys for the expiry."""

    def __init__(self, whole: Any, items: list[dict[str, Any]], written: _JsonStyle) -> None:
        self._whole = whole
        self._items = items
        self._written = written
        self._removed: list[dict[str, Any]] = []

    def entries(self) -> list[Entry]:
        return [
            Entry(place, item["name"], item["value"], str(item.get("domain", "")), _expiry(item))
            for place, item in enumerate(self._items)
            if isinstance(item.get("name"), str) and isinstance(item.get("value"), str)
            if not any(item is removed for removed in self._removed)
        ]

    def text(self) -> str:
        for gone in self._removed:
            self._items[:] = [item for item in self._items if item is not gone]
        return self._written.dump(self._whole)

    def replace(self, entry: Entry, rotation: Rotation) -> None:
        item = self._items[entry.place]
        item["value"] = rotation.value
        if "session" in item:
            item["session"] = rotation.expires_s is None
        expires_s = -1 if rotation.expires_s is None else int(rotation.expires_s)
        keys = [key for key in _EXPIRY_KEYS if isinstance(item.get(key), int | float)]
        for key in keys or (["expirationDate"] if expires_s > 0 else []):
            item[key] = expires_s
        if expires_s < 0:
            item.pop("expirationDate", None)  # extensions leave it out for a cookie without an end

    def remove(self, entry: Entry) -> None:
        self._removed.append(self._items[entry.place])

    def add(self, like: Entry, name: str, rotation: Rotation) -> None:
        self._items.append({**self._items[like.place], "name": name})
        place = len(self._items) - 1
        self.replace(Entry(place, name, like.value, like.domain, like.expires_s), rotation)


class _JsonMappingExport:
    """Names and values, nothing else."""

    def __init__(self, pairs: dict[str, Any], written: _JsonStyle) -> None:
        self._pairs = pairs
        self._written = written

    def entries(self) -> list[Entry]:
        return [Entry(0, name, str(value), "", None) for name, value in self._pairs.items()]

    def text(self) -> str:
        return self._written.dump(self._pairs)

    def replace(self, entry: Entry, rotation: Rotation) -> None:
        self._pairs[entry.name] = rotation.value

    def remove(self, entry: Entry) -> None:
        del self._pairs[entry.name]

    def add(self, like: Entry, name: str, rotation: Rotation) -> None:
        self._pairs[name] = rotation.value


class _JsonStyle:
    """How a JSON text is laid out, so that it can be written like that again."""

    def __init__(self, text: str) -> None:
        indent = re.search(r"\n([ \t]+)\S", text)
        self._indent = indent[1] if indent else None
        spaced = '": ' in text
        self._separators = ("," if indent or not spaced else ", ", ": " if spaced else ":")
        self._ascii = text.isascii()
        self._end = text[len(text.rstrip()) :]

    def dump(self, value: object) -> str:
        written = json.dumps(
            value, indent=self._indent, separators=self._separators, ensure_ascii=self._ascii
        )
        return written + self._end


def _json_export(text: str) -> Export:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON, though it begins like it") from None
    style = _JsonStyle(text)
    items = whole.get("cookies") if isinstance(whole, dict) else whole
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return _JsonListExport(whole, items, style)
    if isinstance(whole, dict) and all(isinstance(value, str | int | float) for value in whole.values()):
        return _JsonMappingExport(whole, style)
    raise ValueError('must hold [{"name": ..., "value": ...}] or {"name": "value"}')


def _expiry(item: Mapping[str, Any]) -> float | None:
    return next((_seconds(item[key]) for key in _EXPIRY_KEYS if key in item), None)


def _seconds(value: object) -> float | None:
    """An expiry as epoch seconds; None for a cookie that has no end."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 0.0
    except (ValueError, OverflowError):
        return None
    if not 0 < seconds < 1e15:  # also where it is not a number
        return None
    return seconds / 1000 if seconds > _MILLISECONDS_FROM else seconds
