"""Digests in, papers out."""

from datetime import date, datetime

from subscriptions.model import Digest
from subscriptions.store import Ingested, Store, papers


def ingest_digest(store: Store, digest: Digest, *, source: str, day: date, now: datetime) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing."""
    with store.write() as session:
        return papers.add_digest(session, digest, source=source, day=day, now=now)
