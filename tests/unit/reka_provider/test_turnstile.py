"""So many at once, in the order of arrival, and nobody forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider import RekaRequestError
from reka_provider._turnstile import Turnstile


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """People who go through a turnstile one after the other, each until told to leave."""

    def __init__(self, turnstile: Turnstile) -> None:
        self.turnstile = turnstile
        self.entered: list[int] = []
        self.most_inside = 0
        self.leave: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    def comes(self) -> None:
        self.leave.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._visit(len(self.tasks))))

    async def _visit(self, number: int) -> None:
        async with self.turnstile:
            self.entered.append(number)
            self.most_inside = max(self.most_inside, self.turnstile.inside)
            await self.leave[number].wait()

    async def goes_home(self) -> None:
        for event in self.leave:
            event.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_who_came_first_goes_first() -> None:
    """A queue that lets the lucky past keeps the unlucky for ever."""
    crowd = Crowd(Turnstile(2))
    for _ in range(5):
        crowd.comes()
    await settled()
    assert (crowd.entered, crowd.turnstile.waiting) == ([0, 1], 3)
    crowd.leave[1].set()
    await settled()
    assert crowd.entered == [0, 1, 2]
    await crowd.goes_home()
    assert crowd.entered == [0, 1, 2, 3, 4]
    assert (crowd.turnstile.inside, crowd.turnstile.waiting) == (0, 0)


async def test_a_newcomer_does_not_pass_who_was_just_called() -> None:
    """Between the call and the step through, a place looks free and is not."""
    turnstile = Turnstile(1)
    crowd = Crowd(turnstile)
    crowd.comes()
    await settled()
    crowd.comes()
    await settled()
    crowd.leave[0].set()
    await asyncio.sleep(0)
    crowd.comes()
    await settled()
    assert crowd.entered == [0, 1]
    await crowd.goes_home()


async def test_who_gives_up_leaves_the_queue() -> None:
    """A person who deleted the question must not hold up the others."""
    crowd = Crowd(Turnstile(1))
    for _ in range(3):
        crowd.comes()
    await settled()
    crowd.tasks[1].cancel()
    await settled()
    assert crowd.turnstile.waiting == 1
    crowd.leave[0].set()
    await settled()
    assert crowd.entered == [0, 2]
    await crowd.goes_home()


async def test_a_place_handed_to_who_gave_up_goes_on() -> None:
    """Call and cancellation can fall into the same moment; a place lost there is lost for good."""
    crowd = Crowd(Turnstile(1))
    for _ in range(3):
        crowd.comes()
    await settled()
    crowd.leave[0].set()
    await asyncio.sleep(0)  # 0 leaves and calls 1, which has not run yet
    crowd.tasks[1].cancel()
    await settled()
    assert crowd.entered == [0, 2]
    await crowd.goes_home()
    assert crowd.turnstile.inside == 0


async def test_an_error_inside_gives_the_place_back() -> None:
    """A stream that fails is as much at its end as one that succeeds."""
    turnstile = Turnstile(1)
    with pytest.raises(KeyError):
        async with turnstile:
            raise KeyError
    assert turnstile.inside == 0


async def test_zero_lets_all_in() -> None:
    """It is the default, and says: no bound."""
    crowd = Crowd(Turnstile(0))
    for _ in range(100):
        crowd.comes()
    await settled()
    assert crowd.most_inside == 100
    await crowd.goes_home()
    assert crowd.turnstile.inside == 0


@pytest.mark.parametrize("places", [-1, 1.5, "2", True, None])
def test_what_is_no_number_of_places_is_refused(places: Any) -> None:
    """By the name of its setting."""
    with pytest.raises(RekaRequestError, match="REKA_CONCURRENCY"):
        Turnstile(places)


@settings(max_examples=60, deadline=None)
@given(
    places=st.integers(1, 3),
    story=st.lists(
        st.one_of(
            st.just(("comes", 0)),
            st.tuples(st.sampled_from(["leaves", "cancelled"]), st.integers(0, 9)),
            st.just(("tick", 0)),
        ),
        max_size=40,
    ),
)
def test_no_story_loses_a_place_or_the_order(places: int, story: list[tuple[str, int]]) -> None:
    """Arrivals, departures and cancellations meet in every order."""

    async def live() -> None:
        crowd = Crowd(Turnstile(places))
        for what, number in story:
            if what == "comes":
                crowd.comes()
            elif what == "tick":
                await asyncio.sleep(0)
            elif number < len(crowd.tasks) and what == "leaves":
                crowd.leave[number].set()
            elif number < len(crowd.tasks):
                crowd.tasks[number].cancel()
        await crowd.goes_home()
        assert crowd.most_inside <= places
        assert crowd.entered == sorted(crowd.entered)
        assert (crowd.turnstile.inside, crowd.turnstile.waiting) == (0, 0)

    asyncio.run(live())
