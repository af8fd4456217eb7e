"""The database: which one is ours, when a disk counts as full, rights of files, and errors as sentences for people.

This package hides the differences between SQLite and PostgreSQL. Errors of both get the same sentences.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from subscriptions import errors
from subscriptions.errors import Sentence, StoreError, StoreUnavailable

LOCKED = "it is locked by another program"  # a cause as the health page shows it, without a path; so are the next ones
NOT_WRITABLE = "it cannot be written to"
NOT_OPENED = "it cannot be opened"
FULL = "its disk is full"
WRONG_SETTING = 2  # exit code
LEAST_ROOM = 64 * 1024  # bytes; with less free space the disk counts as full, even if SQLite reports another error


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """A known error of a driver: how to recognize it, what is wrong, and what to do."""

    words: tuple[str, ...] = ()  # parts of the driver's message
    states: tuple[str, ...] = ()  # beginnings of the error's SQLSTATE, if the driver gives one
    sentence: Sentence
    hint: Sentence
    cause: str = StoreError.cause  # the cause as the health page shows it
    passes: bool = True  # a retry may help; False: it counts as wrong usage
    wrong_usage: bool = False  # counts as wrong usage although a retry may help
    for_everybody: bool = False  # while the error lasts, all requests fail

    def error(self, where: str, **values: str) -> StoreError:
        """Return the error with its sentence. `where` is the database's name in the sentence."""
        make = StoreUnavailable if self.for_everybody else StoreError
        error = make(replace(self.sentence, values={"where": where, **values}), self.hint)
        error.cause = self.cause
        error.passes = self.passes
        if self.wrong_usage or not self.passes:
            error.exit_code = WRONG_SETTING
        return error


_OURS = frozenset({"alembic_version", "paper"})  # tables that every database of paperwire has


def is_ours(tables: Iterable[str], where: str) -> bool:
    """Return whether a database has paperwire's tables; False if it has no tables at all.

    Raise StoreError for a database of another program.
    """
    found = set(tables)
    if found and not found >= _OURS:
        raise wrong_setting(
            Sentence("The database {where} holds tables that are not paperwire's.", {"where": where}),
            Sentence("Name another database in PAPERWIRE_DATABASE_URL."),
        )
    return bool(found)


def full_error(what: object) -> StoreError:
    """Return the error for a full disk that holds `what`."""
    error = StoreUnavailable(*errors.disk_full(what))
    error.cause = FULL
    return error


def wrong_setting(sentence: Sentence, hint: Sentence) -> StoreError:
    """Return the error for a PAPERWIRE_DATABASE_URL that cannot be used, with the exit code of wrong usage."""
    error = StoreError(sentence, hint)
    error.passes, error.exit_code = False, WRONG_SETTING
    return error


# The files contain what people follow, and sealed tokens, so only their owner may read them.


OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Remove the permissions of other users from a file. Do nothing if that is not allowed; `check` warns then."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
