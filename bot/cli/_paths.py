"""Files that arguments name. Arguments are read as UTF-8 whatever the locale; the file system wants its own encoding."""

import os
from collections.abc import Iterable, Iterator

from bot.digests.sources import read_file, read_paths
from subscriptions import PaperwireError


def documents(paths: Iterable[str]) -> Iterator[tuple[str, bytes | PaperwireError]]:
    """What stands at these paths (bot.digests.sources.read_paths)."""
    return read_paths(map(_native, paths))


def content(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises Unreadable."""
    return read_file(_native(path))


def _native(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode())
    return path
