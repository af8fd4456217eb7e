"""Errors of SQLite and of the system as sentences for people."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage

from subscriptions import errors
from subscriptions.store.database import (
    LEAST_ROOM,
    LOCKED,
    NOT_OPENED,
    NOT_WRITABLE,
    KnownError,
)

_RIGHTS = errors.Sentence(
    "Check the rights of the file and of its folder, or name another one in PAPERWIRE_DATABASE_URL."
)
KNOWN = (
    KnownError(
        words=("locked",),
        sentence=errors.Sentence("The database {where} is locked by another program."),
        hint=errors.Sentence("Close what holds it, then try again."),
        cause=LOCKED,
        for_everybody=True,
    ),
    KnownError(
        words=("readonly", "read-only"),
        sentence=errors.Sentence("The database {where} cannot be written to."),
        hint=_RIGHTS,
        cause=NOT_WRITABLE,
        passes=False,
        for_everybody=True,
    ),
    # `for_everybody` is False, since perhaps only this request reads a damaged page or a bad sector.
    KnownError(
        words=("disk i/o",),
        sentence=errors.Sentence("The disk that holds the database {where} does not answer."),
        hint=errors.Sentence("Check the disk, then try again."),
        cause="its disk does not answer",
    ),
    KnownError(
        words=("not a database",),
        sentence=errors.Sentence("The file {where} is not a paperwire database."),
        hint=errors.Sentence("Name another file in PAPERWIRE_DATABASE_URL."),
        passes=False,
    ),
    KnownError(
        words=("no such module: fts5",),
        sentence=errors.Sentence("This Python's SQLite has no full-text search, by which papers are counted."),
        hint=errors.Sentence(
            "Use a Python whose SQLite has FTS5; those of python.org and of the distributions have it."
        ),
        passes=False,
    ),
    KnownError(
        words=("malformed",),
        sentence=errors.Sentence("The database {where} is damaged."),
        hint=errors.Sentence("Restore a copy: paperwire restore FILE."),
        cause="it is damaged",
    ),
    KnownError(
        words=("unable to open",),
        sentence=errors.Sentence("The database {where} cannot be opened."),
        hint=_RIGHTS,
        cause=NOT_OPENED,
        passes=False,
        for_everybody=True,
    ),
)


@contextmanager
def copying_to(target: Path) -> Iterator[None]:
    """Turns errors of the body into sentences about the copy, unless the copied database itself is damaged."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        message = text_of(error)
        if says_full(error, message, target):
            raise errors.StoreError(*errors.disk_full(target)) from error
        if "malformed" in message or "not a database" in message:
            raise
        raise errors.StoreError(
            errors.Sentence("The copy cannot be written to {file}: {why}.", {"file": target, "why": message}),
            errors.Sentence("Check the rights of its folder, or name another file."),
        ) from error


def text_of(error: Exception) -> str:
    """Returns the message of the system or of the driver, without a path, in lower case."""
    return str(error.strerror if isinstance(error, OSError) else getattr(error, "orig", error)).lower()


def says_full(error: Exception, message: str, file: Path) -> bool:
    """Whether the disk is full. SQLite may say no more than that it could not open or create a file."""
    if isinstance(error, OSError):
        return errors.is_disk_full(error)
    if "disk is full" in message:
        return True
    vague = "disk i/o" in message or "unable to open" in message
    return vague and file.parent.is_dir() and disk_usage(file.parent).free < LEAST_ROOM
