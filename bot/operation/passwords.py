"""Checks passwords: how many wrong ones an address may try in a minute; the password of /metrics."""

import hmac
from collections import defaultdict, deque
from enum import Enum
from hashlib import sha256

from bot.operation.client_addresses import network_of
from bot.ports.channel import Clock
from bot.settings import Settings

MINUTE = 60.0  # seconds
MOST_TRIES = 100  # wrong passwords of one address in a minute; so many, because all users of a proxy share its address


class Tried(Enum):
    """The result of trying a password."""

    OPENS = "opens"
    WRONG = "wrong"
    UNREAD = "unread"  # not checked, because too many were wrong


class Lock:
    """Checks a password. After too many wrong ones of an address in a minute, further ones are not checked."""

    def __init__(self, clock: Clock, password: str) -> None:
        self._clock = clock
        self._password = _digest(password)
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)  # network -> monotonic seconds of wrong ones

    def tries(self, password: str, *, address: str) -> Tried:
        """Checks a password, unless there were too many wrong ones of this address in the last minute."""
        second = self._clock.monotonic()
        for network, seconds in list(self._wrong.items()):
            while seconds and seconds[0] <= second - MINUTE:
                seconds.popleft()
            if not seconds:
                del self._wrong[network]
        if len(self._wrong.get(network_of(address), ())) >= MOST_TRIES:
            return Tried.UNREAD
        if hmac.compare_digest(_digest(password), self._password):
            return Tried.OPENS
        self._wrong[network_of(address)].append(second)
        return Tried.WRONG


def lock_of_metrics(settings: Settings, clock: Clock) -> Lock | None:
    """Returns the lock of `/metrics`; None if everyone who reaches the address may see it."""
    return Lock(clock, settings.web_password.get_secret_value()) if settings.web_password else None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
