"""Copies a whole database into an empty one."""

from subscriptions import errors
from subscriptions.store.database import copying
from subscriptions.store.database.store import Store
from subscriptions.store.known_papers import index_all

# For example to move from SQLite to PostgreSQL, or back.


def copy_database(source: Store, target: Store) -> int:
    """Copies all rows, including open deliveries, completely or not at all. Returns the number of rows.

    The caller must have the role of both databases, and both must have the newest schema. If the process of the
    source was killed while it sent messages, they are recovered in the target, as after any crash. Raises StoreError,
    and Refused if the target has rows.
    """
    with source.read() as old, target.write() as new:
        if copying.holds_rows(new):
            raise errors.Refused(
                errors.Sentence(
                    "The database {where} is not empty, so nothing is copied into it.", {"where": target.where}
                ),
                errors.Sentence("Name a new one."),
            )
        copied = copying.copy_rows(old, new)
        if copying.count_rows(new) != copied:
            raise errors.StoreError(
                errors.Sentence("The copy in {where} is not whole, and is taken back.", {"where": target.where})
            )
        index_all(new)
        copying.gather_statistics(new)
    return sum(copied.values())
