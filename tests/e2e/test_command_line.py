"""`python bot.py` and `python bot.py --check`: what is wrong in one sentence, what is right in one line."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot import check, main
from runtime.settings import Settings, load_settings
from sandbox.faults import Fault
from tests.e2e.house import House, environment_for, open_house
from tests.e2e.processes import running_bot
from tests.unit.runtime.test_settings import BESIDE, SOUND, WRONG

ME = ("GET", "/users/@me")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A world without the bot, which each test starts as it needs it."""
    async with open_house(tmp_path, start=False) as opened:
        yield opened


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine's own, and no .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def dead_port() -> int:
    """A port that refuses connections."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


async def run_bot(house: House, folder: Path, **changes: str) -> tuple[int, list[str], list[str]]:
    """Run `python bot.py` to its end: status, lines of output, lines of errors."""
    env = environment_for(house.sandbox, house.reka, folder, LOG_LEVEL="WARNING", **changes)
    async with running_bot(env, folder) as program:
        status = await program.ended()
    return status, program.output, program.errors


# ---------------------------------------------------------------------- settings


@pytest.mark.usefixtures("bare_environment")
@pytest.mark.parametrize(("name", "value", "problem", "remedy"), WRONG)
def test_wrong_setting_stops_the_start_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    problem: str,
    remedy: str,
) -> None:
    """Exit 2 tells a supervisor not to try again; --check prints the same as a thing to do and exits 1."""
    for key, text in {**SOUND, **BESIDE.get(name, {}), name: value}.items():
        monkeypatch.setenv(key, text)

    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [sentence] = told.err.splitlines()
    assert sentence.startswith(f"{name} ")
    assert problem in sentence
    assert remedy in sentence

    assert main(["--check"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == (f"to do    {sentence}\n", "")


async def test_bare_start_names_what_is_missing(tmp_path: Path) -> None:
    """The first thing a newcomer sees: two sentences with addresses, and no traceback."""
    async with running_bot({}, tmp_path) as program:
        assert await program.ended() == 2

    assert program.output == []
    assert [line.split()[0] for line in program.errors] == ["DISCORD_TOKEN", "REKA_API_KEY"]
    assert all("https://" in line for line in program.errors)


async def test_bare_check_names_what_is_missing(tmp_path: Path) -> None:
    """The same as things to do."""
    async with running_bot({}, tmp_path, "--check") as program:
        assert await program.ended() == 1

    assert program.errors == []
    assert [line.split()[:3] for line in program.output] == [
        ["to", "do", "DISCORD_TOKEN"],
        ["to", "do", "REKA_API_KEY"],
    ]


# ---------------------------------------------------------------------- --check


async def test_check_prints_a_line_for_each_thing_and_the_invite(house: House, tmp_path: Path) -> None:
    """All is well: exit 0, without having gone online. The settings come from .env in the folder it starts in."""
    env = environment_for(house.sandbox, house.reka, tmp_path, LOG_LEVEL="WARNING")
    lines = [f"{name}={value}" for name, value in env.items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")

    async with running_bot({}, tmp_path, "--check") as program:
        assert await program.ended() == 0

    assert program.errors == []
    settings, invite, discord_line, reka, database = program.output
    assert settings == "ok       settings"
    assert discord_line == f"ok       Discord: Reka, application {house.world.application_id}"
    assert reka == f"ok       Reka: {house.reka.url} answers, by reka-core"
    assert database == "ok       database"
    assert (house.sandbox.gateway.identifies, house.sandbox.gateway.close_codes) == ([], [])
    assert not house.sent(("PUT", "/applications/{application_id}/commands"))
    address = urlsplit(invite.split()[1])
    query = parse_qs(address.query)
    assert f"https://{address.netloc}{address.path}" == "https://discord.com/oauth2/authorize"
    assert query["client_id"] == [str(house.world.application_id)]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    assert discord.Permissions(int(query["permissions"][0])) == discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        read_message_history=True,
        attach_files=True,
        add_reactions=True,
    )


async def printed(
    house: House, folder: Path, capsys: pytest.CaptureFixture[str], **changes: str
) -> list[str]:
    """The lines of --check, settings and invite aside; it is run within this process."""
    capsys.readouterr()
    settings = load_settings(environment_for(house.sandbox, house.reka, folder, **changes), env_file=None)
    fine = await check(settings)
    lines = capsys.readouterr().out.splitlines()
    assert fine is not any(line.startswith("to do ") for line in lines)
    return [line for line in lines if not line.startswith("invite ")]


async def checked(
    house: House, folder: Path, capsys: pytest.CaptureFixture[str], **changes: str
) -> list[str]:
    """What --check finds fault with in a house with one Reka."""
    lines = await printed(house, folder, capsys, **changes)
    assert len(lines) == 3
    return [line.removeprefix("to do    ") for line in lines if not line.startswith("ok ")]


async def test_check_finds_a_wrong_token(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other lines are still printed: one run tells all there is to do."""
    [fault] = await checked(house, tmp_path, capsys, DISCORD_TOKEN="MTIz.wrong.token")

    assert fault.startswith("Discord: Discord does not know this token")
    assert "MTIz" not in fault


