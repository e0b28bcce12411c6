"""Every implementation of the ports of storage, opened fresh, for the contract suites."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from conversation.model import Ask, Author, MessageRef, Picture, Place, Quote
from conversation.ports import CommandDigests, History, ReplyJournal
from storage.command_digests import SqlCommandDigests
from storage.engine import open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal
from storage.keyring import Keyring
from storage.sealer import CannotOpen
from tests.contract.memory_store import MemoryStore
from tests.contract.postgres_cluster import shared_cluster

CHANNEL = Place(channel_id=100, guild_id=1)


@dataclass(slots=True)
class Clock:
    """A clock that stands still until a test moves it; epoch seconds."""

    at_s: float = 1_800_000_000.25

    def __call__(self) -> float:
        return self.at_s


class MirrorSealer:
    """Turns what it seals around, which a test can tell from the plain bytes."""

    def seal(self, plain: bytes) -> bytes:
        return b"sealed:" + plain[::-1]

    def open(self, sealed: bytes) -> bytes:
        if not sealed.startswith(b"sealed:"):
            raise CannotOpen
        return sealed.removeprefix(b"sealed:")[::-1]


@dataclass(frozen=True, slots=True)
class Store:
    """The three ports over one memory, the clock that they look at, and as whom they claim."""

    history: History
    journal: ReplyJournal
    digests: CommandDigests
    clock: Clock
    owner: int
    next_process: Callable[[], AbstractAsyncContextManager[ReplyJournal]]
    """Opens the journal as a process that comes after this one does."""

    async def claimed(self, ask: Ask) -> int:
        """Claim `ask`, which nobody claimed before, and return the reply's id."""
        claim = await self.journal.claim(ask, text=ask.text)
        assert claim is not None
        return claim.reply_id


@asynccontextmanager
async def sql_store(url: str, *, keyring: Keyring | None = None) -> AsyncIterator[Store]:
    """Open the real storage over the database at `url`; what it keeps is sealed where there is a `keyring`."""
    engine = await open_engine(url)
    try:
        clock = Clock()
        journal = SqlJournal(engine, clock, sealer=MirrorSealer(), keyring=keyring)
        history = SqlHistory(engine, clock, keyring=keyring)

        @asynccontextmanager
        async def next_process() -> AsyncIterator[ReplyJournal]:
            next_engine = await open_engine(url)
            try:
                yield SqlJournal(next_engine, clock, sealer=MirrorSealer(), keyring=keyring)
            finally:
                await next_engine.dispose()

        yield Store(history, journal, SqlCommandDigests(engine), clock, engine.owner, next_process)
    finally:
        await engine.dispose()


@asynccontextmanager
async def postgres_store() -> AsyncIterator[Store]:
    """Open the real storage over a database of its own on the tests' PostgreSQL server.

    For every eighth test the server dies and starts again once the storage is open: no suite may notice.
    """
    cluster = shared_cluster()
    name = cluster.new_database()
    async with sql_store(cluster.url(name)) as store:
        if int(name.removeprefix("reka_")) % 8 == 4:
            await asyncio.to_thread(cluster.restart)
        yield store


@asynccontextmanager
async def sealed_store(file: Path) -> AsyncIterator[Store]:
    """Open the real storage with a key, as DATA_KEYS gives it, over the database in `file`.

    In the end no word of what the suites say may stand in it as it was said.
    """
    keyring = Keyring([Fernet.generate_key().decode()])
    async with sql_store(f"sqlite+aiosqlite:///{file}", keyring=keyring) as store:
        yield store
    kept = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    assert b"Why is the sky blue?" not in kept


@asynccontextmanager
async def fake_store() -> AsyncIterator[Store]:
    """The fake, as the contract suites open it."""
    clock = Clock()
    store = MemoryStore(clock)

    @asynccontextmanager
    async def next_process() -> AsyncIterator[ReplyJournal]:
        successor = copy.copy(store)
        successor.owner += 1
        yield successor

    yield Store(store, store, store, clock, store.owner, next_process)


# What each contract suite runs over, opened in an empty folder.
IMPLEMENTATIONS: dict[str, Callable[[Path], AbstractAsyncContextManager[Store]]] = {
    "fake": lambda _folder: fake_store(),
    "sqlite": lambda folder: sql_store(f"sqlite+aiosqlite:///{folder / 'reka.db'}"),
    "sqlite, sealed": lambda folder: sealed_store(folder / "reka.db"),
    "postgresql": lambda _folder: postgres_store(),
}


def ask(
    event_id: int,
    text: str = "Why is the sky blue?",
    *,
    place: Place = CHANNEL,
    author: Author = Author(7, "Ada"),  # noqa: B008 -- frozen, so that it may be shared
    question_id: int | None = None,
    quote: Quote | None = None,
) -> Ask:
    """A question in `place`; `question_id` is the message that asks it, where one does."""
    question = MessageRef(place.channel_id, question_id) if question_id is not None else None
    return Ask(
        event_id=event_id, place=place, author=author, text=text, quote=quote, locale="de", question=question
    )


def picture(filename: str, data: bytes = b"pixels", *, quoted: bool = False) -> Picture:
    """A picture that no decoder would take, which storage must not mind."""
    return Picture(filename, "image/png", 640, 480, data, quoted=quoted)
