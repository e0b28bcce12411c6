"""What is sealed at rest, by which key, and what becomes of rows that no key opens."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from conversation.model import Quote, WayBack
from storage._sealing import Sealing
from storage._text import storable
from storage.engine import Database, open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal
from storage.keyring import Keyring, key_of_token
from storage.resealing import Resealed, reseal
from storage.sealer import CannotOpen
from tests.contract.postgres_cluster import shared_cluster
from tests.contract.stores import CHANNEL, ask, picture

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
SECRETS = (b"rose", b"tulip", b"violet", b"daisy.png", b"lily")


@asynccontextmanager
async def database_in(folder: Path) -> AsyncIterator[Database]:
    database = await open_engine(f"sqlite+aiosqlite:///{folder / 'reka.db'}")
    try:
        yield database
    finally:
        await database.dispose()


async def says_secrets(database: Database, *keys: str, event_id: int = 1) -> None:
    """A question with a quote and a picture, and its answer, each with a secret word."""
    keyring = Keyring(keys) if keys else None
    journal, history = SqlJournal(database, keyring=keyring), SqlHistory(database, keyring=keyring)
    claim = await journal.claim(ask(event_id, quote=Quote("Bob", "violet", message_id=9)), text="rose")
    assert claim is not None
    await history.add_pictures(claim.reply_id, [picture("daisy.png", b"lily" * 9)])
    await history.remember(claim.reply_id, "tulip", complete=True)


def on_disk(folder: Path) -> bytes:
    """All columns that hold what people said, as they stand in the file."""
    with closing(sqlite3.connect(folder / "reka.db")) as connection:
        said = connection.execute("SELECT text, coalesce(quote_text, '') FROM turns").fetchall()
        shown = connection.execute("SELECT filename, data FROM pictures").fetchall()
    values = [value for row in (*said, *shown) for value in row]
    return b"|".join(value if isinstance(value, bytes) else value.encode() for value in values)


async def remembered(database: Database, *keys: str) -> list[str]:
    """Every word that memory gives back."""
    history = SqlHistory(database, keyring=Keyring(keys) if keys else None)
    words: list[str] = []
    for turn in await history.turns_before(CHANNEL, 99, limit=99):
        words += [turn.quote.text] if turn.quote else []
        words += [f"{one.filename} {one.data[:4].decode()}" for one in turn.pictures]
        words.append(turn.text)
    return words


ALL = ["violet", "daisy.png lily", "rose", "tulip"]


async def test_nothing_that_was_said_can_be_read_from_the_file(tmp_path: Path) -> None:
    """Discord's Developer Terms ask for encryption at rest; a copied file tells nobody what people said."""
    async with database_in(tmp_path) as database:
        await says_secrets(database, NEW)

        assert await remembered(database, NEW) == ALL
        assert not [word for word in SECRETS if word in on_disk(tmp_path)]


async def test_keys_may_be_set_over_a_database_that_has_none(tmp_path: Path) -> None:
    """Nobody starts with keys and loses what was said before."""
    async with database_in(tmp_path) as database:
        await says_secrets(database)
        await says_secrets(database, NEW, event_id=2)

        assert await remembered(database, NEW) == ALL * 2


@pytest.mark.parametrize("before", [(), (OLD,)], ids=["plain", "an earlier key"])
async def test_resealing_leaves_nothing_but_the_newest_key(tmp_path: Path, before: tuple[str, ...]) -> None:
    """An earlier key can be thrown away after it."""
    async with database_in(tmp_path) as database:
        await says_secrets(database, *before)

        assert await reseal(database, Keyring([NEW, OLD])) == Resealed(turns=2, pictures=1)
        assert await remembered(database, NEW) == ALL
        assert not [word for word in SECRETS if word in on_disk(tmp_path)]
        assert await reseal(database, Keyring([NEW, OLD])) == Resealed()


async def test_resealing_works_on_postgresql() -> None:
    """A fleet's database compares bytes and locks rows in its own way."""
    cluster = shared_cluster()
    database = await open_engine(cluster.url(cluster.new_database()))
    try:
        await says_secrets(database, OLD)
        await says_secrets(database, event_id=2)

        assert await reseal(database, Keyring([NEW, OLD])) == Resealed(turns=4, pictures=2)
        assert await remembered(database, NEW) == ALL * 2
    finally:
        await database.dispose()


