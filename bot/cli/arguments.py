"""The input of subcommands: shared options, moments and days, queries, and documents that arguments name."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, TypeVar

import typer

from bot.cli import output
from bot.digests import read_digest
from bot.digests.files import STDIN, list_folder, read_paths
from bot.failures import UnknownFormat, UnreadableInput, WrongUsage, brief
from bot.platforms import CHAT_FORMS
from bot.settings import SourceSettings
from subscriptions.errors import PaperwireError
from subscriptions.language import Language
from subscriptions.model import Digest

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


SourceOf = Callable[[str], SourceSettings | None]  # path of a file → the source that watches it, None if there is none


def watching(sources: Iterable[SourceSettings]) -> SourceOf:
    """Returns which of these sources watches a file, as their folders are now; the first, if there are several."""
    files: dict[str, SourceSettings] = {}
    for source in sources:
        if source.path is None:
            continue
        with suppress(UnreadableInput):  # a folder that does not exist counts as empty
            for name in list_folder(str(source.path)):
                files.setdefault(os.path.abspath(name), source)  # noqa: PTH100 - removes "..", but follows no links
    return lambda path: None if path == STDIN else files.get(os.path.abspath(path))  # noqa: PTH100 - as above


def digests_in(
    paths: Iterable[str], source_of: SourceOf = lambda _: None
) -> Iterator[tuple[str, Digest | PaperwireError]]:
    """Yields (path, digest or error) of each document, read with the format and language of its source."""
    for path, data in read_paths(paths):
        if isinstance(data, PaperwireError):
            yield path, data
            continue
        source = source_of(path)
        form, language = (source.format, source.language) if source else (None, None)
        try:
            yield path, read_digest(data, path, format=form, language=language)
        except PaperwireError as error:
            yield path, error


def print_unread(errors: Iterable[PaperwireError]) -> None:
    """Prints why each document could not be read, and once the formats that were expected."""
    expected: dict[str, None] = {}
    for error in errors:
        output.print_error(brief(error) if isinstance(error, UnknownFormat) else str(error))
        if isinstance(error, UnknownFormat) and error.expected:
            expected[error.expected] = None
    for formats in expected:
        output.print_error(f"Expected one of: {formats}.")
