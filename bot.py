"""Reka bot: settings -> services -> cogs -> start. `python bot.py`, or `python bot.py --check`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress

import aiohttp
import discord
from discord.http import Route

from cogs import Wiring
from cogs.chat import GuildMembership
from cogs.client import ConnectionTrouble, Pace, RekaBot
from cogs.gateway_watch import GatewayWatch
from delivery.ledger import Ledger, current_attempt
from runtime.health import Readiness, checks_of, serving_health
from runtime.logs import configure_logs
from runtime.metrics import Metrics
from runtime.open_files import allow_all_open_files
from runtime.rekas import check_rekas
from runtime.services import CannotStart, Services, fault_of_database, open_services
from runtime.settings import Settings, SettingsError, load_settings
from runtime.status import Status

log = logging.getLogger("bot")

LOST_ANSWERS = (aiohttp.ClientError, OSError, TimeoutError)
WRONG_SETUP = 2
CANCEL_AGAIN_S = 0.2
NOT_LOGGED_IN = (
    "Discord does not know this token: get a new one at https://discord.com/developers/applications "
    "> your application > Bot > Reset Token."
)
NO_CONTENT_INTENT = (
    "the intent is not enabled: switch it on at https://discord.com/developers/applications "
    "> your application > Bot > Message Content Intent, or set MESSAGE_CONTENT=0."
)
HELD_INSIDE = "a request waited inside discord.py"
"""Said once for each; our own ledger should have known (benchmarks/delivery counts these lines)."""
NO_SHARE = (
    "REST_BUDGET is not set, and this process would use all the requests that Discord allows to the whole fleet: "
    "give each process its share (docs/fleet.md)"
)
CLOSED: Mapping[int, str] = {
    4004: f"DISCORD_TOKEN: {NOT_LOGGED_IN}",
    4010: "SHARD_IDS, SHARD_COUNT: Discord knows no such shard; give numbers from 0 to SHARD_COUNT - 1.",
    4011: (
        "SHARD_COUNT: the bot is in too many servers for so few shards; double it in all processes, or leave it and "
        "SHARD_IDS out to run as many as Discord recommends."
    ),
    4012: "Discord no longer speaks this version of its API: update the bot (requirements.txt pins discord.py).",
    4013: "Discord does not know what this bot asks of it: update the bot (requirements.txt pins discord.py).",
    4014: f"MESSAGE_CONTENT: {NO_CONTENT_INTENT}",
}
"""What is wrong where the gateway closes the connection for good (Opcodes and Status Codes)."""
INVITE_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
    add_reactions=True,
)


def rest_trace(ledger: Ledger) -> aiohttp.TraceConfig:
    """Shows the ledger each request and response of discord.py; callbacks run in the task of the call."""
    trace = aiohttp.TraceConfig()

    async def started(
        _session: aiohttp.ClientSession, _context: object, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if "/api/" in params.url.path:
            held_before = ledger.counts.held_inside
            ledger.started(params.url.path)
            if ledger.counts.held_inside > held_before:
                log.warning(HELD_INSIDE, extra={"method": params.method})

    async def ended(
        _session: aiohttp.ClientSession, _context: object, params: aiohttp.TraceRequestEndParams
    ) -> None:
        if "/api/" in params.url.path:
            ledger.observe(params.method, params.url.path, params.response.status, params.response.headers)

    async def received(
        _session: aiohttp.ClientSession, _context: object, params: aiohttp.TraceResponseChunkReceivedParams
    ) -> None:
        """The call that takes a bucket's last slot withholds its message until the bucket resets; this does not."""
        attempt = current_attempt.get()
        if attempt is None or attempt.message is not None or not params.chunk.startswith(b"{"):
            return
        # What is not a message, or not a whole one, is no loss: the call itself will tell.
        with suppress(ValueError, KeyError, TypeError):
            message = json.loads(params.chunk)
            attempt.shows(int(message["channel_id"]), int(message["id"]))

    trace.on_request_start.append(started)
    trace.on_request_end.append(ended)
    trace.on_response_chunk_received.append(received)
    return trace


CONNECTION_TROUBLE = ConnectionTrouble(LOST_ANSWERS)


def quieten_discord() -> None:
    """Keep discord.py from warning of the voice it lacks, and to one line for each lost connection."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    logging.getLogger("discord.shard").addFilter(CONNECTION_TROUBLE)


def warn_of_budget(settings: Settings) -> None:
    """Tell the operator where each process of a fleet takes the whole of the bot's requests for its own."""
    shared_by_proxy = settings.discord_api_url is not None
    if settings.shard_count is None or not settings.is_in_fleet or shared_by_proxy:
        return
    if "rest_budget" not in settings.model_fields_set:
        share = settings.rest_budget * len(settings.shard_ids) / settings.shard_count
        log.warning(NO_SHARE, extra={"rest_budget": settings.rest_budget, "share": round(share, 1)})


