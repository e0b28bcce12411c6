"""Opening a database, and the transactions on it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from storage.engine import StorageError, open_engine, reading, writing
from storage.journal import SqlJournal
from storage.tables import asks
from tests.contract.stores import CHANNEL, ask, sql_store

ROOT = Path(__file__).parents[3]


def _url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def _start(program: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, _url(path)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


CLAIM_AND_DIE = """
import asyncio, os, signal, sys
from storage.engine import open_engine
from storage.journal import SqlJournal
from tests.contract.stores import ask

async def main():
    await SqlJournal(await open_engine(sys.argv[1])).claim(ask(1, "unforgotten"), text="unforgotten")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""

START_AND_CLAIM = """
import asyncio, sys
from storage.engine import open_engine
from storage.journal import SqlJournal
from tests.contract.stores import ask

async def main():
    engine = await open_engine(sys.argv[1])
    journal = SqlJournal(engine)
    await asyncio.gather(*(journal.claim(ask(event_id), text="x") for event_id in range(20)))
    await engine.dispose()

asyncio.run(main())
"""


async def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    """The first start of a fresh clone has no data folder, and people put spaces into names."""
    path = tmp_path / "my data" / "deep" / "reka.db"

    engine = await open_engine(_url(path))
    await engine.dispose()

    assert path.is_file()


async def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    """The migrations of the second start must find their work done."""
    async with sql_store(_url(tmp_path / "reka.db")) as store:
        reply_id = await store.claimed(ask(1))

    async with sql_store(_url(tmp_path / "reka.db")) as store:
        assert await store.journal.find(reply_id) is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data/reka.db",
        "oracle+nothing://bot:hunter2@host/reka",
        "sqlite:///reka.db",
        "sqlite+aiosqlite://bot:hunter2@host/reka.db",
        "sqlite+aiosqlite:///file:reka.db?mode=ro&uri=true",
        "postgresql+asyncpg://bot:hunter2@host:port/reka",
        "postgresql+psycopg2://bot:hunter2@host/reka",
    ],
)
async def test_a_bad_url_is_one_sentence_without_the_password(url: str) -> None:
    """The operator reads it in a terminal, and may paste it into a forum."""
    with pytest.raises(StorageError) as caught:
        await open_engine(url)

    assert str(caught.value).startswith("DATABASE_URL")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """It is somebody's file: it must stay as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary " * 200)

    with pytest.raises(StorageError, match=r"notes\.txt cannot be used: file is not a database\.$"):
        await open_engine(_url(path))

    assert path.read_text() == "dear diary " * 200


async def test_a_place_where_no_file_fits_is_refused(tmp_path: Path) -> None:
    """A folder, or a path through a file: the sentence names the place."""
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="unable to open database file"):
        await open_engine(_url(tmp_path))
    with pytest.raises(StorageError, match="file is a file, so no database fits in it"):
        await open_engine(_url(tmp_path / "file" / "reka.db"))
    with pytest.raises(StorageError, match=r"/proc/none/reka\.db cannot be used"):
        await open_engine("sqlite+aiosqlite:////proc/none/reka.db")


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Whoever went back to an old version must not have the new tables damaged."""
    path = tmp_path / "reka.db"
    await (await open_engine(_url(path))).dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StorageError, match="newer version of the bot"):
        await open_engine(_url(path))


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """A table of ours that is theirs stops the start, and nothing half-made stays behind."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE turns (id INTEGER)")

    with pytest.raises(StorageError, match="table turns already exists"):
        await open_engine(_url(path))

    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("turns",)]


async def test_a_claim_survives_a_kill_right_after_it(tmp_path: Path) -> None:
    """`claim` is committed on return: a death at any later instant leaves a trace."""
    process = _start(CLAIM_AND_DIE, tmp_path / "reka.db")
    _, complaint = await asyncio.to_thread(process.communicate, timeout=30)
    assert (process.returncode, complaint) == (-signal.SIGKILL, "")

    async with sql_store(_url(tmp_path / "reka.db")) as store:
        assert await store.journal.claim(ask(1), text="again") is None
        question = await store.history.question(1)
        assert question is not None
        assert question.text == "unforgotten"


async def test_processes_that_start_at_once_share_a_new_database(tmp_path: Path) -> None:
    """A rolling restart overlaps: each migrates, claims, and none may stumble over the other."""
    started = [_start(START_AND_CLAIM, tmp_path / "reka.db") for _ in range(3)]
    for process in started:
        _, complaint = await asyncio.to_thread(process.communicate, timeout=30)
        assert (process.returncode, complaint) == (0, "")

    async with sql_store(_url(tmp_path / "reka.db")) as store:
        assert len(await store.journal.asked_since(7, 0)) == 20


async def test_engines_that_open_and_write_at_once_never_find_it_locked(tmp_path: Path) -> None:
    """Two engines know nothing of each other's queue of writers; SQLite makes them wait."""
    url = _url(tmp_path / "reka.db")
    engines = await asyncio.gather(*(open_engine(url) for _ in range(4)))

    claims = await asyncio.gather(
        *(SqlJournal(engine).claim(ask(event_id), text="x") for event_id in range(25) for engine in engines)
    )

    assert len([claim for claim in claims if claim]) == 25
    await asyncio.gather(*(engine.dispose() for engine in engines))


