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
from conversation.catch_up import CatchUp
from conversation.model import Shards
from conversation.pipeline import Conversation
from conversation.ports import CommandDigests, GuildMembers, History, Ownership, ReplyJournal
from conversation.recall import DEFAULT_SYSTEM_PROMPT, Budget
from delivery.ledger import Ledger
from delivery.scheduler import Scheduler
from reka_provider import PictureDecoder, RekaError
from runtime.cdn import AttachmentCdn
from runtime.rekas import Rekas, open_rekas
from runtime.settings import Settings
from storage.command_digests import SqlCommandDigests
from storage.engine import Database, StorageError, open_engine
from storage.history import SqlHistory
from storage.identify_lock import PostgresIdentifyLock
from storage.journal import SqlJournal
from storage.keyring import Keyring, key_of_token
from storage.owners import SqlOwners
from storage.resealing import reseal

log = logging.getLogger(__name__)

DAY_S = 86_400.0
PURGE_AGAIN_S = 1_800.0  # after one that failed


class CannotStart(Exception):
    """A service cannot work as it is set up; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process."""

    conversation: Conversation
    rekas: Rekas
    history: History
    journal: ReplyJournal
    digests: CommandDigests
    ledger: Ledger
    scheduler: Scheduler
    cdn: AttachmentCdn
    catch_up: CatchUp
    identify_lock: PostgresIdentifyLock | None = None  # in a fleet alone


async def fault_of_database(settings: Settings) -> str | None:
    """Why the database cannot be used, found out by bringing it to the newest schema; None if it can."""
    try:
        engine = await open_engine(settings.database_url.get_secret_value())
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
    shards = None
    if settings.shard_count is not None:
        shards = Shards(frozenset(settings.shard_ids), settings.shard_count)
    async with AsyncExitStack() as stack:
        try:
            engine = await open_engine(settings.database_url.get_secret_value())
            stack.push_async_callback(engine.dispose)
            owners = SqlOwners(engine, shards=shards)
            await owners.renew()  # before the first claim names us
            stack.push_async_callback(_leave, owners)
            rekas = await stack.enter_async_context(open_rekas(settings))
        except (StorageError, RekaError) as error:
            raise CannotStart(str(error)) from error
        cdn = await stack.enter_async_context(AttachmentCdn(discord_api_url=settings.discord_api_url))
        decoder = await stack.enter_async_context(PictureDecoder())
        scheduler = Scheduler(ledger, rest_budget=settings.rest_budget)
        stack.push_async_callback(scheduler.aclose)
        keys, token_key = settings.all_data_keys, key_of_token(settings.discord_token.get_secret_value())
        sealer, keyring = Keyring([*keys, token_key]), Keyring(keys) if keys else None
        history = SqlHistory(engine, keyring=keyring)
        journal = SqlJournal(engine, sealer=sealer, keyring=keyring, shards=shards)
        conversation = Conversation(
            model=rekas.choosing,
            history=history,
            journal=journal,
            members=members,
            scheduler=scheduler,
            attachments=Attachments(limit=rekas.pictures, prepare=decoder.prepare, upload=rekas.upload),
            rules=Rules(settings.allowed_guilds, settings.questions_per_user_hour),
            budget=Budget(settings.history_turns, settings.history_chars),
            limits=Limits(),
            system_prompt=settings.system_prompt or DEFAULT_SYSTEM_PROMPT,
        )
        identify_lock: PostgresIdentifyLock | None = None
        if settings.is_in_fleet:
            identify_lock = PostgresIdentifyLock(settings.database_url.get_secret_value())
            stack.push_async_callback(identify_lock.aclose)
        catch_up = CatchUp(journal, owners, scheduler, conversation.repair.looked)
        try:
            await catch_up.open()
        except StorageError as error:
            raise CannotStart(str(error)) from error
        repairing = asyncio.create_task(conversation.repair.run(owners))
        stack.push_async_callback(_end, repairing)
        purging = asyncio.create_task(_purge_daily(history, settings.history_days))
        stack.push_async_callback(_end, purging)
        if keyring is not None:
            stack.push_async_callback(_end, asyncio.create_task(_reseal_daily(engine, keyring)))
        yield Services(
            conversation,
            rekas,
            history,
            journal,
            SqlCommandDigests(engine),
            ledger,
            scheduler,
            cdn,
            catch_up,
            identify_lock=identify_lock,
        )


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


async def _leave(owners: Ownership) -> None:
    """Hand on what this process did not end; where that fails, the next one waits for our lease."""
    try:
        await owners.leave()
    except StorageError as error:
        log.warning("could not hand on what is left", extra={"why": str(error)})


async def _reseal_daily(database: Database, keyring: Keyring) -> None:
    """Seal by the newest key what is not, at start and then once a day; what failed is tried again sooner."""
    while True:
        try:
            done = await reseal(database, keyring)
        except StorageError as error:
            log.warning("could not seal anew", extra={"why": str(error)})
            await asyncio.sleep(PURGE_AGAIN_S)
        else:
            counts = {"turns": done.turns, "pictures": done.pictures, "closed": done.closed}
            log.info("sealed anew", extra=counts)
            await asyncio.sleep(DAY_S)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
