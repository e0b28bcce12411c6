"""What delivery asks of the place where a reply appears, and what that place may answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The address of one message of ours."""

    channel_id: int
    message_id: int


class OfferKind(Enum):
    """What a button under a reply does."""

    TRY_AGAIN = "again"
    GO_ON = "more"
    """Ask for the rest of an answer that a limit cut short."""
    SHOW_THINKING = "thought"
    """Show who presses it what the model thought before it answered."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button under the last page of a reply; after a restart its kind and `reply_id` are all that it knows."""

    kind: OfferKind
    reply_id: int
    label: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole answer as it stands; the last one of a reply has `ended` set.

    `note` is a sentence of ours (already in the reader's language) shown under the text, and no part of it.
    """

    text: str
    reasoning: str = ""
    ended: bool = False
    note: str = ""
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the last message of an answer."""

    filename: str
    data: bytes = field(repr=False)


class SurfaceError(Exception):
    """A create, edit or delete did not happen, or nobody knows whether it did."""


class SurfaceGone(SurfaceError):
    """The message, its channel or the interaction is gone: nobody can see this reply any more."""


class SurfaceForbidden(SurfaceError):
    """We may not write here. Trying again changes nothing until somebody changes permissions."""


class SurfaceRefused(SurfaceError):
    """Discord calls the request itself wrong (a 400). Trying again changes nothing."""


class SurfaceUnsure(SurfaceError):
    """The answer was lost or was a 5xx: nobody knows whether it happened."""


class Surface(Protocol):
    """Where one reply appears. Each call is one request to Discord and reports failure as a SurfaceError."""

    limit_chars: int
    """The longest content of one message, in UTF-16 units."""

    wraps_urls: bool
    """True where edits cannot suppress link previews, so that bare URLs must be written as <url>."""

    takes_files: bool
    """Whether a message here may carry a file."""

    @property
    def ends_at_s(self) -> float | None:
        """Epoch seconds after which nothing can be shown here any more; None where there is no such end."""
        ...

    def repeatable(self, page: int) -> bool:
        """Whether repeating a create whose answer was lost doubles nothing (it carries a nonce)."""
        ...

    def create_lanes(self, page: int) -> tuple[str, ...]:
        """The rate limits (keys of the ledger) that creating page number `page` (from 0) counts against."""
        ...

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        """The rate limits (keys of the ledger) that editing `ref` counts against."""
        ...

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> MessageRef:
        """Show page number `page` (from 0) as a new message; `nonce` has at most 25 characters."""
        ...

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        """Look whether a create whose answer was lost has happened after all."""
        ...

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> None:
        """Make `ref` show `content` with these buttons and this file, and with no others."""
        ...

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message of ours; one that is gone already is a success."""
        ...

    async def typing(self) -> None:
        """Show the typing sign for about 10 s; does nothing where Discord shows its own."""
        ...

    async def waiting(self, shown: bool) -> None:
        """Show (or take back) that the question waits for its turn."""
        ...
