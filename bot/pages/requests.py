"""What the guard asks of a request: whether it is from a proxy or a form of ours, its language; and the security headers of all pages."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

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


def _place(url: str) -> tuple[str, int | None]:
    """Returns (host, port) of an address. Ignores its scheme, because a proxy may hide which one the browser uses."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", -1
    return (parts.hostname or "").lower(), port if port not in (80, 443) else None
