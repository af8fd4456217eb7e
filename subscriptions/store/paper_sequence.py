"""The sequence that orders announced papers (rule 1)."""

from subscriptions.store.bot_state import get_value, put_value
from subscriptions.store.database.store import Transaction

SEQUENCE = "sequence"  # name of the counter


def last_sequence(transaction: Transaction) -> int:
    """Returns the highest assigned sequence; 0 if there is none."""
    return int(get_value(transaction, SEQUENCE) or 0)


def raise_counter(transaction: Transaction, last: int) -> None:
    """Stores the last assigned sequence. The papers up to it are committed in the same transaction."""
    put_value(transaction, SEQUENCE, str(last))
