"""Stores polls of sources, and lets one process at a time ask a publisher."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from subscriptions.planning.receipts import Receipt
from subscriptions.store import (
    sources,
)
from subscriptions.store.database.store import Transaction, writes

_TRUSTED = timedelta(minutes=5)  # a slot that ends later than this from now is ignored, since the clock was set back


@writes
def note_poll(
    transaction: Transaction, receipt: Receipt, state: sources.SourceState, seen: Mapping[str, sources.DocumentSeen]
) -> int:
    """Stores the receipt of a poll, which may still be running, and the state of its source. Returns the receipt's id."""
    sources.store_state(transaction, receipt.source, state, seen)
    return sources.put_receipt(transaction, receipt)


@writes
def claim_slot(transaction: Transaction, publisher: str, most: timedelta, *, wall: datetime) -> timedelta:
    """Tries to take the slot for requests to a publisher, for at most `most`. Only one process has the slot at a time.

    Returns zero if the caller got the slot, otherwise how long to wait.
    """
    wait = (sources.slot(transaction, publisher) or wall) - wall
    if timedelta(0) < wait <= _TRUSTED:
        return wait
    sources.take_slot(transaction, publisher, wall + most)
    return timedelta(0)
