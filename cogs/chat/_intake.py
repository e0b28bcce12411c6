"""Discord's message or interaction -> Ask: plain words, readable names, files that are read later."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain

import discord

from cogs import Fetch
from conversation.model import Ask, Author, IncomingFile, MessageRef, Place, Quote
from conversation.sentences import say

TALK = (discord.MessageType.default, discord.MessageType.reply)
QUOTE_CHARS = 4_000

_MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_COMMAND = re.compile(r"</([^:>]+):\d+>")


def is_for_us(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a person speaks to the bot here: a direct message, a mention of it, or of its managed role.

    `mentioned_in` is not asked: it is true for @everyone too.
    """
    if message.author.bot or message.webhook_id is not None or message.type not in TALK:
        return False
    if message.guild is None:
        return True
    return me in message.mentions or message.guild.self_role in message.role_mentions


def is_withheld(message: discord.Message) -> bool:
    """Whether Discord kept back what a message says: it has no content of any kind (discord-facts 3).

    A mention with nothing else still has the mention as its content.
    """
    return not (
        message.content
        or message.attachments
        or message.embeds
        or message.stickers
        or message.components
        or message.poll
        or message.message_snapshots
    )


def ask_from_message(message: discord.Message, me: discord.ClientUser, fetch: Fetch) -> Ask:
    """The question that a message asks; its text is empty where it is only a mention."""
    quote = _quote_of(message, me, fetch)
    hidden = quote is None and _refers_to_withheld(message, me)
    return Ask(
        event_id=message.id,
        place=Place(message.channel.id, message.guild.id if message.guild else None),
        author=Author(message.author.id, message.author.display_name),
        text=_plain(message, me),
        files=tuple(_files(message.attachments, fetch)),
        quote=quote,
        locale=locale_of(message),
        question=MessageRef(message.channel.id, message.id),
        notes=("note-quote-withheld",) if hidden else (),
    )


def ask_from_command(
    interaction: discord.Interaction,
    question: str,
    image: discord.Attachment | None,
    *,
    private: bool,
    fetch: Fetch,
) -> Ask:
    """The question of /ask; Discord resolves no mention in it, so only what the bot knows gets a name."""
    users = {interaction.user.id: interaction.user.display_name}
    if interaction.client.user is not None:
        question = _without_mention(question, interaction.client.user, interaction.guild)
    return Ask(
        event_id=interaction.id,
        place=place_of(interaction, private=private),
        author=Author(interaction.user.id, interaction.user.display_name),
        text=_readable(question, interaction.guild, users).strip(),
        files=tuple(_files([image] if image is not None else [], fetch)),
        locale=str(interaction.locale),
    )


def ask_about_message(
    interaction: discord.Interaction,
    message: discord.Message,
    me: discord.ClientUser,
    fetch: Fetch,
    *,
    private: bool = False,
) -> Ask:
    """The question of the context menu: please explain that message."""
    locale = str(interaction.locale)
    return Ask(
        event_id=interaction.id,
        place=place_of(interaction, private=private),
        author=Author(interaction.user.id, interaction.user.display_name),
        text=say("about-question", locale),
        quote=_quote(message, me, fetch),
        locale=locale,
    )


def place_of(interaction: discord.Interaction, *, private: bool) -> Place:
    """Where an interaction's conversation is remembered."""
    channel_id = interaction.channel_id
    if channel_id is None:  # Discord sends it with every command and component (discord-facts 2.3)
        raise ValueError("an interaction without a channel")
    return Place(channel_id, interaction.guild_id, interaction.user.id if private else None)


def locale_of(message: discord.Message) -> str:
    """The language of a server; a direct message does not tell one."""
    return str(message.guild.preferred_locale) if message.guild is not None else "en-US"


def plain_text(message: discord.Message, me: discord.ClientUser) -> str:
    """What a message says, without the mention of the bot and with names for all other mentions."""
    return _plain(message, me)


