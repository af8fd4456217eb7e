"""The store: the only home of SQLModel. It takes and returns values, never rows.

`papers`, `people` and `outbox` work inside a transaction of a `Store`; the use cases of `service` open it.
"""

from sqlmodel import Session as Transaction

from subscriptions.store.claims import Claim, Rendered
from subscriptions.store.database import HEAD, OWNER_ONLY, Store, WouldWrite
from subscriptions.store.edits import Edit
from subscriptions.store.enrichment import Lacking
from subscriptions.store.history import Told
from subscriptions.store.outbox import OutboxEntry, Planned
from subscriptions.store.papers import Ingested
from subscriptions.store.sources import KnownSource, Seen, SourceFact, SourceState

__all__ = [
    "HEAD",
    "OWNER_ONLY",
    "Claim",
    "Edit",
    "Ingested",
    "KnownSource",
    "Lacking",
    "OutboxEntry",
    "Planned",
    "Rendered",
    "Seen",
    "SourceFact",
    "SourceState",
    "Store",
    "Told",
    "Transaction",
    "WouldWrite",
]
