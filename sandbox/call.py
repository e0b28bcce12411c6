"""One REST request as a handler sees it, and the routes that handlers offer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from sandbox.entities import Json
from sandbox.limits import Lane
from sandbox.person import UploadedFile
from sandbox.refusals import ApiError, Form


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its path's names, query, JSON body and files (by their number in `files[n]`)."""

    method: str
    route: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: object = None
    files: Mapping[int, UploadedFile] = field(default_factory=dict)

    def id(self, name: str) -> int:
        """Return an id from the path; raises ApiError 400/50035 for what is none."""
        value = self.params[name]
        if not value.isdigit():
            form = Form()
            form.bad(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            form.done()
        return int(value)

    @property
    def form(self) -> Json:
        """Return the body as a JSON object; raises ApiError where it is none."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise ApiError(400, 50109, "The request body contains invalid JSON.")
        return self.body


Reply = tuple[int, object]
"""Status and JSON body of an answer; a body of None is no body at all (204)."""

Handler = Callable[[Call], Reply]

LaneFinder = Callable[[Call], list[Lane]]
"""Tells which rate limits a request counts against."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path below /api/v10 and who handles it.

    `lanes` are the rate limits that a request counts against beside the global one (None: no limit and no
    headers). `bot` is False for interaction and webhook routes, which carry no Authorization and are outside
    the global limit.
    """

    method: str
    path: str
    handler: Handler
    lanes: LaneFinder | None
    bot: bool = True


def snowflake(value: object) -> int | None:
    """Read an id, which comes as an integer or as a string."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value)
    return int(text) if text.isdigit() else None


async def read_body(request: web.Request) -> tuple[object, dict[int, UploadedFile]]:
    """Read JSON, or multipart with `payload_json` and `files[n]`; raises ApiError for neither."""
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request)
    raw = await request.read()
    if not raw:
        return None, {}
    return _json(raw), {}


async def _read_multipart(request: web.Request) -> tuple[object, dict[int, UploadedFile]]:
    body: object = None
    found: dict[int, tuple[str, bytes]] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = _json(data)
        elif part.name.startswith("files[") and part.name[6:-1].isdigit():
            found[int(part.name[6:-1])] = (part.filename or "unknown.bin", data)
    said = {}
    if isinstance(body, dict):
        # The first answer to an interaction wraps its message in `data`.
        inner = body.get("data") if "attachments" not in body else None
        for item in (inner if isinstance(inner, dict) else body).get("attachments") or []:
            if isinstance(item, dict):
                said[snowflake(item.get("id"))] = item
    files = {}
    for number, (name, data) in sorted(found.items()):
        item = said.get(number, {})
        description = item.get("description")
        files[number] = UploadedFile(str(item.get("filename") or name), data, description)
    return body, files


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from error
