"""The options that subcommands share, and the moments and days that some of them take."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, TypeVar

import typer

from bot.failures import WrongUsage
from bot.platforms import CHAT_FORMS
from subscriptions.language import Language

Day = TypeVar("Day", date, datetime)

TERMINAL_LANGUAGE = Language("en", "UTC")
"""The language of the command line. To write moments, use a Language with the chat's time zone instead."""

_YEARS = range(2000, 2100)  # any other year is a typing error, such as 0026, and calculations with it could overflow


def read_moment(text: str) -> datetime:
    """Returns the moment that --now names; without an offset, it is naive: local time in PAPERWIRE_TIMEZONE.

    Raises WrongUsage.
    """
    hint = "For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22."
    return _read(datetime.fromisoformat, text, WrongUsage(f"--now is not a moment: “{text}”.", hint))


def read_day(text: str) -> date:
    """Returns the day that --date names. Raises WrongUsage."""
    return _read(date.fromisoformat, text, WrongUsage(f"--date is not a day: “{text}”.", "For example: 2026-01-22."))


def _read(read: Callable[[str], Day], text: str, wrong: WrongUsage) -> Day:
    try:
        named = read(text.strip())
    except ValueError:
        raise wrong from None
    if named.year not in _YEARS:
        raise WrongUsage(f"“{text}” is not in the years {_YEARS[0]} to {_YEARS[-1]}.", "For example: 2026-01-22.")
    return named


ChatOption = Annotated[str, typer.Option("--as", metavar="CHAT", help=f"{CHAT_FORMS}; a topic or thread after /")]
OptionalChatOption = Annotated[str | None, typer.Option("--as", metavar="CHAT", help="One chat only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        metavar="ISO",
        parser=read_moment,
        help="The moment to begin at, instead of the machine's clock; without an offset in PAPERWIRE_TIMEZONE.",
    ),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")]
