"""What the rooms count, in Prometheus's words: read when somebody asks, never pushed.

Names and meanings: docs/deploying.md. Each process tells of itself alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

import reka_provider
from conversation.mending import RepairCounts
from delivery.histogram import Histogram
from runtime.rekas import RekaBreaker
from runtime.services import Services

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
RATE_LIMIT_SCOPES = (
    "user",
    "global",
    "shared",
)  # discord-facts 1.1; another word of a proxy's counts as "other"

_PREFIX = "reka_bot_"


class Gateway(Protocol):
    """How the shards of this process stand with Discord."""

    @property
    def shards(self) -> Mapping[int, bool]:
        """Which of them are connected; empty before the first connects."""
        ...

    @property
    def latencies_s(self) -> Mapping[int, float]:
        """How long the last heartbeat took, for those that had one."""
        ...

    @property
    def disconnects(self) -> int: ...


class Metrics:
    """All numbers of one process; `text` is what a Prometheus server is answered."""

    def __init__(
        self, services: Services, gateway: Gateway, *, now_s: Callable[[], float] = time.time
    ) -> None:
        self._services = services
        self._gateway = gateway
        self._now_s = now_s
        # One of our own: the library's global one would keep the numbers of a bot that has ended.
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)

    def text(self) -> bytes:
        """Every metric as it stands, in the text format of Prometheus (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Every metric of ours; called by the registry."""
        version = InfoMetricFamily(f"{_PREFIX}build", "Which version runs.")
        version.add_metric([], {"version": reka_provider.__version__})
        yield version
        yield from self._conversation()
        yield from self._delivery()
        yield from self._discord()
        yield from self._gateways()
        yield from self._choosing()
        yield from self._reka_traffic()
        yield from self._breakers()

    def _conversation(self) -> Iterator[Metric]:
        conversation = self._services.conversation
        counts = conversation.counts
        yield _counter(
            "questions", "Questions that were claimed, asked again ones included.", counts.questions
        )
        yield _counters(
            "replies",
            "Questions that came to an end, by how.",
            "outcome",
            {
                "answered": counts.answered,
                "broken": counts.broken,
                "dropped": counts.dropped,
                "refused": counts.refused,
            },
        )
        yield _counter(
            "replies_lost",
            "Replies that ended with neither an answer nor a note on screen.",
            counts.lost + conversation.repair.counts.given_up,
        )
        yield _counters(
            "repairs",
            "What was made of replies that a dead process had left.",
            "outcome",
            {one.name: getattr(conversation.repair.counts, one.name) for one in fields(RepairCounts)},
        )
        yield _counter(
            "repeated_events", "Events that came twice and were answered once.", counts.repeated_events
        )
        yield _counter(
            "unexpected_errors", "Errors that nobody foresaw; the log has each.", counts.unexpected
        )
        yield _gauge(
            "in_flight", "Questions that are being answered or wait in line.", conversation.in_flight
        )

    def _delivery(self) -> Iterator[Metric]:
        counts = self._services.conversation.delivery_counts
        yield _histogram(
            "first_words_seconds", "From the question to the first words on screen.", counts.first_words_s
        )
        yield _histogram(
            "text_age_seconds",
            "How long the oldest words that a change brought had waited to be seen.",
            counts.text_age_s,
        )
        yield _histogram(
            "end_lag_seconds", "From the model's end to the whole answer on screen.", counts.end_lag_s
        )
        yield _counter("creates", "Messages that appeared.", counts.creates)
        yield _counter("edits", "Edits that took effect.", counts.edits)
        yield _counters(
            "repeated_requests",
            "Requests sent again since their answer was lost.",
            "kind",
            {"create": counts.repeated_creates, "edit": counts.repeated_edits},
        )
        waiting = self._services.scheduler.waiting
        yield _gauge("requests_waiting", "Requests that wait until Discord would take them.", waiting)

    def _discord(self) -> Iterator[Metric]:
        counts = self._services.ledger.counts
        yield _counter("discord_responses", "Answers of Discord's REST API.", counts.requests)
        scopes = dict.fromkeys((*RATE_LIMIT_SCOPES, "other"), 0)
        for scope, count in counts.rate_limited.items():
            scopes[scope if scope in RATE_LIMIT_SCOPES else "other"] += count
        yield _counters("discord_rate_limited", "429s of Discord, by what they were about.", "scope", scopes)
        yield _counter(
            "discord_held_inside",
            "Requests that waited inside discord.py, which our own ledger should have known.",
            counts.held_inside,
        )

    def _gateways(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(f"{_PREFIX}gateway_up", "Whether a shard is connected.", labels=["shard"])
        for shard, connected in self._gateway.shards.items():
            up.add_metric([str(shard)], float(connected))
        yield up
        latency = GaugeMetricFamily(
            f"{_PREFIX}gateway_latency_seconds", "How long the last heartbeat took.", labels=["shard"]
        )
        for shard, latency_s in self._gateway.latencies_s.items():
            if math.isfinite(latency_s):
                latency.add_metric([str(shard)], latency_s)
        yield latency
        yield _counter(
            "gateway_disconnects", "How often a shard lost its connection.", self._gateway.disconnects
        )

    def _choosing(self) -> Iterator[Metric]:
        choosing = self._services.rekas.choosing
        counts = choosing.counts
        names = choosing.names
        yield _counters(
            "reka_answers",
            "Whole answers, by who wrote them.",
            "service",
            {name: counts.answered[name] for name in names},
        )
        errors = CounterMetricFamily(
            f"{_PREFIX}reka_errors", "Failed answers, by kind.", labels=["service", "kind"]
        )
        for (service, kind), count in counts.errors.items():
            errors.add_metric([service, kind], count)
        yield errors
        yield _counter("reka_fallbacks", "Answers that another service had to write.", counts.fell_back)
        yield _counters(
            "reka_written_chars",
            "Characters that came, reasoning included.",
            "service",
            {name: counts.written_chars[name] for name in names},
        )
        tokens = CounterMetricFamily(
            f"{_PREFIX}reka_tokens",
            "Tokens as the service counts them; space.reka.ai does not tell.",
            labels=["service", "direction"],
        )
        for name in names:
            tokens.add_metric([name, "input"], counts.input_tokens[name])
            tokens.add_metric([name, "output"], counts.output_tokens[name])
        yield tokens
        age = GaugeMetricFamily(
            f"{_PREFIX}last_answer_age_seconds", "Since the last whole answer; missing before the first."
        )
        if counts.last_at_s is not None:
            age.add_metric([], max(0.0, self._now_s() - counts.last_at_s))
        yield age

    def _reka_traffic(self) -> Iterator[Metric]:
        traffic = {name: client.traffic for name, client in self._services.rekas.clients.items()}
        yield _counters(
            "reka_requests",
            "Requests to Reka, attempts of one counted once.",
            "service",
            {name: one.requests for name, one in traffic.items()},
        )
        yield _counters(
            "reka_retries",
            "Further attempts of requests to Reka.",
            "service",
            {name: one.retries for name, one in traffic.items()},
        )
        yield _counters(
            "reka_rate_limited",
            "429s of Reka.",
            "service",
            {name: one.rate_limited for name, one in traffic.items()},
        )
        yield _counters(
            "reka_held_back",
            "Requests that were not sent, since a limit of Reka's was known to be used up.",
            "service",
            {name: one.held_back for name, one in traffic.items()},
        )
        waiting = GaugeMetricFamily(
            f"{_PREFIX}reka_waiting",
            "Answers that wait for one of REKA_CONCURRENCY places.",
            labels=["service"],
        )
        for name, client in self._services.rekas.clients.items():
            waiting.add_metric([name], client.waiting)
        yield waiting

    def _breakers(self) -> Iterator[Metric]:
        labels = ["service", "endpoint"]
        is_open = GaugeMetricFamily(
            f"{_PREFIX}breaker_open", "Whether an endpoint of Reka's is taken to be down.", labels=labels
        )
        opened = CounterMetricFamily(
            f"{_PREFIX}breaker_opened", "How often it was found down.", labels=labels
        )
        turned_away = CounterMetricFamily(
            f"{_PREFIX}breaker_turned_away", "Requests that failed at once while it was down.", labels=labels
        )
        for name, endpoint, breaker in self._all_breakers():
            is_open.add_metric([name, endpoint], float(breaker.state == "open"))
            opened.add_metric([name, endpoint], breaker.opened)
            turned_away.add_metric([name, endpoint], breaker.turned_away)
        yield from (is_open, opened, turned_away)

    def _all_breakers(self) -> Iterator[tuple[str, str, RekaBreaker]]:
        for name, client in self._services.rekas.clients.items():
            for endpoint, breaker in client.breakers.items():
                yield name, endpoint, breaker


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, meaning, value=value)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, meaning, value=value)


def _counters(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, meaning, labels=[label])
    for value_of_label, value in values.items():
        family.add_metric([value_of_label], value)
    return family


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(
        _PREFIX + name, meaning, buckets=histogram.cumulated(), sum_value=histogram.total
    )
