"""SQLite in the part of a database that locks rows, as far as planning meets one."""

from subscriptions.store import Store


def cannot_tell(store: Store) -> None:
    """Makes it a database where it cannot be told whether others have committed since an earlier look."""
    store.kind.version = lambda: None  # type: ignore[method-assign]
