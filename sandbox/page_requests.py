"""Requests of the chat page: JSON or a form in, JSON or a sentence of refusal out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import BodyPartReader, web

from sandbox.entities import Json
from sandbox.person import File

Action = Callable[[web.Request], Awaitable[web.Response]]


class Refused(Exception):
    """The page asked for something that a person cannot do; answered with 4xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answering(act: Callable[[web.Request], Awaitable[Json]]) -> Action:
    """Answer with what `act` returns, or with its refusal."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response(await act(request))
        except Refused as refused:
            return web.json_response({"message": str(refused)}, status=refused.status)

    return answer


async def read_payload(request: web.Request) -> tuple[Json, dict[str, list[File]]]:
    """Read JSON, or a form whose field `payload` is JSON; files by the name of their field."""
    raw: bytes = b""
    files: dict[str, list[File]] = {}
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            data = bytes(await part.read())
            if part.filename is None:
                raw = data if part.name == "payload" else raw
            else:
                files.setdefault(part.name or "file", []).append((part.filename, data))
    else:
        raw = await request.read()
    try:
        payload = json.loads(raw)
    except ValueError as error:
        raise Refused(400, "That is no JSON.") from error
    if not isinstance(payload, dict):
        raise Refused(400, "That is no JSON object.")
    return payload, files
