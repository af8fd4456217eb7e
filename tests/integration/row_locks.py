"""SQLite in the part of a database that locks rows, as far as planning meets one."""

from sqlalchemy import Connection

from subscriptions.store.database.sqlite.sharing import SqliteSharing


class CannotTell(SqliteSharing):
    """A database where it cannot be told whether others have committed since an earlier look."""

    def version(self, connection: Connection) -> int | None:
        """Tells nothing."""
        return None
