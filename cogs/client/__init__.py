"""discord.py's client with our cogs."""

from __future__ import annotations

from cogs.client._bot import RekaBot
from cogs.client._connection_trouble import ConnectionTrouble
from cogs.client._gateway_socket import Pace

__all__ = ["ConnectionTrouble", "Pace", "RekaBot"]
