"""Checks passwords: how many wrong ones a session or an address may try in a minute; the password of /metrics."""

import hmac
from collections import Counter, deque
from enum import Enum
from hashlib import sha256

from bot.operation.client_addresses import network_of
from bot.ports.channel import Clock
from bot.settings import Settings

MINUTE = 60.0  # seconds
MOST_TRIES = 10  # wrong passwords of one session in a minute
# wrong passwords of one address in a minute: needed because anyone can begin a new session, and larger because all users
# of a proxy share its address
MOST_TRIES_OF_AN_ADDRESS = 100


class Tried(Enum):
    """The result of trying a password."""

    OPENS = "opens"
    WRONG = "wrong"
    UNREAD = "unread"  # not checked, because too many were wrong


class WrongTries:
    """Counts the wrong passwords and keys of the last minute, by session and by address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: deque[tuple[float, str]] = deque()  # (monotonic second, session or address)
        self._counts: Counter[str] = Counter()

    def are_too_many(self, *, address: str, session: str = "") -> bool:
        """Returns whether this session or address tried too many, so that a further one must not be checked."""
        second = self._clock.monotonic()
        while self._wrong and self._wrong[0][0] <= second - MINUTE:
            self._counts.subtract([self._wrong.popleft()[1]])
        self._counts = +self._counts
        of_session = session and self._counts[f"in {session}"] >= MOST_TRIES
        return bool(of_session) or self._counts[f"at {network_of(address)}"] >= MOST_TRIES_OF_AN_ADDRESS

    def count(self, *, address: str, session: str = "") -> None:
        """Counts a wrong one."""
        counted = [f"at {network_of(address)}", *([f"in {session}"] if session else [])]
        self._wrong.extend((self._clock.monotonic(), one) for one in counted)
        self._counts.update(counted)


class Lock:
    """Checks passwords: each of the given passwords is right.

    After too many wrong passwords, further ones are not checked.
    """

    def __init__(self, clock: Clock, *passwords: str) -> None:
        self._passwords = [_digest(one) for one in passwords]
        self._wrong = WrongTries(clock)

    def tries(self, password: str, *, address: str, session: str = "") -> Tried:
        """Checks a password, unless there were too many wrong ones of this session or address in the last minute."""
        if self._wrong.are_too_many(address=address, session=session):
            return Tried.UNREAD
        given = _digest(password)
        if any([hmac.compare_digest(given, one) for one in self._passwords]):  # noqa: C419 - a list, so the time is constant
            return Tried.OPENS
        self._wrong.count(address=address, session=session)
        return Tried.WRONG


def lock_of_metrics(settings: Settings, clock: Clock) -> Lock | None:
    """Returns the lock of `/metrics`; None if everyone who reaches the address may see it."""
    return Lock(clock, settings.web_password.get_secret_value()) if settings.web_password else None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
