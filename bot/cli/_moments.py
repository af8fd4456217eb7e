"""Reads the moments and days that options name."""

from datetime import UTC, date, datetime

from bot.errors import WrongUsage
from bot.settings import Settings
from subscriptions.errors import Sentence
from subscriptions.zones import zone

_YEARS = range(2000, 2100)  # any other year is a slip, such as 0026, and could overflow calculations


def parse_moment(option: str, text: str, settings: Settings) -> datetime:
    """Returns the instant that an option names, in UTC. Without an offset it is local time in PAPERWIRE_TIMEZONE.

    Raises WrongUsage.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            Sentence("{option} is not a moment: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22."),
        ) from None
    _refuse_far_away(option, instant, text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone(settings.timezone))).astimezone(UTC)


def parse_day(option: str, text: str) -> date:
    """Returns the day that an option names. Raises WrongUsage."""
    try:
        named = date.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            Sentence("{option} is not a day: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: 2026-01-22."),
        ) from None
    _refuse_far_away(option, named, text)
    return named


def _refuse_far_away(option: str, named: date, text: str) -> None:
    if named.year in _YEARS:
        return
    values = {"option": option, "text": text, "first": _YEARS[0], "last": _YEARS[-1]}
    if named.year < _YEARS[0]:
        wrong = Sentence("{option} lies before the year {first}: “{text}”.", values)
    else:
        wrong = Sentence("{option} lies after the year {last}: “{text}”.", values)
    raise WrongUsage(wrong, Sentence("For example: 2026-01-22."))
