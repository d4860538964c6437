"""Secrets of keys that the service holds, encrypted at rest: what is read out of the database signs nothing.

AES-256-GCM (NIST SP 800-38D) under a random key that lies in a file beside the log's keys and never in the database
or its backups. What a secret belongs to is authenticated with it: moved to another row, it does not open.
"""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import ServiceError
from app.keyring import write_private
from ledger import b64u
from ledger.errors import Malformed

NONCE = 12
KEY = 32


class Vault:
    """Opens and closes with the key in ``path``, which is made, for its owner's eyes only, when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def close(self, secret: bytes, about: str) -> bytes:
        """``secret``, to be opened again by whoever says ``about`` in the same words: nonce ‖ ciphertext ‖ tag."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._key()).encrypt(nonce, secret, about.encode())

    def open(self, closed: bytes, about: str) -> bytes:
        """Raises ServiceError ``held-key`` where key, bytes or ``about`` are not those it was closed with."""
        if not self._path.exists():
            raise ServiceError("held-key", path=str(self._path))
        try:
            return AESGCM(self._key()).decrypt(closed[:NONCE], closed[NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise ServiceError("held-key", path=str(self._path)) from None

    def _key(self) -> bytes:
        if not self._path.exists():
            try:
                write_private(self._path, b64u.encode(secrets.token_bytes(KEY)).encode() + b"\n", mode=0o600)
            except FileExistsError:
                # Another process needed it at the same moment: both use the one that is there.
                pass
        try:
            return b64u.decode(self._path.read_text("ascii").strip(), KEY)
        except (Malformed, UnicodeDecodeError):
            raise ServiceError("held-key", path=str(self._path)) from None
