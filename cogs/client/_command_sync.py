"""The slash commands at Discord, brought up to what the bot has."""

from __future__ import annotations

import hashlib
import json
import logging

import discord
from discord import app_commands

from conversation.ports import CommandDigests

log = logging.getLogger(__name__)


async def sync_if_changed(
    tree: app_commands.CommandTree[discord.Client],
    digests: CommandDigests,
    *,
    application_id: int,
    api_url: str,
    always: bool = False,
) -> bool:
    """Send the global commands where Discord has others than `tree`, or `always`; whether it was done.

    Creates are limited to 200 a day (discord-facts 4), so nothing is sent that is there already.
    One GET finds out what somebody else changed since; the digest, kept per application and API address, finds
    out what we changed.
    """
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    payload.sort(key=lambda command: (command["type"], command["name"]))
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    # No more than these: the rest comes back with Discord's defaults filled in.
    there = {
        (command.type.value, command.name, command.description) for command in await tree.fetch_commands()
    }
    ours = {
        (int(command["type"]), str(command["name"]), str(command.get("description", "")))
        for command in payload
    }
    if not always and there == ours and await digests.digest(application_id, api_url) == digest:
        return False
    synced = await tree.sync()
    await digests.keep(application_id, api_url, digest)
    log.info("commands synced", extra={"commands": len(synced)})
    return True
