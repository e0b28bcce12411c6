"""A soak as Markdown that stands alone, and every broken promise below it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.soak.figures import Latency, Part, first_and_last, part
from benchmarks.soak.memory import slope_mib_per_minute
from benchmarks.soak.truths import Verdict

WARM_UP_S = 120.0
"""Memory is looked at from then on."""
MOST_MIB_PER_MINUTE = 1.0
MOST_DRIFT = 1.10
"""The last minutes and the first may differ by so much, where no scripted trouble held an answer back."""


@dataclass(slots=True)
class Outcome:
    """What one house came to. `samples` are seconds and bytes; `killed` tells whether its process died at times."""

    name: str
    seed: int
    length_s: float
    verdict: Verdict
    killed: bool
    troubles: int = 0
    deaths: int = 0
    edited: int = 0
    pressed: int = 0
    settled_s: float = 0.0
    is_settled: bool = True
    samples: Sequence[tuple[float, int]] = ()
    latencies: Sequence[Latency] = ()
    tracebacks: Sequence[str] = ()
    rejected: Sequence[str] = ()
    """429s that no script asked for."""
    invalid: Sequence[str] = ()
    crashes: Sequence[str] = field(default_factory=tuple)

    @property
    def slope(self) -> float | None:
        """MiB a minute; None where its process died, or the run was short."""
        return None if self.killed else slope_mib_per_minute(self.samples, after_s=WARM_UP_S)

    @property
    def faults(self) -> list[str]:
        """Every broken promise."""
        found = list(self.verdict.faults)
        found += [f"unhandled exception: {one}" for one in self.tracebacks]
        found += [f"unscripted 429: {one}" for one in self.rejected]
        found += [f"invalid request: {one}" for one in self.invalid]
        found += [f"crash: {one}" for one in self.crashes]
        if not self.is_settled:
            found.append(
                f"not settled: something was still under way {self.settled_s:.0f} s after the last question"
            )
        if self.slope is not None and self.slope >= MOST_MIB_PER_MINUTE:
            found.append(f"memory: grows by {self.slope:.2f} MiB a minute")
        return found


def table(outcomes: Sequence[Outcome]) -> str:
    """All figures, and one line for each broken promise."""
    houses = [_row(["house", *(one.name for one in outcomes)]), _rule(1 + len(outcomes))]
    columns = [_figures(one) for one in outcomes]
    houses += [_row([name, *(column[name] for column in columns)]) for name in columns[0]]
    parts = [_latency_table(one) for one in outcomes if not one.killed]
    faults = [f"- seed {one.seed}, house {one.name}: {fault}" for one in outcomes for fault in one.faults]
    verdict = (
        ["**No promise was broken.**"]
        if not faults
        else [f"**Broken promises: {len(faults)}.**", "", *faults]
    )
    return "\n".join([*houses, "", *(line for lines in parts for line in lines), *verdict])


def _figures(one: Outcome) -> dict[str, str]:
    verdict = one.verdict
    by_reka = {kind: count for kind, count in verdict.noted.items() if kind.startswith("reka")}
    others = {kind: count for kind, count in verdict.noted.items() if not kind.startswith("reka")}
    return {
        "minutes": f"{one.length_s / 60:g}",
        "troubles": f"{one.troubles}",
        "deaths of the process (SIGKILL, SIGTERM)": f"{one.deaths}",
        "questions": f"{verdict.asked}",
        "edited": f"{one.edited}",
        "Try again pressed": f"{one.pressed}",
        "answered whole": f"{verdict.whole}",
        "ended with a note: Reka failed": _counts(by_reka),
        "ended with another note": _counts(others),
        "removed by their person": f"{verdict.removed}",
        "told to ask again": f"{verdict.refused}",
        "commands nobody took": f"{verdict.unclaimed}",
        "private pages beyond reach": f"{verdict.beyond_reach}",
        "answers begun more than once": f"{verdict.repaired}",
        "lost": f"{verdict.lost}",
        "doubled": f"{verdict.doubled}",
        "half-made": f"{verdict.half_made}",
        "wrong": f"{verdict.wrong}",
        "unheard": f"{verdict.unheard}",
        "unhandled exceptions": f"{len(one.tracebacks)}",
        "429s that no script asked for": f"{len(one.rejected)}",
        "invalid requests without a reason": f"{len(one.invalid)}",
        "settled s after the last question": f"{one.settled_s:.1f}",
        "memory MiB (start, end)": _memory(one),
        "memory's slope MiB a minute": "-" if one.slope is None else f"{one.slope:.2f}",
    }


def _counts(kinds: dict[str, int]) -> str:
    total = sum(kinds.values())
    detail = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    return f"{total} ({detail})" if total else "0"


def _memory(one: Outcome) -> str:
    if not one.samples or one.killed:
        return "-"
    return f"{one.samples[0][1] / 2**20:.0f} {one.samples[-1][1] / 2**20:.0f}"


def _latency_table(one: Outcome) -> list[str]:
    first, last = first_and_last(one.latencies, one.length_s)
    span = f"{min(5.0, one.length_s / 120):g} min"
    early, late = (part(each for each in some if each.untouched) for some in (first, last))
    rows = {
        f"first {span}, untouched by scripted trouble": early,
        f"last {span}, untouched": late,
        f"first {span}, all": part(first),
        f"last {span}, all": part(last),
        "the whole run, all": part(one.latencies),
    }
    lines = [
        _row([f"house {one.name}", "answers", "first words s (p50 p95)", "end lag s (p50 p95)"]),
        _rule(4),
        *(_part_row(name, row) for name, row in rows.items() if row is not None),
    ]
    if early is not None and late is not None:
        ratios = late.ratios(early)
        even = all(1 / MOST_DRIFT <= ratio <= MOST_DRIFT for ratio in ratios)
        texts = [f"{ratio:.2f}" for ratio in ratios]
        drift = "within 10 %" if even else "not within 10 %"
        lines.append(_row(["last / first, untouched", drift, " ".join(texts[:2]), " ".join(texts[2:])]))
    return [*lines, ""]


def _part_row(name: str, row: Part) -> str:
    firsts = f"{row.first_p50_s:.3f} {row.first_p95_s:.3f}"
    return _row([name, f"{row.answers}", firsts, f"{row.end_p50_s:.3f} {row.end_p95_s:.3f}"])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return f"|{' --- |' * columns}"
