"""Files that could not be read as digests: a short reason for each, and once what would have been read."""

from collections.abc import Iterable

from bot.cli._streams import print_error
from bot.errors import UnknownFormat
from subscriptions.errors import PaperwireError


def print_read_error(error: PaperwireError) -> None:
    """Says why one file could not be read, without the names of all formats."""
    print_error(error.brief if isinstance(error, UnknownFormat) else str(error))


def print_expected_formats(errors: Iterable[PaperwireError]) -> None:
    """Says once which formats these files were expected to have; nothing where none of them was unknown."""
    for formats in dict.fromkeys(error.expected for error in errors if isinstance(error, UnknownFormat)):
        if formats:
            print_error(f"Expected one of: {formats}.")