async def test_reads_go_on_while_somebody_writes(tmp_path: Path) -> None:
    """A slow disk under one reply must not stop the recall of the others."""
    engine = await open_engine(_url(tmp_path / "reka.db"))
    async with writing(engine) as writer:
        await writer.execute(insert(asks).values(author_id=7, at_s=1.0))
        async with asyncio.timeout(5):
            assert await SqlJournal(engine).asked_since(7, 0) == []

    assert await SqlJournal(engine).asked_since(7, 0) == [1.0]
    await engine.dispose()


async def test_transactions_of_a_database_in_memory_wait_for_each_other() -> None:
    """It has one connection: what one undoes must not be what another wrote."""
    engine = await open_engine("sqlite+aiosqlite:///:memory:")

    async def write(author_id: int) -> None:
        with suppress(ZeroDivisionError):
            async with writing(engine) as connection:
                await connection.execute(insert(asks).values(author_id=author_id, at_s=1.0))
                await asyncio.sleep(0)
                1 // (author_id % 2)

    async def count() -> int:
        async with reading(engine) as connection:
            return (await connection.execute(select(func.count()).select_from(asks))).scalar_one()

    await asyncio.gather(*(write(author_id) for author_id in range(20)), *(count() for _ in range(20)))

    assert await count() == 10
    await engine.dispose()


async def test_a_cancelled_claim_is_whole_and_blocks_nobody(tmp_path: Path) -> None:
    """A question deleted while it is claimed cancels the claim, once or twice, at any instant."""
    async with sql_store(_url(tmp_path / "reka.db")) as store:
        for event_id in range(50):
            claiming = asyncio.create_task(store.journal.claim(ask(event_id), text="x"))
            await asyncio.sleep(event_id * 0.0001)
            claiming.cancel()
            await asyncio.sleep(0)
            claiming.cancel()
            with suppress(asyncio.CancelledError):
                await claiming

        async with asyncio.timeout(10):
            assert await store.claimed(ask(99))
        for event_id in range(50):
            assert await store.journal.claim(ask(event_id), text="x") is None
        assert len(await store.history.turns_before(CHANNEL, 1_000_000, limit=200)) == 51
        assert len(await store.journal.asked_since(7, 0)) == 51


async def test_a_failure_says_what_broke_and_not_what_was_said(tmp_path: Path) -> None:
    """Tracebacks end in logs, and logs never hold what people wrote."""
    said = "sesame"
    async with sql_store(_url(tmp_path / "reka.db")) as store:
        with closing(sqlite3.connect(tmp_path / "reka.db")) as connection, connection:
            connection.execute("DROP TABLE turns")

        with pytest.raises(StorageError, match="no such table: turns") as caught:
            await store.journal.claim(ask(1), text=said)

        assert said not in "".join(traceback.format_exception(caught.value))
        with pytest.raises(StorageError, match="no such table: turns"):
            await store.history.question(1)
