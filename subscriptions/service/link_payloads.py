"""Queries in links that open the bot: how they are encoded, and how long one may be."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

# The link itself contains the query, and passes it to /start. So nothing is stored, and the link works for ever. The
# strictest platform allows 64 characters there: letters, digits, `_` and `-`.


_PREFIX = "sub-"
_LONGEST = 64


def link_payload(text: str) -> str:
    """Encodes a query, which may end with a time, for a link that offers it; "" if it is too long for a link."""
    payload = _PREFIX + urlsafe_b64encode(" ".join(text.split()).encode()).decode().rstrip("=")
    return payload if len(payload) <= _LONGEST else ""


def text_of_payload(payload: str) -> str:
    """Returns the text that `link_payload` encoded; "" for anything else."""
    if not payload.startswith(_PREFIX) or len(payload) > _LONGEST:
        return ""
    encoded = payload.removeprefix(_PREFIX)
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""
    if link_payload(text) == payload and text.isprintable():
        return text
    return ""
