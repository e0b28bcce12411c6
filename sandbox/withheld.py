"""Which messages reach the bot without their content; pure (Gateway, Message Content Intent)."""

from __future__ import annotations

from sandbox import mentions
from sandbox.entities import Message, User


def is_withheld(message: Message, bot: User, *, content_intent: bool, role_mentions_deliver: bool) -> bool:
    """Whether content, embeds, attachments and components stay empty for `bot`.

    Exceptions: the bot's own messages, direct messages, messages that mention it. A reply that pings counts
    as a mention, unless it replies to an interaction's answer (You Might Not Need a Privileged Intent).
    """
    if content_intent or message.author is bot or message.channel.is_dm:
        return False
    if bot in message.mentions:
        replied = message.reply_to
        by_reply_alone = bot.id not in mentions.read(message.content).users
        if not (by_reply_alone and replied is not None and replied.interaction is not None):
            return False
    guild = message.channel.guild
    by_role = guild is not None and guild.bot_role_id in message.mention_roles
    return not (by_role and role_mentions_deliver)
