"""Zones by name: IANA's names in any letter case, and offsets such as "UTC+8"."""

import re
from datetime import timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from subscriptions.unicode_forms import normalized

_DASHES = str.maketrans("‐‑‒–—−", "------")
_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_LARGEST_OFFSET = timedelta(hours=14)  # of Pacific/Kiritimati; the largest one to the west is -12:00
_AN_HOUR = 60  # minutes
# The zone of this machine, which is another one after a move, and zones without a place.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})


def plain(text: str) -> str:
    """Returns the form in which names are looked up: plain characters and dashes, lower case, single spaces."""
    return " ".join(normalized("NFKC", text).translate(_DASHES).casefold().split())


def is_offset(text: str) -> bool:
    """Whether a plain text is written as an offset, even if no clock on Earth shows it."""
    return _OFFSET.fullmatch(text) is not None


def offset_name(text: str) -> str:
    """Returns the stored name of an offset in plain text, "+08:00" or "UTC"; "" if no clock on Earth shows it."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return ""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes >= _AN_HOUR or timedelta(hours=hours, minutes=minutes) > _LARGEST_OFFSET:
        return ""
    return f"{match['sign']}{hours:02}:{minutes:02}" if hours or minutes else "UTC"


def named(text: str) -> str:
    """Returns IANA's spelling of the name of a zone in plain text; "" if there is no such zone."""
    return by_lower_case().get(text.replace(" ", "_"), "")


@lru_cache(maxsize=1)
def by_lower_case() -> dict[str, str]:
    """Returns lower-case name -> IANA name, without names that differ only in letter case."""
    names: dict[str, list[str]] = {}
    for name in available_timezones() - _NO_ZONES:
        names.setdefault(name.casefold(), []).append(name)
    return {lower: alike[0] for lower, alike in names.items() if len(alike) == 1}
