"""What a password opens: sign-in and `/metrics`. Wrong passwords are counted, so that guessing takes long."""

import hmac
from collections import Counter, deque
from enum import Enum
from hashlib import sha256

from bot.operation.web.pages.guard import network_of
from bot.ports.clock import Clock
from bot.settings import Settings

MINUTE = 60.0  # seconds
MOST_TRIES = 10  # wrong passwords of one session in a minute
MOST_TRIES_OF_AN_ADDRESS = (
    100  # of all sessions there, which anybody can begin; behind a proxy many people may have one address
)


class Tried(Enum):
    """What became of a password."""

    OPENS = "opens"
    WRONG = "wrong"
    UNREAD = "unread"  # there were too many wrong ones


class Lock:
    """A lock that each of these passwords opens."""

    def __init__(self, clock: Clock, *passwords: str) -> None:
        self._clock = clock
        self._passwords = [_digest(one) for one in passwords]
        self._wrong: deque[tuple[float, str]] = deque()  # (monotonic second, session or address) of the last minute
        self._counts: Counter[str] = Counter()

    def tries(self, password: str, *, address: str, session: str = "") -> Tried:
        """Looks at a password, unless its session or address had too many wrong ones in the last minute."""
        second, place, session = self._clock.monotonic(), f"at {network_of(address)}", f"in {session}"
        while self._wrong and self._wrong[0][0] <= second - MINUTE:
            self._counts.subtract([self._wrong.popleft()[1]])
        self._counts = +self._counts
        if self._counts[session] >= MOST_TRIES or self._counts[place] >= MOST_TRIES_OF_AN_ADDRESS:
            return Tried.UNREAD
        given = _digest(password)
        if any([hmac.compare_digest(given, one) for one in self._passwords]):  # noqa: C419 - all, so each takes as long
            return Tried.OPENS
        counted = (place,) if session == "in " else (place, session)
        self._wrong.extend((second, one) for one in counted)
        self._counts.update(counted)
        return Tried.WRONG


def lock_of_metrics(settings: Settings, clock: Clock) -> Lock | None:
    """Returns the lock of `/metrics`; None if whoever reaches the address may see it."""
    keys = [one.get_secret_value() for one in (settings.metrics_token, settings.web_password) if one]
    return Lock(clock, *keys) if keys else None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
