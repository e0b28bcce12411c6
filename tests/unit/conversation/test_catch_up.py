"""What was asked while no process was there to hear it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from conversation.catch_up import LIVELY_S, MOST_MESSAGES, MOST_PLACES, UNHEARD_S, CatchUp
from conversation.model import Place
from conversation.ports import MemoryUnavailable
from delivery.ledger import Ledger
from delivery.scheduler import Scheduler
from tests.contract.memory_store import MemoryStore
from tests.contract.stores import ask
from tests.unit.conversation.talk import epoch_s
from tests.unit.virtual_time import now_s


@dataclass(slots=True)
class Absence:
    """Since when nobody has heard anything."""

    since_s: float | None
    failing: bool = False
    over: bool = False
    certain_in_s: float | None = None

    async def renew(self) -> frozenset[int]:
        return frozenset()

    async def leave(self) -> None:
        """Nobody asks for it here."""

    async def away_since_s(self) -> float | None:
        return self.since_s

    async def caught_up(self) -> None:
        if self.failing:
            raise MemoryUnavailable("The database is out of reach.")
        self.over = True


@dataclass(slots=True)
class Reader:
    """Notes what it is asked to read, and when."""

    read: list[tuple[Place, float, int]] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)

    async def take_up(self, place: Place, *, since_s: float, limit: int) -> int:
        self.read.append((place, since_s, limit))
        self.at_s.append(now_s())
        return 1


async def at_once() -> None:
    """Nothing was left half-answered."""


def catching_up(
    store: MemoryStore, absence: Absence, before: Callable[[], Awaitable[None]] = at_once
) -> CatchUp:
    return CatchUp(store, absence, Scheduler(Ledger(clock=now_s), clock=now_s), before, epoch_s)


async def talked_in(store: MemoryStore, places: int) -> None:
    for number in range(1, places + 1):
        await store.claim(ask(number, place=Place(number, 1)), text="x")


async def test_the_places_of_the_last_hour_are_read_from_the_last_sign_of_life_on() -> None:
    """An event may have been delivered just before the death, and not yet claimed."""
    store, reader = MemoryStore(epoch_s), Reader()
    await talked_in(store, 2)
    absence = Absence(epoch_s() - 60)
    catch_up = catching_up(store, absence)

    await catch_up.open()
    await catch_up.run(reader)

    since_s = epoch_s() - 60 - UNHEARD_S
    assert [(place.channel_id, since, limit) for place, since, limit in reader.read] == [
        (1, since_s, MOST_MESSAGES),
        (2, since_s, MOST_MESSAGES),
    ]
    assert catch_up.taken_up == 2
    assert absence.over


async def test_what_was_left_half_answered_goes_before_what_was_missed() -> None:
    """It was asked earlier, and the later question may be about its answer."""
    store, reader, left = MemoryStore(epoch_s), Reader(), asyncio.Event()
    await talked_in(store, 1)

    async def before() -> None:
        await left.wait()

    catch_up = catching_up(store, Absence(epoch_s() - 60), before)
    await catch_up.open()
    catching = asyncio.create_task(catch_up.run(reader))
    await asyncio.sleep(1)
    assert reader.read == []
    left.set()
    await catching
    assert len(reader.read) == 1


async def test_the_first_process_of_all_reads_nothing() -> None:
    """Nobody ever expected an answer of it; from now on somebody may."""
    store, reader, absence = MemoryStore(epoch_s), Reader(), Absence(None)
    await talked_in(store, 1)

    catch_up = catching_up(store, absence)
    await catch_up.open()
    assert absence.over
    await catch_up.run(reader)

    assert reader.read == []


async def test_nobody_waits_for_an_answer_for_more_than_an_hour() -> None:
    """After a night an answer to last evening's question would only surprise."""
    store, reader = MemoryStore(epoch_s), Reader()
    await talked_in(store, 1)

    catch_up = catching_up(store, Absence(epoch_s() - 10 * LIVELY_S))
    await catch_up.open()
    await catch_up.run(reader)

    assert reader.read[0][1] == epoch_s() - LIVELY_S


async def test_no_more_than_a_hundred_places_are_read_and_in_an_even_pace() -> None:
    """A burst after every restart would take the budget from who asks now."""
    store, reader = MemoryStore(epoch_s), Reader()
    await talked_in(store, MOST_PLACES + 20)

    catch_up = catching_up(store, Absence(epoch_s() - 60))
    await catch_up.open()
    await catch_up.run(reader)

    assert len(reader.read) == MOST_PLACES
    assert reader.at_s[-1] - reader.at_s[0] > MOST_PLACES / 50


async def test_it_is_done_once() -> None:
    """A gateway that comes back tells by itself what came meanwhile."""
    store, reader = MemoryStore(epoch_s), Reader()
    await talked_in(store, 1)
    catch_up = catching_up(store, Absence(epoch_s() - 60))

    await catch_up.open()
    await catch_up.run(reader)
    await catch_up.run(reader)

    assert len(reader.read) == 1


async def test_a_database_that_is_out_of_reach_is_no_crash() -> None:
    """The bot answers what comes; the next start reads what this one could not."""
    absence = Absence(epoch_s())
    catch_up = catching_up(MemoryStore(epoch_s), absence)
    await catch_up.open()
    absence.failing = True

    await catch_up.run(Reader())

    assert not absence.over
