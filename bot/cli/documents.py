"""Reads the documents that arguments name. Arguments are UTF-8 in any locale; paths get the file system's encoding."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.output import print_error
from bot.digests import read_digest
from bot.digests.files import STDIN, list_folder, paths_of, read_file, read_paths
from bot.errors import UnknownFormat, UnreadableInput
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest

if TYPE_CHECKING:
    from bot.settings import SourceSettings


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """An iterable of documents at known paths. Iterating reads them one by one."""

    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[tuple[str, bytes | PaperwireError]]:
        return read_paths(self.paths)


def documents(paths: Iterable[str]) -> DocumentFiles:
    """Returns the documents that arguments name: files, folders, `-` (bot.digests.files)."""
    return DocumentFiles(tuple(paths_of(map(_native, paths))))


def content(path: str) -> bytes:
    """Returns the bytes of a file, or of standard input for `-`. Raises UnreadableInput."""
    return read_file(_native(path))


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files that sources of paperwire.toml watch, as listed at one moment."""

    files: Mapping[str, "SourceSettings"]  # absolute path → the first source that watches it

    @classmethod
    def listed(cls, sources: Iterable["SourceSettings"]) -> "SourceFiles":
        """Lists the files of all sources. A folder that does not exist counts as empty."""
        files: dict[str, SourceSettings] = {}
        for source in sources:
            for name in _listed(source):
                files.setdefault(os.path.abspath(name), source)  # noqa: PTH100 - removes "..", but follows no links
        return cls(files)

    def source_of(self, path: str) -> "SourceSettings | None":
        """Returns the source that watches the file at this path, None if there is none."""
        return None if path == STDIN else self.files.get(os.path.abspath(path))  # noqa: PTH100 - as above


def _listed(source: "SourceSettings") -> Iterable[str]:
    try:
        return () if source.path is None else list_folder(str(source.path), Path())
    except UnreadableInput:
        return ()


def _native(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode())
    return path


def digests_in(
    documents: Iterable[tuple[str, bytes | PaperwireError]],
    source_of: Callable[[str], "SourceSettings | None"] = lambda _: None,
) -> Iterator[tuple[str, Digest | PaperwireError]]:
    """Yields (path, digest or error) of each document, read with the format and language of its source."""
    for path, data in documents:
        if isinstance(data, PaperwireError):
            yield path, data
            continue
        source = source_of(path)
        form, language = (source.format, source.language) if source else (None, None)
        try:
            yield path, read_digest(data, path, format=form, language=language)
        except PaperwireError as error:
            yield path, error


def print_read_error(error: PaperwireError) -> None:
    """Prints why one file could not be read, without the list of formats."""
    print_error(error.brief if isinstance(error, UnknownFormat) else str(error))


def print_expected_formats(errors: Iterable[PaperwireError]) -> None:
    """Prints the expected formats once for all files of an unknown format; nothing if no file is of one."""
    for formats in dict.fromkeys(error.expected for error in errors if isinstance(error, UnknownFormat)):
        if formats:
            print_error(f"Expected one of: {formats}.")
