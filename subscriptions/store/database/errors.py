"""What all kinds of database have in common in their errors: full, locked, a wrong setting."""

from contextlib import suppress
from pathlib import Path

from subscriptions.errors import Sentence, StoreError, StoreUnavailable, disk_full

LOCKED = "it is locked by another program"  # causes, as the health page names them: without a path
NOT_WRITABLE = "it cannot be written to"
NOT_OPENED = "it cannot be opened"
FULL = "its disk is full"
WRONG_SETTING = 2  # exit code
LEAST_ROOM = 64 * 1024  # bytes; with less the disk is full, even if SQLite reports another error


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


# ---------------------------------------------------------------------------------------------------------------------
# The rights of the database's files and of its copies: they hold what people follow, and sealed tokens.


OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Removes the rights of all other users on a file of ours; `check` warns where that is not allowed."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
