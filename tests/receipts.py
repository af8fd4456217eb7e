"""Stores and reads receipts of sources."""

from sqlmodel import col, select

from subscriptions.planning.receipts import Receipt
from subscriptions.store import sources
from subscriptions.store.database.store import Store
from subscriptions.store.rows import ReceiptRow


def add_receipt(store: Store, receipt: Receipt) -> None:
    with store.write() as transaction:
        sources.put_receipt(transaction, receipt)


def receipts_of(store: Store, source: str) -> tuple[Receipt, ...]:
    """Returns all receipts of a source, newest first."""
    rows = select(ReceiptRow).where(ReceiptRow.source == source).order_by(col(ReceiptRow.id).desc())
    with store.read() as transaction:
        return tuple(map(sources.receipt_value, transaction.exec(rows)))
