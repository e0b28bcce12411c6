"""Chat: mentions, direct messages, /ask, and "Ask about this message"."""

from __future__ import annotations

from cogs import WiredBot
from cogs.chat._cog import ChatCog
from cogs.chat._members import GuildMembership
from cogs.chat._views import OfferButton

__all__ = ["GuildMembership", "setup"]


async def setup(bot: WiredBot) -> None:
    """Load the chat extension into `bot`."""
    wiring = bot.wiring
    bot.add_dynamic_items(OfferButton)
    cog = ChatCog(
        bot, wiring.conversation, wiring.journal, wiring.fetch, wiring.lost_answers, wiring.catch_up
    )
    await bot.add_cog(cog)
