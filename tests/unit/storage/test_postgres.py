"""PostgreSQL: what its operator is told, and what its absence costs."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from asyncpg.exceptions import InterfaceError  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import func, insert, make_url, select
from sqlalchemy.engine import Connection

from conversation.model import MessageRef, Quote, ReplyState
from storage._postgres import PostgresDatabase
from storage._postgres_errors import FAILURES, is_out_of_reach
from storage.engine import StorageError, open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal
from storage.tables import asks, turns
from tests.contract.postgres_cluster import PASSWORD, PostgresCluster, shared_cluster
from tests.contract.stores import CHANNEL, ask, picture, sql_store

ROOT = Path(__file__).parents[3]

START_AND_CLAIM = """
import asyncio, sys
from storage.engine import open_engine
from storage.journal import SqlJournal
from tests.contract.stores import ask

async def main():
    database = await open_engine(sys.argv[1])
    journal = SqlJournal(database)
    await asyncio.gather(*(journal.claim(ask(event_id), text="x") for event_id in range(20)))
    await database.dispose()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cluster() -> PostgresCluster:
    return shared_cluster()


@pytest.fixture
def name(cluster: PostgresCluster) -> str:
    """An empty database."""
    return cluster.new_database()


@pytest.fixture
async def database(cluster: PostgresCluster, name: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(make_url(cluster.url(name)))
    await opened.bring_up_to_date()
    yield opened
    await opened.dispose()


def _start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START_AND_CLAIM, url], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


async def _refusal(url: str) -> str:
    with pytest.raises(StorageError) as caught:
        await open_engine(url)
    said = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in said
    assert make_url(url).render_as_string(hide_password=False) not in said
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What the operator is told


async def test_a_wrong_password_is_said(cluster: PostgresCluster, name: str) -> None:
    """The commonest mistake; most often a character that a URL wants written otherwise."""
    refusal = await _refusal(cluster.url(name, password="hunter2"))

    assert refusal == (
        f"DATABASE_URL: the server at 127.0.0.1:{cluster.port} does not let the user reka in with this password "
        '(password authentication failed for user "reka"); correct them (in a URL, @ is written %40, : %3A and / %2F).'
    )
    assert "the user nobody" in await _refusal(cluster.url(name, user="nobody"))


async def test_an_unknown_database_is_said(cluster: PostgresCluster) -> None:
    """The server is there, and somebody has to make the database."""
    assert await _refusal(cluster.url("nix")) == (
        f"DATABASE_URL: the server at 127.0.0.1:{cluster.port} has no database nix; make it (createdb nix) or name "
        "another."
    )


async def test_a_missing_server_is_said(cluster: PostgresCluster, name: str) -> None:
    """Not started, another port, a host that no name server knows."""
    wrong_port = make_url(cluster.url(name)).set(port=1).render_as_string(hide_password=False)
    wrong_host = (
        make_url(cluster.url(name)).set(host="no.such.host.invalid").render_as_string(hide_password=False)
    )

    assert await _refusal(wrong_port) == (
        "DATABASE_URL: no PostgreSQL server answers at 127.0.0.1:1 (Connection refused); start it, or correct host "
        "and port."
    )
    assert "no PostgreSQL server answers at no.such.host.invalid:" in await _refusal(wrong_host)


async def test_a_user_without_rights_is_told_what_to_do(cluster: PostgresCluster, name: str) -> None:
    """Since PostgreSQL 15 only the owner of a database may make tables in it."""
    cluster.sql("CREATE USER guest PASSWORD 'guest'")

    assert await _refusal(cluster.url(name, user="guest", password="guest")) == (
        f"DATABASE_URL: the user guest may not make tables in {name} (permission denied for schema public); let it "
        f"own the database (ALTER DATABASE {name} OWNER TO guest)."
    )


