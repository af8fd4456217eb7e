"""Sentences, counts, dates, cities and numbers in the chat's language, by gettext (locales/) and Babel.

The English sentence is the msgid. Its placeholders are written `{name}`, as for str.format.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel import Locale, dates, numbers

from subscriptions import errors
from subscriptions.schedule.zones import zone

DOMAIN = "paperwire"
LANGUAGES = {"en": "English", "zh": "中文"}  # code → the name of the language in that language
# CLDR patterns for days.
_DAY_WITH_WEEKDAY = {"en": "EEE d MMM", "zh": "M月d日 EEE"}
_DAY_WITH_YEAR = {"en": "EEE d MMM y", "zh": "y年M月d日 EEE"}
_DAY_IN_MONTH = {"en": "EEE d", "zh": "d日 EEE"}
_DAY = {"en": "d MMM", "zh": "M月d日"}
_DAY_OF_YEAR = {"en": "d MMM y", "zh": "y年M月d日"}
# the slash of a command; /invite is a command of the platform itself
_SLASH = re.compile(r"(?<![\w/@:.<}])/(?!invite\b)(?=[a-z{])")
_A_YEAR = timedelta(days=300)  # an earlier day is written with its year, or readers may take it for one of this year
# Whether the month is before the day. A range within one month names the month once: with the first day if so, else with
# the last.
_MONTH_FIRST = {"en": False, "zh": True}

_NAMES_CITIES = {"en": False, "zh": True}  # whether a zone is written as the name of its city
# Zones whose cities are listed in CLDR under an older name of the zone.
_OLDER_ZONES = {
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Europe/Kyiv": "Europe/Kiev",
}


@lru_cache
def _catalogue(lang: str) -> NullTranslations:
    if language_of(lang) == "en":
        return NullTranslations()
    path = files("locales").joinpath("zh", "LC_MESSAGES", f"{DOMAIN}.mo")
    with path.open("rb") as catalogue:
        return GNUTranslations(catalogue)


def translator(lang: str) -> Callable[[str], str]:
    """Return a function that translates msgids into Chinese for "zh", else into English. It fills no placeholders."""
    gettext = _catalogue(lang).gettext
    return lambda msgid: gettext(msgid) if msgid else ""  # the msgid "" is the header of the catalogue


def typed(text: str, slash: str) -> str:
    """Return a text with its commands as people type them: `slash` is "/" or "/paperwire "."""
    if slash == "/":
        return text
    return _SLASH.sub(slash, text)


def _day_pattern(day: date, seen_from: date | None) -> dict[str, str]:
    """Return the pattern for a day: with its year if it is long before `seen_from`, else with its weekday."""
    if seen_from is not None and seen_from - day > _A_YEAR:
        return _DAY_WITH_YEAR
    return _DAY_WITH_WEEKDAY


def language_of(code: str) -> str:
    """Return our language for a client's language code: "zh" for "zh", "zh-hans" and "zh_TW", otherwise "en"."""
    return "zh" if code.lower().startswith("zh") else "en"


