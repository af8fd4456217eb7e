"""Hosts: which texts are IP addresses, which hosts are this machine, and at which one a process is reached."""

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


def reached_at(host: str) -> str:
    """Returns the host at which this machine reaches a process that listens on `host`: for 0.0.0.0 and :: this machine's own."""
    if is_ip(host) and ip_address(host).is_unspecified:
        return "::1" if ":" in host else "127.0.0.1"
    return host
