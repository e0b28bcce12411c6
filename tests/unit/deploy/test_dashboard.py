"""The Grafana dashboard shows what /metrics tells, by the same names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.ledger import Ledger
from runtime.metrics import Metrics
from runtime.services import open_services
from runtime.settings import load_settings
from tests.unit.runtime.test_metrics import ENVIRONMENT, FakeGateway, Nowhere

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "deploy" / "grafana" / "dashboard.json").read_text(encoding="utf-8")
)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


@pytest.fixture
async def told(tmp_path: Path) -> set[str]:
    """The name of each series that /metrics tells, those without a value yet included."""
    database = f"sqlite+aiosqlite:///{tmp_path / 'reka.db'}"
    settings = load_settings({**ENVIRONMENT, "DATABASE_URL": database}, None)
    async with open_services(settings, Nowhere(), Ledger()) as services:
        text = Metrics(services, FakeGateway()).text().decode()
    return set(_series(text))


def _series(text: str) -> Iterator[str]:
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, flags=re.MULTILINE):
        yield f"{name}_bucket" if kind == "histogram" else name


def asked_for() -> set[str]:
    """The series that the dashboard's queries name."""
    queries = [target["expr"] for panel in PANELS for target in panel["targets"]]
    queries += [str(variable.get("query")) for variable in DASHBOARD["templating"]["list"]]
    return set(re.findall(r"\b(?:reka_bot|process)_\w+", " ".join(queries)))


async def test_every_series_of_the_dashboard_is_told(told: set[str]) -> None:
    """A panel of a name that is gone is empty, and empty looks like zero."""
    assert asked_for() - told == set()


async def test_every_number_of_ours_is_on_the_dashboard(told: set[str]) -> None:
    """What nobody sees is not worth counting."""
    assert {name for name in told if name.startswith("reka_bot_")} - asked_for() == set()


def test_no_two_panels_share_an_id_or_a_place() -> None:
    """Grafana shows one of them, and says nothing."""
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = {
        (column, line)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    }
    sizes = [panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in DASHBOARD["panels"]]
    assert len(places) == sum(sizes)
    assert max(column for column, _ in places) < 24


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_every_query_is_of_the_chosen_processes(panel: dict[str, Any]) -> None:
    """Two bots on one Prometheus would be added up."""
    for target in panel["targets"]:
        series = re.findall(r"\b(?:reka_bot|process)_\w+", target["expr"])
        assert target["expr"].count('{job=~"$job", instance=~"$instance"}') == len(series) > 0