async def test_a_server_that_is_too_old_is_refused(cluster: PostgresCluster, name: str) -> None:
    """Better at the start than by a statement that it does not know."""
    database = PostgresDatabase(make_url(cluster.url(name)), oldest_version=(99, 1))

    with pytest.raises(
        StorageError, match=r"the server has PostgreSQL \d+\.\d+, and the bot needs 99\.1 or newer\.$"
    ):
        await database.bring_up_to_date()
    assert cluster.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name) == "0"
    await database.dispose()


async def test_a_database_of_a_newer_version_is_left_alone(cluster: PostgresCluster, name: str) -> None:
    """Whoever went back to an old version must not have the new tables damaged."""
    await (await open_engine(cluster.url(name))).dispose()
    cluster.sql("UPDATE alembic_version SET version_num = '9999'", database=name)

    assert "newer version of the bot" in await _refusal(cluster.url(name))


async def test_a_failure_says_what_broke_and_not_what_was_said(cluster: PostgresCluster, name: str) -> None:
    """Tracebacks end in logs, and logs never hold what people wrote."""
    said = "sesame"
    async with sql_store(cluster.url(name)) as store:
        cluster.sql("DROP TABLE pictures, turns", database=name)

        with pytest.raises(StorageError, match='relation "turns" does not exist') as caught:
            await store.journal.claim(ask(1), text=said)

        assert said not in "".join(traceback.format_exception(caught.value))


# Several at once


async def test_processes_that_start_at_once_share_a_new_database(cluster: PostgresCluster, name: str) -> None:
    """A fleet starts together: each migrates, claims, and none may stumble over the other."""
    started = [_start(cluster.url(name)) for _ in range(3)]
    for process in started:
        _, complaint = await asyncio.to_thread(process.communicate, timeout=30)
        assert (process.returncode, complaint) == (0, "")

    async with sql_store(cluster.url(name)) as store:
        assert len(await store.journal.asked_since(7, 0)) == 20


async def test_an_answer_that_is_written_while_its_place_is_forgotten_goes_too(
    database: PostgresDatabase,
) -> None:
    """An answer without its question is no memory, and would be somebody's words kept against a promise."""
    history, journal = SqlHistory(database), SqlJournal(database)
    claim = await journal.claim(ask(1, question_id=501), text="x")
    assert claim is not None

    for forget in (partial(history.forget, CHANNEL), partial(history.forget_message, 100, 501)):
        writing = asyncio.create_task(database.write(_remember_slowly))
        await asyncio.sleep(0.1)
        assert await forget() == 2
        await writing
        assert await history.turns_before(CHANNEL, 1_000, limit=10) == []
        claim = await journal.claim(ask(2, question_id=501), text="x")


async def test_a_quoted_picture_that_is_added_while_its_message_is_deleted_goes_too(
    database: PostgresDatabase,
) -> None:
    """A download may end at the very moment of the deletion."""
    history, journal = SqlHistory(database), SqlJournal(database)
    claim = await journal.claim(ask(1, quote=Quote("Bob", "x", message_id=401)), text="x")
    assert claim is not None

    def hold(connection: Connection) -> None:
        connection.execute(select(turns.c.id).with_for_update())
        connection.exec_driver_sql("SELECT pg_sleep(0.2)")

    holding = asyncio.create_task(database.write(hold))
    await asyncio.sleep(0.05)
    adding = asyncio.create_task(history.add_pictures(claim.reply_id, [picture("bob.png", quoted=True)]))
    await asyncio.sleep(0.05)
    await history.forget_message(100, 401)
    await asyncio.gather(holding, adding)

    question = await history.question(claim.reply_id)
    assert question is not None
    assert (question.quote, question.pictures) == (None, ())


