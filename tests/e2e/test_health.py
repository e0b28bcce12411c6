"""HEALTH_PORT: what supervisors and Prometheus are told while the real bot lives through the day."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.reka_space import Script
from tests.e2e.house import House, environment_for, open_house
from tests.e2e.processes import running_bot


@dataclass(slots=True)
class Pages:
    """The health pages of the bot in a house."""

    house: House
    client: aiohttp.ClientSession

    async def ready(self) -> tuple[int, dict[str, object]]:
        async with self.client.get("/readyz") as answer:
            return answer.status, await answer.json()

    async def until_ready(self, expected: bool, timeout_s: float = 10.0) -> dict[str, object]:
        """Wait until /readyz says so; what it says then."""
        async with asyncio.timeout(timeout_s):
            while True:
                status, told = await self.ready()
                if (status == 200) is expected:
                    return told
                await asyncio.sleep(0.02)

    async def numbers(self) -> dict[str, float]:
        """The samples of /metrics; those with labels by their sum."""
        sums: dict[str, float] = {}
        for sample, value in (await self.samples()).items():
            name = sample.partition(",")[0]
            sums[name] = sums.get(name, 0.0) + value
        return sums

    async def samples(self) -> dict[str, float]:
        """The samples of /metrics, each with its labels as in `name,label=value`."""
        async with self.client.get("/metrics") as answer:
            text = await answer.text()
        return {
            ",".join(
                [sample.name, *(f"{label}={value}" for label, value in sorted(sample.labels.items()))]
            ): (sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@asynccontextmanager
async def open_pages(folder: Path, *, grace_s: str = "0") -> AsyncIterator[Pages]:
    port = free_port()
    async with (
        open_house(folder, HEALTH_PORT=str(port), GRACE_S=grace_s) as house,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield Pages(house, client)


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_the_numbers_tell_of_an_answer(pages: Pages) -> None:
    """One question and one answer, and every dashboard that is built on these names shows it."""
    pages.house.reka.enqueue(Script(pieces=["One. ", "Two. ", "Three."], token_s=0.3))
    await pages.house.hears("count", "One. Two. Three.")
    await pages.house.until_ended()

    numbers = await pages.numbers()

    assert numbers["reka_bot_questions_total"] == numbers["reka_bot_replies_total"] == 1
    assert numbers["reka_bot_creates_total"] == 1
    assert numbers["reka_bot_edits_total"] >= 1
    assert numbers["reka_bot_first_words_seconds_count"] == 1
    assert 0 < numbers["reka_bot_first_words_seconds_sum"] < 2
    assert numbers["reka_bot_text_age_seconds_count"] >= 2
    assert numbers["reka_bot_end_lag_seconds_count"] == 1
    assert numbers["reka_bot_reka_answers_total"] == 1
    assert numbers["reka_bot_reka_written_chars_total"] == len("One. Two. Three.")
    assert 0 <= numbers["reka_bot_last_answer_age_seconds"] < 10
    assert numbers["reka_bot_in_flight"] == numbers["reka_bot_replies_lost_total"] == 0
    assert numbers["reka_bot_gateway_up"] == 1
    assert numbers["reka_bot_discord_responses_total"] >= 3
    assert numbers["reka_bot_discord_rate_limited_total"] == 0


async def test_it_is_ready_while_the_gateway_is_there(pages: Pages) -> None:
    """A rolling update may take the next process away only once this one hears its servers."""
    told = await pages.until_ready(expected=True)
    assert told == {"ready": True, "gateway": "ok", "database": "ok", "reka": "ok"}

    pages.house.sandbox.gateway.refuse()
    await pages.house.sandbox.gateway.drop()

    told = await pages.until_ready(expected=False)
    assert told["gateway"] == "not connected: shard 0"
    await pages.until_ready(expected=True, timeout_s=30)
    assert (await pages.numbers())["reka_bot_gateway_disconnects_total"] >= 1


async def test_it_is_not_ready_while_reka_is_known_to_be_down(pages: Pages) -> None:
    """Five questions in a row that met an outage; health itself asks Reka nothing."""
    for number in range(5):
        pages.house.reka.enqueue(Script(status=501))
        pages.house.alice.says(pages.house.general, f"{pages.house.at_reka} number {number}?")
        await pages.house.until_asked(number + 1)
        await pages.house.until_ended()

    told = await pages.until_ready(expected=False)

    assert str(told["reka"]).startswith("down, asked again in ")
    numbers = await pages.numbers()
    assert numbers["reka_bot_breaker_open"] == 1
    assert numbers["reka_bot_reka_errors_total"] == 5


async def test_what_a_page_tells_holds_nothing_of_what_was_said(pages: Pages) -> None:
    """Numbers go to people who may not read the conversations."""
    pages.house.reka.enqueue(Script(pieces=["a secret answer"]))
    await pages.house.hears("a secret question", "a secret answer")

    async with pages.client.get("/metrics") as metrics, pages.client.get("/readyz") as ready:
        told = await metrics.text() + await ready.text()

    for private in ("secret", "alice", pages.house.sandbox.token, str(pages.house.general.id)):
        assert private not in told


async def test_a_bot_that_is_stopping_lives_and_is_not_ready(tmp_path: Path) -> None:
    """Killed for its health in its last seconds, it would lose the answers that it was given time for."""
    async with open_pages(tmp_path, grace_s="30") as pages:
        house = pages.house
        house.reka.enqueue(Script(pieces=["One. ", "Two."], token_s=1.5))
        house.alice.says(house.general, f"{house.at_reka} count")
        await house.world.until(lambda: bool(house.replies()))
        assert house.stopping is not None
        house.stopping.set()

        told = await pages.until_ready(expected=False)
        async with pages.client.get("/healthz") as alive:
            assert alive.status == 200
        assert told["gateway"] == "stopping"
        await house.until_shown("One. Two.")


async def test_without_a_port_nothing_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever set nothing has opened nothing."""
    with caplog.at_level(logging.INFO):
        async with open_house(tmp_path) as house:
            assert house.settings.health_port is None

    assert not [record for record in caplog.records if "health" in record.getMessage().lower()]


async def test_a_taken_port_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    """Exit 2: a supervisor need not try again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with open_house(tmp_path, start=False) as house:
            env = environment_for(house.sandbox, house.reka, tmp_path, HEALTH_PORT=port, LOG_LEVEL="WARNING")
            async with running_bot(env, tmp_path) as program:
                assert await program.ended() == 2

    [sentence] = program.errors
    assert sentence.startswith(f"HEALTH_PORT {port} on 127.0.0.1 cannot be listened on (")
