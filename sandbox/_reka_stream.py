"""A script of either loopback Reka, followed: the order, the form and the pace of the bytes."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web

from sandbox._reka_script import Script

_FOREVER_S = 3600.0
_COMMENT = b": still here\n\n"
_GZIP_WINDOW_BITS = 31
_LEAVES_WITHIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Spoken:
    """An answer in the bytes of its service: `head` comes with the headers, `tail` right after the last piece.

    Where `delay_s` is given, all comes at once after it, the headers included; else each piece has its time.
    """

    pieces: Iterable[bytes]
    head: bytes = b""
    tail: bytes = b""
    content_type: str = "text/event-stream"
    delay_s: float | None = None


def event(script: Script, value: object, name: str | None = None) -> bytes:
    """One event in the script's form; a string is its data as it is, anything else becomes JSON."""
    indent = 1 if script.multiline else None
    data = (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=script.ascii_only, indent=indent)
    )
    colon = ": " if script.space else ":"
    lines = [f"event{colon}{name}"] if name else []
    lines.extend(f"data{colon}{line}" for line in data.split("\n"))
    return "".join(line + script.newline for line in [*lines, ""]).encode()


def error_event(script: Script) -> bytes | None:
    """The error object that ends the stream in place of its proper end, where the script has one."""
    if script.error is None:
        return None
    return event(script, {"error": script.error}, "error" if script.error_event else None)


def as_object(script: Script, value: object, count: int) -> Spoken:
    """An answer that is one JSON object, in `count` parts, so that it can be cut where a stream can."""
    answer = value if script.error is None else {"error": script.error}
    data = json.dumps(answer, ensure_ascii=script.ascii_only).encode()
    size = -(-len(data) // max(count, 1))
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    delay_s = script.first_token_s + script.token_s * max(count - 1, 0)
    return Spoken(parts, content_type="application/json", delay_s=delay_s)


async def follow(
    script: Script, spoken: Spoken, request: web.Request, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer `request` as the script says; the script's own headers come over `headers`."""
    headers = {**headers, **script.headers}
    if script.status != 200 or script.body is not None:
        await asyncio.sleep(script.first_token_s)
        data = script.body.encode() if isinstance(script.body, str) else script.body or b""
        return web.Response(status=script.status, body=data, headers=headers)
    if script.silent_after_pieces == 0 and script.comment_s is None:
        await asyncio.sleep(_FOREVER_S)
    await asyncio.sleep(spoken.delay_s or 0.0)
    response = web.StreamResponse(headers={"Content-Type": spoken.content_type, **headers})
    if script.compress:
        response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    body = _Body(response, script)
    try:
        await (_send_raw(script, body) if script.raw_chunks is not None else _send(script, spoken, body))
    except _Cut:
        return await _break_off(request, response)
    if script.hold_open:
        await asyncio.sleep(_FOREVER_S)
    await response.write_eof()
    return response


class _Cut(Exception):
    """The connection is to be aborted here."""


class _Body:
    """Writes the body: at once or in a burst, compressed or not, in parts, up to where it is cut."""

    def __init__(self, response: web.StreamResponse, script: Script) -> None:
        self._response = response
        self._script = script
        self._gzip = zlib.compressobj(wbits=_GZIP_WINDOW_BITS) if script.compress else None
        self._held: list[bytes] = []
        self._left_bytes = script.cut_after_bytes

    async def write(self, data: bytes) -> None:
        """Send it, or keep it for the burst. Raises _Cut."""
        self._held.append(data)
        if not self._script.burst:
            await self.flush()

    async def flush(self) -> None:
        """Send what waits for the burst. Raises _Cut."""
        data, self._held = b"".join(self._held), []
        if data and self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        await self._send(data)

    async def end(self) -> None:
        """Send all that is left. Raises _Cut."""
        await self.flush()
        if self._gzip is not None:
            await self._send(self._gzip.flush(zlib.Z_FINISH))

    async def comment(self) -> None:
        """Send a comment, past the burst and the count of bytes."""
        await self._response.write(_COMMENT)

    async def _send(self, data: bytes) -> None:
        size = self._script.chunk_bytes or len(data) or 1
        for at in range(0, len(data), size):
            part = data[at : at + size]
            if self._left_bytes is not None:
                part = part[: self._left_bytes]
                self._left_bytes -= len(part)
            if part:
                await self._response.write(part)
            if self._left_bytes == 0:
                raise _Cut
            if self._script.chunk_bytes:
                await asyncio.sleep(0)  # the reader's turn: else it would find the parts as one


async def _send_raw(script: Script, body: _Body) -> None:
    for chunk in script.raw_chunks or ():
        await asyncio.sleep(script.token_s)
        await body.write(chunk)
    await body.end()
    if not script.raw_whole:
        raise _Cut


async def _send(script: Script, spoken: Spoken, body: _Body) -> None:
    await body.write(spoken.head)
    count = 0
    for piece in spoken.pieces:
        await _trouble_at(count, script, body)
        if script.gate is not None:
            await script.gate.acquire()
        if spoken.delay_s is None and not (script.burst and count):
            await _wait(script.token_s if count else script.first_token_s, script, body)
        garbage = event(script, script.garbage) if script.garbage_after_pieces == count else b""
        await body.write(garbage + piece)
        count += 1
    await _trouble_at(count, script, body)
    if script.garbage_after_pieces == count:
        await body.write(event(script, script.garbage))
    await body.write(spoken.tail)
    await body.end()


async def _trouble_at(index: int, script: Script, body: _Body) -> None:
    """What the script has between the pieces."""
    if script.cut_after_pieces == index:
        await body.flush()
        raise _Cut
    if script.silent_after_pieces == index:
        await body.flush()
        await _wait(_FOREVER_S, script, body)


async def _wait(seconds: float, script: Script, body: _Body) -> None:
    """Wait, with a comment as often as the script wants one."""
    if script.comment_s is None:
        await asyncio.sleep(seconds)
        return
    left_s = seconds
    while left_s > script.comment_s:
        await asyncio.sleep(script.comment_s)
        await body.comment()
        left_s -= script.comment_s
    await asyncio.sleep(left_s)


async def _break_off(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    await asyncio.sleep(_LEAVES_WITHIN_S)  # what was written must arrive before the connection is torn down
    if request.transport is not None:
        request.transport.abort()
    return response
