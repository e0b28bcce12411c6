"""`reka`, installed from the wheel as people install it, in a process of its own against a loopback Reka."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import signal
import sys
import time
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace, Script
from tests.e2e.installed_library import Installed, install

HOSTILE = "\x1b]0;owned\x07\x1b[2Jgrößer\n"
# It takes about 5 ms; the rest is for a machine that runs many tests at once.
PROMPT_END_S = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, and all that it wrote."""

    status: int
    output: str
    errors: str


@asynccontextmanager
async def started(
    installed: Installed,
    *arguments: str,
    env: Mapping[str, str],
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `reka`; one that still runs in the end is killed."""
    process = await asyncio.create_subprocess_exec(
        installed.reka,
        *arguments,
        cwd=installed.folder,
        env={**installed.environment, **env},
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def reka(
    installed: Installed, *arguments: str, env: Mapping[str, str], given: bytes | None = None
) -> Ended:
    """Run `reka` to its end."""
    stdin = asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE
    async with started(installed, *arguments, env=env, stdin=stdin) as process, asyncio.timeout(20):
        output, errors = await process.communicate(given)
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The library as people get it."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    """A loopback space.reka.ai."""
    async with RekaSpace(token_s=0.0) as running:
        yield running


def account(space: RekaSpace) -> dict[str, str]:
    """The environment of somebody with an account there."""
    return {"REKA_URL": space.url, "REKA_APP_SESSION": "a-session-that-nobody-may-see"}


# ---------------------------------------------------------------------- the package


def test_wheel_holds_the_library_alone(installed: Installed) -> None:
    """Whoever wants the client gets no bot, no sandbox and no tests; type checkers need py.typed."""
    names = zipfile.ZipFile(installed.wheel).namelist()

    assert "reka_provider/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"reka_provider"}
    assert not [name for name in names if "__pycache__" in name]


async def test_version_is_the_packages(installed: Installed) -> None:
    """A report of a fault begins with it."""
    version = zipfile.ZipFile(installed.wheel).filelist[-1].filename.split("-")[1].removesuffix(".dist")

    ended = await reka(installed, "--version", env={})

    assert ended == Ended(0, f"reka {version}\n", "")


async def test_library_brings_neither_discord_nor_pydantic(installed: Installed) -> None:
    """They are the bot's; this environment has them, so that an import would succeed."""
    program = (
        "import sys, reka_provider._command_line as it; "
        "print(it.__file__, *sys.modules.keys() & {'discord', 'pydantic', 'sqlalchemy', 'PIL'})"
    )
    asked = await asyncio.create_subprocess_exec(
        installed.python, "-c", program, cwd=installed.folder, env=installed.environment, stdout=-1
    )
    output, _ = await asked.communicate()

    where, *imported = output.decode().split()
    assert Path(where).is_relative_to(installed.folder)
    assert imported == []


CONSUMER = """\
from typing import assert_type
from reka_provider import AsyncReka, AsyncRekaPlatform, CompletionState, Model, Reka, RekaRateLimitError


def blocking() -> str:
    with Reka(cookies={"appSession": "x"}) as reka:
        for piece in reka.create_completion("reka-core", [{"role": "user", "content": "Hi"}]):
            assert_type(piece, str)
        return reka.upload_image(b"...")


async def asynchronous() -> None:
    async with AsyncReka() as space, AsyncRekaPlatform(api_key="k") as platform:
        async for state in space.stream(messages=[{"role": "user", "content": "Hi"}]):
            assert_type(state, CompletionState)
        async for piece in platform.create_completion(messages=[{"role": "user", "content": "Hi"}]):
            assert_type(piece, str)
        assert_type(await platform.list_models(), list[Model])
        await space.upload_image(5)


def when(error: RekaRateLimitError) -> float | None:
    return error.retry_after
"""


async def test_type_checker_sees_the_types_of_the_installed_package(installed: Installed) -> None:
    """Without py.typed all of it would be Any, and no slip of a caller would show."""
    (installed.folder / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    checking = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--cache-dir=.types",
            "--no-color-output",
        ),
        *("--python-executable", installed.python, "--no-error-summary", "consumer.py"),
        cwd=installed.folder,
        env=installed.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await checking.communicate()

    lines = said.decode().splitlines()
    assert len(lines) == 1, lines  # the one slip that is in there
    assert 'Argument 1 to "upload_image" of "AsyncReka" has incompatible type "int"' in lines[0]


# ---------------------------------------------------------------------- asking


async def test_answer_appears_while_it_grows(installed: Installed, space: RekaSpace) -> None:
    """Nobody wants to look at nothing until the last word; also into a pipe."""
    gate = asyncio.Semaphore(0)
    space.enqueue(Script(pieces=["One", " two", " three."], gate=gate))

    async with started(installed, "Count", env=account(space)) as process:
        assert process.stdout is not None
        for grown in (b"One", b" two", b" three."):
            gate.release()
            async with asyncio.timeout(15):
                assert await process.stdout.readexactly(len(grown)) == grown
        assert await process.stdout.read() == b"\n"
        assert await process.wait() == 0


async def test_pictures_and_options_reach_reka(installed: Installed, space: RekaSpace) -> None:
    """Several pictures in their order, the system text, the model and both tools."""
    for name, width_px in (("cat.png", 64), ("dog.png", 32)):
        Image.new("RGB", (width_px, 48), "orange").save(installed.folder / name)

    ended = await reka(
        installed,
        *("Which", "is", "larger?", "--image", "cat.png", "--image", "dog.png"),
        *("--model", "reka-flash", "--search", "--code", "--system", "Be brief."),
        env=account(space),
    )

    assert (ended.status, ended.errors) == (0, "")
    (chat,) = space.chats
    assert [Image.open(io.BytesIO(upload.data)).width for upload in space.uploads] == [64, 32]
    assert [turn["image_url"] for turn in chat.conversation_history] == [
        upload.media_url for upload in space.uploads
    ]
    assert chat.conversation_history[-1]["text"] == "Be brief.\n\nWhich is larger?"
    assert chat.model_name == "reka-flash"
    assert (chat.body["use_search_engine"], chat.body["use_code_interpreter"]) == (True, True)


async def test_what_is_piped_in_joins_the_question(installed: Installed, space: RekaSpace) -> None:
    """`cat log.txt | reka Explain`, in UTF-8 whatever the locale."""
    space.enqueue(Script(text="Größer."))
    env = {**account(space), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ended = await reka(installed, "Erkläre", env=env, given="größer\n".encode())

    assert (ended.status, ended.output) == (0, "Größer.\n")
    assert space.chats[0].conversation_history[0]["text"] == "Erkläre\n\ngrößer"


@pytest.mark.parametrize(("option", "written"), [("--no-stream", "Hello there.\n"), ("--json", None)])
async def test_whole_answer_is_written_once(
    installed: Installed, space: RekaSpace, option: str, written: str | None
) -> None:
    """For programs that take no half answers; a revised text is no trouble there."""
    space.enqueue(Script(text="Hello thorough", revise_to="Hello there."))

    ended = await reka(installed, option, "Hi", env=account(space))

    assert (ended.status, ended.errors) == (0, "")
    if written is not None:
        assert ended.output == written
    else:
        answer = json.loads(ended.output)
        assert sorted(answer) == ["finish_reason", "reasoning", "text", "usage"]
        assert (answer["text"], answer["finish_reason"]) == ("Hello there.", "stop")
        assert answer["usage"]["output_tokens"] > 0


async def test_revised_text_in_a_pipe_is_an_error(installed: Installed, space: RekaSpace) -> None:
    """What a program has read cannot be taken back."""
    gate = asyncio.Semaphore(0)
    space.enqueue(Script(pieces=["Hello thorough"], revise_to="Hello there.", gate=gate))

    async with started(installed, "Hi", env=account(space)) as process:
        assert process.stdout is not None
        gate.release()
        await process.stdout.readexactly(len("Hello thorough"))
        gate.release()
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert b"--no-stream" in errors


async def test_terminal_gets_text_and_no_commands(installed: Installed, space: RekaSpace) -> None:
    """A model's words must not retitle the window or clear the screen; a pipe gets them unchanged."""
    space.enqueue(Script(text=HOSTILE), Script(text=HOSTILE))
    ours, theirs = pty.openpty()
    try:
        async with started(installed, "Hi", env=account(space), stdout=theirs) as process:
            async with asyncio.timeout(15):
                assert await process.wait() == 0
        shown = os.read(ours, 4096).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    piped = await reka(installed, "Hi", env=account(space))

    assert shown == "]0;owned[2Jgrößer\r\n"
    assert piped.output == HOSTILE


# ---------------------------------------------------------------------- failing


async def test_no_credentials_names_where_to_get_some(installed: Installed) -> None:
    """The first thing that a newcomer sees."""
    ended = await reka(installed, "Hi", env={})

    assert (ended.status, ended.output) == (3, "")
    assert "REKA_API_KEY" in ended.errors
    assert "REKA_APP_SESSION" in ended.errors


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (Script(status=401, body='{"detail": "a-session-that-nobody-may-see"}'), 3, "REKA_APP_SESSION"),
        (Script(status=403), 3, "403"),
        (Script(status=429, headers={"Retry-After": "60"}), 4, "Try again in 60 s."),
        (Script(status=402), 4, "no credits"),
        (Script(status=400, body='{"detail": "a-session-that-nobody-may-see is wrong"}'), 2, "400"),
        (Script(body="nothing that Reka would say"), 1, ""),
    ],
)
async def test_failure_is_one_sentence_and_a_status(
    installed: Installed, space: RekaSpace, script: Script, status: int, said: str
) -> None:
    """A script acts on the status, a person on the sentence; neither may see the cookie."""
    space.enqueue(script, script)

    ended = await reka(installed, "Hi", env=account(space))

    assert (ended.status, ended.output) == (status, "")
    assert said in ended.errors
    assert ended.errors.startswith("reka: ")
    assert ended.errors.count("\n") == 1
    assert "nobody-may-see" not in ended.errors


