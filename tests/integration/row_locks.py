"""Makes SQLite act like a database that locks rows (PostgreSQL), for the tests of planning."""

from subscriptions.store.database.store import Store


def cannot_tell(store: Store) -> None:
    """Makes the store unable to see whether another process has committed since its last look."""
    store.kind.version = lambda: None  # type: ignore[method-assign]
