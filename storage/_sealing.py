"""Values as a column holds them: sealed where there are keys, plain where there are none; pure.

What is stored tells by its beginning how to read it, so that rows from before DATA_KEYS was set, or of an earlier
key, stand beside new ones:

    \\x02s 0123abcd : ...    sealed; eight characters name the key, then what the keyring made
    \\x02p ...              plain, of a text that itself begins with \\x02
    ...                    plain
"""

from __future__ import annotations

import base64

from storage.sealer import CannotOpen, MarkedSealer

_ESCAPE = "\x02"
_SEALED = f"{_ESCAPE}s"
_PLAIN = f"{_ESCAPE}p"
_KEY_MARK_CHARS = 8
_HEAD_CHARS = len(_SEALED) + _KEY_MARK_CHARS + len(":")


class Sealing:
    """Puts text and bytes into columns and takes them out; without a keyring it seals nothing."""

    def __init__(self, keyring: MarkedSealer | None = None) -> None:
        self._keyring = keyring

    @property
    def head(self) -> str | None:
        """How everything begins that the newest key sealed; None without keys."""
        return None if self._keyring is None else f"{_SEALED}{self._keyring.mark}:"

    def text(self, plain: str) -> str:
        """`plain`, which must be storable (storage/_text.py), as the column holds it."""
        if self._keyring is None:
            return _PLAIN + plain if plain.startswith(_ESCAPE) else plain
        return f"{self.head}{base64.b64encode(self._keyring.seal(plain.encode())).decode()}"

    def data(self, plain: bytes) -> bytes:
        """`plain` as the column holds it."""
        if self._keyring is None:
            return _PLAIN.encode() + plain if plain.startswith(_ESCAPE.encode()) else plain
        return f"{self.head}".encode() + self._keyring.seal(plain)

    def open_text(self, stored: str) -> str:
        """What was put in as text. Raises CannotOpen."""
        if not stored.startswith(_SEALED):
            return stored.removeprefix(_PLAIN)
        try:
            sealed = base64.b64decode(stored[_HEAD_CHARS:], validate=True)
            return self._open(sealed).decode()
        except ValueError as error:  # no base64, or no UTF-8
            raise CannotOpen from error

    def open_data(self, stored: bytes) -> bytes:
        """What was put in as bytes. Raises CannotOpen."""
        if not stored.startswith(_SEALED.encode()):
            return stored.removeprefix(_PLAIN.encode())
        return self._open(stored[_HEAD_CHARS:])

    def _open(self, sealed: bytes) -> bytes:
        if self._keyring is None:
            raise CannotOpen
        return self._keyring.open(sealed)
