"""What was measured, as the rows of a table and as the targets that have to be held; pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.provider.answers import Wire
from benchmarks.provider.measured_run import Cost

MIB = 1024 * 1024
TARGET_STREAMS = 500
PEERS: dict[Wire, str] = {"official": "openai", "space": "g4f"}

COLUMNS = ("wire", "load", "client", "wall s", "cpu s", "cpu ms/1k tokens", "MiB", "first ms", "wrong",
           "cpu / peer's", "MiB / peer's")  # fmt: skip

LEGEND = """\
cpu: of the client's process while it reads. MiB: the largest memory of the process, its imports included. first: median
from asking to the first text. wrong: answers whose text is not the one that was sent. bytes: the body through aiohttp,
unread."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The costs of the clients of one wire under one load, by the name of each."""

    wire: Wire
    load: str
    streams: int
    rounds: int
    tokens: int
    costs: Mapping[str, Cost]


@dataclass(frozen=True, slots=True)
class Target:
    """One line of what has to hold, and whether it does."""

    said: str
    value: float
    at_most: float

    @property
    def held(self) -> bool:
        """Whether it is."""
        return self.value <= self.at_most


def client_names(wire: Wire) -> tuple[str, str, str]:
    """Bytes alone, ours, and the peer."""
    return f"bytes-{wire}", f"ours-{wire}", PEERS[wire]


def rows_of(measured: Measured) -> list[list[str]]:
    """One row for each client, beside its peer where that was measured."""
    peer = measured.costs.get(PEERS[measured.wire])
    rows = []
    for name, cost in measured.costs.items():
        per_1k_ms = cost.cpu_s * 1e6 / (measured.streams * measured.rounds * measured.tokens)
        rows.append(
            [
                measured.wire,
                measured.load,
                name.removesuffix(f"-{measured.wire}"),
                f"{cost.wall_s:.2f}",
                f"{cost.cpu_s:.2f}",
                f"{per_1k_ms:.2f}",
                f"{cost.peak_bytes / MIB:.0f}",
                f"{statistics.median(cost.first_ms):.1f}",
                str(cost.wrong),
                f"{cost.cpu_s / peer.cpu_s:.3f}" if peer else "-",
                f"{cost.peak_bytes / peer.peak_bytes:.2f}" if peer else "-",
            ]
        )
    return rows


def targets_of(all_measured: Sequence[Measured]) -> list[Target]:
    """The targets that these measurements say something about."""
    found = []
    for one in all_measured:
        bytes_alone, ours, peer = (one.costs.get(name) for name in client_names(one.wire))
        if ours is None:
            continue
        if one.load == "first token" and bytes_alone is not None:
            added_ms = _undisturbed(ours.first_ms) - _undisturbed(bytes_alone.first_ms)
            found.append(Target(f"{one.wire}: ms that one stream adds to its first token", added_ms, 2.0))
        if one.load != f"{TARGET_STREAMS} at once":
            continue
        if one.wire == "space":
            found.append(Target("space: MiB of 500 streams at once", ours.peak_bytes / MIB, 180))
        if peer is not None and one.wire == "space":
            found.append(Target("space: CPU beside g4f's", ours.cpu_s / peer.cpu_s, 0.25))
        if peer is not None and one.wire == "official":
            found += [
                Target("official: CPU beside the openai SDK's", ours.cpu_s / peer.cpu_s, 0.055),
                Target("official: memory beside the openai SDK's", ours.peak_bytes / peer.peak_bytes, 0.75),
            ]
    return found


def _undisturbed(values_ms: Sequence[float]) -> float:
    """The lower quartile: what other work of the machine adds is no cost of a client."""
    return statistics.quantiles(values_ms, n=4)[0] if len(values_ms) > 1 else values_ms[0]
