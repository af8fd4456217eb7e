"""Digests in, papers out."""

from datetime import date, datetime

from subscriptions.model import Digest
from subscriptions.store import Ingested, Store, edits, papers


def ingest_digest(store: Store, digest: Digest, *, source: str, day: date, now: datetime) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing.

    Messages that are out are marked for an edit where a paper was withdrawn, or where its summary came late.
    """
    with store.write() as session:
        done = papers.add_digest(session, digest, source=source, day=day, now=now)
        edits.papers_withdrawn(session, done.withdrawn, now=now)
        edits.papers_summarised(session, done.summarised, now=now)
        return done
