"""A Reka for a thousand streams on a part of one core: bytes made beforehand, one wheel of timers for all.

`python -m benchmarks.delivery.scripted_reka --results FILE` prints its port, answers until SIGTERM, and then
writes when it wrote each token. The wire is that of space.reka.ai: events that repeat the whole text.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.delivery.answers import TAG_CHARS, Pace, read_question, tokens_after_tag

TICK_S = 0.002

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_LAST_CHUNK = b"0\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as an HTTP chunk, but for the answer's tag, which goes between the two parts."""

    before_tag: bytes
    after_tag: bytes


def frames_of(tokens: int) -> tuple[Frame, ...]:
    """The events of an answer of so many tokens (reka-api.md 1.3)."""
    words = ("", *tokens_after_tag(tokens))
    frames = []
    text = ""
    for number, word in enumerate(words, start=1):
        text += word
        finish = ', "finish_reason": "stop"' if number == tokens else ""
        before = 'event: message\ndata: {"type": "model", "text": "'
        after = (
            f'{json.dumps(text)[1:]}{finish}, "metadata": {{"input_tokens": 9, "generated_tokens": {number}}}}}'
            "\n\n"
        )
        size = len(before) + TAG_CHARS + len(after.encode())
        frames.append(Frame(f"{size:x}\r\n{before}".encode(), f"{after}\r\n".encode()))
    return tuple(frames)


@dataclass(eq=False, slots=True)
class Stream:
    """One answer under way: asked for at `begun_s`; `written_s` are the monotonic times at which tokens left."""

    transport: asyncio.Transport
    tag: bytes
    frames: tuple[Frame, ...]
    per_s: float
    begun_s: float
    first_token_s: float
    written_s: list[float] = field(default_factory=list)

    @property
    def due_s(self) -> float:
        """When the next token is to leave, whatever became of the others."""
        return self.begun_s + self.first_token_s + len(self.written_s) / self.per_s


class ScriptedReka:
    """Answers every question as it asks to be answered, each token within a tick of its time.

    `written` holds the streams by tag; `late_ms` counts tokens by how many whole milliseconds late they left.
    """

    def __init__(self, *, first_token_s: float) -> None:
        self._first_token_s = first_token_s
        self._frames: dict[int, tuple[Frame, ...]] = {}
        self._wheel: dict[int, list[Stream]] = {}
        self._slot = 0
        self._timer: asyncio.TimerHandle | None = None
        self.written: dict[str, Stream] = {}
        self.late_ms: Counter[int] = Counter()

    def answer(self, transport: asyncio.Transport, tag: str, pace: Pace) -> None:
        """Begin an answer on a connection of its own."""
        frames = self._frames.get(pace.tokens)
        if frames is None:
            frames = self._frames[pace.tokens] = frames_of(pace.tokens)
        stream = self.written[tag] = Stream(
            transport, tag.encode(), frames, pace.per_s, time.monotonic(), self._first_token_s
        )
        transport.write(_HEAD)
        if self._timer is None:
            self._slot = int(time.monotonic() / TICK_S)
            self._arm()
        self._plan(stream)

    def close(self) -> None:
        """Stop the wheel."""
        if self._timer is not None:
            self._timer.cancel()

    def _plan(self, stream: Stream) -> None:
        slot = max(math.ceil(stream.due_s / TICK_S), self._slot)
        self._wheel.setdefault(slot, []).append(stream)

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._slot * TICK_S, self._turn)

    def _turn(self) -> None:
        now_slot = int(time.monotonic() / TICK_S)
        while self._slot <= now_slot:
            due = self._wheel.pop(self._slot, ())
            self._slot += 1
            for stream in due:
                self._write(stream)
        self._timer = None
        if self._wheel:
            self._arm()

    def _write(self, stream: Stream) -> None:
        if stream.transport.is_closing():
            return  # nobody reads it any more
        frame = stream.frames[len(stream.written_s)]
        stream.transport.write(frame.before_tag + stream.tag + frame.after_tag)
        now_s = time.monotonic()
        self.late_ms[int((now_s - stream.due_s) * 1000)] += 1
        stream.written_s.append(now_s)
        if len(stream.written_s) < len(stream.frames):
            self._plan(stream)
        else:
            stream.transport.write(_LAST_CHUNK)


class Connection(asyncio.Protocol):
    """Just enough HTTP/1.1 for one client: requests with a Content-Length, one after the other."""

    def __init__(self, reka: ScriptedReka) -> None:
        self._reka = reka
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer each request once it is whole."""
        self._received += data
        while (body := self._take_request()) is not None:
            self._answer(body)

    def _take_request(self) -> bytes | None:
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return None
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return rest[:length]

    def _answer(self, body: bytes) -> None:
        if self._transport is None:
            return
        turns = json.loads(body).get("conversation_history", []) if body else []
        asked = read_question(str(turns[-1].get("text", ""))) if turns else None
        if asked is None:
            self._transport.write(_NOT_FOUND)
        else:
            self._reka.answer(self._transport, *asked)


async def serve(results: Path, first_token_s: float) -> None:
    """Answer until SIGTERM, then write the times into `results`."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    reka = ScriptedReka(first_token_s=first_token_s)
    server = await loop.create_server(lambda: Connection(reka), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    gc.disable()  # a collection in the middle of a run would show as a late token
    await stopping.wait()
    server.close()
    reka.close()
    report = {
        "begun_s": {tag: stream.begun_s for tag, stream in reka.written.items()},
        "written_s": {tag: stream.written_s for tag, stream in reka.written.items()},
        "late_ms": reka.late_ms,
        "cpu_s": time.process_time(),
    }
    await asyncio.to_thread(results.write_text, json.dumps(report), encoding="utf-8")


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery.scripted_reka")
    parser.add_argument("--results", type=Path, required=True, help="where the times are written at the end")
    parser.add_argument(
        "--first-token-s", type=float, default=0.3, help="from the question to the first token"
    )
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.results, arguments.first_token_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
