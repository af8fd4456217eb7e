"""Who may open the pages: by a password, by a proxy, or only from this machine; and requests from other machines or sites."""

import ipaddress
from collections.abc import Collection, Mapping
from enum import Enum
from urllib.parse import urlsplit

from bot.settings import Settings

PATH = "/sign-in"
LOCAL_NAME = "me"  # the name of the person at this machine
# Headers that show that a proxy forwarded the request, so that it may come from anywhere. Browsers send none of them.
_OF_PROXIES = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-original-host",
    "cf-connecting-ip", "true-client-ip",
)  # fmt: skip
_NO_SITE = ("same-origin", "none")  # values of Sec-Fetch-Site for our own forms, and for addresses that a person typed

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Entry(Enum):
    """How people reach the pages."""

    LOCAL = "local"  # only from this machine, without a password
    PASSWORD = "password"  # noqa: S105 - a name
    PROXY = "proxy"  # a proxy names the person in a header
    OFF = "off"


def entry(settings: Settings) -> tuple[Entry, str]:
    """Returns (how people reach the pages, what the operator should know about that or "").

    Without a password, pages are shown only on this machine. If platforms send requests to the address, a proxy on this
    machine makes it reachable from outside, so there are no pages then.
    """
    reached = "" if is_loopback(settings.web_host) else f"{settings.web_host} can be reached from other machines"
    if settings.web_user_header is not None:
        return Entry.PROXY, reached
    if settings.web_password is not None:
        return Entry.PASSWORD, ""
    if reached:
        return Entry.OFF, reached
    if settings.is_reached_from_outside:
        return Entry.OFF, "a proxy brings requests of platforms to this address"
    return Entry.LOCAL, ""


def is_loopback(host: str) -> bool:
    """Returns whether an address to listen on can be reached only from this machine."""
    if host.lower() == "localhost":
        return True
    return _is_ip(host) and ipaddress.ip_address(host).is_loopback


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
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))  # noqa: PLR2004


def is_known_host(host: str, names: Collection[str], *, local: bool) -> bool:
    """Returns whether a browser may use the host name of the header Host to reach our pages.

    Another site can make its own host name resolve to this machine (DNS rebinding), and could then read our responses.
    A site cannot do so with an IP address. `local`: only the IP addresses of this machine are accepted.
    """
    name = _name_of(f"//{host}")
    if name in names or name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_ip(name) and (not local or ipaddress.ip_address(name).is_loopback)


def is_own_form(headers: Mapping[str, str], names: Collection[str]) -> bool:
    """Returns whether a form was sent from one of our own pages, as far as the browser tells.

    `names` are the host names of a proxy, which may have replaced the header Host. These names are accepted only with
    the usual ports, because another port of the same machine is another site.
    """
    origin = headers.get("origin", "")
    if origin:
        ours = {_place(f"//{headers.get('host', '')}"), *((name, None) for name in names)}
        return origin != "null" and _place(origin) in ours
    return headers.get("sec-fetch-site", "none") in _NO_SITE


def is_from_proxy(headers: Mapping[str, str]) -> bool:
    """Returns whether a proxy has forwarded the request."""
    return any(name in headers for name in _OF_PROXIES)


def preferred_language(accepted: str) -> str:
    """Returns "zh" if a browser's Accept-Language names Chinese before English, else "en"."""
    for one in accepted.lower().split(","):
        for code in ("zh", "en"):
            if one.strip().startswith(code):
                return code
    return "en"


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _place(url: str) -> tuple[str, int | None]:
    """Returns (host, port) of an address. Ignores its scheme, because a proxy may hide which one the browser uses."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", -1
    return (parts.hostname or "").lower(), port if port not in (80, 443) else None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
