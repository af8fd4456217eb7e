"""Tokens of workspaces as they lie in the database: sealed with the operator's key. The only home of `cryptography`.

Fernet is AES-128-CBC with HMAC-SHA256 (github.com/fernet/spec), so what was changed cannot be opened. The key is made
from PAPERWIRE_SECRET_KEY, which may be any words, by scrypt (RFC 7914).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

_SALT = b"paperwire: tokens of workspaces"  # one key seals everything, so there is nothing to tell apart by a salt
_WORK = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 50 ms, once


class DecryptionFailed(Exception):
    """It was sealed with another key, or changed since."""


class TokenCipher:
    """Seals and opens texts."""

    def __init__(self, key: SecretStr) -> None:
        derived = hashlib.scrypt(key.get_secret_value().encode(), salt=_SALT, dklen=32, **_WORK)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        """The text as only this key opens it; each time another one."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """What was sealed. Raises CannotOpen."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionFailed("It was sealed with another key.") from None
