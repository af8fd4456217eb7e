"""Sessions of browsers: a cookie, which a script cannot read, and the token of forms that follows from it.

A session that was signed in holds the name, the end, and a signature with a key that is made of the password; so all sessions end
when the password is changed. Only those that were signed out are stored, until their end. Without a password a session is only a random word, to which forms are bound.
"""

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import pbkdf2_hmac, sha256

from bot.context.writing import write
from bot.ports.clock import Clock
from subscriptions.model import CallbackToken
from subscriptions.service.chats import get_conversation_state, set_conversation_state
from subscriptions.store import Store

COOKIE = "paperwire"
LASTS = timedelta(days=30)
_ROUNDS = 200_000  # of the key: about 50 ms, once
_WORD = 24  # bytes of chance
_LONGEST = 1000  # characters of a cookie that is read


class Sessions:
    """Makes and reads sessions. `password`: the key of those that were signed in; "" if nobody signs in."""

    def __init__(self, password: str = "") -> None:
        self._password = password

    def new(self) -> str:
        """Returns the cookie of a browser that has none."""
        return secrets.token_urlsafe(_WORD)

    def sign_in(self, name: str, now: datetime) -> str:
        """Returns the cookie of somebody who knew the password."""
        shown = urlsafe_b64encode(name.encode()).decode()
        said = f"{shown}.{int((now + LASTS).timestamp())}.{secrets.token_urlsafe(_WORD)}"
        return f"{said}.{self._signature(said)}"

    def name_of(self, cookie: str, now: datetime) -> str:
        """Returns the name that a cookie was signed in with; "" for any other cookie, and after its end."""
        said, _, signature = cookie.rpartition(".")
        parts = said.split(".")
        if not self._password or len(parts) != 3 or len(cookie) > _LONGEST:  # noqa: PLR2004 - as `sign_in` writes it
            return ""
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(said).encode()):
            return ""
        return urlsafe_b64decode(parts[0]).decode() if now.timestamp() < int(parts[1]) else ""

    @staticmethod
    def token(cookie: str) -> str:
        """Returns the token of the forms in this session. Who cannot read the cookie cannot make it."""
        return hmac.digest(cookie.encode("utf-8", "replace"), b"form", sha256).hex()

    @cached_property
    def _key(self) -> bytes:
        return pbkdf2_hmac("sha256", self._password.encode(), b"paperwire session", _ROUNDS)

    def _signature(self, said: str) -> str:
        return hmac.digest(self._key, said.encode("utf-8", "replace"), sha256).hex()


class EndedSessions:
    """The sessions that were signed out, in whichever process. Each is stored as a hash until it would have ended by itself."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def has(self, cookie: str) -> bool:
        """Returns whether a session was signed out. Raises StoreError."""
        since = self._clock.wall() - LASTS
        return await asyncio.to_thread(get_conversation_state, self._store, _name(cookie), since=since) is not None

    async def add(self, cookie: str) -> None:
        """Ends a session. Raises StoreError."""
        ended, now = CallbackToken(verb="signed-out"), self._clock.wall()
        await write(set_conversation_state, self._store, _name(cookie), ended, lasts=LASTS, now=now)


def _name(cookie: str) -> str:
    return f"signed-out:{sha256(cookie.encode('utf-8', 'replace')).hexdigest()}"
