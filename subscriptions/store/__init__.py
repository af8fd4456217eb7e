"""The store: the only home of SQLModel. It takes and returns values, never rows.

Its functions work inside a transaction of a `Store`. Those that are a use case by themselves say how: `@reads` or
`@writes`; with others the use cases of `service` decide something, or join several. The floors: `chat` for chats,
subscriptions and all that belongs to them, `papers` for papers and digests, `outbox` for deliveries and messages.
"""

from subscriptions.store.database.errors import OWNER_ONLY, OWNER_ONLY_FOLDER
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import (
    KEPT_COPIES,
    ReadThenWrite,
    Scope,
    Store,
    Transaction,
    WouldWrite,
    reads,
    writes,
)
from subscriptions.store.database.writer import READS, WRITES, StepKind, Steps, done
from subscriptions.store.outbox.claims import Claim, Rendered
from subscriptions.store.outbox.deliveries import DeliveredPaper
from subscriptions.store.outbox.edits import Edit
from subscriptions.store.outbox.entries import OutboxEntry
from subscriptions.store.outbox.planned import Planned
from subscriptions.store.papers.digests import Ingested
from subscriptions.store.papers.enrichment import IncompletePaper
from subscriptions.store.sources import DocumentSeen, KnownSource, SourceFact, SourceState

__all__ = [
    "HEAD",
    "KEPT_COPIES",
    "OWNER_ONLY",
    "OWNER_ONLY_FOLDER",
    "READS",
    "WRITES",
    "Claim",
    "DeliveredPaper",
    "DocumentSeen",
    "Edit",
    "IncompletePaper",
    "Ingested",
    "KnownSource",
    "OutboxEntry",
    "Planned",
    "ReadThenWrite",
    "Rendered",
    "Scope",
    "SourceFact",
    "SourceState",
    "StepKind",
    "Steps",
    "Store",
    "Transaction",
    "WouldWrite",
    "done",
    "reads",
    "writes",
]