async def test_partial_text_stays_before_the_sentence(installed: Installed, space: RekaSpace) -> None:
    """Half an answer may be all that somebody needed."""
    space.enqueue(Script(pieces=["Half an", " answer", "."], cut_after_pieces=2, token_s=0.05))

    ended = await reka(installed, "Hi", env=account(space))

    assert (ended.status, ended.output) == (1, "Half an answer\n")
    assert "broke off" in ended.errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["What?", "--image", "missing.png"], "missing.png"),
        (["What?", "--image", "consumer.txt"], "consumer.txt"),
        ([], "There is no question"),
        (["Hi", "--models"], "--service official"),
        (["Hi", "--search", "--service", "official"], "--service space"),
        (["Hi", "--api-key=sk-nobody-may-see"], "environment"),
    ],
)
async def test_wrong_use_asks_nothing_of_reka(
    installed: Installed, space: RekaSpace, arguments: list[str], said: str
) -> None:
    """It is known before any request."""
    (installed.folder / "consumer.txt").write_text("no picture", encoding="utf-8")

    ended = await reka(installed, *arguments, env=account(space))

    assert (ended.status, ended.output) == (2, "")
    assert said in ended.errors
    assert "nobody-may-see" not in ended.errors
    assert (space.chats, space.token_requests) == ([], 0)


