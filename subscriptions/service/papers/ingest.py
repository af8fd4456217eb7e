"""Stores digests, and announces papers that were filed."""

from datetime import date, datetime

from subscriptions.model import Digest
from subscriptions.planning.archives import is_archive
from subscriptions.store import Ingested, Scope, Transaction
from subscriptions.store.outbox import edits
from subscriptions.store.papers import announcing, digests
from subscriptions.zones import zone


def ingest_digest(
    store: Scope,
    digest: Digest,
    *,
    source: str,
    day: date,
    now: datetime,
    announce: bool = False,
    of_arxiv: bool = False,
) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing.

    The papers of an archive are filed and not announced (docs/architecture.md, rule 12). With `announce` they are
    announced all the same, also when they were filed before. `of_arxiv`: the source is one of arXiv's own, whose word
    on arXiv's papers counts (rule 4). Sent messages are marked for an edit where a paper was
    withdrawn, or where its summary came late.
    """
    with store.write() as transaction:
        if digests.is_known(transaction, digest.content_hash):
            return _known(transaction, digest.content_hash, now, announce=announce)
        is_news = announce or not is_archive(day, now.astimezone(zone(store.zone)).date())
        done = digests.add_digest(
            transaction, digest, source=source, day=day, now=now, is_news=is_news, of_arxiv=of_arxiv
        )
        edits.request_edits_of_withdrawn(transaction, done.withdrawn, now=now)
        edits.request_edits_for_summaries(transaction, done.summarised, now=now)
        return done


def _known(transaction: Transaction, content_hash: str, now: datetime, *, announce: bool) -> Ingested:
    """What is stored of a digest that came before; with `announce`, its papers are announced first."""
    announced = announcing.announce_digest(transaction, content_hash, now=now) if announce else 0
    return digests.stored_digest(transaction, content_hash, announced=announced)


def announce_filed(store: Scope, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that never were; returns how many."""
    with store.write() as transaction:
        return announcing.announce_source(transaction, source, now=now)
