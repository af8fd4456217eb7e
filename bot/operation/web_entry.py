"""How people reach the pages: by a password, or only from this machine."""

from enum import Enum

from bot.settings import Settings
from bot.settings.hosts import is_loopback


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
