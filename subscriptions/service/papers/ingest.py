"""Stores digests, and announces papers that were filed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from subscriptions.matching import merge_copies
from subscriptions.model import Digest
from subscriptions.planning.archives import is_archive
from subscriptions.planning.losses import UNKNOWN, Arrival
from subscriptions.service.papers.losses import came, count_read_again
from subscriptions.store import WRITES, Ingested, Scope, Steps, Store, Transaction, done, losses
from subscriptions.store.outbox import edits
from subscriptions.store.papers import announcing, digests
from subscriptions.store.papers.announcing import came_now
from subscriptions.store.papers.drafts import Incoming, incoming, known_keys
from subscriptions.store.papers.known_papers import last_sequence
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
    of_arxiv: bool = False,
    arrival: Arrival = UNKNOWN,
    note: Callable[[Transaction, Ingested], None] | None = None,
) -> Ingested:
    """As `ingest_steps`, all in this thread."""
    return done(
        ingest_steps(
            store,
            digest,
            source=source,
            day=day,
            now=now,
            announce=announce,
            of_arxiv=of_arxiv,
            arrival=arrival,
            note=note,
        )
    )


def ingest_steps(
    store: Scope,
    digest: Digest,
    *,
    source: str,
    day: date,
    now: datetime,
    announce: bool = False,
    of_arxiv: bool = False,
    arrival: Arrival = UNKNOWN,
    note: Callable[[Transaction, Ingested], None] | None = None,
) -> Steps[Ingested]:
    """Stores one digest whole or not at all. The same bytes again change nothing.

    The papers of an archive are filed and not announced (docs/architecture.md, rule 12). With `announce` they are
    announced all the same, also when they were filed before. `of_arxiv`: the source is one of arXiv's own, whose word
    on arXiv's papers counts (rule 4). `arrival` tells when the digest came: after a loss of the database, papers that
    came before it count as sent (rule 13). Sent messages are marked for an edit where a paper was
    withdrawn, or where its summary came late. `note` is called in the transaction that stores the digest. Of several
    processes one merges papers at a time; the others wait, and find stored what it stored.

    Given a Store, papers of a large digest are stored ahead, MOST_AT_ONCE in a transaction, so that others can write in
    between. The last transaction stores the digest and announces all of its papers together. After a crash before it
    there are papers that no digest has and nobody gets; the next digest that has them announces them, be it this one.
    """
    is_news = announce or not is_archive(day, now.astimezone(zone(store.zone)).date())
    papers, ahead = _read(store, digest), dict[int, int]()
    if isinstance(store, Store) and len(papers) > MOST_AT_ONCE:
        for first in range(0, len(papers), MOST_AT_ONCE):
            part = papers[first : first + MOST_AT_ONCE]
            yield WRITES
            with store.write() as transaction:
                announcing.hold_sequence(transaction)
                ahead |= digests.store_ahead(
                    transaction, part, source=source, day=day, now=now, is_news=is_news, of_arxiv=of_arxiv
                )
    yield WRITES
    with store.write() as transaction:
        announcing.hold_sequence(transaction)
        if digests.is_known(transaction, digest.content_hash):
            ingested = _known(transaction, digest.content_hash, now, announce=announce, requested=arrival.requested)
        else:
            after, when = last_sequence(transaction), came(transaction, arrival, source, now)
            add = partial(digests.add_digest, transaction, digest, papers, source=source, day=day, now=now)
            ingested = add(is_news=is_news, of_arxiv=of_arxiv, came=when, ahead=ahead)
            counted = 0 if when is came_now else count_read_again(transaction, after)
            edits.request_edits_of_withdrawn(transaction, ingested.withdrawn, now=now)
            edits.request_edits_for_summaries(transaction, ingested.summarised, now=now)
            ingested = replace(ingested, counted=counted)
        if note is not None:
            note(transaction, ingested)
        return ingested


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


def _known(transaction: Transaction, content_hash: str, now: datetime, *, announce: bool, requested: bool) -> Ingested:
    """What is stored of a digest that came before; with `announce`, its papers are announced first."""
    announced = announcing.announce_digest(transaction, content_hash, now=now) if announce else 0
    if requested:
        announced += _announce_counted(transaction, announcing.of_digest(content_hash), now)
    return digests.stored_digest(transaction, content_hash, announced=announced)


def announce_filed(store: Scope, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that never were, or that count as sent since a loss; returns how many."""
    with store.write() as transaction:
        announcing.hold_sequence(transaction)
        counted = _announce_counted(transaction, announcing.of_source(source), now)
        return counted + announcing.announce_source(transaction, source, now=now)


def _announce_counted(transaction: Transaction, which: announcing.Condition, now: datetime) -> int:
    """Announces papers that count as sent since a loss; returns how many. Chats that got them since do not again."""
    papers = announcing.announce_counted(transaction, which, now=now)
    losses.count_no_more(transaction, papers)
    return len(papers)
