"""Settings -> everything the bot uses, opened in order and closed in the reverse one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from conversation.admit import Rules
from conversation.answering import Limits
from conversation.attach import Attachments
from conversation.pipeline import Conversation
from conversation.ports import CommandDigests, GuildMembers, History, ReplyJournal
from conversation.recall import DEFAULT_SYSTEM_PROMPT, Budget
from delivery.ledger import Ledger
from delivery.scheduler import Scheduler
from reka_provider import AsyncReka, RekaError
from runtime.cdn import AttachmentCdn
from runtime.settings import Settings
from storage.command_digests import SqlCommandDigests
from storage.engine import StorageError, open_engine
from storage.history import SqlHistory
from storage.journal import SqlJournal

log = logging.getLogger(__name__)

DAY_S = 86_400.0
PURGE_AGAIN_S = 1_800.0  # after one that failed


class CannotStart(Exception):
    """A service cannot work as it is set up; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process."""

    conversation: Conversation
    history: History
    journal: ReplyJournal
    digests: CommandDigests
    ledger: Ledger
    scheduler: Scheduler
    cdn: AttachmentCdn


def _open_reka(settings: Settings) -> AsyncReka:
    """The client of space.reka.ai that the settings describe; it connects with its first request."""
    cookies: dict[str, str] | str | None = None
    if settings.reka_app_session is not None:
        cookies = {"appSession": settings.reka_app_session.get_secret_value()}
    elif settings.reka_cookies is not None:
        cookies = settings.reka_cookies.get_secret_value()
    bearer = settings.reka_bearer_token
    return AsyncReka(
        cookies=cookies,
        api_key=bearer.get_secret_value() if bearer is not None else None,
        base_url=settings.reka_url,
        proxy=settings.reka_proxy.get_secret_value() if settings.reka_proxy is not None else None,
    )


async def fault_of_reka(settings: Settings) -> str | None:
    """Why Reka would not answer, found out by trading the credentials for an access token; None if it would."""
    try:
        async with _open_reka(settings) as reka:
            await reka.get_access_token()
    except RekaError as error:
        return str(error)
    return None


async def fault_of_database(settings: Settings) -> str | None:
    """Why the database cannot be used, found out by bringing it to the newest schema; None if it can."""
    try:
        engine = await open_engine(settings.database_url)
    except StorageError as error:
        return str(error)
    await engine.dispose()
    return None


@asynccontextmanager
async def open_services(settings: Settings, members: GuildMembers, ledger: Ledger) -> AsyncIterator[Services]:
    """Open all services, and close them in the reverse order.

    Raises:
        CannotStart: the database cannot be used, or the Reka credentials cannot be right.
    """
    async with AsyncExitStack() as stack:
        try:
            engine = await open_engine(settings.database_url)
            stack.push_async_callback(engine.dispose)
            reka = await stack.enter_async_context(_open_reka(settings))
        except (StorageError, RekaError) as error:
            raise CannotStart(str(error)) from error
        cdn = await stack.enter_async_context(AttachmentCdn(discord_api_url=settings.discord_api_url))
        scheduler = Scheduler(ledger, rest_budget=settings.rest_budget)
        stack.push_async_callback(scheduler.aclose)
        history, journal = SqlHistory(engine), SqlJournal(engine)
        conversation = Conversation(
            model=reka,
            history=history,
            journal=journal,
            members=members,
            scheduler=scheduler,
            attachments=Attachments(upload=reka.keep_image),
            rules=Rules(settings.allowed_guilds, settings.questions_per_user_hour),
            budget=Budget(settings.history_turns, settings.history_chars),
            limits=Limits(),
            system_prompt=settings.system_prompt or DEFAULT_SYSTEM_PROMPT,
            model_name=settings.reka_model,
        )
        purging = asyncio.create_task(_purge_daily(history, settings.history_days))
        stack.push_async_callback(_end, purging)
        yield Services(conversation, history, journal, SqlCommandDigests(engine), ledger, scheduler, cdn)


async def _purge_daily(history: History, days: int) -> None:
    """Forget what is older than HISTORY_DAYS, at start and then once a day; what failed is tried again sooner."""
    while True:
        try:
            forgotten = await history.purge(before_s=time.time() - days * DAY_S)
        except StorageError as error:
            log.warning("could not purge", extra={"days": days, "why": str(error)})
            await asyncio.sleep(PURGE_AGAIN_S)
        else:
            log.info("purged", extra={"turns": forgotten, "days": days})
            await asyncio.sleep(DAY_S)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
