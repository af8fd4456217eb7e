"""Numbers, days, durations and cities as CLDR writes them, by Babel."""

import re
from datetime import date, timedelta

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal

# Zones whose cities CLDR keeps under an older name of the zone.
_OLDER_ZONES = {
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Europe/Kyiv": "Europe/Kiev",
}


class Cldr:
    """Writes in one language, "en" or "zh"."""

    def __init__(self, code: str) -> None:
        self._locale = Locale.parse(code)

    def number(self, number: int) -> str:
        """Returns the number with separators: 2,061."""
        return format_decimal(number, locale=self._locale)

    def day(self, day: date, pattern: str) -> str:
        """Returns the day by a CLDR pattern."""
        return format_date(day, pattern, locale=self._locale)

    def duration(self, length: timedelta) -> str:
        """Returns the length in its largest unit: 3 days, 5 小时."""
        written = format_timedelta(length, threshold=1, locale=self._locale)
        return re.sub(r"(?<=\d)(?=[^\W\d])", " ", written)  # CLDR writes 5小时; our Chinese sentences put a space there

    def city(self, zone: str) -> str:
        """Returns the city of an IANA zone; "" if CLDR names none in this language."""
        names = self._locale.time_zones
        known = names.get(zone) or names.get(_OLDER_ZONES.get(zone, "")) or {}
        return str(known.get("city") or "")
