"""What was asked while no process was there to hear it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from conversation.catch_up import LIVELY_S, MOST_MESSAGES, MOST_PLACES, RESTS_S, UNHEARD_S, CatchUp
from conversation.model import Place
from conversation.ports import MemoryUnavailable, MissedUnknown
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
    """Notes what it is asked to read, and when; `silent`: about which channels Discord says nothing, how often."""

    silent: dict[int, int] = field(default_factory=dict)
    read: list[tuple[Place, float, int]] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)

    async def take_up(self, place: Place, *, since_s: float, limit: int) -> int:
        self.read.append((place, since_s, limit))
        self.at_s.append(now_s())
        if self.silent.get(place.channel_id, 0) > 0:
            self.silent[place.channel_id] -= 1
            raise MissedUnknown("503")
        return 1

    @property
    def channels(self) -> list[int]:
        """What was read, in order."""
        return [place.channel_id for place, _, _ in self.read]


@dataclass(slots=True)
class AwayAtFirst(MemoryStore):
    """A database that is away when the places are asked for the first times."""

    away: int = 1

    async def places_since(self, since_s: float, *, limit: int) -> list[Place]:
        if self.away:
            self.away -= 1
            raise MemoryUnavailable("The database is out of reach.")
        return await MemoryStore.places_since(self, since_s, limit=limit)


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


async def test_what_was_missed_is_read_when_the_database_is_back() -> None:
    """One failed statement at the start, and nobody would ever read it: a later process has another last sign."""
    store, reader = AwayAtFirst(epoch_s), Reader()
    await talked_in(store, 1)
    absence = Absence(epoch_s() - 60)
    catch_up = catching_up(store, absence)
    await catch_up.open()
    await catch_up.run(reader)
    await catch_up.run(reader)  # the gateway is ready once more

    assert len(reader.read) == 1
    assert absence.over


async def test_after_a_long_outage_of_the_database_a_gateway_that_comes_back_begins_anew() -> None:
    """The tries have an end, and questions of the last hour still wait."""
    store, reader = AwayAtFirst(epoch_s, away=len(RESTS_S) + 1), Reader()
    await talked_in(store, 1)
    absence = Absence(epoch_s() - 60)
    catch_up = catching_up(store, absence)
    await catch_up.open()
    await catch_up.run(reader)
    assert reader.read == []
    await catch_up.run(reader)

    assert len(reader.read) == 1
    assert absence.over


async def test_a_place_that_discord_does_not_show_is_tried_again_and_no_other() -> None:
    """A 503 says nothing of what was asked there; what was read is heard already."""
    store, reader = MemoryStore(epoch_s), Reader(silent={1: 2})
    await talked_in(store, 2)
    absence = Absence(epoch_s() - 60)
    catch_up = catching_up(store, absence)
    await catch_up.open()
    catching = asyncio.create_task(catch_up.run(reader))
    await asyncio.sleep(RESTS_S[0] - 1)
    assert not absence.over
    await catching

    assert sorted(reader.channels) == [1, 1, 1, 2]
    assert catch_up.taken_up == 2
    assert absence.over


async def test_a_place_that_discord_never_shows_is_given_up_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An hour later nobody waits there any more, and the operator should know."""
    store, reader = MemoryStore(epoch_s), Reader(silent={1: 1_000})
    await talked_in(store, 2)
    absence = Absence(epoch_s() - 60)
    catch_up = catching_up(store, absence)
    await catch_up.open()
    await catch_up.run(reader)

    assert reader.channels.count(1) == len(RESTS_S) + 1
    assert absence.over
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "Discord did not tell what was missed"
    ]
