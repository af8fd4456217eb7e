"""The sequence that orders announced papers (rule 1)."""

import sqlalchemy as sa

from subscriptions.store.bot_state import get_value, hold_value, put_value
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES
from subscriptions.store.work_rows import KeyValueRow

_values = TABLES.tables["key_value"]


SEQUENCE = "sequence"  # name of the counter


def last_sequence(transaction: Transaction) -> int:
    """Returns the highest assigned sequence; 0 if there is none."""
    return int(get_value(transaction, SEQUENCE) or 0)


def hold_sequence(transaction: Transaction) -> int:
    """Returns the last assigned sequence. Until the transaction ends, no other process can assign one or merge papers.

    Call it before the transaction reads the papers that it merges or announces. If two processes have the same new
    paper, the second process then finds it stored.
    """
    return int(hold_value(transaction, SEQUENCE, "0"))


def share_sequence(transaction: Transaction) -> None:
    """Keeps other processes from assigning sequences and merging papers until the transaction ends.

    Several transactions may share this lock.
    """
    if get_value(transaction, SEQUENCE) is None:
        conflicts.insert_new(transaction, KeyValueRow(name=SEQUENCE, value="0"))
    conflicts.hold_rows(transaction, sa.select(_values.c.value).where(_values.c.name == SEQUENCE), shared=True)


def raise_counter(transaction: Transaction, last: int) -> None:
    """Stores the last assigned sequence. Call it at the end of a transaction.

    The row of the counter is locked until the commit. So no planner sees a higher sequence before the papers up to this
    sequence are committed.
    """
    put_value(transaction, SEQUENCE, str(last))
