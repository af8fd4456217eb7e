"""Whether an address or a host name is ours, and which clients count as one."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from bot.settings import Settings
from bot.settings.hosts import is_ip


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
