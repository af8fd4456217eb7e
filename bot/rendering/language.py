"""Sentences, counts, dates and numbers in the chat's language: gettext catalogues from locales/, Babel for the rest.

The English sentence is the msgid, with `{name}` holes as in str.format.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import TYPE_CHECKING

from subscriptions.zones import zone

if TYPE_CHECKING:  # Babel is imported only when a number or a day is written
    from bot.rendering.cldr import Cldr

DOMAIN = "paperwire"
# CLDR patterns of days within a sentence.
_DAY_WITH_WEEKDAY = {"en": "EEE d MMM", "zh": "M月d日 EEE"}
_DAY_WITH_YEAR = {"en": "EEE d MMM y", "zh": "y年M月d日 EEE"}
_DAY_IN_MONTH = {"en": "EEE d", "zh": "d日 EEE"}
_DAY = {"en": "d MMM", "zh": "M月d日"}
_A_YEAR = timedelta(
    days=300
)  # a day that long ago is written with its year, else readers may take it for one of this year
# Whether the month comes before the day. For two days in one month it is written once, with the first or the last.
_MONTH_FIRST = {"en": False, "zh": True}

_NAMES_CITIES = {"en": False, "zh": True}  # whether a zone is written as its city


class Translator:
    """Translates msgids of one catalogue: `translate("sentence")`, `translate.plural("one", "many", n)`."""

    def __init__(self, catalogue: NullTranslations) -> None:
        self._catalogue = catalogue

    def __call__(self, msgid: str) -> str:
        """The sentence in this language, its holes not filled."""
        return self._catalogue.gettext(msgid) if msgid else ""  # the msgid "" is the header of the catalogue

    def plural(self, one: str, many: str, count: int) -> str:
        """Returns the singular or plural for `count`, its holes not filled."""
        return self._catalogue.ngettext(one, many, count)


@lru_cache
def translator(lang: str) -> Translator:
    """Returns the translator of a chat's language, "en" or "zh"; English for any other."""
    path = files("locales").joinpath(_known(lang), "LC_MESSAGES", f"{DOMAIN}.mo")
    with path.open("rb") as catalogue:
        return Translator(GNUTranslations(catalogue))


def _day_pattern(day: date, seen_from: date | None) -> dict[str, str]:
    """Returns the pattern of a single day."""
    return _DAY_WITH_YEAR if seen_from is not None and seen_from - day > _A_YEAR else _DAY_WITH_WEEKDAY


def _known(lang: str) -> str:
    return "zh" if lang.lower().startswith("zh") else "en"


class Language:
    """Writes sentences, counts, days and moments in one language and one time zone.

    `lang` is "en" or "zh", `timezone` an IANA name or a fixed offset like "+08:00".
    """

    def __init__(self, lang: str, timezone: str) -> None:
        self.code = _known(lang)
        self.zone = zone(timezone)
        self.translate = translator(lang)

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in this language, its holes filled."""
        return self.translate(sentence).format_map(values)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural for `count`, its holes filled; `{count}` is the number as this language writes it."""
        return self.translate.plural(one, many, count).format_map({"count": self.number(count), **values})

    def number(self, number: int) -> str:
        """Returns the number with separators: 2,061."""
        return _number(number, self.code)

    def local(self, moment: datetime) -> datetime:
        """Returns the moment in this time zone."""
        return moment.astimezone(self.zone)

    def day(self, day: date, *, seen_from: date | None = None) -> str:
        """Returns the day as Thu 22 Jan, 1月22日 周四; with the year if it is more than 300 days before `seen_from`."""
        return self._date(day, _day_pattern(day, seen_from))

    def short_day(self, day: date) -> str:
        """Returns the day as 2 Feb, 2月2日."""
        return self._date(day, _DAY)

    def days(self, days: Sequence[date], *, seen_from: date | None = None) -> str:
        """Returns the first and the last of these days: Mon 19 – Thu 22 Jan, 1月19日 周一 – 22日 周四.

        The year is written as by `day`.
        """
        first, last = min(days), max(days)
        if first == last:
            return self.day(first, seen_from=seen_from)
        patterns = [_day_pattern(first, seen_from)] * 2
        if first.year == last.year:
            patterns[_MONTH_FIRST[self.code]] = _DAY_IN_MONTH if first.month == last.month else _DAY_WITH_WEEKDAY
        return f"{self._date(first, patterns[0])} – {self._date(last, patterns[1])}"

    def moment(self, moment: datetime, *, about: bool = False, now: datetime | None = None, year: bool = False) -> str:
        """Returns the moment as Tue 27 Jan 13:00, with `about` as Tue 27 Jan about 13:00.

        The year is written with `year`, or if it differs from that of `now`.
        """
        local = self.local(moment)
        with_year = year or (now is not None and local.year != self.local(now).year)
        day = self._date(local.date(), _DAY_WITH_YEAR) if with_year else self.day(local.date())
        values = {"day": day, "time": f"{local:%H:%M}"}
        return self.say("{day} about {time}", **values) if about else self.say("{day} {time}", **values)

    def duration(self, length: timedelta) -> str:
        """Returns the length in its largest unit: 3 days, 5 小时."""
        return _cldr(self.code).duration(length)

    def city(self, zone: str) -> str:
        """Returns the city of a zone: Berlin, 柏林 for Europe/Berlin. A zone that is not named after a city keeps its name."""
        return _cldr(self.code).city(zone) or zone.rpartition("/")[2].replace("_", " ")

    def zone_name(self, zone: str) -> str:
        """Returns the zone as people read it: Europe/Berlin in English, 柏林 in Chinese if it has a Chinese name."""
        named = self.city(zone) if _NAMES_CITIES[self.code] and "/" in zone else zone
        return zone if named.isascii() else named

    def speaking(self, lang: str, timezone: str) -> "Language":
        """Returns the same with another language and zone."""
        return Language(lang, timezone)

    def _date(self, day: date, patterns: dict[str, str]) -> str:
        return _date(day, patterns[self.code], self.code)


@lru_cache(maxsize=1024)  # the bulletins of one morning share few days and counts
def _number(number: int, code: str) -> str:
    return _cldr(code).number(number)


@lru_cache(maxsize=1024)
def _date(day: date, pattern: str, code: str) -> str:
    return _cldr(code).day(day, pattern)


@lru_cache
def _cldr(code: str) -> "Cldr":
    from bot.rendering.cldr import Cldr  # noqa: PLC0415 - Babel takes 20 ms, and many processes write no message

    return Cldr(code)