async def test_check_finds_a_session_that_ended(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first question fails."""
    house.reka.sessions = {"another"}

    [fault] = await checked(house, tmp_path, capsys)

    assert fault.startswith("Reka: ")
    assert "log in" in fault.lower()
    assert "of-the-house" not in fault


async def test_check_finds_reka_unreachable(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong address, or no way out."""
    [fault] = await checked(house, tmp_path, capsys, REKA_URL=f"http://127.0.0.1:{dead_port()}")

    assert "could not be reached" in fault


def official(house: House, **changes: str) -> dict[str, str]:
    """Settings of the official API, which takes this one key."""
    house.platform.keys = {"the-key"}
    return {"REKA_API_KEY": "the-key", "REKA_API_URL": house.platform.url} | changes


async def test_check_tells_which_reka_answers_and_which_stands_in(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has set up both wants to see which one people will hear."""
    lines = await printed(house, tmp_path, capsys, **official(house, REKA_FALLBACK="space"))

    assert lines[1:3] == [
        f"ok       Reka: {house.platform.url} answers, by reka-flash-3, and reka-edge-2603 for pictures",
        f"ok       Reka: {house.reka.url} stands in for {house.platform.url}, by reka-core",
    ]


async def test_check_tells_of_a_log_in_that_is_not_used(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key beside a session is not a fallback by itself."""
    lines = await printed(
        house,
        tmp_path,
        capsys,
        REKA_API_KEY="the-key",
        REKA_API_URL=house.platform.url,
        REKA_MODEL="reka-edge-2603",
    )

    assert lines[1:3] == [
        f"ok       Reka: {house.platform.url} answers, by reka-edge-2603",
        f"ok       Reka: {house.reka.url} is not asked, unless you set REKA_FALLBACK=space",
    ]
    assert house.reka.token_requests == 0


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"REKA_API_KEY": "another"}, "https://platform.reka.ai"),
        ({"REKA_MODEL": "reka-flsh"}, "it has no model reka-flsh; set REKA_MODEL to one of"),
        (
            {"REKA_VISION_MODEL": "reka-core"},
            "no model reka-core to read pictures; set REKA_VISION_MODEL to one of",
        ),
        ({"REKA_API_URL": "http://127.0.0.1:9/v1"}, "could not be reached"),
    ],
    ids=["key", "model", "vision-model", "address"],
)
async def test_check_finds_what_is_wrong_with_the_official_api(
    house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    fault: str,
) -> None:
    """A model's name is easily mistyped; the list of those there are is at hand."""
    [_, line, _] = await printed(house, tmp_path, capsys, **official(house, REKA_APP_SESSION="", **changes))

    assert line.startswith("to do    Reka: http://127.0.0.1:")
    assert fault in line
    assert ("reka-edge-2603" in line) is ("one of" in fault)
    assert "another" not in line
    assert not line.endswith("..")


