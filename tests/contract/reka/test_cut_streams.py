"""The server is killed at every byte of a recorded answer; what was whole before the cut is the partial text."""

from __future__ import annotations

import json

import pytest

from reka_provider import RekaConnectionError, RekaError
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import Script
from tests.contract.reka.faces import HELLO, Face, MakeFace
from tests.contract.reka.loopback import dying_server, recorded_from
from tests.contract.reka.wires import BEARER, KEY, Wire

PIECES = ["né", ' "x"', "\n{\\", " 🦉,", " a", " a", "!"]
HEADERS_END = b"\r\n\r\n"


async def recording(wire: Wire, newline: str) -> bytes:
    """An answer of the loopback server as it comes over the wire: headers, chunks and all."""
    whole = Script(pieces=PIECES, newline=newline, usage=False, token_s=0.002)
    wire.server.enqueue(whole)
    path, key = "/api/chat", BEARER
    body: dict[str, object] = {"conversation_history": []}
    if isinstance(wire.server, RekaPlatformServer):
        path, key = "/v1/chat/completions", KEY
        body = {"model": "glm5.3", "stream": True, "messages": HELLO}
    return await recorded_from(
        wire.server.url,
        path,
        json.dumps(body).encode(),
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
    )


def body_in(received: bytes) -> bytes:
    """The bytes of the body that came before the cut, freed of HTTP's chunks."""
    _, _, rest = received.partition(HEADERS_END)
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body


def told_in(body: bytes) -> tuple[str, bool]:
    """The text of all events that are whole, and whether the answer is.

    An event is whole with its blank line: a line ends with LF, CR or CRLF.
    """
    text, ended = "", False
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    *events, _ = lines.split(b"\n\n")
    for event in events:
        (line,) = (line for line in event.split(b"\n") if line.startswith(b"data: "))
        if line == b"data: [DONE]":
            return text, True
        value = json.loads(line[6:])
        if "choices" in value:
            (choice,) = value["choices"]
            text += choice["delta"].get("content") or ""
            ended = ended or choice["finish_reason"] is not None
        else:
            text = value["text"]
            ended = ended or "finish_reason" in value
    return text, ended


def expected(received: bytes) -> tuple[str, bool]:
    """What a reader must get out of an answer of which only this arrived."""
    return told_in(body_in(received)) if HEADERS_END in received else ("", False)


def face_for(make: MakeFace, wire: Wire, url: str) -> Face:
    if isinstance(wire.server, RekaPlatformServer):
        return make(base_url=f"{url}/v1")
    return make(base_url=url, api_key=BEARER)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
async def test_a_cut_at_any_byte_leaves_the_right_text(make: MakeFace, wire: Wire, newline: str) -> None:
    """Ours: a break is an error with `.partial`: the text of all whole events before it, and no more."""
    recorded = await recording(wire, newline)
    assert expected(recorded) == ("".join(PIECES), True)
    async with dying_server(recorded) as server:
        face = face_for(make, wire, server.url)

        def cut_at(offset: int) -> None:
            server.cut = offset

        offsets = range(recorded.index(HEADERS_END) + len(HEADERS_END), len(recorded) + 1)
        ends = await face.each(cut_at, offsets, RekaError)
    for offset, (pieces, failure) in zip(offsets, ends, strict=True):
        text, whole = expected(recorded[:offset])
        assert "".join(pieces) == text, f"cut at {offset}"
        if whole:
            assert failure is None, f"cut at {offset}"
        else:
            assert isinstance(failure, RekaConnectionError), f"cut at {offset}"
            assert failure.partial == text, f"cut at {offset}"


async def test_a_cut_within_the_headers_leaves_no_text(make: MakeFace, wire: Wire) -> None:
    """Ours: before the first byte of an answer a break is a connection error with no text at all."""
    recorded = await recording(wire, "\n")
    async with dying_server(recorded) as server:
        face = face_for(make, wire, server.url)

        def cut_at(offset: int) -> None:
            # Every other answer is whole: five breaks in a row would be an outage, and nobody would be asked.
            server.cut = offset // 2 if offset % 2 else len(recorded)

        offsets = range(2 * (recorded.index(HEADERS_END) + len(HEADERS_END)))
        ends = await face.each(cut_at, offsets, RekaError)
    for offset, (pieces, failure) in zip(offsets, ends, strict=True):
        if offset % 2:
            assert pieces == [], f"cut at {offset // 2}"
            assert isinstance(failure, RekaConnectionError), f"cut at {offset // 2}"
            assert failure.partial == ""
        else:
            assert ("".join(pieces), failure) == ("".join(PIECES), None)


def test_the_reference_knows_half_an_answer() -> None:
    """Ours: a reference that always says the same would agree with anything."""
    event = b'data: {"text": "a"}\n\n'
    received = b"HTTP/1.1 200 OK\r\n\r\n" + b"%x\r\n%s\r\n" % (len(event), event) + b"20\r\ndata: {"
    assert body_in(received) == event + b"data: {"
    assert [expected(received[:cut])[0] for cut in (10, 30, 43, 44, 60)] == ["", "", "", "a", "a"]
