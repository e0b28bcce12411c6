"""`make demo`: the sandbox, a stand-in for Reka, and the real bot between them, until Ctrl+C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.reka_space import RekaSpace
from sandbox.server import REKA_API_PATH, Sandbox

HOUSE = Path(__file__).parent.parent
DEFAULT_PORT = 8321
READY_WITHIN_S = 60.0
GOODBYE_S = 2.0

# A closed terminal (SIGHUP, which Windows lacks) reaches only us: the bot has a session of its own.
ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

LOG_INS = ("REKA_APP_SESSION", "REKA_COOKIES", "REKA_BEARER_TOKEN")
# What a stand-in must not meet: credentials, and what is meant for the Reka that they belong to.
REAL_REKA = (
    *LOG_INS,
    "REKA_API_KEY",
    "REKA_API_URL",
    "REKA_URL",
    "REKA_MODEL",
    "REKA_VISION_MODEL",
    "REKA_FALLBACK",
    "REKA_PROXY",
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
THINK_S = 0.7


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


class Answers(Enum):
    """Who answers the bot."""

    SPACE_STAND_IN = "stand-in"
    OFFICIAL_STAND_IN = "stand-in for the official API"
    REAL_REKA = "the real Reka"


def who_answers(env: Mapping[str, str]) -> Answers:
    """Who answers, by the operator's settings; a key never leaves the machine unless REKA_API_URL leads it out."""
    key, api_url = env.get("REKA_API_KEY"), env.get("REKA_API_URL")
    if api_url and is_official_stand_in(api_url):
        return Answers.OFFICIAL_STAND_IN
    if key:
        return Answers.REAL_REKA if api_url else Answers.OFFICIAL_STAND_IN
    return Answers.REAL_REKA if any(env.get(name) for name in LOG_INS) else Answers.SPACE_STAND_IN


def is_official_stand_in(url: str) -> bool:
    """Whether an address is that of the official API in a sandbox; the port may be another's by now."""
    try:
        place = urlsplit(url)
    except ValueError:  # as in "http://[": the bot will say what is wrong with it
        return False
    return place.hostname in LOOPBACK and place.path.rstrip("/") == REKA_API_PATH


def name_of(answers: Answers, env: Mapping[str, str]) -> str:
    """What people are told of who answers: for a real Reka the host, without any password before it."""
    if answers is not Answers.REAL_REKA:
        return str(answers.value)
    default = "https://space.reka.ai"
    url = env.get("REKA_API_URL" if env.get("REKA_API_KEY") else "REKA_URL") or default
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def bot_environment(
    env: Mapping[str, str], sandbox: Sandbox, answers: Answers, space: RekaSpace, folder: Path
) -> dict[str, str]:
    """The environment of a bot that lives in the sandbox, with a database of its own."""
    changed = {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'demo.db'}",
        "ALLOWED_GUILDS": "",
        "MESSAGE_CONTENT": "",
        "GRACE_S": "0",
        "LOG_LEVEL": env.get("LOG_LEVEL") or "WARNING",
        "PYTHONUNBUFFERED": "1",
    }
    if answers is not Answers.REAL_REKA:
        changed |= dict.fromkeys(REAL_REKA, "")
    if answers is Answers.SPACE_STAND_IN:
        changed |= {"REKA_URL": space.url, "REKA_APP_SESSION": "stand-in"}
    elif answers is Answers.OFFICIAL_STAND_IN:
        changed |= {"REKA_API_URL": sandbox.reka_api_url, "REKA_API_KEY": "stand-in"}
    return {**env, **changed}


