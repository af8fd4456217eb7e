"""The database: transactions, schema, and errors as sentences.

This package hides the differences between SQLite and PostgreSQL, and describes the errors of both in the same words.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from subscriptions import errors

# ------------------------------------------------------------------------------------ errors of both kinds of database


LOCKED = "it is locked by another program"  # these are causes as the health page names them, without a path
NOT_WRITABLE = "it cannot be written to"
NOT_OPENED = "it cannot be opened"
FULL = "its disk is full"
WRONG_SETTING = 2  # exit code
LEAST_ROOM = 64 * 1024  # bytes; with less free space the disk counts as full, even if SQLite reports another error


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """A known error of a driver: how it is recognized, what is wrong, what to do."""

    words: tuple[str, ...] = ()  # parts of the driver's message
    states: tuple[str, ...] = ()  # beginnings of SQLSTATE, if the driver gives it
    sentence: errors.Sentence
    hint: errors.Sentence
    cause: str = errors.StoreError.cause  # as the health page names it
    passes: bool = True  # a retry may help; all other errors count as wrong usage
    for_everybody: bool = False  # while it lasts, all requests fail with it

    def error(self, where: str, **values: str) -> errors.StoreError:
        """Returns the error as a sentence that calls the database `where`."""
        make = errors.StoreUnavailable if self.for_everybody else errors.StoreError
        error = make(replace(self.sentence, values={"where": where, **values}), self.hint)
        error.cause = self.cause
        error.exit_code = errors.StoreError.exit_code if self.passes else WRONG_SETTING
        return error


_OURS = frozenset({"alembic_version", "paper"})  # tables of every database of ours


def is_ours(tables: Iterable[str], where: str) -> bool:
    """Returns whether a database has our tables; False if it has no tables.

    Raises StoreError for a database of another program.
    """
    found = set(tables)
    if found and not found >= _OURS:
        raise wrong_setting(
            errors.Sentence("The database {where} holds tables that are not paperwire's.", {"where": where}),
            errors.Sentence("Name another database in PAPERWIRE_DATABASE_URL."),
        )
    return bool(found)


def full_error(what: object) -> errors.StoreError:
    """Returns the error for a full disk that holds `what`."""
    error = errors.StoreUnavailable(*errors.disk_full(what))
    error.cause = FULL
    return error


def wrong_setting(sentence: errors.Sentence, hint: errors.Sentence) -> errors.StoreError:
    """Returns the error for a PAPERWIRE_DATABASE_URL that cannot be used: a retry does not help."""
    error = errors.StoreError(sentence, hint)
    error.exit_code = WRONG_SETTING
    return error


# --------------------------------------------------------------- the permissions of the database's files and its copies

# The files hold what people follow, and sealed tokens.


OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Removes the permissions of all other users from a file of ours. If that is not allowed, only `check` warns."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
