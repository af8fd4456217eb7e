"""Digests in, papers out."""

from datetime import date, datetime

from subscriptions.matching import matching_papers
from subscriptions.model import Digest, KnownPaper
from subscriptions.query import parse_query
from subscriptions.store import Ingested, Store, papers


def ingest_digest(store: Store, digest: Digest, *, source: str, day: date, now: datetime) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing."""
    with store.write() as session:
        return papers.add_digest(session, digest, source=source, day=day, now=now)


def search(store: Store, text: str, *, most: int = 20) -> tuple[KnownPaper, ...]:
    """The newest stored papers that fit a query, announced or not. Raises QueryError."""
    query = parse_query(text)
    with store.read() as session:
        everything = papers.everything(session)
    found = matching_papers(query, [known.paper for known in everything])
    return tuple(everything[i] for i in found)[:most]
