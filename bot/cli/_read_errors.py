"""Prints why files could not be read as digests."""

from collections.abc import Iterable

from bot.cli._streams import print_error
from bot.errors import UnknownFormat
from subscriptions.errors import PaperwireError


def print_read_error(error: PaperwireError) -> None:
    """Prints why one file could not be read, without the list of formats."""
    print_error(error.brief if isinstance(error, UnknownFormat) else str(error))


def print_expected_formats(errors: Iterable[PaperwireError]) -> None:
    """Prints the expected formats once for all files of an unknown format; nothing if no file is of one."""
    for formats in dict.fromkeys(error.expected for error in errors if isinstance(error, UnknownFormat)):
        if formats:
            print_error(f"Expected one of: {formats}.")
