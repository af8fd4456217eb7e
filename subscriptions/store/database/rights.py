"""The rights of the database's files and of its copies: they hold what people follow, and sealed tokens."""

from contextlib import suppress
from pathlib import Path

OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY = 0o600


def keep_to_owner(file: Path) -> None:
    """Removes the rights of all other users on a file of ours; `check` warns where that is not allowed."""
    with suppress(OSError):
        if (rights := file.stat().st_mode) & 0o077:
            file.chmod(rights & 0o700)
