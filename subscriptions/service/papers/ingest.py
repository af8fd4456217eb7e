"""Stores digests, and announces papers that were filed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from subscriptions.matching import merge_copies
from subscriptions.model import Digest
from subscriptions.planning.archives import is_archive
from subscriptions.store import Ingested, Scope, Store, Transaction
from subscriptions.store.outbox import edits
from subscriptions.store.papers import announcing, digests
from subscriptions.store.papers.drafts import Incoming, incoming, known_keys
from subscriptions.zones import zone

MOST_AT_ONCE = 500  # papers of a digest that are merged in one transaction: bounds how long other writers wait


def ingest_digest(
    store: Scope,
    digest: Digest,
    *,
    source: str,
    day: date,
    now: datetime,
    announce: bool = False,
    note: Callable[[Transaction, Ingested], None] | None = None,
) -> Ingested:
    """Stores one digest whole or not at all. The same bytes again change nothing.

    The papers of an archive are filed and not announced (docs/architecture.md, rule 12). With `announce` they are
    announced all the same, also when they were filed before. Sent messages are marked for an edit where a paper was
    withdrawn, or where its summary came late. `note` is called in the transaction that stores the digest.

    Given a Store, papers of a large digest are stored ahead, MOST_AT_ONCE in a transaction, so that others can write in
    between. The last transaction stores the digest and announces all of its papers together. After a crash before it
    there are papers that no digest has and nobody gets; the next digest that has them announces them, be it this one.
    """
    is_news = announce or not is_archive(day, now.astimezone(zone(store.zone)).date())
    papers, ahead = _read(store, digest), dict[int, int]()
    if isinstance(store, Store) and len(papers) > MOST_AT_ONCE:
        for first in range(0, len(papers), MOST_AT_ONCE):
            part = papers[first : first + MOST_AT_ONCE]
            with store.write() as transaction:
                ahead |= digests.store_ahead(transaction, part, day=day, now=now, is_news=is_news)
    with store.write() as transaction:
        if digests.is_known(transaction, digest.content_hash):
            done = _known(transaction, digest.content_hash, now, announce=announce)
        else:
            done = digests.add_digest(
                transaction, digest, papers, source=source, day=day, now=now, is_news=is_news, ahead=ahead
            )
            edits.request_edits_of_withdrawn(transaction, done.withdrawn, now=now)
            edits.request_edits_for_summaries(transaction, done.summarised, now=now)
        if note is not None:
            note(transaction, done)
        return done


def _read(store: Scope, digest: Digest) -> Sequence[Incoming]:
    """Returns the papers of a digest, prepared as far as that can be done before writing; () if the digest is known."""
    with store.read() as transaction:
        if digests.is_known(transaction, digest.content_hash):
            return ()
        papers = incoming(merge_copies(digest.entries))
        known = known_keys(transaction, papers)
    for one in papers:
        if known.isdisjoint(one.keys):
            one.document()  # takes longer than all the rest, so others may write meanwhile
    return papers


def _known(transaction: Transaction, content_hash: str, now: datetime, *, announce: bool) -> Ingested:
    """What is stored of a digest that came before; with `announce`, its papers are announced first."""
    announced = announcing.announce_digest(transaction, content_hash, now=now) if announce else 0
    return digests.stored_digest(transaction, content_hash, announced=announced)


def announce_filed(store: Scope, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that never were; returns how many."""
    with store.write() as transaction:
        return announcing.announce_source(transaction, source, now=now)