async def test_transactions_that_block_each_other_both_go_through(database: PostgresDatabase) -> None:
    """PostgreSQL ends a deadlock by failing one of the two; it has only to be run again."""
    await database.write(partial(_write_ask, author_id=1))
    await database.write(partial(_write_ask, author_id=2))

    def take(connection: Connection, order: tuple[int, int]) -> None:
        connection.exec_driver_sql("SET LOCAL deadlock_timeout = '10ms'")
        for author_id in order:
            connection.execute(select(asks).where(asks.c.author_id == author_id).with_for_update())
            connection.exec_driver_sql("SELECT pg_sleep(0.1)")

    await asyncio.gather(*(database.write(partial(take, order=order)) for order in ((1, 2), (2, 1))))


async def test_a_read_sees_one_state_throughout(database: PostgresDatabase) -> None:
    """Turns and their pictures are two statements, and belong together."""

    def count_twice(connection: Connection) -> tuple[int, int]:
        before = _count_asks(connection)
        connection.exec_driver_sql("SELECT pg_sleep(0.2)")
        return before, _count_asks(connection)

    reading = asyncio.create_task(database.read(count_twice))
    await asyncio.sleep(0.1)
    await database.write(partial(_write_ask, author_id=7))

    assert await reading == (0, 0)


async def test_a_migration_by_a_newer_process_is_survived(
    cluster: PostgresCluster, name: str, database: PostgresDatabase
) -> None:
    """A rolling restart changes tables under the statements that the old processes have prepared."""
    journal = SqlJournal(database)
    claim = await journal.claim(ask(1), text="x")
    assert claim is not None
    for _ in range(3):
        await journal.find(claim.reply_id)
    cluster.sql("ALTER TABLE replies ALTER COLUMN author_name TYPE varchar(100)", database=name)

    found = await journal.find(claim.reply_id)

    assert found is not None
    assert found.author.name == "Ada"


# The server gone


async def test_a_restart_between_calls_is_not_noticed(
    cluster: PostgresCluster, database: PostgresDatabase
) -> None:
    """The pool is full of connections that are dead, and says so only when they are used."""
    history, journal = SqlHistory(database), SqlJournal(database)
    await asyncio.gather(*(journal.claim(ask(event_id), text="x") for event_id in range(30)))

    await asyncio.to_thread(cluster.restart)

    await asyncio.gather(*(journal.finish(reply_id, ReplyState.ENDED) for reply_id in range(1, 31)))
    assert len(await history.turns_before(CHANNEL, 1_000, limit=100)) == 30


async def test_calls_in_flight_during_a_restart_wait_for_it(
    cluster: PostgresCluster, database: PostgresDatabase
) -> None:
    """They have not committed: once more is the first time."""
    journal = SqlJournal(database)
    slow = [
        asyncio.create_task(database.write(partial(_sleep_and_ask, author_id=number))) for number in range(5)
    ]
    await asyncio.sleep(0.1)
    await asyncio.to_thread(cluster.stop)
    late = asyncio.create_task(journal.claim(ask(1), text="x"))
    await asyncio.sleep(0.3)
    assert not late.done()
    await asyncio.to_thread(cluster.start)

    await asyncio.gather(*slow)
    assert await late
    assert await database.read(_count_asks) == 6


async def test_a_write_that_was_lost_in_its_commit_is_not_repeated(
    cluster: PostgresCluster, name: str, database: PostgresDatabase
) -> None:
    """Nobody knows whether it is written; a claim that is made twice would find itself, and nobody would answer."""
    cluster.sql(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON asks DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
        database=name,
    )
    runs = 0

    def write(connection: Connection) -> None:
        nonlocal runs
        runs += 1
        _write_ask(connection, author_id=7)

    with pytest.raises(StorageError, match=r"^The database was lost during a commit: "):
        await database.write(write)

    assert runs == 1
    assert await database.read(_count_asks) == 0


async def test_a_statement_that_kills_its_connection_is_given_up(database: PostgresDatabase) -> None:
    """What crashes the server each time must not be run for a minute."""
    runs = 0

    def die(connection: Connection) -> None:
        nonlocal runs
        runs += 1
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StorageError, match=r"^The database breaks off: "):
        await database.write(die)

    assert runs == 3


