"""What the bot's memory holds, read beside it; and how much memory its process takes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Row:
    """What the database holds of one reply: how far it is, its messages, and both turns where they are remembered."""

    state: str
    attempt: int
    message_ids: tuple[int, ...]
    question: str | None
    answer: str | None
    complete: bool


def read_memory(database: Path) -> dict[int, Row]:
    """All replies, by the event that they answer."""
    with closing(_open(database)) as connection:
        pages: dict[int, list[int]] = {}
        for reply_id, message_id in connection.execute(
            "SELECT reply_id, message_id FROM reply_pages ORDER BY reply_id, page"
        ):
            pages.setdefault(reply_id, []).append(message_id)
        turns: dict[tuple[int, str], tuple[str, bool]] = {
            (reply_id, role): (text, bool(complete))
            for reply_id, role, text, complete in connection.execute(
                "SELECT reply_id, role, text, complete FROM turns"
            )
        }
        rows = connection.execute("SELECT id, event_id, state, attempt FROM replies").fetchall()
    nothing = (None, False)
    return {
        event_id: Row(
            state,
            attempt,
            tuple(pages.get(reply_id, ())),
            turns.get((reply_id, "user"), nothing)[0],
            *turns.get((reply_id, "assistant"), nothing),
        )
        for reply_id, event_id, state, attempt in rows
    }


def pages_of(database: Path, event_id: int) -> list[int]:
    """The ids of the messages that answer an event, as far as the journal knows."""
    with closing(_open(database)) as connection:
        return [
            message_id
            for (message_id,) in connection.execute(
                "SELECT message_id FROM reply_pages JOIN replies ON replies.id = reply_id "
                "WHERE event_id = ? ORDER BY page",
                (event_id,),
            )
        ]


def event_of(database: Path, reply_id: int) -> int | None:
    """The event that a reply answers."""
    with closing(_open(database)) as connection:
        found = connection.execute("SELECT event_id FROM replies WHERE id = ?", (reply_id,)).fetchone()
    return int(found[0]) if found else None


def _open(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True)


def resident_bytes(pid: int) -> int:
    """How much memory a process takes now (proc(5): statm); raises OSError where there is none."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


def slope_mib_per_minute(samples: Sequence[tuple[float, int]], *, after_s: float) -> float | None:
    """By how much it grows, by least squares over (seconds, bytes) from `after_s` on; None of fewer than ten."""
    late = [(at_s / 60.0, size / 2**20) for at_s, size in samples if at_s >= after_s]
    if len(late) < 10:
        return None
    mean_at = sum(at for at, _ in late) / len(late)
    mean_size = sum(size for _, size in late) / len(late)
    spread = sum((at - mean_at) ** 2 for at, _ in late)
    return sum((at - mean_at) * (size - mean_size) for at, size in late) / spread if spread else None