async def test_dead_reka_gives_up_after_the_time_out(installed: Installed, space: RekaSpace) -> None:
    """`--timeout` is how long silence is borne."""
    space.enqueue(Script(pieces=["Well", " then."], silent_after_pieces=1))

    ended = await reka(installed, "Hi", "--timeout", "0.3", env=account(space))

    assert (ended.status, ended.output) == (1, "Well\n")
    assert "0.3 s" in ended.errors


@pytest.mark.parametrize("arguments", [["Hi"], ["--help"]])
async def test_full_disk_is_told(installed: Installed, space: RekaSpace, arguments: list[str]) -> None:
    """It is neither Reka's fault nor a reason for a traceback."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        async with started(installed, *arguments, env=account(space), stdout=full) as process:
            _, errors = await process.communicate()
    finally:
        os.close(full)

    assert process.returncode == 1
    assert errors.decode().startswith("reka: The output cannot be written: No space left")
    assert errors.count(b"\n") == 1


# ---------------------------------------------------------------------- leaving


@pytest.mark.parametrize("times", [1, 2])
async def test_ctrl_c_ends_the_answer_at_once(installed: Installed, space: RekaSpace, times: int) -> None:
    """The text so far stays, on a line of its own, and Reka stops writing. `timeout -s INT` sends it twice."""
    space.enqueue(Script(pieces=["Once upon", " a time"], silent_after_pieces=1))

    async with started(installed, "Tell me a story", env=account(space)) as process:
        assert process.stdout is not None
        await process.stdout.readexactly(len("Once upon"))
        for _ in range(times):
            with suppress(ProcessLookupError):  # the first was enough
                os.kill(process.pid, signal.SIGINT)  # send_signal may take the status away from `wait`
        pressed_s = time.monotonic()
        output, errors = await process.communicate()
        assert time.monotonic() - pressed_s < PROMPT_END_S

    assert (process.returncode, output, errors) == (130, b"\n", b"")
    await space.until(lambda: space.chats[0].closed_early)


async def test_ctrl_c_does_not_wait_for_the_resolver(installed: Installed) -> None:
    """A name server that is gone holds its thread for half a minute."""
    customised = installed.folder / "slow_resolver"
    customised.mkdir(exist_ok=True)
    (customised / "sitecustomize.py").write_text(
        "import socket, time\n"
        "def wait(*_, **__):\n"
        "    print('resolving', flush=True)\n"
        "    time.sleep(30)\n"
        "socket.getaddrinfo = wait\n",
        encoding="utf-8",
    )
    env = {"REKA_URL": "http://reka.test", "REKA_APP_SESSION": "s", "PYTHONPATH": str(customised)}

    async with started(installed, "Hi", env=env) as process:
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        pressed_s = time.monotonic()
        await process.communicate()
        assert time.monotonic() - pressed_s < PROMPT_END_S

    assert process.returncode == 130


async def test_ctrl_c_while_input_is_awaited(installed: Installed) -> None:
    """`reka -` reads what is typed; who thinks better of it sees no traceback."""
    env = {"REKA_APP_SESSION": "s"}
    async with started(installed, "-", env=env, stdin=asyncio.subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"more than any pipe holds " * 40_000)
        await process.stdin.drain()  # so it reads
        process.send_signal(signal.SIGINT)
        errors = await process.stderr.read()
        await process.wait()

    assert (process.returncode, errors) == (130, b"")


async def test_reader_that_leaves_ends_it_quietly(installed: Installed, space: RekaSpace) -> None:
    """`reka ... | head -1` is no failure, and Reka stops writing."""
    gate = asyncio.Semaphore(1)
    space.enqueue(Script(pieces=["line 1\n", "line 2\n", "line 3\n"], gate=gate))
    reads, writes = os.pipe()

    try:
        async with started(installed, "Count", env=account(space), stdout=writes) as process:
            os.close(writes)
            assert await asyncio.to_thread(os.read, reads, 6) == b"line 1"
            os.close(reads)
            gate.release()
            _, errors = await process.communicate()
    finally:
        gate.release()

    assert (process.returncode, errors) == (141, b"")
    await space.until(lambda: space.chats[0].ended_at is not None)
    assert not space.chats[0].finished


# ---------------------------------------------------------------------- the official API


@pytest.fixture
async def platform() -> AsyncIterator[RekaPlatformServer]:
    """A loopback official API."""
    async with RekaPlatformServer(token_s=0.0) as running:
        yield running


def key(platform: RekaPlatformServer) -> dict[str, str]:
    """The environment of somebody with a key to it, who has an account on space, too."""
    return {
        "REKA_API_URL": platform.url,
        "REKA_API_KEY": "a-key-that-nobody-may-see",
        "REKA_APP_SESSION": "a-session",
    }


async def test_key_leads_to_the_official_api(installed: Installed, platform: RekaPlatformServer) -> None:
    """What the model thinks goes to standard error, where it was asked for, and never among the answer."""
    platform.enqueue(*[Script(reasoning=["Add ", "them."], text="It is 4.")] * 2)

    shown = await reka(installed, "2+2?", "--show-reasoning", "--system", "Be brief.", env=key(platform))
    silent = await reka(installed, "2+2?", env=key(platform))

    assert shown == Ended(0, "It is 4.\n", "Add them.\n")
    assert silent == Ended(0, "It is 4.\n", "")
    assert platform.chats[0].model == "reka-flash-3"
    assert platform.chats[0].told == [("system", "Be brief."), ("user", "2+2?")]


async def test_json_holds_reasoning_and_usage(installed: Installed, platform: RekaPlatformServer) -> None:
    """They are what a program asks the official API for."""
    platform.enqueue(Script(reasoning=["Add them."], text="It is 4."))

    ended = await reka(installed, "2+2?", "--json", env=key(platform))

    answer = json.loads(ended.output)
    assert (ended.status, ended.errors) == (0, "")
    assert (answer["reasoning"], answer["text"], answer["finish_reason"]) == ("Add them.", "It is 4.", "stop")
    assert sorted(answer["usage"]) == ["input_tokens", "output_tokens"]


async def test_picture_goes_to_a_model_that_sees(installed: Installed, platform: RekaPlatformServer) -> None:
    """The default model reads text alone."""
    Image.new("RGB", (64, 48), "orange").save(installed.folder / "cat.png")

    ended = await reka(installed, "What is it?", "--image", "cat.png", env=key(platform))

    assert (ended.status, ended.errors) == (0, "")
    (chat,) = platform.chats
    assert chat.model == "reka-edge-2603"
    assert chat.images[0].data is not None
    assert Image.open(io.BytesIO(chat.images[0].data)).size == (64, 48)


async def test_cut_answer_says_so(installed: Installed, platform: RekaPlatformServer) -> None:
    """An answer that stops in mid-sentence looks like a fault of ours."""
    platform.enqueue(Script(text="It is", finish_reason="length"))

    ended = await reka(installed, "Why?", env=key(platform))

    assert (ended.status, ended.output) == (0, "It is\n")
    assert "longest length" in ended.errors


async def test_models_are_listed(installed: Installed, platform: RekaPlatformServer) -> None:
    """One a line, its id first; in full as JSON."""
    listed = await reka(installed, "--models", env=key(platform))
    whole = await reka(installed, "--models", "--json", env=key(platform))

    assert (listed.status, listed.errors) == (0, "")
    assert {"reka-flash-3", "reka-edge-2603"} <= {line.split()[0] for line in listed.output.splitlines()}
    assert "16,384 tokens  text, image, video" in listed.output
    assert [one["id"] for one in json.loads(whole.output)] == [
        line.split()[0] for line in listed.output.splitlines()
    ]


async def test_unknown_model_is_answered_with_the_known(
    installed: Installed, platform: RekaPlatformServer
) -> None:
    """Names change; and neither the sentence nor anything else holds the key."""
    ended = await reka(installed, "Hi", "--model", "reka-supreme", env=key(platform))

    assert (ended.status, ended.output) == (2, "")
    assert "reka-flash-3" in ended.errors
    assert "nobody-may-see" not in ended.errors


async def test_refused_key_is_not_repeated(installed: Installed, platform: RekaPlatformServer) -> None:
    """People paste what they see into reports."""
    platform.keys = {"another"}

    ended = await reka(installed, "Hi", env=key(platform))

    assert (ended.status, ended.output) == (3, "")
    assert "REKA_API_KEY" in ended.errors
    assert "nobody-may-see" not in ended.errors
