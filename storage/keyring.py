"""The keys that seal what storage keeps: DATA_KEYS, or one that comes out of the bot's token."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.sealer import CannotOpen

__all__ = ["Keyring", "key_of_token"]

_KEY_BYTES = 32
_MARK_CHARS = 8


class Keyring:
    """A Sealer whose first key seals, while each opens; `mark` names the first key without telling it.

    Args:
        keys: each as `Fernet.generate_key()` makes one: 32 bytes in URL-safe base64. At least one.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernets = MultiFernet([Fernet(key) for key in keys])
        self.mark = hashlib.sha256(base64.urlsafe_b64decode(keys[0])).hexdigest()[:_MARK_CHARS]

    def seal(self, plain: bytes) -> bytes:
        """`plain`, encrypted and signed, as raw bytes: a third shorter than Fernet's own base64."""
        return base64.urlsafe_b64decode(self._fernets.encrypt(plain))

    def open(self, sealed: bytes) -> bytes:
        """What was sealed by one of the keys. Raises CannotOpen."""
        try:
            return self._fernets.decrypt(base64.urlsafe_b64encode(sealed))
        except InvalidToken as error:
            raise CannotOpen from error


def key_of_token(token: str) -> str:
    """A key for a Keyring that whoever has the bot's token can make again, and nobody else."""
    # The label keeps this key apart from any other that may once be made out of the token.
    derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"reka bot: interaction tokens")
    return base64.urlsafe_b64encode(derived.derive(token.encode())).decode()
