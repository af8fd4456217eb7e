"""Who may open the pages, at which host names, after how many wrong passwords; which clients count as one."""

import hmac
import ipaddress
from collections import defaultdict, deque
from collections.abc import Collection
from enum import Enum
from hashlib import sha256
from urllib.parse import urlsplit

from bot.ports.channel import Clock
from bot.settings import Settings
from bot.settings.values import is_ip, is_loopback

MINUTE = 60.0  # seconds
MOST_TRIES = 100  # wrong passwords of one address in a minute; so many, because all users of a proxy share its address


def network_of(address: str) -> str:
    """Returns the network that counts as one client: an IPv4 address or an IPv6 /64; "" for this machine."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return ""
    if found.version == 4:  # noqa: PLR2004
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def own_names(settings: Settings) -> frozenset[str]:
    """Returns the host names under which browsers reach our web address."""
    return frozenset({settings.web_host.lower(), name_of(settings.pages_url)})


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Returns whether a browser may use the host name of the header Host to reach our pages.

    Another site can make its own host name resolve to this machine (DNS rebinding), and could then read our responses.
    A site cannot do so with an IP address.
    """
    name = name_of(f"//{host}")
    if name in names or name == "localhost" or name.endswith(".localhost"):
        return True
    return is_ip(name)


def name_of(url: str) -> str:
    """Returns the host name in an address; "" if there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


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


class WhoMayEnter(Enum):
    """How people reach the pages."""

    LOCAL = "local"  # only from this machine, without a password
    PASSWORD = "password"  # noqa: S105 - a name
    OFF = "off"


def entry(settings: Settings) -> tuple[WhoMayEnter, str]:
    """Returns (how people reach the pages, what the operator should know about that or "").

    Without a password, pages are shown only on this machine. If PAPERWIRE_WEB_URL is set, a proxy on this machine makes it
    reachable from outside, so there are no pages then.
    """
    reached = "" if is_loopback(settings.web_host) else f"{settings.web_host} can be reached from other machines"
    if settings.web_password is not None:
        return WhoMayEnter.PASSWORD, ""
    if reached:
        return WhoMayEnter.OFF, reached
    if settings.web_url is not None:
        return WhoMayEnter.OFF, "a proxy brings requests to this address"
    return WhoMayEnter.LOCAL, ""