async def test_resealing_passes_over_what_no_key_opens(tmp_path: Path) -> None:
    """One lost key must not keep the rest from being sealed, nor make the run endless."""
    async with database_in(tmp_path) as database:
        await says_secrets(database, Fernet.generate_key().decode())
        await says_secrets(database, event_id=2)

        assert await reseal(database, Keyring([NEW])) == Resealed(turns=2, pictures=1, closed=3)


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["no key", "another key"])
async def test_what_no_key_opens_is_passed_over_in_one_line(
    tmp_path: Path, keys: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """A lost key costs what was said, never an answer."""
    async with database_in(tmp_path) as database:
        await says_secrets(database, OLD)
        await says_secrets(database, event_id=2)
        caplog.set_level(logging.INFO, logger="storage")

        assert await remembered(database, *keys) == ALL
        assert [record.getMessage() for record in caplog.records] == [
            "none of DATA_KEYS opens what is remembered"
        ]


async def test_words_that_are_revised_are_sealed(tmp_path: Path) -> None:
    """An edited message is as private as the first one, and so is the quote of it."""
    async with database_in(tmp_path) as database:
        keyring = Keyring([NEW])
        history = SqlHistory(database, keyring=keyring)
        quoting = ask(1, question_id=5, quote=Quote("Bob", "violet", message_id=5))
        await SqlJournal(database, keyring=keyring).claim(quoting, text="rose")

        assert await history.revise(CHANNEL.channel_id, 5, "tulip")
        assert b"tulip" not in on_disk(tmp_path)
        assert await remembered(database, NEW) == ["tulip", "tulip"]


async def test_an_event_that_comes_twice_is_recognised_with_keys(tmp_path: Path) -> None:
    """What is looked up stays plain."""
    async with database_in(tmp_path) as database:
        journal = SqlJournal(database, keyring=Keyring([NEW]))

        assert await journal.claim(ask(1), text="rose") is not None
        assert await journal.claim(ask(1), text="rose") is None


async def test_an_interactions_token_is_sealed_by_a_key_of_the_bots_token(tmp_path: Path) -> None:
    """Whoever has it writes in the bot's name for 15 minutes; the bot's own token would open everything anyway."""
    async with database_in(tmp_path) as database:
        journal = SqlJournal(database, sealer=Keyring([key_of_token("a.b.c")]))
        asked = ask(1)
        way_back = WayBack("interaction-token", ends_at_s=9e9)
        claim = await journal.claim(
            type(asked)(asked.event_id, asked.place, asked.author, "", way_back=way_back), text=""
        )
        assert claim is not None
        await journal.hand_on(claim.reply_id)
        again = SqlJournal(database, sealer=Keyring([NEW, key_of_token("a.b.c")]))

        [left] = await again.left(dead=[], in_flight=[])

        assert left.way_back == way_back
        assert b"interaction-token" not in (tmp_path / "reka.db-wal").read_bytes()


def test_a_key_comes_out_of_the_token_the_same_each_time_and_differs_by_token() -> None:
    """The next process has to open it, another bot must not."""
    assert key_of_token("a.b.c") == key_of_token("a.b.c")
    assert key_of_token("a.b.c") != key_of_token("a.b.d")
    assert "a.b.c" not in key_of_token("a.b.c")


def test_the_first_key_seals_and_each_opens() -> None:
    """So is a key changed without losing a word."""
    sealed = Keyring([OLD]).seal(b"rose")

    assert Keyring([NEW, OLD]).open(sealed) == b"rose"
    with pytest.raises(CannotOpen):
        Keyring([OLD]).open(Keyring([NEW, OLD]).seal(b"rose"))


@given(
    st.one_of(
        st.text(), st.text().map(lambda text: f"\x02s{text}"), st.text().map(lambda text: f"\x02p{text}")
    )
)
def test_no_text_passes_for_a_sealed_one(text: str) -> None:
    """People write what they like; their words must come back, with keys or without."""
    text = storable(text)
    for keyring in (None, Keyring([NEW])):
        sealing = Sealing(keyring)

        assert sealing.open_text(sealing.text(text)) == text
        assert sealing.open_data(sealing.data(text.encode())) == text.encode()


@pytest.mark.parametrize(
    "stored", ["\x02s", "\x02s01234567:", "\x02s01234567:!", "\x02s01234567:ö", "\x02s01234567:AAAA"]
)
def test_what_was_damaged_cannot_be_opened(stored: str) -> None:
    """A disk that turned a bit gives no words, and never another kind of error."""
    with pytest.raises(CannotOpen):
        Sealing(Keyring([NEW])).open_text(stored)
    with pytest.raises(CannotOpen):
        Sealing(Keyring([NEW])).open_data(stored.encode())
