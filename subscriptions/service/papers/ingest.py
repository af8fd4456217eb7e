"""Stores digests, and announces papers that were filed."""

from dataclasses import replace
from datetime import date, datetime

from subscriptions.model import Digest
from subscriptions.planning.archives import is_archive
from subscriptions.planning.losses import UNKNOWN, Arrival
from subscriptions.service.papers.losses import came, count_read_again
from subscriptions.store import Ingested, Scope, Transaction, losses
from subscriptions.store.outbox import edits
from subscriptions.store.papers import announcing, digests
from subscriptions.store.papers.announcing import came_now
from subscriptions.store.papers.known_papers import last_sequence
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
    arrival: Arrival = UNKNOWN,
) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing.

    The papers of an archive are filed and not announced (docs/architecture.md, rule 12). With `announce` they are
    announced all the same, also when they were filed before. `of_arxiv`: the source is one of arXiv's own, whose word
    on arXiv's papers counts (rule 4). `arrival` tells when the digest came: after a loss of the database, papers that
    came before it count as sent (rule 13). Sent messages are marked for an edit where a paper was
    withdrawn, or where its summary came late.
    """
    with store.write() as transaction:
        if digests.is_known(transaction, digest.content_hash):
            return _known(transaction, digest.content_hash, now, announce=announce, requested=arrival.requested)
        is_news = announce or not is_archive(day, now.astimezone(zone(store.zone)).date())
        after = last_sequence(transaction)
        when = came(transaction, arrival, source, now)
        done = digests.add_digest(
            transaction, digest, source=source, day=day, now=now, is_news=is_news, of_arxiv=of_arxiv, came=when
        )
        counted = 0 if when is came_now else count_read_again(transaction, after)
        edits.request_edits_of_withdrawn(transaction, done.withdrawn, now=now)
        edits.request_edits_for_summaries(transaction, done.summarised, now=now)
        return replace(done, counted=counted)


def _known(transaction: Transaction, content_hash: str, now: datetime, *, announce: bool, requested: bool) -> Ingested:
    """What is stored of a digest that came before; with `announce`, its papers are announced first."""
    announced = announcing.announce_digest(transaction, content_hash, now=now) if announce else 0
    if requested:
        announced += _announce_counted(transaction, announcing.of_digest(content_hash), now)
    return digests.stored_digest(transaction, content_hash, announced=announced)


def announce_filed(store: Scope, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that never were, or that count as sent since a loss; returns how many."""
    with store.write() as transaction:
        counted = _announce_counted(transaction, announcing.of_source(source), now)
        return counted + announcing.announce_source(transaction, source, now=now)


def _announce_counted(transaction: Transaction, which: announcing.Condition, now: datetime) -> int:
    """Announces papers that count as sent since a loss; returns how many. Chats that got them since do not again."""
    papers = announcing.announce_counted(transaction, which, now=now)
    losses.count_no_more(transaction, papers)
    return len(papers)
