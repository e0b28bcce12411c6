"""A client of discord.py that is logged in nowhere, with one channel on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import discord

from cogs.chat._finder import ReplyFinder
from tests.unit.delivery.fake_surface import CHANNEL_ID

ME_ID = 1


class Paper(discord.PartialMessageable):
    """A channel of discord.py whose history is `shown`, and that keeps what is sent."""

    shown: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    failure: Exception | None = None

    async def history(self, **_options: Any) -> AsyncIterator[discord.Message]:
        if self.failure is not None:
            raise self.failure
        for payload in self.shown:
            yield self._message(payload)

    async def fetch_message(self, id: int, /) -> discord.Message:  # noqa: A002 - discord.py names it so
        for payload in self.shown:
            if payload["id"] == str(id):
                return self._message(payload)
        raise discord.NotFound(cast("Any", Answer(404)), "Unknown Message")

    async def send(self, content: str | None = None, **options: Any) -> discord.Message:
        self.sent.append({"content": content, **options})
        return self._message(payload_of(7_000, content or ""))

    def _message(self, payload: dict[str, Any]) -> discord.Message:
        return discord.Message(state=self._state, channel=self, data=cast("Any", payload))


class Answer:
    """What discord.py's errors want to know of an HTTP response."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "Scripted"


class PaperClient(discord.Client):
    """Knows one channel, before the gateway has told of any."""

    def __init__(self, *shown: dict[str, Any]) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.paper = Paper(state=self._connection, id=CHANNEL_ID)
        self.paper.shown, self.paper.sent = list(shown), []
        bot = {"id": str(ME_ID), "username": "Reka", "discriminator": "0", "avatar": None}
        self.me = discord.ClientUser(state=self._connection, data=cast("Any", bot))
        self._connection.user = self.me

    def get_partial_messageable(self, id: int, **_options: Any) -> discord.PartialMessageable:  # noqa: A002 - the same
        """The channel on paper, whichever is asked for; discord.py names the argument so."""
        return self.paper

    @property
    def finder(self) -> ReplyFinder:
        """Looks at the channel on paper, as the room of Discord does."""

        async def fetch(url: str, *, limit_bytes: int) -> bytes:
            raise AssertionError((url, limit_bytes))

        return ReplyFinder(self, self.me, fetch, (ConnectionResetError,))


def payload_of(message_id: int, content: str, *, author_id: int = 2, **more: Any) -> dict[str, Any]:
    """A message as Discord sends it."""
    author = {"id": str(author_id), "username": "Ada", "discriminator": "0", "avatar": None}
    empty: dict[str, Any] = {
        name: [] for name in ("attachments", "embeds", "mentions", "mention_roles", "components")
    }
    flags = {"pinned": False, "mention_everyone": False, "tts": False, "edited_timestamp": None, "type": 0}
    return {**empty, **flags, "id": str(message_id), "content": content, "author": author, **more}
