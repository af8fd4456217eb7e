"""Reads single values in documents: white space, accents, dates, days, DOIs, the language of a text.

A date of publication is a text as far as it is known: "2026-03-05", "2026-03" or "2026". A day is a `date`.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import unquote

from bot.digests import arxiv
from subscriptions.schedule.calendar import NEW_YORK
from subscriptions.text.forms import normalized
from subscriptions.text.tex import without_accent_macros

T = TypeVar("T")
R = TypeVar("R")

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
_DAY_FIRST = re.compile(r"\s*(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?P<year>1[5-9]\d\d|20\d\d)(?!\d)")
_MONTH = re.compile(
    rf"(?:(?<!\d)(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.|º)?[\s-]+(?:de\s+)?)?\b(?P<month>{_BEGINNINGS})[^\W\d_]*\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?(?![\d:]))?",
    re.IGNORECASE,
)
_WHOLE = len("2026-01-22")  # characters of a date with its day
_ISO = re.compile(r"\d{4}-")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_DAY_IN_WORDS = re.compile(
    r"(?<!\d)(?P<day>\d{1,2} +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*) +(?:20)?(?P<year>\d{2})(?!\d)"
)
_DAY_IN_CHINESE = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日")

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}/\S*[^\s.,;]")
# characters that pages put into a DOI, which has none
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_BEFORE_DOI = re.compile(r"\s*(?:https?://(?:dx\.|www\.)?doi\.org/|info:doi/|(?:urn:)?doi:\s*)*", re.IGNORECASE)
_DOI_IN_ADDRESS = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}(?:/|%2F)[^\s?&#\"<>]*[^\s?&#\"<>.,;/]", re.IGNORECASE)
# what a page's address asks for: `?id=10.1371/…`, but not another work that it mentions, as in `?ref=10.1371/…`
_ASKED_DOI = re.compile(rf"(?:(?<=doi=)|(?<=\bid=)){_DOI_IN_ADDRESS.pattern}", re.IGNORECASE)
_PAGE_OF_DOI = re.compile(  # what a page's address has after the DOI
    r"(?:[/.](?:abs|abstract|download|epdf|full|full-text|fulltext|htm|html|meta|pdf|pdfdirect|references|short|summary|xml)/?){1,4}$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?P<doi>10\.(?:1101|64898)/[\d.]+)v(?P<version>\d{1,3})")  # of a preprint of bioRxiv
_DOI_IN_LINE = re.compile(
    r"(?<![a-z])DOI\s*[:：]?\s*(?:https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}[^\s|，。；、）]*[^\s|.,;)\]，。；、）])",
    re.IGNORECASE,
)

_KANA, _HANGUL = "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SCRIPTS = tuple(  # the first that a text has tells its language
    (language, re.compile(f"[{letters}]")) for language, letters in (("ja", _KANA), ("ko", _HANGUL), ("zh", _HAN))
)


def first_of(read: Callable[[T], R | None], items: Iterable[T]) -> R | None:
    """Return the first thing that `read` finds in one of some items; None if it finds nothing in any."""
    return next(filter(None, map(read, items)), None)


def collapse(text: str) -> str:
    """Return the text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def decode_accents(name: str) -> str:
    r"""Return a name with TeX accents as Unicode: `Jovan\v{c}evi\'c` is Jovančević, `S{\o}gaard` is Søgaard."""
    if "\\" in name or "{" in name or "~" in name:
        name = without_accent_macros(name).replace("{", "").replace("}", "").replace("~", " ")
        name = normalized("NFC", name)
    return " ".join(name.split())


def date_of(text: str) -> str:
    """Return the date in a text, as far as it is given; "" without a year.

    Reads ISO 8601, RFC 822 and words: `March 2026`, `5 March 2026`, `2026 Mar 5`, `1988 Nov-Dec`, `5 de marzo de 2026`.
    The day is the one that is written there, in its own zone.
    """
    numbers = _NUMBERS.match(text) or _DAY_FIRST.match(text)
    if numbers and numbers["month"]:
        return date_from(numbers["year"], numbers["month"], numbers["day"] or "")
    if numbers and numbers["compact"]:
        return date_from(numbers["year"], numbers["compact"][:2], numbers["compact"][2:])
    year, months = _YEAR.search(text), list(_MONTH.finditer(text))
    if not year:
        day = day_in_heading(text) if _DAY_IN_WORDS.search(text) else None  # a year of two digits
        return day.isoformat() if day else ""
    if not months:
        return year["year"]
    month = next((one for one in months if one["before"] or one["after"]), months[0])  # `Mar` may be a Tuesday
    return date_from(year["year"], month["month"], month["before"] or month["after"] or "")


