"""Hosts: which texts are IP addresses, and which hosts are this machine."""

from ipaddress import ip_address


def is_ip(text: str) -> bool:
    """Returns whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Returns whether a host is only this machine."""
    return host.lower() == "localhost" or (is_ip(host) and ip_address(host).is_loopback)
