"""Opening a database, and the transactions on it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import traceback
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.engine import Connection, Engine

from storage.engine import StorageError, open_engine
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
        "postgresql+asyncpg://bot:hunter2@host",
        "postgresql+asyncpg://bot:hunter2@host/",
    ],
)
async def test_a_bad_url_is_one_sentence_without_the_password(url: str) -> None:
    """The operator reads it in a terminal, and may paste it into a forum."""
    with pytest.raises(StorageError) as caught:
        await open_engine(url)

    assert str(caught.value).startswith("DATABASE_URL")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_driver_that_blocks_is_named(tmp_path: Path) -> None:
    """`postgresql://` is what every manual writes; to ask for psycopg2 would lead astray."""
    for url in ("postgresql://bot@host/reka", f"sqlite:///{tmp_path / 'reka.db'}"):
        with pytest.raises(StorageError, match="names a driver that blocks"):
            await open_engine(url)


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
    database = await open_engine(_url(tmp_path / "reka.db"))
    was_read = threading.Event()

    def write(connection: Connection) -> bool:
        _write_ask(connection, author_id=7)
        return was_read.wait(5)

    writing = asyncio.create_task(database.write(write))
    assert await SqlJournal(database).asked_since(7, 0) == []
    was_read.set()

    assert await writing
    assert await SqlJournal(database).asked_since(7, 0) == [1.0]
    await database.dispose()


async def test_writes_that_wait_share_a_commit_and_fail_alone(tmp_path: Path) -> None:
    """A commit waits for the disk: two hundred questions at once must not wait two hundred times, nor for each
    other's mistakes."""
    database = await open_engine(_url(tmp_path / "reka.db"))
    commits: list[Connection] = []

    def note(connection: Connection) -> None:
        commits.append(connection)

    def write(connection: Connection, author_id: int) -> int:
        _write_ask(connection, author_id)
        return author_id // (author_id % 2)

    event.listen(Engine, "commit", note)
    try:
        writes = (database.write(partial(write, author_id=author_id)) for author_id in range(50))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
    finally:
        event.remove(Engine, "commit", note)

    assert [isinstance(outcome, ZeroDivisionError) for outcome in outcomes] == [True, False] * 25
    assert outcomes[1::2] == list(range(1, 50, 2))
    assert await database.read(_count_asks) == 25
    assert len(commits) < 10
    await database.dispose()


async def test_a_write_that_undoes_them_all_fails_alone(tmp_path: Path) -> None:
    """Where the disk is full, SQLite may undo the whole transaction, with what others wrote in it."""
    database = await open_engine(_url(tmp_path / "reka.db"))
    has_begun, may_end = threading.Event(), threading.Event()

    def hold(_: Connection) -> bool:
        has_begun.set()
        return may_end.wait(5)

    def undo_all(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        1 // 0  # noqa: B018 -- it raises

    first = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(has_begun.wait, 5)
    others = [
        asyncio.create_task(database.write(work))
        for work in (partial(_write_ask, author_id=1), undo_all, partial(_write_ask, author_id=2))
    ]
    await asyncio.sleep(0)
    may_end.set()

    assert await first
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), ZeroDivisionError, type(None)]
    assert await database.read(_count_asks) == 2
    await database.dispose()


async def test_a_full_disk_is_said_and_what_fits_again_is_written(tmp_path: Path) -> None:
    """It happens to everybody once, and somebody will make room while the bot runs."""
    database = await open_engine(_url(tmp_path / "reka.db"))

    def limit(connection: Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await database.write(partial(limit, pages=1))
    journal = SqlJournal(database)
    too_long = [journal.claim(ask(event_id), text="x" * 100_000) for event_id in range(3)]
    for outcome in await asyncio.gather(*too_long, return_exceptions=True):
        assert isinstance(outcome, StorageError)
        assert str(outcome) == "The database did not take it: database or disk is full."

    await database.write(partial(limit, pages=1_000_000))
    assert await journal.claim(ask(0), text="x" * 100_000)
    await database.dispose()


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    """Whoever comes late must not wait for ever."""
    for url in (_url(tmp_path / "reka.db"), "sqlite+aiosqlite:///:memory:"):
        database = await open_engine(url)
        late = [asyncio.create_task(database.write(partial(_write_ask, author_id=7))) for _ in range(3)]
        await asyncio.sleep(0)
        await database.dispose()

        await asyncio.gather(*late)
        with pytest.raises(StorageError, match="was closed"):
            await SqlJournal(database).find(1)


async def test_transactions_of_a_database_in_memory_wait_for_each_other() -> None:
    """It has one connection: what one undoes must not be what another wrote."""
    database = await open_engine("sqlite+aiosqlite:///:memory:")

    def write(connection: Connection, author_id: int) -> None:
        _write_ask(connection, author_id)
        1 // (author_id % 2)

    async def try_to_write(author_id: int) -> None:
        with suppress(ZeroDivisionError):
            await database.write(partial(write, author_id=author_id))

    await asyncio.gather(
        *(try_to_write(author_id) for author_id in range(20)),
        *(database.read(_count_asks) for _ in range(20)),
    )

    assert await database.read(_count_asks) == 10
    await database.dispose()


def _write_ask(connection: Connection, author_id: int) -> None:
    connection.execute(insert(asks).values(author_id=author_id, at_s=1.0))


def _count_asks(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(asks)).scalar_one()


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