async def test_a_server_that_is_gone_for_too_long_is_told_at_once(
    cluster: PostgresCluster, name: str
) -> None:
    """Who asks now should be refused now, and not after another minute; who asks after its return is served."""
    database = PostgresDatabase(make_url(cluster.url(name)), patience_s=0.3)
    await database.bring_up_to_date()
    await database.write(partial(_write_ask, author_id=7))
    await asyncio.to_thread(cluster.stop)

    for patience_s in (5.0, 0.2):
        began_s = time.monotonic()
        outcomes = await asyncio.gather(
            *(database.read(_count_asks) for _ in range(50)), return_exceptions=True
        )
        assert {str(outcome) for outcome in outcomes} == {"The database is out of reach: Connection refused."}
        assert time.monotonic() - began_s < patience_s

    await asyncio.to_thread(cluster.start)
    await _succeeds(lambda: database.read(_count_asks))
    await database.dispose()


async def test_a_cancelled_caller_does_not_wait_for_the_server(
    cluster: PostgresCluster, database: PostgresDatabase
) -> None:
    """The process may want to end while the database is gone."""
    await asyncio.to_thread(cluster.stop)
    waiting = [asyncio.create_task(database.read(_count_asks)) for _ in range(20)]
    await asyncio.sleep(0.2)

    for task in waiting:
        task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait(waiting)

    assert all(task.cancelled() for task in waiting)
    await asyncio.to_thread(cluster.start)


async def test_a_server_that_hangs_is_waited_for_like_one_that_is_gone(
    cluster: PostgresCluster, name: str
) -> None:
    """A machine that swaps, a network that swallows: no error comes, and neither does an answer."""
    database = PostgresDatabase(make_url(cluster.url(name)), silence_s=0.5)
    await database.bring_up_to_date()
    await database.write(partial(_write_ask, author_id=1))
    cluster.freeze(frozen=True)
    try:
        writing = asyncio.create_task(database.write(partial(_write_ask, author_id=2)))
        await asyncio.sleep(1)
        assert not writing.done()
    finally:
        cluster.freeze(frozen=False)

    await writing
    assert await database.read(_count_asks) == 2
    await database.dispose()


async def test_a_connection_may_break_at_any_point(cluster: PostgresCluster, name: str) -> None:
    """While it is being set up, the driver fails in ways of its own; a read succeeds whatever they are."""
    await (await open_engine(cluster.url(name))).dispose()
    async with _cutting(cluster.port) as (port, cuts, pauses):
        url = make_url(cluster.url(name)).set(port=port)

        async def count_anew() -> int:
            database = PostgresDatabase(url)
            try:
                return await database.read(_count_asks)
            finally:
                await database.dispose()

        await count_anew()
        assert len(pauses) > 5
        for pause in list(pauses):
            for cut_after_bytes in (pause - 1, pause):
                cuts.append(cut_after_bytes)
                assert await count_anew() == 0
                assert cuts == []


@pytest.mark.parametrize(
    "error", [InterfaceError("connection is closed"), ConnectionResetError(), TimeoutError()]
)
def test_what_the_driver_raises_by_itself_means_out_of_reach(error: Exception) -> None:
    """SQLAlchemy lets it through where a new connection breaks before its first statement: a matter of luck."""
    assert isinstance(error, FAILURES)
    assert is_out_of_reach(error)


