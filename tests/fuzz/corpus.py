"""What mutations start from: answers as servers send them, and the odd ones; pure."""

from __future__ import annotations

import json

SECRET = "made-up-secret-of-the-operator-0123456789"

_TEXTS = (
    "The ",
    "tower is ",
    "naïve “red” \\ \n",
    "日本 🗼",
    "<reasoning>",
    "no ",
    "no ",
    "</think>",
    "\n <sep",
)


def _delta(delta: object, end: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    return b"data: " + json.dumps({"id": "c1", "choices": [choice], **more}).encode() + b"\n\n"


_ROLE = _delta({"role": "assistant", "content": ""})
_STOP = _delta({}, "stop")
_USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16}}\n\n'
_DONE = b"data: [DONE]\n\n"
_SAID = b"".join(_delta({"content": text}) for text in _TEXTS * 3)
_THOUGHT = b"".join(_delta({"reasoning_content": text}) for text in _TEXTS * 2)
_TAGGED = b"".join(
    _delta({"content": text}) for text in ("<th", "ink>", "Add them.", "</thi", "nk>", "\n\n", "4")
)
_HALVES = b"".join(
    b'data: {"choices":[{"delta":{"content":"\\u%s"}}]}\n\n' % half for half in (b"d83d", b"ddfc") * 4
)

OFFICIAL = (
    _ROLE + _SAID + _STOP + _USAGE + _DONE,
    _ROLE + _THOUGHT + _SAID + _STOP + _DONE,
    _TAGGED + _STOP,
    _HALVES + _STOP,
    (_ROLE + _SAID + _STOP + _DONE).replace(b"\n", b"\r\n"),
    (_ROLE + _SAID + _STOP).replace(b"data: ", b"data:").replace(b"\n\n", b"\n: alive\n\n"),
    b"event: message\n" + _SAID[:-1] + b"\nevent: error\ndata: {}\n\n" + _STOP,
    _SAID + b'data: {"error": {"type": "server_error", "message": "%s"}}\n\n' % SECRET.encode(),
    _delta({"content": [{"type": "text", "text": "parts"}]}) + _delta({"content": None}, "length"),
    b'{"id":"c1","choices":[{"index":0,"message":{"content":"4","reasoning_content":"Add."},"finish_reason":"stop"}]}',
    b"\xef\xbb\xbf" + _SAID + _STOP,
    b"<!doctype html><title>Log in</title>",
)  # fmt: skip


def _repeated(texts: tuple[str, ...]) -> bytes:
    events, text = [], ""
    for number, piece in enumerate(texts, 1):
        text += piece
        end = {"finish_reason": "stop"} if number == len(texts) else {}
        event = {
            "type": "model",
            "text": text,
            **end,
            "metadata": {"input_tokens": 9, "generated_tokens": number},
        }
        events.append(b"event: message\ndata: " + json.dumps(event).encode() + b"\n\n")
    return b"".join(events)


_WHOLE = _repeated(_TEXTS * 3)

SPACE = (
    _WHOLE,
    _WHOLE.replace(b"\n\n", b"\r\n\r\n").replace(b"message\n", b"message\r\n"),
    _WHOLE.replace(b"event: message\n", b""),
    _WHOLE.replace(b'"finish_reason": "stop", ', b""),
    _WHOLE.replace(b"\n\n", b"\n\n: alive\n\n"),
    _WHOLE.replace(b"data: ", b"data:").replace(b"event: ", b"event:"),
    _repeated(_TEXTS[:2]) + b'event: ping\ndata: 7\n\ndata: {"type": "search", "text": 7}\n\n',
    _repeated(_TEXTS[:3]) + _repeated(("It ", "revises.")),
    _WHOLE[:400] + b'\n\ndata: {"error": "%s"}\n\n' % SECRET.encode(),
    b'{"type": "model", "text": "A short one.", "finish_reason": "stop"}',
    b'data: {"text": "half \\ud83d"}\n\ndata: {"text": "half \\ud83d\\uddfc"}\n\ndata: [DONE]\n\n',
    b"\xef\xbb\xbf" + _WHOLE,
    b"<html><body>Please <a href='/login'>sign in</a></body></html>",
)

_MODELS = {
    "object": "list",
    "data": [
        {
            "id": "reka-edge-2603",
            "input_modalities": ["text", "image"],
            "context_length": 16384,
            "pricing": {"prompt": "0.1"},
            "supported_sampling_parameters": ["top_p"],
        },
    ],
}

BODIES = (
    json.dumps(_MODELS).encode(),
    b'{"error": {"type": "validation_error", "message": "no %s", "param": "messages"}}' % SECRET.encode(),
    b'{"error": {"type": "rate_limit_error", "message": "insufficient credits"}}',
    b'{"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}',
    b'{"error": "plain", "detail": null}',
    b'[{"id": "reka-flash"}, {"id": 7}, 7, null, {"id": "x", "max_model_len": 1e9}]',
    b'{"accessToken": "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTk5OTk5OTl9.c2ln"}',
    b'{"media_url": "https://media.example/1.png"}',
    b"<html>403 Forbidden</html>",
    b"",
)

HEADERS = (
    b"Retry-After: 7",
    b"Retry-After: Sun, 22 Nov 2026 12:00:00 GMT\nDate: Sun, 22 Nov 2026 11:00:00 GMT",
    b"Retry-After: 0\nx-ratelimit-requests-remaining: 0\nx-ratelimit-requests-reset: 80000",
    b"x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1750710800.54",
    b"Retry-After: -1e300\nx-ratelimit-reset: nan\nDate: Thu, 01 Jan 1970 00:00:00 -0000",
)

LOCATIONS = (
    b"/bff/auth/login",
    b"https://auth.reka.ai/u/login?state=7",
    b"//[::1]:99999/x",
    b"https://user:pass@elsewhere.example:443/\n",
)

_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _response(status: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _in_chunks(body: bytes) -> bytes:
    return _CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


# A wait of 99 s fits no patience: the error leaves at once.
_LATER = b"Retry-After: 99"

RESPONSES = (
    *map(_in_chunks, (*OFFICIAL[:4], *SPACE[:4])),
    *(_response(b"200 OK", body, b"Content-Type: application/json") for body in BODIES),
    _response(b"200 OK", OFFICIAL[0], b"Set-Cookie: appSession=renewed; Path=/; Secure; HttpOnly; Max-Age=60"),
    _response(b"200 OK", BODIES[6], b"Set-Cookie: appSession=; expires=Thu, 01 Jan 1970 00:00:00 GMT"),
    _response(b"200 OK", b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip"),
    *(_response(b"%d Status" % status, BODIES[1], _LATER) for status in (400, 401, 402, 403, 404, 413, 422, 429, 500)),
    _response(b"429 Wait", BODIES[2], _LATER, b"x-ratelimit-remaining: 0", b"x-ratelimit-reset: 99999999999"),
    _response(b"302 Found", b"", b"Location: https://auth.reka.ai/u/login"),
    _response(b"407 Proxy", b"", b"Proxy-Authenticate: Basic"),
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + SPACE[0],
    b"HTTP/1.0 503\r\nRetry-After: 99\r\n\r\n",
    b"",
)  # fmt: skip
