"""The first response to an interaction, and sentences of ours beside it."""

from __future__ import annotations

import logging

import discord

from cogs.chat._intake import place_of
from cogs.chat._surface import LostAnswers
from cogs.chat._token_surface import surface_of_interaction
from conversation.model import Ask, Author
from conversation.pipeline import Conversation

log = logging.getLogger(__name__)

# By a try whose answer was lost, or since the event came twice: who claims it decides.
DEFERRED_ALREADY = 40060


async def defer(
    interaction: discord.Interaction, lost_answers: LostAnswers, *, private: bool = False, anew: bool = True
) -> bool:
    """Respond within the 3 s that Discord gives; False where nothing can be shown any more.

    `anew`: with a message of its own that says "thinking"; else a press changes the message that was pressed.
    """
    fields: dict[str, object] = {"event_id": interaction.id, "channel_id": interaction.channel_id}
    try:
        await interaction.response.defer(ephemeral=private, thinking=anew)
    except discord.HTTPException as error:
        if error.code == DEFERRED_ALREADY:
            return True
        log.warning("too late for an interaction", extra={**fields, "code": error.code})
        return False
    except lost_answers as error:
        # Whether it happened shows with the answer's first words.
        log.warning("a defer got no answer", extra={**fields, "error": type(error).__name__})
    return True


async def whisper(
    interaction: discord.Interaction,
    sentence: str,
    *,
    conversation: Conversation,
    lost_answers: LostAnswers,
    me: discord.abc.Snowflake,
) -> None:
    """Say one more sentence about an interaction that was answered already, to its person alone."""
    surface = surface_of_interaction(interaction, lost_answers, me=me, private=True, aside=True)
    await conversation.say_more(event_of(interaction), surface, sentence)


def author_of(interaction: discord.Interaction) -> Author:
    """Who uses the command or presses the button."""
    return Author(interaction.user.id, interaction.user.display_name)


def event_of(interaction: discord.Interaction, *, private: bool = True) -> Ask:
    """An interaction as something to say a sentence about."""
    place = place_of(interaction, private=private)
    return Ask(interaction.id, place, author_of(interaction), "", locale=str(interaction.locale))
