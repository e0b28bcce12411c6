"""Nothing that opens an account leaves the program: and the check that says so of every test can fail itself."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.reka_space import Script
from tests.e2e.house import House, open_house
from tests.e2e.pictures import picture
from tests.e2e.processes import running_bot
from tests.made_up_secrets import secrets_in, secrets_under
from tests.secret_leaks import Secrets, is_ours, logged_by, shown_by

ROOT = Path(__file__).parents[2]

LEAKY = """
import logging, subprocess, sys
from pathlib import Path
import pytest
from reka_provider import RekaResponseError, to_bytes

API_KEY = "very-secret-Key-1"

@pytest.fixture
def ours():
    made = RekaResponseError("no")
    made.args = (API_KEY,)
    return made

def test_clean():
    print("very-secret-", "Key-1")

def test_printed():
    print("the key is", API_KEY)

def test_error_stream():
    print(API_KEY, file=sys.stderr)

def test_read_back(capsys):
    print(API_KEY)
    capsys.readouterr()

def test_child():
    subprocess.run([sys.executable, "-c", f"print({API_KEY!r})"], capture_output=True, check=True)

def test_expected_error():
    with pytest.raises(RekaResponseError):
        raise RekaResponseError("no") from ValueError(API_KEY)

def test_repr(ours):
    pass

def test_log_of_ours():
    record = logging.makeLogRecord({"name": "x", "levelno": 40, "msg": "%s", "args": (API_KEY,)})
    record.pathname = str(Path(__file__).parents[1] / "runtime" / "services.py")
    logging.getLogger().handle(record)

def test_made_up_by_a_server():
    print("/webhooks/123/" + "Aa1_" * 16)

def test_log_of_a_test():
    logging.getLogger("runtime.x").error(API_KEY)
"""
CLEAN = {"test_clean", "test_log_of_a_test"}


def test_the_check_of_every_test_can_fail(tmp_path: Path) -> None:
    """A net without knots would let everything pass, too; two workers, as in `make test`."""
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_leaky.py").write_text(LEAKY, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.secret_leaks",
        "-n",
        "2",
        "-v",
        "--show-capture=no",
    ]
    # With CI set, pytest says each error a second time in its summary.
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}
    environment = {**inherited, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    names = {
        line.removeprefix("def ").partition("(")[0] for line in LEAKY.splitlines() if "def test_" in line
    }
    failed = {name for name in names if f"ERROR tests/test_leaky.py::{name}" in done.stdout}
    assert failed == names - CLEAN, done.stdout
    assert done.stdout.count(" lets a secret out:") == len(failed)
    assert "very-secret-Key-1" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "secrets"),
    [
        ("f(api_key='abcdefgh1')", ["abcdefgh1"]),
        ("f(REKA_API_KEY='abcdefgh1')", ["abcdefgh1"]),
        ("x = {'DISCORD_TOKEN': 'abc.defgh1'}", ["abc.defgh1"]),
        ("x = {'appSession': 'abcdefgh1'}", ["abcdefgh1"]),
        ("x = 'theme=dark; appSession=abcdefgh1; y=z'", ["abcdefgh1"]),
        ("x = f'http://name:abcdefgh1@{host}/'", ["abcdefgh1"]),
        ("monkeypatch.setenv('REKA_BEARER_TOKEN', 'abcdefgh1')", ["abcdefgh1"]),
        ("SESSION = 'abcdefgh1'", ["abcdefgh1"]),
        ("TWO_LINE_KEY = 'abcdefgh1\\nijklmnop2'", ["abcdefgh1", "ijklmnop2"]),
        ("f(api_key='your_api_key')", []),
        ("f(api_key='short1')", []),
        ("SESSION = 'session'", []),
        ("NAME = 'abcdefgh1'", []),
    ],
)
def test_secrets_are_found_where_they_stand(source: str, secrets: list[str]) -> None:
    """Nobody has to list them, so nobody can forget one."""
    assert list(secrets_in(source)) == secrets


def test_the_secrets_of_this_suite_are_known() -> None:
    """Those of the rooms that handle any: a scanner that finds none would be green for ever."""
    rooms = {"/".join(place.split("/")[:2]) for place in secrets_under(ROOT / "tests").values()}
    assert {"contract/reka", "unit/runtime", "unit/reka_provider"} <= rooms
    assert any(place.startswith("e2e/") for place in secrets_under(ROOT / "tests").values())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with both Rekas behind it, and with every kind of secret."""
    async with open_house(tmp_path, official=True, REKA_FALLBACK="space") as opened:
        yield opened


