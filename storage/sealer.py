"""What storage asks of a sealer: bytes that nobody reads without its key."""

from __future__ import annotations

from typing import Protocol


class CannotOpen(Exception):
    """These bytes were sealed by a key that this sealer does not have, or not sealed at all."""


class Sealer(Protocol):
    """Seals bytes, and opens what it sealed, in this process or another one with the same key."""

    def seal(self, plain: bytes) -> bytes:
        """`plain`, unreadable without the key."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises CannotOpen."""
        ...


class MarkedSealer(Sealer, Protocol):
    """A sealer that may have been given a new key: what was sealed by the newest one can be told from the rest."""

    @property
    def mark(self) -> str:
        """Eight characters that name the key that seals, without telling it."""
        ...
