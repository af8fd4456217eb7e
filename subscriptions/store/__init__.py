"""The store: the only home of SQLModel. It takes and returns values, never rows.

`papers`, `people` and `outbox` work inside a transaction of a `Store`; the use cases of `service` open it.
"""

from subscriptions.store.claims import Claim, Rendered
from subscriptions.store.database import HEAD, OWNER_ONLY, Scope, Store, Transaction, WouldWrite
from subscriptions.store.edits import Edit
from subscriptions.store.enrichment import IncompletePaper
from subscriptions.store.history import DeliveredPaper
from subscriptions.store.outbox import OutboxEntry, Planned
from subscriptions.store.papers import Ingested
from subscriptions.store.sources import DocumentSeen, KnownSource, SourceFact, SourceState

__all__ = [
    "HEAD",
    "OWNER_ONLY",
    "Claim",
    "DeliveredPaper",
    "DocumentSeen",
    "Edit",
    "IncompletePaper",
    "Ingested",
    "KnownSource",
    "OutboxEntry",
    "Planned",
    "Rendered",
    "Scope",
    "SourceFact",
    "SourceState",
    "Store",
    "Transaction",
    "WouldWrite",
]
