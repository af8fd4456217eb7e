"""Sources that somebody waits for, as the store knows them: no poll, only what polls leave behind.

arxiv = Awaiting(talk.store)
arxiv.reports("late", at=NOON)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.sources import sync_sources
from subscriptions.store import SourceFact, Store
from tests.make import NOON
from tests.receipts import add_receipt

BATCH = timedelta(hours=5, minutes=5)  # after midnight UTC: when a batch can be read, in New York's winter
SYNCED_AT = NOON - timedelta(days=30)


@dataclass(slots=True)
class ExpectedSources:
    """The sources that the settings name; arXiv alone by default."""

    store: Store
    names: Iterable[str] = ("arXiv",)
    schedule: str = "arxiv"

    def __post_init__(self) -> None:
        self.sync(*self.names)

    def sync(self, *names: str, watched: Iterable[str] = ()) -> None:
        """From now on the settings name these; `watched` are folders whose papers come at any time."""
        awaited = [SourceFact(name=name, kind="arxiv", location=name, schedule=self.schedule) for name in names]
        folders = [SourceFact(name=name, kind="file", location=name) for name in watched]
        sync_sources(self.store, [*awaited, *folders], now=SYNCED_AT)

    def reports(self, outcome: str, *, at: datetime, name: str = "arXiv", detail: str = "") -> None:
        """A poll has ended."""
        add_receipt(self.store, Receipt(source=name, at=at, outcome=Outcome(outcome), detail=detail))
