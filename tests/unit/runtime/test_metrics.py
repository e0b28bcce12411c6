"""What a Prometheus server reads of the bot."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conversation.ports import Origin
from delivery.ledger import Ledger
from reka_provider import ChatMessage
from runtime.metrics import CONTENT_TYPE, Metrics
from runtime.services import Services, open_services
from runtime.settings import load_settings

ENVIRONMENT = {
    "DISCORD_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB",
    "REKA_API_KEY": "key",
    "REKA_API_URL": "http://127.0.0.1:9/v1",
    "REKA_APP_SESSION": "session",
    "REKA_FALLBACK": "space",
}


@dataclass(slots=True)
class FakeGateway:
    """Shards as a test wants them."""

    shards: Mapping[int, bool] = field(default_factory=dict)
    latencies_s: Mapping[int, float] = field(default_factory=dict)
    disconnects: int = 0


class Nowhere:
    """A Discord without servers."""

    async def shares_guild(self, user_id: int, guild_ids: frozenset[int]) -> bool:
        return False


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """All services of a bot that never went online."""
    settings = load_settings(
        {**ENVIRONMENT, "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'reka.db'}"}, None
    )
    async with open_services(settings, Nowhere(), Ledger()) as opened:
        yield opened


def read(services: Services, gateway: FakeGateway | None = None) -> dict[str, float]:
    """Every sample, by its name and labels as Prometheus writes them."""
    text = Metrics(services, gateway or FakeGateway(), now_s=lambda: 1_000.0).text().decode()
    return {
        sample.name
        + "".join(f",{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_bot_that_did_nothing_has_lost_nothing(services: Services) -> None:
    """An alarm on a number that appears only with the first loss would be silent before it."""
    numbers = read(services)

    assert numbers["reka_bot_replies_lost_total"] == 0
    assert numbers["reka_bot_questions_total"] == 0
    assert numbers["reka_bot_discord_rate_limited_total,scope=shared"] == 0
    assert numbers["reka_bot_first_words_seconds_count"] == 0
    assert "reka_bot_last_answer_age_seconds" not in numbers


async def test_what_the_rooms_counted_is_what_is_told(services: Services) -> None:
    """Each number has one owner; here it is only translated."""
    conversation, ledger = services.conversation, services.ledger
    conversation.counts.answered, conversation.counts.lost = 3, 1
    conversation.delivery_counts.edits = 7
    for seconds in (0.2, 0.7, 400.0):
        conversation.delivery_counts.first_words_s.observe(seconds)
    ledger.counts.rate_limited["global"] = 2
    ledger.counts.held_inside = 4
    counts = services.rekas.choosing.counts
    counts.errors["official", "RekaTimeoutError"] = 5
    counts.output_tokens["official"] = 60
    counts.last, counts.last_at_s = Origin("official", "reka-flash-3"), 990.0

    numbers = read(services)

    assert numbers["reka_bot_replies_total,outcome=answered"] == 3
    assert numbers["reka_bot_replies_lost_total"] == 1
    assert numbers["reka_bot_edits_total"] == 7
    assert numbers["reka_bot_first_words_seconds_bucket,le=0.75"] == 2
    assert numbers["reka_bot_first_words_seconds_bucket,le=+Inf"] == 3
    assert numbers["reka_bot_first_words_seconds_sum"] == pytest.approx(400.9)
    assert numbers["reka_bot_discord_rate_limited_total,scope=global"] == 2
    assert numbers["reka_bot_discord_held_inside_total"] == 4
    assert numbers["reka_bot_reka_errors_total,kind=RekaTimeoutError,service=official"] == 5
    assert numbers["reka_bot_reka_tokens_total,direction=output,service=official"] == 60
    assert numbers["reka_bot_last_answer_age_seconds"] == 10


async def test_every_way_a_repair_may_end_is_told(services: Services) -> None:
    """A reply that was given up is a lost one, too."""
    counts = services.conversation.repair.counts
    counts.finished, counts.labelled, counts.given_up = 3, 2, 1

    numbers = read(services)

    assert numbers["reka_bot_repairs_total,outcome=finished"] == 3
    assert numbers["reka_bot_repairs_total,outcome=labelled"] == 2
    assert numbers["reka_bot_repairs_total,outcome=asked_again"] == 0
    assert numbers["reka_bot_replies_lost_total"] == 1


async def test_a_scope_that_nobody_knows_makes_no_new_series(services: Services) -> None:
    """A proxy that writes an id there would fill the memory of the Prometheus server."""
    services.ledger.counts.rate_limited.update({"bucket-1234": 2, "bucket-5678": 1})

    scopes = [name for name in read(services) if name.startswith("reka_bot_discord_rate_limited")]

    assert sorted(scope.rpartition("=")[2] for scope in scopes) == ["global", "other", "shared", "user"]


async def test_each_shard_is_told_apart(services: Services) -> None:
    """One shard of four that is gone is a quarter of the servers; a heartbeat not yet answered has no time."""
    gateway = FakeGateway({0: True, 1: False}, {0: 0.05, 1: float("inf")}, disconnects=3)

    numbers = read(services, gateway)

    assert (numbers["reka_bot_gateway_up,shard=0"], numbers["reka_bot_gateway_up,shard=1"]) == (1, 0)
    assert numbers["reka_bot_gateway_latency_seconds,shard=0"] == 0.05
    assert "reka_bot_gateway_latency_seconds,shard=1" not in numbers
    assert numbers["reka_bot_gateway_disconnects_total"] == 3


async def test_who_waits_for_a_place_at_reka_is_told(tmp_path: Path) -> None:
    """Where REKA_CONCURRENCY is too low people wait here, and no limit of Reka's or of Discord's shows it."""
    database = f"sqlite+aiosqlite:///{tmp_path / 'reka.db'}"
    settings = load_settings({**ENVIRONMENT, "DATABASE_URL": database, "REKA_CONCURRENCY": "1"}, None)
    async with silent_reka() as url:
        settings = settings.model_copy(update={"reka_api_url": url})
        async with open_services(settings, Nowhere(), Ledger()) as services:
            before = read(services)
            asked = [asyncio.create_task(_ask(services)) for _ in range(3)]
            async with asyncio.timeout(5):
                while read(services)["reka_bot_reka_waiting,service=official"] < 2:  # noqa: ASYNC110 - no number tells when it changes
                    await asyncio.sleep(0.01)
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
            after = read(services)

    assert before["reka_bot_reka_waiting,service=official"] == 0
    assert before["reka_bot_reka_waiting,service=space"] == 0
    assert after["reka_bot_reka_waiting,service=official"] == 0


async def _ask(services: Services) -> None:
    messages: list[ChatMessage] = [{"role": "user", "content": "hello"}]
    async with aclosing(services.rekas.choosing.stream(messages=messages)) as states:
        await anext(states)


@asynccontextmanager
async def silent_reka() -> AsyncIterator[str]:
    """A server that takes each request and answers none; its address."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/v1"


async def test_both_rekas_are_counted_apart(services: Services) -> None:
    """Which of them is at its limit decides whom the operator calls."""
    numbers = read(services)

    assert {name for name in numbers if name.startswith("reka_bot_reka_requests_total")} == {
        "reka_bot_reka_requests_total,service=official",
        "reka_bot_reka_requests_total,service=space",
    }


async def test_two_bots_in_one_process_tell_of_themselves_alone(services: Services) -> None:
    """The library's global registry would refuse the second, and keep the numbers of the first."""
    first = Metrics(services, FakeGateway(disconnects=1)).text().decode()
    second = Metrics(services, FakeGateway(disconnects=2)).text().decode()

    assert "reka_bot_gateway_disconnects_total 1.0" in first
    assert "reka_bot_gateway_disconnects_total 2.0" in second


async def test_every_metric_says_what_it_means(services: Services) -> None:
    """Nobody reads the code at night."""
    text = Metrics(services, FakeGateway()).text().decode()

    meanings = dict(re.findall(r"^# HELP (reka_bot_\w+) (.*)$", text, flags=re.MULTILINE))
    assert len(meanings) > 25
    assert all(meaning.endswith(".") for meaning in meanings.values())
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
