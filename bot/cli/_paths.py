"""Files that arguments name. Arguments are read as UTF-8 whatever the locale; the file system wants its own encoding."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.digests.sources import paths_of, read_file, read_paths
from subscriptions import PaperwireError


@dataclass(frozen=True, slots=True)
class Documents:
    """What stands at some paths, read one by one; how many there are is known before."""

    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[tuple[str, bytes | PaperwireError]]:
        return read_paths(self.paths)


def documents(paths: Iterable[str]) -> Documents:
    """The documents that arguments name (bot.digests.sources)."""
    return Documents(tuple(paths_of(map(_native, paths))))


def content(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises Unreadable."""
    return read_file(_native(path))


def _native(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode())
    return path
