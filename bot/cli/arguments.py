"""The input of subcommands: options that they share, queries, and the documents that arguments name.

Arguments are UTF-8 in any locale; paths are converted to the file system's encoding.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from bot.cli import output
from bot.digests import read_digest
from bot.digests.files import STDIN, list_folder, paths_of, read_file, read_paths
from bot.errors import UnknownFormat, UnreadableInput
from bot.platforms import CHAT_FORMS
from bot.rendering.queries_in_words import refused
from bot.settings import SourceSettings
from subscriptions.errors import PaperwireError, QueryError
from subscriptions.language import Language
from subscriptions.model import Digest

ChatOption = Annotated[str, typer.Option("--as", metavar="CHAT", help=f"{CHAT_FORMS}; a topic or thread after /")]
OptionalChatOption = Annotated[str | None, typer.Option("--as", metavar="CHAT", help="One chat only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO",
        help="The moment to begin at, instead of the machine's clock; without an offset in PAPERWIRE_TIMEZONE.",
    ),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")]

TERMINAL_LANGUAGE = Language("en", "UTC")
"""The language of the command line. To write moments, use a Language with the chat's time zone instead."""


@contextmanager
def reporting_query_errors(text: str, document: Mapping[str, object] | None = None) -> Iterator[None]:
    """If the body raises a QueryError, prints it with a caret below its column, and ends the subcommand with status 1.

    With `document`, for --json, prints this document and the error in it.
    """
    try:
        yield
    except QueryError as error:
        if document is None:
            output.print_reply(refused(error, TERMINAL_LANGUAGE, text), to_stderr=True)
        else:
            output.print_json({**document, "error": error.document()})
        raise typer.Exit(error.exit_code) from None


def documents(paths: Iterable[str]) -> list[str]:
    """Returns the paths of the documents that arguments name: files, folders, `-` (see bot.digests.files)."""
    return list(paths_of(map(_native, paths)))


def content(path: str) -> bytes:
    """Returns the bytes of a file, or of standard input for `-`. Raises UnreadableInput."""
    return read_file(_native(path))


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


def _native(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode())
    return path


def digests_in(
    paths: Iterable[str], source_of: SourceOf = lambda _: None
) -> Iterator[tuple[str, Digest | PaperwireError]]:
    """Yields (path, digest or error) of each document, read with the format and language of its source."""
    for path, data in read_paths(paths):
        if isinstance(data, PaperwireError):
            yield path, data
            continue
        source = source_of(path)
        form = language = None
        if source:
            form, language = (source.format, source.language)
        try:
            yield path, read_digest(data, path, format=form, language=language)
        except PaperwireError as error:
            yield path, error


def print_read_error(error: PaperwireError) -> None:
    """Prints why one file could not be read, but not the list of formats, which `print_expected_formats` prints."""
    output.print_error(error.brief if isinstance(error, UnknownFormat) else str(error))


def print_expected_formats(errors: Iterable[PaperwireError]) -> None:
    """Prints the expected formats once for all files of an unknown format. Prints nothing if there is no such file."""
    for formats in dict.fromkeys(error.expected for error in errors if isinstance(error, UnknownFormat)):
        if formats:
            output.print_error(f"Expected one of: {formats}.")
