"""Errors of SQLite and of the system as sentences for people."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import disk_usage

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from subscriptions.errors import Sentence, StoreError, StoreUnavailable, disk_full, is_disk_full
from subscriptions.store.database.errors import (
    LEAST_ROOM,
    LOCKED,
    NOT_OPENED,
    NOT_WRITABLE,
    WRONG_SETTING,
    full_error,
    wrong_setting,
)

_RIGHTS = Sentence("Check the rights of the file and of its folder, or name another one in PAPERWIRE_DATABASE_URL.")
_SENTENCES = (  # a part of the driver's message -> what is wrong, what to do
    (
        "locked",
        Sentence("The database {where} is locked by another program."),
        Sentence("Close what holds it, then try again."),
    ),
    ("readonly", Sentence("The database {where} cannot be written to."), _RIGHTS),
    ("read-only", Sentence("The database {where} cannot be written to."), _RIGHTS),
    (
        "disk i/o",
        Sentence("The disk that holds the database {where} does not answer."),
        Sentence("Check the disk, then try again."),
    ),
    (
        "not a database",
        Sentence("The file {where} is not a paperwire database."),
        Sentence("Name another file in PAPERWIRE_DATABASE_URL."),
    ),
    (
        "no such module: fts5",
        Sentence("This Python's SQLite has no full-text search, by which papers are counted."),
        Sentence("Use a Python whose SQLite has FTS5; those of python.org and of the distributions have it."),
    ),
    ("malformed", Sentence("The database {where} is damaged."), Sentence("Restore a copy: paperwire restore FILE.")),
    ("unable to open", Sentence("The database {where} cannot be opened."), _RIGHTS),
)
# For these messages the setting is not at fault. All others count as wrong usage.
_PASSING = frozenset({"locked", "disk i/o", "malformed"})
_CAUSES = {  # as the health page names them: without a path
    "locked": LOCKED,
    "readonly": NOT_WRITABLE,
    "read-only": NOT_WRITABLE,
    "unable to open": NOT_OPENED,
    "disk i/o": "its disk does not answer",
    "malformed": "it is damaged",
}
# What a request meets while all others meet it, too. A damaged page or a bad sector may be met by one request only.
_FOR_EVERYBODY = frozenset({"locked", "readonly", "read-only", "unable to open"})


@contextmanager
def copying_to(target: Path) -> Iterator[None]:
    """Raises errors within as sentences about the copy, unless the copied database is at fault."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        message = _message(error)
        if _is_full(error, message, target):
            raise StoreError(*disk_full(target)) from error
        if "malformed" in message or "not a database" in message:
            raise
        raise StoreError(
            Sentence("The copy cannot be written to {file}: {why}.", {"file": target, "why": message}),
            Sentence("Check the rights of its folder, or name another file."),
        ) from error


def _message(error: Exception) -> str:
    """What the system or the driver says, without a path: in small letters."""
    return str(error.strerror if isinstance(error, OSError) else getattr(error, "orig", error)).lower()


def translated(error: Exception, file: Path, where: str) -> Exception:
    """An error about the database file as a sentence that calls it `where`."""
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
        return error
    message = _message(error)
    if _is_full(error, message, file):
        return full_error(file)
    for part, sentence, hint in _SENTENCES:
        if part in message:
            make = StoreUnavailable if part in _FOR_EVERYBODY else StoreError
            found = make(replace(sentence, values={"where": where}), hint)
            found.cause = _CAUSES.get(part, found.cause)
            found.exit_code = StoreError.exit_code if part in _PASSING else WRONG_SETTING
            return found
    if not isinstance(error, OperationalError | OSError | sqlite3.Error):
        return error
    return wrong_setting(
        Sentence("The database {where} cannot be used: {why}.", {"where": where, "why": message}),
        Sentence("Check PAPERWIRE_DATABASE_URL."),
    )


def _is_full(error: Exception, message: str, file: Path) -> bool:
    """Whether the disk is full. SQLite says so, or only that it could not open or create a file."""
    if isinstance(error, OSError):
        return is_disk_full(error)
    if "disk is full" in message:
        return True
    vague = "disk i/o" in message or "unable to open" in message
    return vague and file.parent.is_dir() and disk_usage(file.parent).free < LEAST_ROOM
