"""What the deployment files say of the bot, held against the bot itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.dockerfile_steps import read_stages
from runtime.settings import Settings, load_settings
from tests.unit.runtime.test_metrics import ENVIRONMENT

HOUSE = Path(__file__).parents[3]
DEPLOY = HOUSE / "deploy"
POSTGRES = "postgresql+asyncpg://reka:password@postgresql/reka"
FAREWELL_S = 30.0
"""After GRACE_S: the notes under what did not end, and the end of what is open."""


def documents(name: str) -> list[Any]:
    """The YAML documents of a file in deploy/."""
    return list(YAML(typ="safe").load_all((DEPLOY / name).read_text(encoding="utf-8")))


def compose(name: str) -> dict[str, Any]:
    """The services of a compose file by name."""
    [file] = documents(name)
    services: dict[str, Any] = file["services"]
    return services


def stateful_set() -> dict[str, Any]:
    """What the fleet of Kubernetes is."""
    [found] = [one for one in documents("kubernetes/fleet.yaml") if one["kind"] == "StatefulSet"]
    spec: dict[str, Any] = found["spec"]
    return spec


def container() -> dict[str, Any]:
    """The bot in a pod."""
    [found] = stateful_set()["template"]["spec"]["containers"]
    one: dict[str, Any] = found
    return one


def pod_settings() -> dict[str, Any]:
    """The settings of a pod that are no secret."""
    return {one["name"]: one.get("value") for one in container()["env"]}


def unit() -> dict[str, list[str]]:
    """The lines of the systemd unit by name."""
    lines: dict[str, list[str]] = {}
    for name, value in re.findall(
        r"^([A-Za-z]+)=(.*)$", (DEPLOY / "reka-bot.service").read_text(), flags=re.M
    ):
        lines.setdefault(name, []).append(value)
    return lines


def bots_of_the_fleet() -> list[dict[str, Any]]:
    """The shards of the compose file."""
    return [one for name, one in compose("compose.fleet.yaml").items() if name.startswith("shard-")]


def told_settings() -> dict[str, set[str]]:
    """Each deployment, and the names of the settings that it gives."""
    secret = documents("kubernetes/settings.example.yaml")[0]["stringData"]
    image = read_stages((DEPLOY / "Dockerfile").read_text(encoding="utf-8"), path="/bin")[-1]
    of_unit = {pair.partition("=")[0] for line in unit()["Environment"] for pair in line.split()}
    return {
        "Dockerfile": set(image.env),
        "compose.yaml": set(compose("compose.yaml")["bot"]["environment"]),
        "compose.fleet.yaml": {name for bot in bots_of_the_fleet() for name in bot["environment"]},
        "kubernetes": {*pod_settings(), *secret},
        "systemd": of_unit,
    }


@pytest.mark.parametrize(
    "place", ["Dockerfile", "compose.yaml", "compose.fleet.yaml", "kubernetes", "systemd"]
)
def test_every_setting_given_is_one_that_the_bot_knows(place: str) -> None:
    """It ignores the others without a word, as any program does with its environment."""
    of_python = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}

    assert told_settings()[place] - of_python <= {name.upper() for name in Settings.model_fields}


def test_every_room_that_runs_is_in_the_image() -> None:
    """A room that was forgotten is an ImportError at the first start of the next version."""
    image = read_stages((DEPLOY / "Dockerfile").read_text(encoding="utf-8"), path="/bin")[-1]
    copied = {step.text.split()[0] for step in image.steps if step.word == "COPY"}
    rooms = {path.parent.name for path in HOUSE.glob("*/__init__.py")}

    assert rooms - copied == {"sandbox", "tests", "benchmarks", "deploy"}


def test_the_bot_has_time_to_end_everywhere() -> None:
    """Killed before GRACE_S is over, it leaves half an answer on somebody's screen."""
    grace_s = Settings.model_fields["grace_s"].default + FAREWELL_S
    bots = [compose("compose.yaml")["bot"], *bots_of_the_fleet()]

    assert all(float(bot["stop_grace_period"].removesuffix("s")) >= grace_s for bot in bots)
    assert stateful_set()["template"]["spec"]["terminationGracePeriodSeconds"] >= grace_s
    assert float(unit()["TimeoutStopSec"][0]) >= grace_s


def test_each_shard_of_the_compose_fleet_runs_once() -> None:
    """Twice, it would answer twice; not at all, a quarter of the servers would hear nothing."""
    given = [bot["environment"] for bot in bots_of_the_fleet()]

    assert sorted(int(one["SHARD_IDS"]) for one in given) == list(range(len(given)))
    assert {one["SHARD_COUNT"] for one in given} == {str(len(given))}


def test_each_pod_is_one_shard() -> None:
    """The pod's number is the shard's."""
    [shard] = [one for one in container()["env"] if one["name"] == "SHARD_IDS"]

    assert shard["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert pod_settings()["SHARD_COUNT"] == str(stateful_set()["replicas"])
    third = {**ENVIRONMENT, "SHARD_IDS": "reka-bot-3", "SHARD_COUNT": "4", "DATABASE_URL": POSTGRES}
    assert load_settings(third, None).shard_ids == (3,)


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_the_fleet_shares_one_budget(place: str) -> None:
    """Discord counts requests by token, however many processes send them."""
    whole = Settings.model_fields["rest_budget"].default
    if place == "compose":
        shares = [float(bot["environment"]["REST_BUDGET"]) for bot in bots_of_the_fleet()]
    else:
        shares = [float(pod_settings()["REST_BUDGET"])] * stateful_set()["replicas"]

    assert sum(shares) == whole


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")],
)
def test_pods_are_killed_for_their_own_death_alone(probe: str, path: str) -> None:
    """A bot that is killed since Discord or Reka is down would come back no better, and without its answers."""
    [port] = container()["ports"]

    assert container()[probe]["httpGet"] == {"path": path, "port": port["name"]}
    assert str(port["containerPort"]) == pod_settings()["HEALTH_PORT"]


def test_wrong_settings_are_not_tried_again_for_ever() -> None:
    """Each start costs a log-in, and Discord takes a token away after 1,000 of them in a day."""
    named = unit()
    [hours] = re.findall(r"^(\d+)h$", named["StartLimitIntervalSec"][0])

    assert named["RestartPreventExitStatus"] == ["2"]
    assert int(named["StartLimitBurst"][0]) * 24 / int(hours) < 1_000
