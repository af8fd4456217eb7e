"""Who may open the pages, and after how many wrong passwords; which clients count as one."""

import hmac
import ipaddress
from collections import defaultdict, deque
from hashlib import sha256

from bot.ports.channel import Clock
from bot.settings import Settings
from bot.settings.values import is_loopback

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


class Lock:
    """Checks a password. After too many wrong ones of an address in a minute, further ones are not checked."""

    def __init__(self, clock: Clock, password: str) -> None:
        self._clock = clock
        self._password = _digest(password)
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)  # network -> monotonic seconds of wrong ones

    def opens(self, password: str, *, address: str) -> bool | None:
        """Returns whether a password is right; None, unread, after too many wrong ones of this address in the last minute."""
        second = self._clock.monotonic()
        for network, seconds in list(self._wrong.items()):
            while seconds and seconds[0] <= second - MINUTE:
                seconds.popleft()
            if not seconds:
                del self._wrong[network]
        if len(self._wrong.get(network_of(address), ())) >= MOST_TRIES:
            return None
        if hmac.compare_digest(_digest(password), self._password):
            return True
        self._wrong[network_of(address)].append(second)
        return False


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()


def why_closed(settings: Settings) -> str:
    """Returns why there are no pages, "" if there are: with a password, or on this machine only.

    If PAPERWIRE_WEB_URL is set, a proxy on this machine makes it reachable from outside.
    """
    if settings.web_password is not None:
        return ""
    if not is_loopback(settings.web_host):
        return f"{settings.web_host} can be reached from other machines"
    return "" if settings.web_url is None else "a proxy brings requests to this address"
