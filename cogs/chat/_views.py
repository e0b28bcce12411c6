"""The buttons under an answer. They work after any restart: all that one knows is in its custom id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self

import discord
from discord import app_commands

from delivery.surface import Offer, OfferKind

_STYLES = {
    OfferKind.TRY_AGAIN: (discord.ButtonStyle.primary, "🔁"),
    OfferKind.GO_ON: (discord.ButtonStyle.primary, "⏩"),
    OfferKind.SHOW_THINKING: (discord.ButtonStyle.secondary, "💭"),
}
_TEMPLATE = re.compile(rf"(?P<kind>{'|'.join(kind.value for kind in OfferKind)}):(?P<reply_id>\d+)")


class TakesPresses(Protocol):
    """The cog that a button hands its press to."""

    async def pressed(self, interaction: discord.Interaction, kind: OfferKind, reply_id: int) -> None: ...


class OfferButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_TEMPLATE):
    """Takes up one offer of one reply."""

    def __init__(self, offer: Offer) -> None:
        style, emoji = _STYLES[offer.kind]
        super().__init__(
            discord.ui.Button(
                label=offer.label, style=style, custom_id=f"{offer.kind.value}:{offer.reply_id}", emoji=emoji
            )
        )
        self.offer = offer

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        label = item.label if isinstance(item, discord.ui.Button) and item.label else ""
        return cls(_offer(match, label))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        cog: TakesPresses = interaction.client.get_cog("ChatCog")
        try:
            await cog.pressed(interaction, self.offer.kind, self.offer.reply_id)
        except Exception as error:  # noqa: BLE001 - on its way to the one handler; discord.py would only log it
            failure = app_commands.AppCommandError("A button failed")
            failure.__cause__ = error
            await interaction.client.tree.on_error(interaction, failure)


def _offer(match: re.Match[str], label: str) -> Offer:
    return Offer(OfferKind(match["kind"]), int(match["reply_id"]), label)


def view_of(offers: Iterable[Offer]) -> discord.ui.View | None:
    """A view that holds these buttons and nothing else, or None for none of them.

    discord.py keeps no state of a view of dynamic items.
    """
    buttons = [OfferButton(offer) for offer in offers]
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def offers_on(message: discord.Message) -> Iterator[Offer]:
    """The offers that a message of ours shows."""
    for row in message.components:
        if not isinstance(row, discord.ActionRow):
            continue
        for button in row.children:
            match = _TEMPLATE.fullmatch(button.custom_id or "")
            if match is not None and isinstance(button, discord.Button):
                yield _offer(match, button.label or "")
