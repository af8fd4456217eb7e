"""Tells which IP addresses are public, so that a source may be there. Pure.

A list of sources, or a redirect, must not make this machine send requests to its own services or to its private network.
The networks are from IANA's special-purpose registries (www.iana.org/assignments/iana-ipv4-special-registry, …ipv6…).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_GLOBAL_V6 = IPv6Network("2000::/3")  # the part that has been assigned; the rest is special
_NO_PLACES_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))  # tunnels, tests, documentation
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


def is_public(address: str) -> bool:
    """Returns whether an IP address is public. If an IPv6 address contains an IPv4 address, the latter decides."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = found if isinstance(found, IPv4Address) else _inner(found)
    if inner is not None:
        return inner.is_global and not (inner.is_multicast or inner.is_reserved)
    assert isinstance(found, IPv6Address)  # noqa: S101 - for the type checker: the inner address of an IPv4 address is itself
    return found in _GLOBAL_V6 and not any(found in network for network in _NO_PLACES_V6)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address in an IPv6 address (mapped, 6to4 or NAT64); None if there is none."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
