"""The day of a digest, in its text, its name or its words."""

import re
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")  # arXiv's days begin and end there
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}}) +(?P<month>{'|'.join(_MONTHS)})[a-z]* +(?P<year>\d{{4}}|\d{{2}})(?!\d)"
)
_CHINESE = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日")
_ISO = re.compile(r"\d{4}-")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def day_in(text: str) -> date | None:
    """Returns the day in a text that holds exactly one `YYYY-MM-DD`; None otherwise, or if that day does not exist."""
    found = _DAY.findall(text)
    return _day(found[0]) if len(found) == 1 else None


def day_in_name(name: str) -> date | None:
    """Returns the day in a file name. `name` may be a path or an address; only its last part counts."""
    return day_in(re.split(r"[/\\]", name)[-1])


def day_in_words(text: str) -> date | None:
    """Returns the first day in a text, written as in arXiv's lists (`Fri, 3 Mar 2023`, `Fri,  3 Mar 23`), or None."""
    found = _WORDS.search(text)
    if not found:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:  # noqa: PLR2004
        year += 1900 if year > 90 else 2000  # noqa: PLR2004  arXiv's first mails went out in 1991
    return _day(f"{year:04}-{_MONTHS.index(found['month']) + 1:02}-{int(found['day']):02}")


def day_in_chinese(text: str) -> date | None:
    """Returns the first day in a text, written in Chinese (`2024年10月29日`).

    None if the text has no such day, or if that day does not exist.
    """
    found = _CHINESE.search(text)
    if found:
        return _day(f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}")
    return None


def arxiv_day(stamp: str) -> date | None:
    """Returns the day in New York of a time stamp, RFC 822 or ISO 8601; None if it cannot be read.

    Midnight in whatever zone is a day without a time, as arXiv writes it, and mirrors that write the zone anew.
    """
    try:
        moment = datetime.fromisoformat(stamp) if _ISO.match(stamp) else parsedate_to_datetime(stamp)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        day = moment.astimezone(_NEW_YORK).date()
    except OverflowError:  # the first or last day of Python's calendar
        return None
    return moment.date() if moment.time() == time.min else day


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