async def demo(port: int | None, folder: Path) -> None:
    """Run the demo until SIGINT or SIGTERM.

    Raises:
        DemoError: the port is taken, or the bot ended or did not come up.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING:
        with suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends the loop instead
            loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        answers = who_answers(os.environ)
        name = name_of(answers, os.environ)
        space = await stack.enter_async_context(RekaSpace(think_s=THINK_S))
        sandbox = await _open_sandbox(stack, port, name, is_stand_in=answers is not Answers.REAL_REKA)
        sandbox.reka_platform.think_s = THINK_S
        env = bot_environment(os.environ, sandbox, answers, space, folder)
        # Its own folder: a .env of the real bot is not for the demo.
        bot = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HOUSE / "bot.py"),
            env=env,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl+C is ours: in a Python that just starts it would print a traceback
        )
        stack.push_async_callback(_say_goodbye, bot)
        if await _until_ready(sandbox, bot, stopping):
            _welcome(sandbox, answers, name)
            await _until_either(bot, stopping)


async def _open_sandbox(stack: AsyncExitStack, port: int | None, label: str, *, is_stand_in: bool) -> Sandbox:
    """On the port asked for; else on the usual one, so that a bookmark works, or on any that is free."""
    ports = (port,) if port is not None else (DEFAULT_PORT, 0)
    for candidate in ports:
        try:
            return await stack.enter_async_context(
                Sandbox(port=candidate, reka_label=label, reka_is_stand_in=is_stand_in)
            )
        except OSError:
            continue
    raise DemoError(f"Port {port} is taken: name another one with --port, or none for any that is free.")


async def _until_ready(sandbox: Sandbox, bot: asyncio.subprocess.Process, stopping: asyncio.Event) -> bool:
    """Wait for the bot to be online; False where Ctrl+C came first."""
    online = asyncio.create_task(
        sandbox.world.until(lambda: sandbox.gateway.online, timeout_s=READY_WITHIN_S)
    )
    over = asyncio.create_task(_until_either(bot, stopping))
    try:
        await asyncio.wait({online, over}, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            over.result()
            return False
        try:
            online.result()
        except TimeoutError as error:
            raise DemoError(f"The bot did not come online within {READY_WITHIN_S:.0f} s.") from error
        return True
    finally:
        for task in (online, over):
            task.cancel()
        await asyncio.wait({online, over})


async def _until_either(bot: asyncio.subprocess.Process, stopping: asyncio.Event) -> None:
    """Wait for Ctrl+C.

    Raises:
        DemoError: the bot ended by itself.
    """
    told = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(bot.wait())
    try:
        await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (told, ended):
            task.cancel()
        await asyncio.wait({told, ended})
    if bot.returncode is not None and not stopping.is_set():
        raise DemoError(f"The bot ended by itself, with status {bot.returncode}; what it said stands above.")


async def _say_goodbye(bot: asyncio.subprocess.Process) -> None:
    """End the bot while its Discord still answers; a bot that does not end is killed."""
    if bot.returncode is None:
        with suppress(ProcessLookupError):  # it ended this very moment
            bot.terminate()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await bot.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                bot.kill()
            await bot.wait()


def _welcome(sandbox: Sandbox, answers: Answers, name: str) -> None:
    print(f"\n  Reka bot is online in a sandbox. Open  {sandbox.page_url}\n", flush=True)
    if answers is Answers.SPACE_STAND_IN:
        print(
            "  The answers come from a stand-in, which is no model. For the real Reka, set REKA_APP_SESSION to\n"
            "  the appSession cookie of your log-in at space.reka.ai and start again. A stand-in for Reka's\n"
            f"  official API is at  {sandbox.reka_api_url}  and answers where REKA_API_KEY is set to any word.",
        )
    elif answers is Answers.OFFICIAL_STAND_IN:
        print(
            f"  The answers come from a stand-in for Reka's official API at  {sandbox.reka_api_url} , which is no\n"
            "  model. Your REKA_API_KEY stays unused. For the real Reka, set REKA_API_URL=https://api.reka.ai/v1,\n"
            "  too, and start again.",
        )
    else:
        print(f"  The answers come from {name}.")
    print("  Ctrl+C ends it.\n", flush=True)


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Try Reka bot in a browser, with no token."
    )
    parser.add_argument(
        "--port", type=int, help=f"of the chat page (default: {DEFAULT_PORT}, or any that is free)"
    )
    parser.add_argument(
        "--data", type=Path, default=HOUSE / "data" / "demo", help="folder of the demo's database"
    )
    arguments = parser.parse_args()
    folder: Path = arguments.data.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(demo(arguments.port, folder))
    except OSError as error:
        print(f"The demo's database has no place at {folder}: {error.strerror}.", file=sys.stderr)
        return 1
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
