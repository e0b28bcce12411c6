"""How soon the first words came and how soon the end, in the first minutes and in the last; pure but for its input."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.soak.faults import Spoken
from benchmarks.soak.memory import Row
from benchmarks.soak.truths import Asked, Happened
from sandbox.entities import Message

PART_S = 300.0
CALM_BEFORE_S = 6.0
"""No trouble for so long before a question, nor until its end: a calm one."""


@dataclass(frozen=True, slots=True)
class Latency:
    """One answer: seconds since the story began when it was asked, from there to the first words on screen, and from
    Reka's last token to the whole answer."""

    asked_s: float
    first_s: float
    end_s: float
    calm: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The answers of some minutes in one row: p50 and p95 in seconds."""

    answers: int
    first_p50_s: float
    first_p95_s: float
    end_p50_s: float
    end_p95_s: float

    def ratios(self, earlier: Part) -> tuple[float, float, float, float]:
        """This part's figures over those of an earlier one."""
        return (
            self.first_p50_s / earlier.first_p50_s,
            self.first_p95_s / earlier.first_p95_s,
            self.end_p50_s / earlier.end_p50_s,
            self.end_p95_s / earlier.end_p95_s,
        )


def latencies(
    answered: Iterable[Asked],
    memory: Mapping[int, Row],
    posted: Mapping[int, Message],
    spoken: Mapping[int, Sequence[Spoken]],
    happened: Sequence[Happened],
    began_s: float,
) -> list[Latency]:
    """Those of the answers that are whole and that nobody asked for a second time."""
    found = []
    for one in answered:
        said = spoken.get(one.question.number, [])
        ended_s = said[-1].chat.ended_at if said else None
        messages = [posted[page] for page in memory[one.event.id].message_ids if page in posted]
        shown = [message.edits for message in messages if message.edits]
        if one.pressed or ended_s is None or not shown or one.asked_s < began_s:
            continue
        whole_s = max(edits[-1][0] for edits in shown)
        calm = not any(one.asked_s - CALM_BEFORE_S < each.at_s < whole_s for each in happened)
        first_s = min(edits[0][0] for edits in shown) - one.asked_s
        found.append(Latency(one.asked_s - began_s, first_s, max(0.001, whole_s - ended_s), calm))
    return found


def part(found: Iterable[Latency]) -> Part | None:
    """One row of these; None of nothing."""
    chosen = list(found)
    if not chosen:
        return None
    firsts = sorted(one.first_s for one in chosen)
    ends = sorted(one.end_s for one in chosen)
    return Part(len(chosen), _part(firsts, 0.5), _part(firsts, 0.95), _part(ends, 0.5), _part(ends, 0.95))


def first_and_last(found: Sequence[Latency], length_s: float) -> tuple[list[Latency], list[Latency]]:
    """The answers of the first five minutes and of the last; of a shorter run the two halves."""
    span_s = min(PART_S, length_s / 2)
    return (
        [one for one in found if one.asked_s < span_s],
        [one for one in found if one.asked_s >= length_s - span_s],
    )


def _part(row: Sequence[float], share: float) -> float:
    return row[min(len(row) - 1, math.ceil(share * len(row)) - 1)]
