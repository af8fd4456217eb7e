"""Makes SQLite act like a database that locks rows, for the tests of planning."""

from subscriptions.store.database.store import Store


def cannot_tell(store: Store) -> None:
    """Makes the store unable to see whether others have committed since it last looked."""
    store.kind.version = lambda: None  # type: ignore[method-assign]
