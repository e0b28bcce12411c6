"""Runs as a table for people, in plain text or Markdown; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.delivery.load_run import Run
from benchmarks.delivery.measures import Figures, mean, percentile

MIB = 1024 * 1024

COLUMNS = (
    "load",
    "replies",
    "intake ms",
    "first ms",
    "staleness",
    "bound",
    "x bound",
    "age s",
    "end ms",
    "create/edit/typing/other",
    "max/s",
    "budget",
    "429 u/g/s",
    "held",
    "lost/wrong/doubled",
    "cpu s",
    "cpu ms/1k",
    "MiB",
    "late ms D/R",
)

LEGEND = """\
intake: question asked to Reka's being asked (one way and, in `queue`, the turns before it included). first:
first token written to first text visible. staleness: characters written but not visible, integrated until all
is visible, over all characters times the stream's duration; bound: the least possible; x bound: their ratio
of each reply. age: mean age of the visible text. end: last token written to whole text visible. Times include
one way to Discord. Three figures are p50, p95 and mean over replies, two are p50 and p95. max/s: requests in
the busiest second. budget: share of REST_BUDGET spent while more replies wait than it can serve. 429 by
scope: user, global, shared. held: requests that waited inside discord.py before they left. cpu, MiB: the
bot's process (its largest memory); cpu ms per 1,000 tokens; in brackets the seconds that it waited for a CPU.
late: p99 and largest lateness of a timer of the loopback Discord, and of a token of the scripted Reka.
Interaction routes are not in max/s and budget."""


def rows_of(runs: Sequence[Run]) -> list[list[str]]:
    """The rows of one load: one for each run, one over all where there are several.

    Where some came by slash command, whose limits differ, they get a row of their own.
    """
    rows = [
        _row(f"{run.load.name} #{at}" if len(runs) > 1 else run.load.name, [run])
        for at, run in enumerate(runs, 1)
    ]
    if len(runs) > 1:
        rows.append(_row(f"{runs[0].load.name} all", runs))
    if any(one.slash for run in runs for one in run.figures):
        for name, slash in (("mentions", False), ("commands", True)):
            figures = [one for run in runs for one in run.figures if one.slash is slash]
            cells = _of_figures(figures)
            rows.append([f"  {name}", str(len(figures)), *cells, *[""] * (len(COLUMNS) - 2 - len(cells))])
    return rows


def _row(name: str, runs: Sequence[Run]) -> list[str]:
    figures = [one for run in runs for one in run.figures]
    requests = _sum(run.requests for run in runs)
    rejected = _sum(run.rejected for run in runs)
    used = [run.budget_used for run in runs if run.budget_used is not None]
    cpu_s = sum(run.bot.cpu_s for run in runs) / len(runs)
    waited_s = sum(run.bot.waited_s for run in runs) / len(runs)
    tokens = sum(run.tokens for run in runs) / len(runs)
    creates, edits = requests["create"], requests["edit"] + requests["response edit"]
    others = requests.total() - creates - edits - requests["typing"]
    return [
        name,
        str(sum(len(run.load.asked) for run in runs)),
        *_of_figures(figures),
        f"{creates}/{edits}/{requests['typing']}/{others}",
        str(max(run.busiest_second for run in runs)),
        f"{mean(used):.0%}" if used else "-",
        f"{rejected['user']}/{rejected['global']}/{rejected['shared']}",
        str(sum(run.held_inside for run in runs)),
        "/".join(
            str(sum(count))
            for count in zip(
                *(
                    (run.verdict.lost, run.verdict.wrong + run.verdict.stray, run.verdict.doubled)
                    for run in runs
                ),
                strict=True,
            )
        ),
        f"{cpu_s:.1f} ({waited_s:.1f})",
        f"{cpu_s * 1e6 / tokens:.0f}" if tokens else "-",
        f"{max(run.bot.peak_bytes for run in runs) / MIB:.0f}",
        f"{_lateness(run.discord_late_ms for run in runs)} / {_lateness(run.reka_late_ms for run in runs)}",
    ]


def _of_figures(figures: Sequence[Figures]) -> list[str]:
    return [
        _two([one.intake_s * 1000 for one in figures], ".0f"),
        _three([one.first_lag_s * 1000 for one in figures], ".0f"),
        _three([one.staleness for one in figures], ".4f"),
        f"{mean(one.bound for one in figures):.3f}",
        _two([one.staleness / one.bound for one in figures], ".2f"),
        f"{mean(one.age_s for one in figures):.2f}",
        _three([one.end_lag_s * 1000 for one in figures], ".0f"),
    ]


def _three(values: Sequence[float], form: str) -> str:
    return f"{_two(values, form)} {mean(values):{form}}"


def _two(values: Sequence[float], form: str) -> str:
    return f"{percentile(values, 0.5):{form}} {percentile(values, 0.95):{form}}"


def _lateness(counts: Iterable[Counter[int]]) -> str:
    every = sorted(_sum(counts).items())
    rank, seen = 0.99 * sum(count for _, count in every), 0
    for ms, count in every:
        seen += count
        if seen >= rank:
            return f"{ms} {every[-1][0]}"
    return "-"


def _sum(counters: Iterable[Counter[int]] | Iterable[Counter[str]]) -> Counter[object]:
    total: Counter[object] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def as_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other, for a terminal."""
    lines = [columns, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a README."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines)