async def test_check_finds_a_database_that_cannot_be_written(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that cannot be made is found now, not with the first question."""
    (tmp_path / "file").write_text("no folder", encoding="utf-8")

    [fault] = await checked(
        house, tmp_path, capsys, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'file' / 'reka.db'}"
    )

    assert fault.startswith("database: ")


async def test_check_finds_the_intent_missing(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The portal's switch shows in the application's flags."""
    [fault] = await checked(house, tmp_path, capsys, MESSAGE_CONTENT="1")
    assert fault.startswith("Discord: the intent is not enabled")

    house.world.content_intent = True
    assert await checked(house, tmp_path, capsys, MESSAGE_CONTENT="1") == []


async def test_check_finds_discord_unreachable_or_ill(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the operator's fault: a sentence all the same."""
    [fault] = await checked(
        house, tmp_path, capsys, DISCORD_API_URL=f"http://127.0.0.1:{dead_port()}/api/v10"
    )
    assert fault.startswith("Discord: cannot be reached")

    house.sandbox.faults.next(*ME, Fault.status(503))
    [fault] = await checked(house, tmp_path, capsys)
    assert fault.startswith("Discord: it answered 503")


# ---------------------------------------------------------------------- starts that fail


async def test_wrong_token_is_one_sentence_and_exit_2(house: House, tmp_path: Path) -> None:
    """A supervisor that starts the bot again would only be refused again."""
    status, output, errors = await run_bot(house, tmp_path, DISCORD_TOKEN="MTIz.wrong.token")

    assert (status, output) == (2, [])
    [sentence] = errors
    assert sentence.startswith("DISCORD_TOKEN: Discord does not know this token")


async def test_intent_that_is_not_enabled_is_one_sentence_and_exit_2(house: House, tmp_path: Path) -> None:
    """The gateway closes with 4014; MESSAGE_CONTENT=0 works without."""
    status, output, errors = await run_bot(house, tmp_path, MESSAGE_CONTENT="1")

    assert (status, output) == (2, [])
    [sentence] = errors
    assert sentence.startswith("MESSAGE_CONTENT: the intent is not enabled")


async def test_token_that_the_gateway_refuses_is_one_sentence_and_exit_2(
    house: House, tmp_path: Path
) -> None:
    """4004: the token was reset while the bot ran."""
    env = environment_for(house.sandbox, house.reka, tmp_path)
    async with running_bot(env, tmp_path) as program:
        await program.until(lambda: "connected to Gateway" in "".join(program.errors))
        await house.sandbox.gateway.drop(4004)
        assert await program.ended() == 2

    assert program.errors[-1].startswith("DISCORD_TOKEN: ")
    assert "Traceback" not in "\n".join(program.errors)


async def test_database_that_cannot_be_opened_is_one_sentence_and_exit_2(
    house: House, tmp_path: Path
) -> None:
    """Without memory there is no bot."""
    (tmp_path / "file").write_text("no folder", encoding="utf-8")

    status, _output, errors = await run_bot(
        house, tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'file' / 'reka.db'}"
    )

    assert status == 2
    assert len(errors) == 1


@pytest.mark.parametrize("ill", [True, False], ids=["503", "refused"])
async def test_discord_that_does_not_answer_is_one_sentence_and_exit_1(
    house: House, tmp_path: Path, ill: bool
) -> None:
    """Exit 1: a supervisor may try again."""
    house.sandbox.faults.next(*ME, Fault.status(503))
    api_url = house.sandbox.api_url if ill else f"http://127.0.0.1:{dead_port()}/api/v10"

    status, _output, errors = await run_bot(house, tmp_path, DISCORD_API_URL=api_url)

    assert status == 1
    [sentence] = errors
    assert sentence.startswith("Discord ")


async def test_no_secret_and_no_voice_warning_in_an_ordinary_log(house: House, tmp_path: Path) -> None:
    """What a newcomer reads at the first start is about this bot alone."""
    env = environment_for(house.sandbox, house.reka, tmp_path, REKA_APP_SESSION="the-operators-session")
    async with running_bot(env, tmp_path) as program:
        await house.world.until(lambda: house.sandbox.gateway.online, timeout_s=10)
        house.alice.says(house.general, f"{house.at_reka} hello")
        await house.world.until(lambda: house.reka.chats and house.reka.chats[0].finished)
        os.kill(program.process.pid, 15)
        assert await program.ended() == 0

    told = "\n".join(program.errors)
    assert "answered" in told
    for secret in (house.sandbox.token, "the-operators-session", *house.reka.issued_tokens, "hello", "voice"):
        assert secret not in told
