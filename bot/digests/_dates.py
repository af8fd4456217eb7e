"""Reads dates of publication, as far as they are given: in numbers, in words of several languages, by parts."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

_MONTHS = {  # beginnings of names of months, in the languages of western Europe
    beginning: number
    for number, beginnings in enumerate(
        ("jan ene gen", "feb fév fev", "mar mär mrt", "apr avr abr", "may mai mag maj mei", "jun juin giu", "jul juil lug",
         "aug ago aoû aou", "sep set", "oct okt out ott", "nov", "dec déc dez dic des"), 1,
    )
    for beginning in beginnings.split()
}  # fmt: skip
_BEGINNINGS = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBERS = re.compile(
    r"\s*(?P<year>\d{4})(?:[-/.年]\s?(?P<month>\d{1,2})(?:[-/.月]\s?(?P<day>\d{1,2}))?|(?P<compact>[01]\d[0-3]\d))?(?!\d)"
)
_NUMBER = re.compile(r"\d{1,2}")
_SECONDS = re.compile(r"[1-9]\d{9}")  # since 1970
_DAY_FIRST = re.compile(r"\s*(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?P<year>1[5-9]\d\d|20\d\d)(?!\d)")
_MONTH = re.compile(
    rf"(?:(?<!\d)(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.|º)?[\s-]+(?:de\s+)?)?\b(?P<month>{_BEGINNINGS})[^\W\d_]*\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?(?![\d:]))?",
    re.IGNORECASE,
)


def date_of(text: str) -> str:
    """Returns the date in a text, as far as it is given: "2026-03-05", "2026-03" or "2026"; "" without a year.

    Reads ISO 8601, RFC 822 and words: `March 2026`, `5 March 2026`, `2026 Mar 5`, `1988 Nov-Dec`, `5 de marzo de 2026`.
    The day is the one that is written there, in its own zone.
    """
    if _SECONDS.fullmatch(text.strip()):
        return datetime.fromtimestamp(int(text), UTC).date().isoformat()
    numbers = _NUMBERS.match(text) or _DAY_FIRST.match(text)
    if numbers and numbers["month"]:
        return date_from(numbers["year"], numbers["month"], numbers["day"] or "")
    if numbers and numbers["compact"]:
        return date_from(numbers["year"], numbers["compact"][:2], numbers["compact"][2:])
    year, months = _YEAR.search(text), list(_MONTH.finditer(text))
    if not year:
        return ""
    if not months:
        return year["year"]
    month = next((one for one in months if one["before"] or one["after"]), months[0])  # `Mar` may be a Tuesday
    return date_from(year["year"], month["month"], month["before"] or month["after"] or "")


def date_among(texts: Iterable[str]) -> str:
    """Returns the date in the first of these texts that has one; "" if none has."""
    return next(filter(None, map(date_of, texts)), "")


def day_of(text: str) -> date | None:
    """Returns the day in a text; None unless year, month and day are given."""
    written = date_of(text)
    if len(written) == len("2026-01-01"):
        return date.fromisoformat(written)
    return None


def date_from(year: str, month: str = "", day: str = "") -> str:
    """Returns the date of a year, a month (a number or a name) and a day, as far as they are valid."""
    found = _YEAR.fullmatch(year.strip())
    if not found:
        return ""
    name = month.strip().lower()
    number = int(name) if _NUMBER.fullmatch(name) else _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
    if not 1 <= number <= 12:  # noqa: PLR2004  months
        return found["year"]
    try:
        return date(int(found["year"]), number, int(day)).isoformat()
    except ValueError:
        return f"{found['year']}-{number:02}"
