"""Whether the provider benchmark measures what it says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from benchmarks.provider import peers
from benchmarks.provider.__main__ import BenchmarkError, Load, cost_of, loads_of, loopback
from benchmarks.provider.answers import Wire, events, pieces
from benchmarks.provider.comparison import COLUMNS, Measured, rows_of, targets_of
from benchmarks.provider.loopback import Answers, chunk
from benchmarks.provider.measured_run import Cost
from reka_provider._cumulative import CumulativeAnswer
from reka_provider._deltas import DeltaAnswer


@pytest.mark.parametrize(("wire", "reader"), [("official", DeltaAnswer), ("space", CumulativeAnswer)])
def test_both_wires_carry_the_same_text(
    wire: Wire, reader: type[DeltaAnswer] | type[CumulativeAnswer]
) -> None:
    """Else the clients of one wire would have more to read."""
    answer = reader()
    shown = [answer.feed(event) for event in events(wire, 40)]
    state = answer.finish() or [state for state in shown if state is not None][-1]
    assert answer.failure is None
    assert state.text == "".join(pieces(40))
    assert state.finish_reason == "stop"


def test_every_mode_sends_the_same_body() -> None:
    """The modes differ in when and in what chunks, in nothing else."""
    answers = Answers(10)
    body = b"".join(events("official", 10))
    for mode in (b"/events", b"/burst", b"/first", b"/paced"):
        writes, _ = answers.of(mode + b"/v1/chat/completions")
        assert _unchunked(b"".join(writes).partition(b"\r\n\r\n")[2]) == body


def _unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        found += rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
    return found


def test_a_chunk_says_its_size_in_hex() -> None:
    """RFC 9112, 7.1."""
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


@pytest.mark.parametrize("name", ["ours-official", "ours-space", "bytes-space"])
async def test_a_client_is_measured_in_a_process_of_its_own(name: str) -> None:
    """The memory of one would be the largest of all."""
    async with loopback(20) as url:
        cost = await cost_of(name, sys.executable, url, Load("few", "events", 3, 2), 20)
    assert cost.wrong == 0
    assert len(cost.first_ms) == 6
    assert 0 < cost.peak_bytes < 2**30
    assert 0 < cost.cpu_s < 30


async def test_a_client_that_fails_says_why() -> None:
    """A peer that is not installed, or a server that is gone."""
    with pytest.raises(BenchmarkError, match=r"openai failed: (?s:.*)No module named 'openai'"):
        await cost_of("openai", sys.executable, "http://127.0.0.1:9", Load("one", "events", 1), 20)


async def test_the_server_ends_with_the_benchmark() -> None:
    """Its port is free then."""
    async with loopback(2) as url:
        port = int(url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


def test_peers_that_are_missing_are_told_with_the_way_out(tmp_path: Path) -> None:
    """Nobody installs 30 packages by surprise."""
    with pytest.raises(peers.PeersMissingError, match="--install once, or --alone"):
        peers.python(tmp_path)


def test_every_peer_is_pinned() -> None:
    """A ratio is worth something only beside a known version."""
    lines = peers.PINS.read_text(encoding="utf-8").splitlines()
    assert all("==" in line for line in lines if line and not line.startswith("#"))
    assert {"g4f", "openai"} <= {line.split("==")[0] for line in lines}


def test_targets_are_held_up_to_their_bound() -> None:
    """At most means that the bound itself is held."""
    measured = _measured(ours_cpu_s=0.055, ours_peak_bytes=75)
    assert [target.held for target in targets_of([measured])] == [True, True]
    measured = _measured(ours_cpu_s=0.056, ours_peak_bytes=76)
    assert [target.held for target in targets_of([measured])] == [False, False]


def test_what_delays_half_of_the_answers_is_not_the_client() -> None:
    """Two cores are shared with whatever else runs."""
    bytes_alone = Cost(1.0, 1.0, 100, [1.0] * 8, 0)
    ours = Cost(1.0, 1.0, 100, [2.5] * 4 + [30.0] * 4, 0)
    costs = {"bytes-official": bytes_alone, "ours-official": ours}
    [target] = targets_of([Measured("official", "first token", 1, 8, 400, costs)])
    assert target.value == 1.5
    assert target.held


def test_a_row_has_every_column() -> None:
    """CPU is told for 1,000 tokens: 500 answers of 400 tokens are 200 thousand."""
    rows = rows_of(_measured(ours_cpu_s=1.0, ours_peak_bytes=75))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    ours = dict(zip(COLUMNS, rows[0], strict=True))
    assert ours["client"] == "ours"
    assert ours["cpu ms/1k tokens"] == "5.00"
    assert ours["cpu / peer's"] == "1.000"


def _measured(*, ours_cpu_s: float, ours_peak_bytes: int) -> Measured:
    ours = Cost(1.0, ours_cpu_s, ours_peak_bytes, [1.0], 0)
    peer = Cost(1.0, 1.0, 100, [1.0], 0)
    return Measured("official", "500 at once", 500, 1, 400, {"ours-official": ours, "openai": peer})


def test_paced_answers_are_measured_on_request() -> None:
    """They take as long as a model does."""
    assert [load.mode for load in loads_of([1], paced=False)] == ["first", "events"]
    assert [load.mode for load in loads_of([1], paced=True)] == ["first", "events", "paced"]
