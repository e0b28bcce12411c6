"""Where the requests of a run went, second by second: what to look at when a figure is bad; pure."""

from __future__ import annotations

from collections import Counter, defaultdict

from benchmarks.delivery.answers import whole
from benchmarks.delivery.load_run import Run, kind_of
from sandbox.rest import RecordedRequest

COLUMNS = ("second", "first", "whole", "progress", "typing", "other", "429", "5xx")


def rows_of(run: Run) -> list[list[str]]:
    """A row for each second of the run, counted from its first request.

    `first` are new messages that hold a part of the answer, `whole` the creates and edits that show all of it.
    """
    if not run.calls:
        return []
    whole_chars = len(whole(0, run.load.pace.tokens))
    start_s = min(call.at_s for call in run.calls)
    seconds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for call in run.calls:
        seconds[int(call.at_s - start_s)][_step_of(call, whole_chars)] += 1
    return [
        [str(second), *(str(seconds[second][name] or "") for name in COLUMNS[1:])]
        for second in range(max(seconds) + 1)
    ]


def _step_of(call: RecordedRequest, whole_chars: int) -> str:
    if call.status == 429:
        return "429"
    if call.status == 0 or call.status >= 500:
        return "5xx"
    kind = kind_of(call)
    if kind not in ("create", "edit", "response edit"):
        return "typing" if kind == "typing" else "other"
    content = call.body.get("content") if isinstance(call.body, dict) else None
    if isinstance(content, str) and len(content) == whole_chars:
        return "whole"
    return "first" if kind == "create" else "progress"
