"""The database: transactions, schema, and its errors as sentences.

Here is what differs between the kinds of database, and their errors in the same words.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from subscriptions.errors import Sentence, StoreError, StoreUnavailable, disk_full

# ----------------------------------------------------------- what all kinds of database have in common in their errors


LOCKED = "it is locked by another program"  # causes, as the health page names them: without a path
NOT_WRITABLE = "it cannot be written to"
NOT_OPENED = "it cannot be opened"
FULL = "its disk is full"
WRONG_SETTING = 2  # exit code
LEAST_ROOM = 64 * 1024  # bytes; with less the disk is full, even if SQLite reports another error


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """A known error of a driver: how it is recognized, what is wrong, what to do."""

    words: tuple[str, ...] = ()  # of the driver's message
    states: tuple[str, ...] = ()  # beginnings of SQLSTATE, where the driver has it
    sentence: Sentence
    hint: Sentence
    cause: str = StoreError.cause  # as the health page names it
    passes: bool = True  # asking again may help: all others count as wrong usage
    for_everybody: bool = False  # a request meets it while all others meet it, too

    def error(self, where: str, **values: str) -> StoreError:
        """The error as a sentence that calls the database `where`."""
        make = StoreUnavailable if self.for_everybody else StoreError
        error = make(replace(self.sentence, values={"where": where, **values}), self.hint)
        error.cause = self.cause
        error.exit_code = StoreError.exit_code if self.passes else WRONG_SETTING
        return error


_OURS = frozenset({"alembic_version", "paper"})  # tables of every database of ours


def is_ours(tables: Iterable[str], where: str) -> bool:
    """Whether a database has our tables; False if it has none. Raises StoreError for a database of another program."""
    found = set(tables)
    if found and not found >= _OURS:
        raise wrong_setting(
            Sentence("The database {where} holds tables that are not paperwire's.", {"where": where}),
            Sentence("Name another database in PAPERWIRE_DATABASE_URL."),
        )
    return bool(found)


def full_error(what: object) -> StoreError:
    """The error for a full disk that holds `what`."""
    error = StoreUnavailable(*disk_full(what))
    error.cause = FULL
    return error


def is_full(error: StoreError) -> bool:
    """Whether the error means a full disk."""
    return error.cause == FULL


def is_locked(error: StoreError) -> bool:
    """Whether the error means that another program holds the lock of the database."""
    return error.cause == LOCKED


def wrong_setting(sentence: Sentence, hint: Sentence) -> StoreError:
    """The error for a PAPERWIRE_DATABASE_URL that cannot be used, where trying again does not help."""
    error = StoreError(sentence, hint)
    error.exit_code = WRONG_SETTING
    return error


# ---------------------------------------------------------------- the rights of the database's files and of its copies

# they hold what people follow, and sealed tokens.


OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Removes the rights of all other users on a file of ours; `check` warns where that is not allowed."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
