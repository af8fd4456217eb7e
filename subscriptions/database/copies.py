"""Copies of a SQLite database: their names, the database to which each belongs, and which are removed."""

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from subscriptions.database.refusals import keep_to_owner

ID = "database-id"  # names of stored values: an id that a database gets once,
PLACE = "copy-of"  # and, only in copies, the file of the copied database
FOLDER = "backups"  # next to a database, unless the settings name another folder
PART = ".part"  # the name of an incomplete copy ends with this
KEPT_COPIES = 7
LONGEST_COPYING = timedelta(days=1)
_MARKS = "SELECT name, value FROM key_value WHERE name IN (?, ?)"
_FIRST_ROWS = """
    SELECT * FROM (SELECT 'chat', id, created_at FROM chat ORDER BY id LIMIT 50)
    UNION ALL SELECT * FROM (SELECT 'paper', id, first_seen_at FROM paper ORDER BY id LIMIT 50)
"""
_TIME = re.compile(r"-(\d{8}T\d{6}Z)[-.]")
_CLOCK = "%Y%m%dT%H%M%SZ"
_ODD = re.compile(r"[^\w.-]+")  # what not every file system takes
_LONGEST_NAME = 40  # characters of a database's name in that of a copy
_HEADER = b"SQLite format 3\0"


class Origin(NamedTuple):
    """The database to which a file belongs, as the file says; "" where it does not, as in copies of version 1.0.0."""

    id: str = ""
    place: str = ""


def origin_of(file: Path) -> Origin | None:
    """Return the origin of a database or of a copy; None if the file is not a database of paperwire."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            marks: dict[str, str] = dict(connection.execute(_MARKS, (ID, PLACE)))
    except sqlite3.Error:
        return None
    return Origin(marks.get(ID, ""), marks.get(PLACE, ""))


def id_of(database: Path) -> str:
    """Return the id of a database; "" if it has none, or cannot be read."""
    origin = origin_of(database)
    return origin.id if origin else ""


def is_copy_of(copy: Path, database: Path) -> bool:
    """Return whether a file is a copy of this database, which may be lost.

    Copies that version 1.0.0 made do not say so. They have rows of the database; if that is lost, they belong to the only
    database next to their folder.
    """
    theirs, ours = origin_of(copy), id_of(database)
    if theirs and theirs.id and ours:
        return theirs.id == ours
    if theirs and theirs.place:
        return theirs.place == place_of(database)
    if theirs and ours:
        return not _first_rows(copy).isdisjoint(_first_rows(database))
    return copy.resolve().parent == database.resolve().parent / FOLDER and _is_alone(database)


def place_of(database: Path) -> str:
    """Return how copies name the file of their database."""
    return str(database.resolve())


def copy_name(kind: str, database: Path, identity: str, now: datetime) -> str:
    """Return the name of a copy of a kind such as "daily". Two databases never have copies of one name."""
    return f"{kind}-{now:{_CLOCK}}-{_ODD.sub('_', database.stem)[:_LONGEST_NAME]}-{identity[:8]}.db"


def remove_old(folder: Path, kind: str, database: Path, now: datetime) -> None:
    """Remove all copies of this kind and database but the newest seven, and what killed processes left."""
    found = [copy for copy in folder.glob(f"{kind}-*.db") if _time_of(copy) and is_copy_of(copy, database)]
    ours = sorted(found, key=_time_of)
    for old in ours[:-KEPT_COPIES]:
        old.unlink(missing_ok=True)
    for left in folder.glob(f"{kind}-*{PART}*"):
        if _time_of(left) < f"{now - LONGEST_COPYING:{_CLOCK}}":
            left.unlink(missing_ok=True)
    for kept in ours[-KEPT_COPIES:]:
        keep_to_owner(kept)


def _time_of(copy: Path) -> str:
    """Return the time in the name of one of the program's own copies; "" for a file of another name."""
    found = _TIME.search(copy.name)
    return found[1] if found else ""


def _first_rows(file: Path) -> set[tuple[object, ...]]:
    """Return when the first chats and papers of a database came, to the microsecond."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return set(connection.execute(_FIRST_ROWS))
    except sqlite3.Error:
        return set()


def _is_alone(database: Path) -> bool:
    """Return whether no other database is in the same folder."""
    beside = (file for file in database.parent.glob("*") if not file.name.startswith(database.name))
    return not any(_has_header(file) for file in beside if file.is_file())


def _has_header(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_HEADER)) == _HEADER
    except OSError:  # it may be one
        return True