@asynccontextmanager
async def _cutting(server_port: int) -> AsyncIterator[tuple[int, list[int], list[int]]]:
    """A way to the server, by its port; it cuts one connection for each number in the first list, after so many bytes
    from the server, and notes in the second after how many the server waited for its client."""
    cuts: list[int] = []
    pauses: list[int] = []

    async def carry_back(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit_bytes: float
    ) -> None:
        carried_bytes = 0
        with suppress(ConnectionError):
            while data := await reader.read(int(min(limit_bytes - carried_bytes, 65_536))):
                carried_bytes += len(data)
                pauses.append(carried_bytes)
                writer.write(data)
                await writer.drain()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit_bytes = cuts.pop() if cuts else math.inf
        from_server, to_server = await asyncio.open_connection("127.0.0.1", server_port)
        ways = [
            asyncio.create_task(carry_back(from_server, writer, limit_bytes)),
            asyncio.create_task(carry(reader, to_server)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for end in (writer, to_server):
            end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port, cuts, pauses
    finally:
        server.close()
        await server.wait_closed()


async def test_a_closed_database_says_so(database: PostgresDatabase) -> None:
    """What was asked before is done; whoever comes late must not wait for ever."""
    early = [asyncio.create_task(database.write(partial(_sleep_and_ask, author_id=7))) for _ in range(15)]
    await asyncio.sleep(0.1)
    closing = asyncio.create_task(database.dispose())
    await asyncio.sleep(0)

    with pytest.raises(StorageError, match="was closed"):
        await database.read(_count_asks)
    await asyncio.gather(closing, *early)


async def test_a_database_that_is_gone_can_be_closed(cluster: PostgresCluster, name: str) -> None:
    """A process that ends has only so much time."""
    database = PostgresDatabase(make_url(cluster.url(name)), silence_s=0.5)
    await database.bring_up_to_date()
    await database.write(partial(_write_ask, author_id=1))
    cluster.freeze(frozen=True)
    try:
        writing = asyncio.create_task(database.write(partial(_write_ask, author_id=2)))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await database.dispose()
    finally:
        cluster.freeze(frozen=False)

    with pytest.raises(StorageError, match="was closed"):
        await writing


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database: PostgresDatabase) -> None:
    """One that waits for a lock for ever would keep its connection from all others."""

    def sleep(connection: Connection) -> None:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "8s"
        connection.exec_driver_sql("SET LOCAL statement_timeout = '50ms'")
        connection.exec_driver_sql("SELECT pg_sleep(5)")

    with pytest.raises(
        StorageError, match=r"^The database did not answer: canceling statement due to statement timeout\.$"
    ):
        await database.read(sleep)


async def test_a_cancelled_claim_is_whole_and_blocks_nobody(cluster: PostgresCluster, name: str) -> None:
    """A question deleted while it is claimed cancels the claim, at any instant."""
    async with sql_store(cluster.url(name)) as store:
        for event_id in range(30):
            claiming = asyncio.create_task(store.journal.claim(ask(event_id), text="x"))
            await asyncio.sleep(event_id * 0.0002)
            claiming.cancel()
            await asyncio.wait([claiming])

        turns_left = await store.history.turns_before(CHANNEL, 1_000, limit=100)
        assert len(turns_left) == len(await store.journal.asked_since(7, 0))
        await store.journal.posted(turns_left[0].reply_id, 0, MessageRef(100, 601))


def _write_ask(connection: Connection, author_id: int) -> None:
    connection.execute(insert(asks).values(author_id=author_id, at_s=1.0))


def _sleep_and_ask(connection: Connection, author_id: int) -> None:
    _write_ask(connection, author_id)
    connection.exec_driver_sql("SELECT pg_sleep(0.3)")


def _remember_slowly(connection: Connection) -> None:
    """What SqlHistory.remember does for the newest question, with a pause in it."""
    question = connection.execute(select(turns).order_by(turns.c.id.desc()).limit(1).with_for_update()).one()
    connection.exec_driver_sql("SELECT pg_sleep(0.3)")
    answer = {**question._asdict(), "role": "assistant"}
    del answer["id"]
    connection.execute(insert(turns), answer)


def _count_asks(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(asks)).scalar_one()


async def _succeeds(call: Callable[[], Awaitable[object]], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            try:
                await call()
                return
            except StorageError:
                await asyncio.sleep(0.05)
