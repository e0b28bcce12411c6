"""How soon the first words came and how soon the end, in the first minutes and in the last; pure but for its input."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.soak.faults import Spoken
from benchmarks.soak.memory import Row
from benchmarks.soak.story import Trouble
from benchmarks.soak.truths import Asked, Happened
from sandbox.entities import Message
from sandbox.rest import RecordedRequest

PART_S = 300.0
_LASTS_S = {
    **{one: 8.0 for one in Trouble if one.family in {"gateway", "database"}},
    **{one: 15.0 for one in Trouble if one.family == "process"},
    Trouble.EDIT_429_GLOBAL: 6.0,
    Trouble.REKA_BUSY: 6.0,
    Trouble.REKA_BUSY_LONG: 15.0,
}
"""For so long a trouble may be felt by everybody; the others hold back who is hit by them."""
_WINDOW_S = 6.0
"""A limit that a script filled holds back the next answers of its channel, too."""


@dataclass(frozen=True, slots=True)
class Latency:
    """One answer: seconds since the story began when it was asked, from there to the first words on screen, and from
    Reka's last token to the whole answer. `untouched`: no scripted trouble held it back."""

    asked_s: float
    first_s: float
    end_s: float
    untouched: bool


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
    requests: Iterable[RecordedRequest],
    began_s: float,
) -> list[Latency]:
    """Those of the answers that are whole and that nobody asked for a second time."""
    found = []
    hit = [one for one in requests if one.fault is not None]
    for one in answered:
        said = spoken.get(one.question.number, [])
        ended_s = said[-1].chat.ended_at if said else None
        messages = [posted[page] for page in memory[one.event.id].message_ids if page in posted]
        shown = [message.edits for message in messages if message.edits]
        if one.pressed or ended_s is None or not shown or one.asked_s < began_s:
            continue
        whole_s = max(edits[-1][0] for edits in shown)
        first_s = min(edits[0][0] for edits in shown) - one.asked_s
        untouched = not (
            any(each.trouble for each in said)
            or any(_is_felt(each, one.asked_s, whole_s) for each in happened)
            or any(_holds_back(each, one, whole_s) for each in hit)
        )
        found.append(Latency(one.asked_s - began_s, first_s, max(0.001, whole_s - ended_s), untouched))
    return found


def _is_felt(what: Happened, asked_s: float, whole_s: float) -> bool:
    """Whether a trouble that everybody has was there while somebody waited for an answer."""
    lasts_s = _LASTS_S.get(what.trouble)
    return lasts_s is not None and asked_s - lasts_s < what.at_s < whole_s


def _holds_back(hit: RecordedRequest, one: Asked, whole_s: float) -> bool:
    """Whether a request that met a fault was of this answer's channel, or of its command, and in its time."""
    parts = hit.path.split("/")
    token = None if isinstance(one.event, Message) else one.event.token
    here = str(one.event.channel.id) in parts or token in parts
    return here and one.asked_s - _WINDOW_S < hit.at_s < whole_s


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
