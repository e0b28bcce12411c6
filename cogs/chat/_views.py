"""The button under an answer that broke off. It works after any restart: all it knows is in its custom id."""

from __future__ import annotations

import re
from typing import Any, Protocol, Self

import discord
from discord import app_commands

from delivery.surface import Offer


class TriesAgain(Protocol):
    """The cog that the button hands its press to."""

    async def try_again(self, interaction: discord.Interaction, reply_id: int) -> None: ...


class TryAgainButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"again:(?P<reply_id>\d+)"):
    """Asks the question of one reply anew."""

    def __init__(self, reply_id: int, label: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=label, style=discord.ButtonStyle.primary, custom_id=f"again:{reply_id}", emoji="🔁"
            )
        )
        self.reply_id = reply_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        label = item.label if isinstance(item, discord.ui.Button) and item.label else ""
        return cls(int(match["reply_id"]), label)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        cog: TriesAgain = interaction.client.get_cog("ChatCog")
        try:
            await cog.try_again(interaction, self.reply_id)
        except Exception as error:  # noqa: BLE001 - on its way to the one handler; discord.py would only log it
            failure = app_commands.AppCommandError("Try again failed")
            failure.__cause__ = error
            await interaction.client.tree.on_error(interaction, failure)


def try_again_view(offer: Offer) -> discord.ui.View:
    """A view that holds the button and nothing else; discord.py keeps no state of a view of dynamic items."""
    view = discord.ui.View(timeout=None)
    view.add_item(TryAgainButton(offer.reply_id, offer.label))
    return view