class Language:
    """Writes sentences, counts, days and moments in one language and one time zone.

    `lang` is "en" or "zh", `timezone` an IANA name or a fixed offset like "+08:00". `slash` is what people type before
    the name of a command where the sentences are read.
    """

    def __init__(self, lang: str, timezone: str, *, slash: str = "/") -> None:
        self.code = language_of(lang)
        self.zone = zone(timezone)
        self.slash = slash
        self._translated = translator(lang)

    def translate(self, msgid: str) -> str:
        """Return a sentence in this language, with its commands as people type them. It fills no placeholders."""
        return typed(self._translated(msgid), self.slash)

    def say(self, sentence: str | errors.Sentence, /, **values: object) -> str:
        """Return the sentence in this language with its placeholders filled."""
        if isinstance(sentence, errors.Sentence):
            return replace(sentence, values={**sentence.values, **values}).say(self.translate)
        return self.translate(sentence).format_map(values)

    def joined(self, *sentences: str) -> str:
        """Return the sentences that are not empty on one line, joined with or without a space, by language."""
        line, *others = [one for one in sentences if one] or [""]
        for one in others:
            line = self.say("{sentence} {next}", sentence=line, next=one)
        return line

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return the singular or plural for `count`, with placeholders filled.

        `{count}` becomes the number with separators.
        """
        said = typed(_catalogue(self.code).ngettext(one, many, count), self.slash)
        return said.format_map({"count": self.number(count), **values})

    def number(self, number: int) -> str:
        """Return the number with separators: 2,061."""
        return _number(number, self.code)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in this time zone."""
        return moment.astimezone(self.zone)

    def day(self, day: date, *, seen_from: date | None = None) -> str:
        """Return the day as Thu 22 Jan, 1月22日 周四.

        The year is added if the day is more than 300 days before `seen_from`.
        """
        return self._date(day, _day_pattern(day, seen_from))

    def short_day(self, day: date) -> str:
        """Return the day as 2 Feb, 2月2日."""
        return self._date(day, _DAY)

    def dated(self, day: date, *, seen_from: date | None = None) -> str:
        """Return the day as 2 Feb 2026, 2026年2月2日; without its year if it is at most 300 days from `seen_from`."""
        is_near = seen_from is not None and abs(seen_from - day) <= _A_YEAR
        return self._date(day, _DAY if is_near else _DAY_OF_YEAR)

    def written_day(self, written: str, *, seen_from: date | None = None) -> str:
        """Return a day that a source wrote, such as 2026-02-02, as `dated` does; a month or a year as written."""
        try:
            return self.dated(date.fromisoformat(written), seen_from=seen_from)
        except ValueError:
            return written

    def days(self, days: Sequence[date], *, seen_from: date | None = None) -> str:
        """Return the first and the last of these days: Mon 19 – Thu 22 Jan, 1月19日 周一 – 22日 周四.

        The year is written as in `day`.
        """
        first, last = min(days), max(days)
        if first == last:
            return self.day(first, seen_from=seen_from)
        patterns = [_day_pattern(first, seen_from)] * 2
        if first.year == last.year:
            patterns[_MONTH_FIRST[self.code]] = _DAY_IN_MONTH if first.month == last.month else _DAY_WITH_WEEKDAY
        return f"{self._date(first, patterns[0])} – {self._date(last, patterns[1])}"

    def moment(self, moment: datetime | None, *, about: bool = False, now: datetime | None = None) -> str:
        """Return the moment as Tue 27 Jan 13:00, or with `about` as Tue 27 Jan about 13:00; "" for None.

        The year is written if it differs from the year of `now`.
        """
        if moment is None:
            return ""
        local = self.local(moment)
        with_year = now is not None and local.year != self.local(now).year
        day = self._date(local.date(), _DAY_WITH_YEAR) if with_year else self.day(local.date())
        values = {"day": day, "time": f"{local:%H:%M}"}
        if about:
            return self.say("{day} about {time}", **values)
        return self.say("{day} {time}", **values)

    def duration(self, length: timedelta) -> str:
        """Return the length in its largest unit: 3 days, 5 小时."""
        written = dates.format_timedelta(length, threshold=1, locale=self.code)
        return re.sub(r"(?<=\d)(?=[^\W\d])", " ", written)  # CLDR writes 5小时; our sentences have a space there

    def city(self, zone: str) -> str:
        """Return the city of a zone: for Europe/Berlin, Berlin or 柏林.

        For a zone without a city, the last part of its name.
        """
        names = Locale.parse(self.code).time_zones
        known = names.get(zone) or names.get(_OLDER_ZONES.get(zone, "")) or {}
        return str(known.get("city") or zone.rpartition("/")[2].replace("_", " "))

    def zone_name(self, zone: str) -> str:
        """Return the zone as people read it: Europe/Berlin in English; in Chinese 柏林, if there is a Chinese name."""
        named = self.city(zone) if _NAMES_CITIES[self.code] and "/" in zone else zone
        return zone if named.isascii() else named

    def in_zone(self, timezone: str | None) -> "Language":
        """Return the same language in another time zone; without one, itself."""
        return Language(self.code, timezone, slash=self.slash) if timezone else self

    def _date(self, day: date, patterns: dict[str, str]) -> str:
        return _date(day, patterns[self.code], self.code)


# The bulletins of one morning contain few different days and counts, so a cache saves most of the work.
@lru_cache(maxsize=1024)
def _number(number: int, code: str) -> str:
    return str(numbers.format_decimal(number, locale=code))


@lru_cache(maxsize=1024)
def _date(day: date, pattern: str, code: str) -> str:
    return str(dates.format_date(day, pattern, locale=code))
