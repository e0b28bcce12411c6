"""What the statements cost: how many, how much they load, and whether an index serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, func, make_url, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.schema import CreateTable

from conversation.model import MessageRef, Place, Quote, ReplyState
from storage.engine import Database, open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal
from storage.owners import SqlOwners
from storage.tables import metadata, pictures, replies
from tests.contract.stores import CHANNEL, ask, picture


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    opened = await open_engine("sqlite+aiosqlite:///:memory:")
    yield opened
    await opened.dispose()


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


async def _plans(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    def explain(connection: Connection) -> list[str]:
        return [
            row.detail
            for statement, parameters in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    return await database.read(explain)


def _differences(connection: Connection) -> object:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """The two are written by hand, and must not drift apart."""
    assert await database.read(_differences) == []


def test_the_tables_fit_postgresql() -> None:
    """Ids of Discord need 64 bits there, and own ids a sequence."""
    dialect = make_url("postgresql+asyncpg://").get_dialect()()
    ddl = {name: str(CreateTable(table).compile(dialect=dialect)) for name, table in metadata.tables.items()}

    assert "id BIGSERIAL NOT NULL" in ddl["replies"]
    assert "written_at_s DOUBLE PRECISION" in ddl["turns"]
    assert "data BYTEA" in ddl["pictures"]


async def test_recall_is_two_statements_and_loads_no_picture_of_an_older_turn(database: Database) -> None:
    """It runs before every answer, and pictures weigh megabytes."""
    history, journal = SqlHistory(database), SqlJournal(database)
    for event_id in range(4):
        claim = await journal.claim(ask(event_id), text="x")
        assert claim is not None
        await history.add_pictures(claim.reply_id, [picture(f"{event_id}.png")])

    with _statements() as seen:
        turns = await history.turns_before(CHANNEL, 1_000, limit=2)

    assert [turn.pictures[0].filename for turn in turns] == ["2.png", "3.png"]
    assert len(seen) == 2
    assert seen[1][1] == (4, 3)


async def test_forgotten_pictures_leave_the_database(database: Database) -> None:
    """Forgetting is a promise: no row of a picture may stay behind, however it is forgotten."""
    history, journal = SqlHistory(database), SqlJournal(database)
    for event_id in range(5):
        asked = ask(event_id, place=Place(event_id, event_id), question_id=1)
        claim = await journal.claim(asked, text="x")
        assert claim is not None
        await history.add_pictures(claim.reply_id, [picture("a.png"), picture("b.png")])

    await history.forget(Place(0, 0))
    await history.forget_message(1, 1)
    await history.forget_channel(2)
    await history.forget_guild(3)
    await history.purge(before_s=10e9)

    def count(connection: Connection) -> list[int]:
        tables = (pictures, replies)
        return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables]

    assert await database.read(count) == [0, 0]


async def test_a_message_that_is_none_of_ours_costs_no_write(database: Database) -> None:
    """Each edit and deletion in a guild is told to the bot, and there is one writer at a time."""
    history, journal = SqlHistory(database), SqlJournal(database)
    await journal.claim(ask(1, question_id=5, quote=Quote("Bob", "x", message_id=6)), text="x")

    with _statements() as seen:
        await history.revise(100, 7, "y")
        await history.forget_message(100, 7)

    assert [statement.split()[0] for statement, _ in seen] == ["SELECT"] * 2


async def test_no_question_walks_over_a_whole_table(database: Database) -> None:
    """A month of a busy bot is a million rows; each statement must find its own by an index."""
    history, journal = SqlHistory(database), SqlJournal(database)
    with _statements() as seen:
        claim = await journal.claim(ask(1, question_id=5, quote=Quote("Bob", "x", message_id=4)), text="x")
        assert claim is not None
        await history.add_pictures(claim.reply_id, [picture("a.png"), picture("b.png", quoted=True)])
        await history.turns_before(CHANNEL, 1_000, limit=40)
        await history.turns_before(Place(1, private_to=7), 1_000, limit=40)
        await history.question(1)
        await history.remember(1, "x", complete=True)
        await history.revise(100, 5, "y")
        await history.revise(100, 4, "y")
        await history.forget_message(100, 4)
        await history.forget_message(100, 5)
        await history.forget_channel(100)
        await history.forget_guild(1)
        await history.forget(CHANNEL)
        await history.purge(before_s=1.0)
        await journal.posted(1, 0, MessageRef(100, 6))
        await journal.finish(1, ReplyState.BROKEN)
        await journal.claim_again(1, 7)
        await journal.find(1)
        await journal.find_by_message(100, 6)
        await journal.find_by_message(100, 7)
        await journal.asked_since(7, 0)

    plans = await _plans(database, [each for each in seen if not each[0].startswith("INSERT")])

    assert any(plan.startswith("SEARCH") for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN")] == []
    # To sort the two turns of one reply is nothing; to sort a place would be.
    assert [plan for plan in plans if plan.startswith("USE TEMP B-TREE FOR ORDER BY")] == []


async def test_looking_for_what_was_left_walks_over_what_is_under_way_alone(database: Database) -> None:
    """It is done every few seconds, over a month of replies that have ended."""
    journal, owners = SqlJournal(database), SqlOwners(database)
    with _statements() as seen:
        await owners.renew()
        await owners.renew()
        await journal.left(dead=[1], in_flight=[2])
        await owners.leave()

    plans = await _plans(database, [each for each in seen if not each[0].startswith("INSERT")])

    over_replies = {plan for plan in plans if "replies" in plan}
    assert over_replies == {"SCAN replies USING INDEX ix_replies_claimed"}
