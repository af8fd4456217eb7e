"""Time zones of the places, names and offsets that people type."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from unicodedata import combining
from zoneinfo import ZoneInfo

from babel import Locale

from subscriptions import errors
from subscriptions.schedule.cities import AMBIGUOUS, AMBIGUOUS_TOO, CITIES
from subscriptions.schedule.zone_names import by_lower_case, is_offset, named, offset_name, plain
from subscriptions.text.forms import normalized

Place = tuple[str, str]  # (its name, its zone)
_AREAS = ("africa", "america", "antarctica", "arctic", "asia", "atlantic", "australia", "europe", "indian", "pacific")
# parts of IANA names that are no places
_NO_CITIES = frozenset({"center", "south", "north", "west", "act", "nsw", "lhi"})
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FRAME = re.compile(r"(?:in )?(?:the )?(?P<place>.*?)(?: (?:standard |local )?(?:time|clock))?")
_FRAME_ZH = re.compile(
    r"(?:在|按)?(?P<place>.+?)(?:市|(?:市|的)?(?:标准|標準|当地|當地|本地)?(?:时间|時間|时区|時區))?"
)
_EAST_OR_WEST = re.compile(r"(?P<side>[东東西])(?P<hours>十?[一二三四五六七八九十]|\d\d?)(?:时?区|時?區)")
_HAN_NUMBERS = {
    name: hours
    for hours, name in enumerate(["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], 1)
}
_LONGEST = 40  # characters of the name of a place
_ALIKE, _ALIKE_HAN = 0.8, 0.65  # least ratio (difflib) of similar names; Gotham must not be taken for Godthab
MOST_NEAR = 3


@lru_cache(maxsize=4096)
def zone_of_place(text: str) -> str:
    """Return the zone that a text names: a city, a country with one clock, a zone or an offset; "" if it names none.

    The name must be complete and correct, in English or Chinese. Letter case, accents and the word "time" do not
    matter: "new york", "München", "北京时间", "Europe/Berlin", "CET", "UTC+8". A name that several places share gives "".
    """
    typed = plain(text)
    if not typed or len(typed) > _LONGEST:
        return ""
    if is_offset(typed):
        return offset_name(typed)
    if found := _east_or_west(typed):
        return found
    if "/" in typed:
        return named(typed)
    return _of_name(typed) or _of_city_and_country(typed)


def near_places(text: str) -> tuple[Place, ...]:
    """Return the places that have this name; if there are none, up to three places with similar names.

    A caller may offer them to a person, but must not choose one itself.
    """
    typed = plain(text)
    if not typed or len(typed) > _LONGEST:
        return ()
    if several := _several(_key(typed)):
        return several
    key = _key(typed.partition(",")[0])
    return tuple(_nearest(key, _known(key)) or _nearest_zones(typed))


def _of_name(typed: str) -> str:
    key = _key(typed)
    if _several(key):
        return ""
    found = _known(key).get(key)
    return found[1] if found else named(key)


def _of_city_and_country(typed: str) -> str:
    """Return the zone of "paris, france" if the city and the country have the same zone; else ""."""
    city, comma, country = typed.partition(",")
    zone = _of_name(city) if comma else ""
    country = _key(country)
    zones = {_of_name(country), *(other for _, other in _several(country))}
    return zone if zone and zone in zones else ""


def _several(key: str) -> tuple[Place, ...]:
    return AMBIGUOUS.get(AMBIGUOUS_TOO.get(key, key), ())


def _east_or_west(typed: str) -> str:
    """Return the zone of 东八区, the eighth zone to the east; "" for other texts."""
    match = _EAST_OR_WEST.fullmatch(typed)
    if match is None:
        return ""
    hours = _HAN_NUMBERS.get(match["hours"]) or (int(match["hours"]) if match["hours"].isdecimal() else 99)
    return offset_name(f"{'-' if match['side'] == '西' else '+'}{hours}")


def _key(typed: str) -> str:
    """Return the key of a place in the index: its name without words around it such as "time" and 时间."""
    bare = _bare(typed)
    if bare in _known(bare):
        return bare
    match = (_FRAME_ZH if _HAN.search(bare) else _FRAME).fullmatch(bare)
    return match["place"] if match else bare


def _bare(name: str) -> str:
    """Return a name in lower case, without accents and punctuation."""
    spaced = re.sub(r"[\s_.,'’-]+", " ", plain(name)).strip()
    letters = "".join(sign for sign in normalized("NFD", spaced) if not combining(sign))
    return normalized("NFC", letters).replace("ø", "o").replace("ł", "l")


def _known(key: str) -> Mapping[str, Place]:
    return _index_zh() if _HAN.search(key) else _index()


@lru_cache(maxsize=1)
def _index() -> Mapping[str, Place]:
    """Return key -> place for the cities in names of zones and the places of our own list."""
    return {_bare(name): (name, zone) for name, zone in (*_cities_of_zones(), *_own_cities())}


@lru_cache(maxsize=1)
def _index_zh() -> Mapping[str, Place]:
    """Return key -> place for places with a Chinese name, also from CLDR (Unicode's table of names)."""
    names: dict[str, Place] = {}
    for written in ("zh_Hant", "zh"):  # simplified Chinese (zh) comes last, so its names replace the traditional ones
        for zone, facts in Locale.parse(written).time_zones.items():
            if facts.get("city") and zone in by_lower_case().values():
                names[str(facts["city"])] = (str(facts["city"]), zone)
    return names | {key: place for key, place in _index().items() if _HAN.search(key)}


def _cities_of_zones() -> Iterator[Place]:
    """Yield the cities in the names of zones, in reverse alphabetical order of the zones.

    So if two zones have the same city, a dict of the results keeps the alphabetically first zone.
    """
    for lower, zone in sorted(by_lower_case().items(), reverse=True):
        area, _, city = lower.rpartition("/")
        if area.partition("/")[0] in _AREAS and city not in _NO_CITIES:
            yield zone.rpartition("/")[2].replace("_", " "), zone


def _own_cities() -> Iterator[Place]:
    for zone, names in CITIES.items():
        for name in names.split(", "):
            yield name, zone


def _nearest(key: str, names: Mapping[str, Place]) -> list[Place]:
    """Return the places with the most similar names, one for each zone, the most similar first."""
    if key in names:
        return [names[key]]
    cutoff = _ALIKE_HAN if _HAN.search(key) else _ALIKE
    close = [names[name] for name in get_close_matches(key, names, n=2 * MOST_NEAR, cutoff=cutoff)]
    return list({zone: (name, zone) for name, zone in reversed(close)}.values())[::-1][:MOST_NEAR]


def _nearest_zones(typed: str) -> list[Place]:
    names = by_lower_case()
    close = get_close_matches(typed.replace(" ", "_"), names, n=1, cutoff=_ALIKE) if "/" in typed else []
    city = typed.rpartition("/")[2]
    if close:
        return [(names[close[0]], names[close[0]])]
    if "/" in typed:
        return _nearest(_key(city), _known(_key(city)))
    return []


def known_zone(name: str) -> str:
    """Return the name under which a zone is stored: IANA's spelling, or an offset like "+08:00"; "" if there is none."""
    typed = plain(name)
    return offset_name(typed) or named(typed)


@lru_cache(maxsize=4096)
def zone_name(name: str) -> str:
    """Like `known_zone`, but raises Refused if there is no such zone."""
    if stored := known_zone(name):
        return stored
    if is_offset(plain(name)):
        raise errors.Refused(
            errors.Sentence("“{name}” is not an offset that any clock on Earth shows.", {"name": name.strip()}),
            errors.Sentence("For example: +08:00, UTC-3 or +05:30."),
        )
    raise errors.Refused(
        errors.Sentence("“{name}” is not a time zone that I know.", {"name": name.strip()}), _suggestion(name)
    )


def _suggestion(name: str) -> errors.Sentence:
    near = zone_of_place(name) or next((zone for _, zone in near_places(name)), "")
    if near:
        return errors.Sentence("Did you mean {zone}?", {"zone": near})
    return errors.Sentence("For example: Europe/Berlin, America/New_York, Asia/Shanghai or +08:00.")


@lru_cache(maxsize=4096)
def zone(name: str) -> tzinfo:
    """Return the zone of an IANA name in any letter case, or of an offset such as "+08:00" or "UTC+8".

    Raise Refused for other texts. The hint of this error is the nearest name, or some examples.
    """
    stored = zone_name(name)
    if stored[0] in "+-":
        size = timedelta(hours=int(stored[1:3]), minutes=int(stored[4:]))
        return timezone(-size if stored[0] == "-" else size)
    return ZoneInfo(stored)
