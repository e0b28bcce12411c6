"""Lines: first come, first served, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from conversation.line import Lines


async def test_who_came_first_is_served_first() -> None:
    """Answers out of order would be read as answers to other questions."""
    lines: Lines[str] = Lines()
    served: list[int] = []

    async def stand(number: int) -> None:
        with lines.join("here") as standing:
            await standing.turn()
            await asyncio.sleep(1.0 / (number + 1))
            served.append(number)

    await asyncio.gather(*(stand(number) for number in range(5)))

    assert served == [0, 1, 2, 3, 4]


async def test_lines_of_different_keys_do_not_wait_for_each_other() -> None:
    """One slow channel must not stop the bot."""
    lines: Lines[str] = Lines()
    with lines.join("here"), lines.join("there") as standing:
        assert standing.is_first
        await standing.turn()


async def test_whoever_leaves_from_the_middle_lets_the_others_close_up() -> None:
    """A question deleted while it waits."""
    lines: Lines[str] = Lines()
    front, middle, last = (lines.join("here") for _ in range(3))
    with front:
        with suppress(KeyError), middle:
            raise KeyError
        assert lines.length("here") == 2
        assert [standing.is_first for standing in (front, last)] == [True, False]
    with last:
        await last.turn()
        assert lines.length("here") == 1


async def test_an_empty_line_takes_no_memory() -> None:
    """A bot sees more channels in a year than memory should hold."""
    lines: Lines[int] = Lines()
    for key in range(10):
        with lines.join(key):
            assert lines.length(key) == 1
    assert lines._lines == {}  # noqa: SLF001 - memory has no other witness