def secrets_of(house: House) -> list[str]:
    return [
        house.sandbox.token,
        *house.reka.issued_tokens,
        *house.world.interactions,
        *(value for value in house.settings.secret_values() if value),
    ]


async def lives_through_trouble(house: House) -> None:
    """Questions by two doors, with a picture; each Reka repeats in its errors what it was given."""
    key, session = house.settings.reka_api_key, house.settings.reka_app_session
    assert key is not None
    assert session is not None
    told = key.get_secret_value()
    house.platform.enqueue(Script(status=400, body=f'{{"error": {{"message": "not with {told}"}}}}'))
    house.alice.says(house.general, f"{house.at_reka} one")
    await house.world.until(lambda: len(house.replies()) == 1, timeout_s=10)
    house.platform.enqueue(*[Script(status=503, body=told)] * 4)
    house.reka.enqueue(Script(status=400, body=f"no to {session.get_secret_value()}"))
    house.alice.says(house.general, f"{house.at_reka} two")
    await house.world.until(lambda: len(house.replies()) == 2, timeout_s=10)
    house.alice.says(house.general, f"{house.at_reka} three", files=[("cat.png", picture())])
    asked = house.bob.uses(house.general, "ask", {"question": "four"})
    await house.world.until(lambda: asked.original is not None and not asked.original.thinking, timeout_s=10)
    await house.world.until(lambda: len(house.replies()) >= 3, timeout_s=10)


async def test_nothing_that_the_bot_logs_or_shows_of_itself_holds_a_secret(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs are sent to strangers who help, and a traceback with local values shows reprs."""
    caplog.set_level(logging.DEBUG)
    for name in ("discord", "aiosqlite"):  # libraries' payloads, which runtime.logs keeps out
        caplog.set_level(logging.INFO, logger=name)

    await lives_through_trouble(house)

    secrets = Secrets(dict.fromkeys(secrets_of(house), "this house"))
    said = "\n".join(logged_by(record) for record in caplog.records if record.name.split(".")[0] != "discord")
    assert list(secrets.leaks_in("the log", said)) == []
    things = [thing for thing in gc.get_objects() if is_ours(thing)]
    assert len(things) > 50
    for thing in things:
        assert list(secrets.leaks_in(f"the repr of a {type(thing).__name__}", repr(thing))) == []
        if isinstance(thing, Exception):
            assert list(secrets.leaks_in(f"a {type(thing).__name__}", shown_by(thing))) == []


async def test_nothing_that_the_process_prints_holds_a_secret(house: House, tmp_path: Path) -> None:
    """The whole of its output, as an operator would paste it; `running_bot` hands it to the check as well."""
    await house.stop_bot()
    settings = house.settings
    env = {
        "DISCORD_TOKEN": house.sandbox.token,
        "DISCORD_API_URL": house.sandbox.api_url,
        "REKA_URL": house.reka.url,
        "REKA_APP_SESSION": "session-of-the-process-3Kd9",
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "LOG_LEVEL": "DEBUG",
        "GRACE_S": "0",
    }
    async with running_bot(env, tmp_path) as program:
        await program.until(lambda: house.sandbox.gateway.online)
        house.reka.enqueue(Script(status=400, body="no to session-of-the-process-3Kd9"))
        house.alice.says(house.general, f"{house.at_reka} one")
        await asyncio.wait_for(house.world.until(lambda: len(house.replies()) == 1), 10)
    told = "\n".join([*program.output, *program.errors])
    secrets = Secrets(dict.fromkeys(["session-of-the-process-3Kd9", *secrets_of(house)], "this process"))
    assert len(told) > 200
    assert list(secrets.leaks_in("the output", told)) == []
