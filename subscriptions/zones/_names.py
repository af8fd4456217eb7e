"""Zones by their own names: IANA's in any letter case, and offsets such as "UTC+8"."""

import re
from datetime import timedelta
from functools import lru_cache
from unicodedata import normalize
from zoneinfo import available_timezones

_DASHES = str.maketrans("‐‑‒–—−", "------")
_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_LARGEST_OFFSET = timedelta(hours=14)  # Pacific/Kiritimati; the other way nobody lives beyond -12:00
_AN_HOUR = 60  # minutes
# These name whatever this machine or nobody uses, so they mean something else after a move.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})


def plain(text: str) -> str:
    """As names are looked up: full-width signs, dashes, letter case and blanks evened out."""
    return " ".join(normalize("NFKC", text).translate(_DASHES).casefold().split())


def is_offset(text: str) -> bool:
    """Whether a plain text is written as an offset, be there such a clock or not."""
    return _OFFSET.fullmatch(text) is not None


def offset_name(text: str) -> str:
    """The stored name of an offset, "+08:00" or "UTC"; "" when a plain text is none that any clock on Earth shows."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return ""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes >= _AN_HOUR or timedelta(hours=hours, minutes=minutes) > _LARGEST_OFFSET:
        return ""
    return f"{match['sign']}{hours:02}:{minutes:02}" if hours or minutes else "UTC"


def named(text: str) -> str:
    """IANA's spelling of a zone's name, given as plain text; "" when there is no such zone."""
    return by_lower_case().get(text.replace(" ", "_"), "")


@lru_cache(maxsize=1)
def by_lower_case() -> dict[str, str]:
    """Lower-case name -> IANA name, without names that differ by letter case only."""
    names: dict[str, list[str]] = {}
    for name in available_timezones() - _NO_ZONES:
        names.setdefault(name.casefold(), []).append(name)
    return {lower: alike[0] for lower, alike in names.items() if len(alike) == 1}
