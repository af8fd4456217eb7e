"""The day of a digest: in the zone of arXiv, or in a file name."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")  # arXiv's days begin and end there
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def day_in(text: str) -> date | None:
    """The day that a text names if it holds exactly one `YYYY-MM-DD`, and that day exists."""
    found = _DAY.findall(text)
    return _day(found[0]) if len(found) == 1 else None


def day_in_name(name: str) -> date | None:
    """The day that a file name tells; `name` may be a path or an address, whose last part counts."""
    return day_in(re.split(r"[/\\]", name)[-1])


def arxiv_day(stamp: str) -> date | None:
    """The day in New York of a moment as feeds write it, RFC 822 or ISO 8601. None: no such moment."""
    try:
        moment = parsedate_to_datetime(stamp) if "," in stamp else datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(_NEW_YORK).date()
    except OverflowError:  # the first or last day that a calendar can hold
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
