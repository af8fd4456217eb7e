"""Queries within links that open the bot: what /start gets then holds the query itself, so nothing is stored and it holds for ever.

The narrowest platform takes 64 characters there, letters, digits, `_` and `-`.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

_PREFIX = "sub-"
_LONGEST = 64


def link_payload(text: str) -> str:
    """What a link to the offer of this query holds, with or without a time at its end; "" if it is too long for a link."""
    payload = _PREFIX + urlsafe_b64encode(" ".join(text.split()).encode()).decode().rstrip("=")
    return payload if len(payload) <= _LONGEST else ""


def text_of_payload(payload: str) -> str:
    """The text that `link_payload` put into a link; "" for anything else."""
    if not payload.startswith(_PREFIX) or len(payload) > _LONGEST:
        return ""
    encoded = payload.removeprefix(_PREFIX)
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""
    return text if link_payload(text) == payload and text.isprintable() else ""