async def run(settings: Settings, stopping: asyncio.Event, *, pace: Pace | None = None) -> None:
    """Run the bot until `stopping` is set; answers under way then get GRACE_S to end.

    `pace` is how fast its shards come back to a gateway that they lost.
    """
    quieten_discord()
    allow_all_open_files()
    warn_of_budget(settings)
    if settings.discord_api_url is not None:
        Route.BASE = settings.discord_api_url
    ledger = Ledger()
    bot = RekaBot(
        content_intent=settings.message_content,
        own_gateway=settings.discord_api_url is not None,
        http_trace=rest_trace(ledger),
        pace=pace or Pace(),
        shard_ids=settings.shard_ids,
        shard_count=settings.shard_count,
    )
    async with (
        open_services(settings, GuildMembership(bot, LOST_ANSWERS), ledger) as services,
        health_pages(settings, services, GatewayWatch(bot), stopping),
        bot,
    ):
        bot.wiring = Wiring(
            services.conversation,
            services.journal,
            services.digests,
            services.catch_up,
            services.scheduler.aclose,
            services.cdn.fetch,
            LOST_ANSWERS,
            Status(services, rest_budget=settings.rest_budget),
            services.identify_lock,
        )
        online = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
        told = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({online, told}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                log.info("stopping", extra={"in_flight": services.conversation.in_flight})
                await services.conversation.drain(settings.grace_s)
        finally:
            # First end `start`, then close: only so does the gateway see close code 1000 (discord-facts 2.4).
            told.cancel()
            ended = online.done()
            while not online.done():
                online.cancel()  # discord.py swallows one that meets it while a shard comes back
                await asyncio.wait({online}, timeout=CANCEL_AGAIN_S)
            await asyncio.wait({told})
        if ended:
            online.result()


def health_pages(
    settings: Settings, services: Services, gateway: GatewayWatch, stopping: asyncio.Event
) -> AbstractAsyncContextManager[None]:
    """The pages for supervisors, where HEALTH_PORT asks for them."""
    if settings.health_port is None:
        return nullcontext()
    return serving_health(
        Readiness(checks_of(services, gateway, stopping)),
        Metrics(services, gateway),
        host=settings.health_host,
        port=settings.health_port,
    )


async def _run_until_signal(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends the loop instead
            loop.add_signal_handler(number, stopping.set)
    await run(settings, stopping)


async def check(settings: Settings) -> bool:
    """Print a line for each thing that has to work, and the invite link; whether all of it does."""
    if settings.discord_api_url is not None:
        Route.BASE = settings.discord_api_url
    checks = [
        await check_discord(settings),
        *[_report(one.what, one.fault) for one in await check_rekas(settings)],
        _report("database", await fault_of_database(settings)),
    ]
    return all(checks)


async def check_discord(settings: Settings) -> bool:
    """Log in over REST alone, without going online."""
    quieten_discord()
    client = discord.Client(intents=discord.Intents(guilds=True))  # never online; without it discord.py warns
    try:
        async with client:
            await client.login(settings.discord_token.get_secret_value())
            return _report_application(client, settings)
    except discord.LoginFailure:
        return _report("Discord", NOT_LOGGED_IN)
    except discord.HTTPException as error:
        return _report("Discord", f"it answered {error.status}: try again in a minute")
    except LOST_ANSWERS as error:
        return _report(
            "Discord", f"cannot be reached ({type(error).__name__}): check the network and DISCORD_API_URL"
        )


def _report_application(client: discord.Client, settings: Settings) -> bool:
    application = client.application
    if application is None or client.user is None:
        return _report("Discord", "it told nothing of the application: try again in a minute")
    flags = application.flags
    if settings.message_content and not (
        flags.gateway_message_content or flags.gateway_message_content_limited
    ):
        return _report("Discord", NO_CONTENT_INTENT)
    link = discord.utils.oauth_url(
        application.id, permissions=INVITE_PERMISSIONS, scopes=("bot", "applications.commands")
    )
    print(f"invite   {link}")
    return _report(f"Discord: {client.user.name}, application {application.id}", None)


def _report(what: str, fault: str | None) -> bool:
    print(f"ok       {what}" if fault is None else f"to do    {what}: {fault}")
    return fault is None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 0, 1 where something failed, 2 where it could not start as set up."""
    parser = argparse.ArgumentParser(prog="bot.py", description="Reka bot: one message answers, and grows.")
    parser.add_argument("--check", action="store_true", help="verify settings, tokens and database, and exit")
    only_check = parser.parse_args(arguments).check
    try:
        settings = load_settings()
    except SettingsError as error:
        for fault in error.faults:
            print(f"to do    {fault}" if only_check else fault, file=sys.stdout if only_check else sys.stderr)
        return 1 if only_check else WRONG_SETUP
    level = "WARNING" if only_check else settings.log_level
    configure_logs(level, settings.log_format, secrets=settings.secret_values())
    if only_check:
        print("ok       settings")
        return 0 if asyncio.run(check(settings)) else 1
    return _run_to_the_end(settings)


def _run_to_the_end(settings: Settings) -> int:
    try:
        asyncio.run(_run_until_signal(settings))
    except KeyboardInterrupt:
        return 130
    except (discord.LoginFailure, discord.PrivilegedIntentsRequired, discord.ConnectionClosed) as error:
        print(_why_not_online(error), file=sys.stderr)
        return WRONG_SETUP
    except CannotStart as error:
        print(error, file=sys.stderr)
        return WRONG_SETUP
    except (discord.HTTPException, discord.GatewayNotFound, *LOST_ANSWERS) as error:
        print(_why_discord_failed(error), file=sys.stderr)
        return 1
    return 0


def _why_discord_failed(error: Exception) -> str:
    if isinstance(error, discord.HTTPException):
        return f"Discord answered {error.status} (code {error.code}): try again in a minute."
    if isinstance(error, discord.GatewayNotFound):
        return "Discord does not tell where its gateway is: try again in a minute."
    return f"Discord cannot be reached ({type(error).__name__}): check the network and DISCORD_API_URL."


def _why_not_online(error: Exception) -> str:
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return CLOSED[4014]
    if isinstance(error, discord.ConnectionClosed):
        unknown = f"Discord closed the connection with code {error.code}: see its documentation of gateway close codes."
        return CLOSED.get(error.code, unknown)
    return CLOSED[4004]


if __name__ == "__main__":
    sys.exit(main())
