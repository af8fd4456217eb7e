"""The files of the database and its copies: how large, and how old."""

from datetime import UTC, datetime
from pathlib import Path

from subscriptions.store import Store

_REPLACED = "replaced-"  # a database that `restore` put aside, which may be damaged, is no copy


def file_sizes(store: Store) -> dict[str, int]:
    """Returns the sizes of the database's files in bytes; a file that is not there is left out. A server keeps its own."""
    if store.kind.file is None:
        return {}
    paths = {"database": store.path, "wal": store.path.with_name(f"{store.path.name}-wal")}
    return {name: size for name, path in paths.items() if (size := _stat(path)[0]) is not None}


def copy_times(folder: Path) -> list[datetime]:
    """Returns when each copy of the database in a folder was written, by the machine's clock."""
    written = [_stat(path)[1] for path in folder.glob("*.db") if not path.name.startswith(_REPLACED)]
    return [datetime.fromtimestamp(at, UTC) for at in written if at is not None]


def _stat(path: Path) -> tuple[int, float] | tuple[None, None]:
    try:
        found = path.stat()
    except OSError:  # it may have been removed meanwhile, as the oldest copy is
        return None, None
    return found.st_size, found.st_mtime
