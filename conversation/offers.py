"""The buttons under an answer, in the reader's language."""

from __future__ import annotations

from conversation.sentences import say
from delivery.surface import Offer, OfferKind


def try_again(reply_id: int, locale: str) -> Offer:
    """The button under an answer that broke off."""
    return Offer(OfferKind.TRY_AGAIN, reply_id, say("button-try-again", locale))


def go_on(reply_id: int, locale: str) -> Offer:
    """The button under an answer that a limit cut short."""
    return Offer(OfferKind.GO_ON, reply_id, say("button-go-on", locale))


def show_thinking(reply_id: int, locale: str) -> Offer:
    """The button under an answer before which the model thought."""
    return Offer(OfferKind.SHOW_THINKING, reply_id, say("button-thinking", locale))