def date_from(year: str = "", month: str = "", day: str = "") -> str:
    """Return the date of a year, a month (a number or a name) and a day, as far as they are valid."""
    found = _YEAR.fullmatch(year.strip())
    if not found:
        return ""
    name = month.strip().lower()
    number = int(name) if re.fullmatch(r"\d{1,2}", name) else _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
    if not 1 <= number <= 12:  # noqa: PLR2004  months
        return found["year"]
    try:
        return date(int(found["year"]), number, int(day)).isoformat()
    except (ValueError, OverflowError):
        return f"{found['year']}-{number:02}"


def day_of(text: str) -> date | None:
    """Return the day in a text; None unless year, month and day are given."""
    written = date_of(text)
    return date.fromisoformat(written) if len(written) == _WHOLE else None


def day_in(text: str) -> date | None:
    """Return the day in a text that holds exactly one `YYYY-MM-DD`; None otherwise, or if that day does not exist."""
    found = _DAY.findall(text)
    return day_of(found[0]) if len(found) == 1 else None


def day_in_heading(text: str) -> date | None:
    """Return the day in a heading: `2026-01-22`, `Fri, 3 Mar 2023`, `Fri, 3 Mar 23` or `2024年10月29日`.

    None if it has none.
    """
    if found := _DAY_IN_WORDS.search(text):
        return day_of(f"{found['day']} 20{found['year']}")
    chinese = _DAY_IN_CHINESE.search(text)
    return day_in(text) or (day_of(chinese[0]) if chinese else None)


def arxiv_day(stamp: str) -> date | None:
    """Return the day in New York of a time stamp, RFC 822 or ISO 8601; None if it cannot be read.

    Midnight, in any zone, is a day without a time, as arXiv writes it, and mirrors that write the zone anew.
    """
    try:
        moment = datetime.fromisoformat(stamp) if _ISO.match(stamp) else parsedate_to_datetime(stamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.date() if moment.time() == time.min else moment.astimezone(NEW_YORK).date()
    except (ValueError, OverflowError):  # the latter at the first and last day of Python's calendar
        return None


def doi_in_field(text: str) -> str | None:
    """Return the DOI that a field holds, in lower case, without `doi:` or the address of a resolver.

    None for other text.
    """
    value = _BEFORE_DOI.sub("", _UNSEEN.sub("", text), count=1).strip().rstrip(".,;")
    found = _DOI.fullmatch(unquote(value) if "/" not in value else value)
    return found[0].lower() if found else None


def doi_in_address(address: str) -> str | None:
    """Return the DOI in the address of a page, in lower case, without what follows it; None if there is none."""
    path, _, asked = address.partition("?")
    found = _DOI_IN_ADDRESS.search(path) or _ASKED_DOI.search(asked)
    if not found:
        return None
    doi = _PAGE_OF_DOI.sub("", _UNSEEN.sub("", unquote(found[0]))).lower()
    versioned = _VERSION.match(doi)
    return versioned["doi"] if versioned else doi


def version_in_address(address: str) -> int | None:
    """Return the version of a preprint of bioRxiv in the address of its page; None if there is none."""
    found = _VERSION.search(address)
    return arxiv.version_number(found["version"]) if found else None


def doi_in_line(line: str) -> str | None:
    """Return the DOI after the label "DOI" in a line of text, in lower case; None if there is none."""
    found = _DOI_IN_LINE.search(line)
    return doi_in_field(found["doi"]) if found else None


def language_of(*texts: str) -> str:
    """Return the ISO 639-1 code of the language of some texts: "ja" for kana, "ko" for Hangul, "zh" for Han.

    Any other script counts as English.
    """
    text = " ".join(text for text in texts if not text.isascii())
    return next((language for language, letters in _SCRIPTS if letters.search(text)), "en")
