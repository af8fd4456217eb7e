"""IANA's names of zones in any letter case, and offsets such as "UTC+8"."""

import re
from datetime import timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from subscriptions.text.forms import normalized

_DASHES = str.maketrans("‐‑‒–—−", "------")
_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_LARGEST_OFFSET = timedelta(hours=14)  # in Pacific/Kiritimati; the largest offset to the west is -12:00
_AN_HOUR = 60  # minutes
# Names that are not accepted: this machine's zone, which may change, and zones that belong to no place.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})


def plain(text: str) -> str:
    """Return a name as it is looked up: in NFKC, with ASCII dashes, lower case and single spaces."""
    return " ".join(normalized("NFKC", text).translate(_DASHES).casefold().split())


def is_offset(text: str) -> bool:
    """Return whether a plain text is written like an offset, even one that no clock on Earth shows."""
    return _OFFSET.fullmatch(text) is not None


def offset_name(text: str) -> str:
    """Return the stored name of an offset, such as "+08:00" or "UTC"; "" if no clock on Earth shows it."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return ""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes >= _AN_HOUR or timedelta(hours=hours, minutes=minutes) > _LARGEST_OFFSET:
        return ""
    if hours or minutes:
        return f"{match['sign']}{hours:02}:{minutes:02}"
    return "UTC"


def named(text: str) -> str:
    """Return IANA's spelling of the name of a zone in plain text; "" if there is no such zone."""
    return by_lower_case().get(text.replace(" ", "_"), "")


@lru_cache(maxsize=1)
def by_lower_case() -> dict[str, str]:
    """Return lower-case name -> IANA name, without names that differ only in letter case."""
    names: dict[str, list[str]] = {}
    for name in available_timezones() - _NO_ZONES:
        names.setdefault(name.casefold(), []).append(name)
    return {lower: alike[0] for lower, alike in names.items() if len(alike) == 1}