def quoted_text(message: discord.Message, me: discord.ClientUser) -> str:
    """What a message says where another one quotes it: all that it shows, at most QUOTE_CHARS characters."""
    users = {user.id: user.display_name for user in message.mentions} | {me.id: me.display_name}
    parts = [message.content, *text_beside(message.embeds, message.stickers, message.poll)]
    for snapshot in message.message_snapshots:
        parts += [snapshot.content, *text_beside(snapshot.embeds, snapshot.stickers, None)]
    text = _readable("\n".join(filter(None, parts)), message.guild, users).strip()
    return text if len(text) <= QUOTE_CHARS else f"{text[: QUOTE_CHARS - 1]}…"


def text_beside(
    embeds: Iterable[discord.Embed], stickers: Iterable[discord.StickerItem], poll: discord.Poll | None
) -> list[str]:
    """The words of a message that are not its content, one text for each thing that it shows."""
    texts = [_text_of_embed(embed) for embed in embeds]
    if poll is not None:
        texts.append("\n".join([f"Poll: {poll.question}", *(f"- {answer.text}" for answer in poll.answers)]))
    texts += [f"Sticker: {sticker.name}" for sticker in stickers]
    return [text for text in texts if text]


def _text_of_embed(embed: discord.Embed) -> str:
    fields = [f"{field.name}: {field.value}" for field in embed.fields]
    lines = [embed.author.name, embed.title, embed.description, *fields, embed.footer.text]
    return "\n".join(line for line in lines if line)


def _plain(message: discord.Message, me: discord.ClientUser) -> str:
    users = {user.id: user.display_name for user in message.mentions}
    text = _without_mention(message.content, me, message.guild)
    return _readable(text, message.guild, users).strip()


def _without_mention(text: str, me: discord.ClientUser, guild: discord.Guild | None) -> str:
    """`text` without the mentions of the bot and of its role, and without the gap that each would leave."""
    ours = rf"<@!?{me.id}>"
    if guild is not None and guild.self_role is not None:
        ours += rf"|<@&{guild.self_role.id}>"
    return re.sub(rf"(?:(?<=\S) +)?(?:{ours})", "", text)


def _readable(text: str, guild: discord.Guild | None, users: Mapping[int, str]) -> str:
    """`text` with names for the mentions of channels, roles and people that are known, and for emoji."""

    def named(match: re.Match[str]) -> str:
        kind, snowflake = match[1], int(match[2])
        if kind == "#":
            channel = guild.get_channel_or_thread(snowflake) if guild else None
            return f"#{channel.name}" if channel else match[0]
        if kind == "@&":
            role = guild.get_role(snowflake) if guild else None
            return f"@{role.name}" if role else match[0]
        member = guild.get_member(snowflake) if guild and snowflake not in users else None
        name = member.display_name if member else users.get(snowflake)
        return f"@{name}" if name else match[0]

    return _COMMAND.sub(r"/\1", _EMOJI.sub(r":\1:", _MENTION.sub(named, text)))


def _quote_of(message: discord.Message, me: discord.ClientUser, fetch: Fetch) -> Quote | None:
    """The message that this one replies to, or that it forwards, where we may see it."""
    if message.message_snapshots:
        # A forward quotes no message but itself.
        return replace(_quote(message, me, fetch), message_id=None)
    target = message.reference.resolved if message.reference is not None else None
    if not isinstance(target, discord.Message) or is_withheld(target):
        return None
    return _quote(target, me, fetch)


def _refers_to_withheld(message: discord.Message, me: discord.ClientUser) -> bool:
    target = message.reference.resolved if message.reference is not None else None
    return isinstance(target, discord.Message) and target.author != me and is_withheld(target)


def _quote(message: discord.Message, me: discord.ClientUser, fetch: Fetch) -> Quote:
    """What a message says; a forward says what its snapshots hold."""
    snapshots = chain.from_iterable(snapshot.attachments for snapshot in message.message_snapshots)
    return Quote(
        message.author.display_name,
        quoted_text(message, me),
        tuple(_files([*message.attachments, *snapshots], fetch)),
        message.id,
    )


def _files(attachments: Iterable[discord.Attachment], fetch: Fetch) -> Iterable[IncomingFile]:
    for attachment in attachments:
        yield IncomingFile(attachment.filename, attachment.size, _reader(attachment.url, fetch))


def _reader(url: str, fetch: Fetch) -> Callable[[int], Awaitable[bytes]]:
    async def read(limit_bytes: int) -> bytes:
        return await fetch(url, limit_bytes=limit_bytes)

    return read
