"""Copies a whole database into an empty one: from a file of SQLite to PostgreSQL, or back."""

from subscriptions.errors import Refused, Sentence, StoreError
from subscriptions.store import Store
from subscriptions.store.database.transfer import copy_rows, count_rows, gather_statistics, holds_rows
from subscriptions.store.papers.known_papers import index_all


def copy_database(source: Store, target: Store) -> int:
    """Copies all rows, open deliveries too, whole or not at all. Returns how many. The caller holds both sender locks.

    Both have the newest schema. What was being sent when the source was killed is unclear in the target, too, so it is
    treated as after any crash. Raises Refused if the target holds rows, StoreError.
    """
    with source.read() as old, target.write() as new:
        if holds_rows(new):
            raise Refused(
                Sentence("The database {where} is not empty, so nothing is copied into it.", {"where": target.where}),
                Sentence("Name a new one."),
            )
        copied = copy_rows(old, new)
        if count_rows(new) != copied:
            raise StoreError(Sentence("The copy in {where} is not whole, and is taken back.", {"where": target.where}))
        index_all(new)
        gather_statistics(new)
    return sum(copied.values())
