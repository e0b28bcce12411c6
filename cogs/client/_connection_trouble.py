"""What discord.py logs of connections that it lost, shortened."""

from __future__ import annotations

import logging

import discord


class ConnectionTrouble(logging.Filter):
    """Tells what discord.py survives by connecting again in one line; a traceback of it helps nobody."""

    def __init__(self, lost_answers: tuple[type[Exception], ...]) -> None:
        super().__init__()
        self._survived = (*lost_answers, discord.ConnectionClosed, discord.GatewayNotFound)

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, self._survived):
            record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
            record.exc_info = None
        return True
