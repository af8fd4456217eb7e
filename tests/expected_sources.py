"""Stores the rows that polls of sources would store, without a poll. A digest may wait for these sources.

arxiv = ExpectedSources(bot.store)
arxiv.reports("late", at=NOON)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlmodel

from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.store import sources
from subscriptions.store.database.store import Store
from subscriptions.store.rows import ReceiptRow
from tests.clock import NOON

BATCH = timedelta(hours=5, minutes=5)  # from midnight UTC until arXiv's batch of the day can be read, in winter


def add_receipt(store: Store, receipt: Receipt) -> None:
    with store.write() as transaction:
        sources.put_receipt(transaction, receipt)


def receipts_of(store: Store, source: str) -> tuple[Receipt, ...]:
    """Returns all receipts of a source, newest first."""
    rows = sqlmodel.select(ReceiptRow).where(ReceiptRow.source == source).order_by(sqlmodel.col(ReceiptRow.id).desc())
    with store.read() as transaction:
        return tuple(map(sources.receipt_value, transaction.exec(rows)))


@dataclass(slots=True)
class ExpectedSources:
    """Writes sources into a store as if the settings named them: only arXiv by default."""

    store: Store
    names: Iterable[str] = ("arXiv",)
    schedule: str = "arxiv"

    def __post_init__(self) -> None:
        self.sync(*self.names)

    def sync(self, *names: str, watched: Iterable[str] = ()) -> None:
        """Replaces the sources of the store by these. `watched` are folders, in which papers may appear at any time."""
        awaited = [sources.SourceFact(name=name, kind="arxiv", location=name, schedule=self.schedule) for name in names]
        folders = [sources.SourceFact(name=name, kind="file", location=name) for name in watched]
        sources.sync_sources(self.store, awaited + folders, now=NOON - timedelta(days=30))

    def reports(self, outcome: str, *, at: datetime, name: str = "arXiv", detail: str = "") -> None:
        """Stores the receipt of a poll."""
        add_receipt(self.store, Receipt(source=name, at=at, outcome=Outcome(outcome), detail=detail))
