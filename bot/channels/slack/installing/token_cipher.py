"""Encrypts the tokens of workspaces for the database, with the operator's key.

Fernet is AES-128-CBC with HMAC-SHA256 (github.com/fernet/spec), so a changed text cannot be decrypted. The key is derived by
scrypt (RFC 7914) from PAPERWIRE_SECRET_KEY, which may be any text.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

_SALT = b"paperwire: tokens of workspaces"  # constant, since there is one key
_WORK = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 50 ms, once


class DecryptionFailed(Exception):
    """The text was encrypted with another key, or has been changed."""


class TokenCipher:
    """Encrypts and decrypts texts."""

    def __init__(self, key: SecretStr) -> None:
        derived = hashlib.scrypt(key.get_secret_value().encode(), salt=_SALT, dklen=32, **_WORK)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        """Returns the encrypted text, different at each call."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """Returns the decrypted text. Raises DecryptionFailed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionFailed("It was sealed with another key.") from None
