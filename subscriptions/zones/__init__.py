"""Time zones, by the names and offsets under which they are stored, and by the places that people type."""

from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from subscriptions.errors import Refused, Sentence
from subscriptions.zones._places import Place as Place
from subscriptions.zones._places import is_offset, named, offset_name, plain
from subscriptions.zones._places import near_places as near_places
from subscriptions.zones._places import zone_of_place as zone_of_place


@lru_cache(maxsize=4096)
def zone_name(name: str) -> str:
    """Returns the name under which a zone is stored: IANA's spelling, or an offset as "+08:00". Raises Refused."""
    typed = plain(name)
    if stored := offset_name(typed) or named(typed):
        return stored
    if is_offset(typed):
        raise Refused(
            Sentence("“{name}” is not an offset that any clock on Earth shows.", {"name": name.strip()}),
            Sentence("For example: +08:00, UTC-3 or +05:30."),
        )
    raise Refused(Sentence("“{name}” is not a time zone that I know.", {"name": name.strip()}), _suggestion(name))


@lru_cache(maxsize=4096)
def zone(name: str) -> tzinfo:
    """Returns the zone of an IANA name in any letter case, or of an offset such as "+08:00" or "UTC+8".

    Raises Refused for other texts, with the nearest name as its hint.
    """
    stored = zone_name(name)
    if stored[0] in "+-":
        size = timedelta(hours=int(stored[1:3]), minutes=int(stored[4:]))
        return timezone(-size if stored[0] == "-" else size)
    return ZoneInfo(stored)


def _suggestion(name: str) -> Sentence:
    near = zone_of_place(name) or next((zone for _, zone in near_places(name)), "")
    if near:
        return Sentence("Did you mean {zone}?", {"zone": near})
    return Sentence("For example: Europe/Berlin, America/New_York, Asia/Shanghai or +08:00.")
