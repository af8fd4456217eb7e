"""Stores digests, and announces papers that were filed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from subscriptions.matching.paper_index import merge_copies
from subscriptions.model import Digest
from subscriptions.planning.receipts import UNKNOWN, Arrival, is_archive
from subscriptions.service.hold_reasons import came, count_read_again
from subscriptions.store import deliveries, digests, drafts, retention
from subscriptions.store.database.store import ReadThenWrite, Scope, Store, Transaction, writes
from subscriptions.store.database.writer import READS, WRITES, Steps
from subscriptions.store.digests import Ingested, Prepared, joined
from subscriptions.store.known_papers import last_sequence
from subscriptions.zones import zone

Finish = Callable[
    [Transaction, Ingested], Ingested
]  # what is done in the transaction that stores a digest, with its result

MOST_AT_ONCE = 500  # papers of a digest that are merged in one transaction: bounds how long other writers wait
FEW_TO_MERGE = 50  # papers that are merged while others wait, a third of a millisecond each
MOST_TOGETHER = 2000  # papers of a digest that are announced in one transaction, for the same reason; a day has fewer


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
    """Stores one digest. The same bytes again change nothing.

    The papers of an archive are filed and not announced (docs/architecture.md, rule 12). With `announce` they are
    announced all the same, also when they were filed before. `of_arxiv`: the source is one of arXiv's own, whose word
    on arXiv's papers counts (rule 4). `arrival` tells when the digest came: after a loss of the database, papers that
    came before it count as sent (rule 13). Sent messages are marked for an edit where a paper was
    withdrawn, or where its summary came late. `note` is called in the transaction that stores the digest. One process
    merges papers at a time; the others wait, and then find what it stored.

    Given a Store, papers of a large digest are stored ahead, MOST_AT_ONCE in a transaction, so that others can write in
    between. The last transaction stores the digest and announces all of its papers together. After a crash before it
    there are papers that no digest has and no chat gets; the next digest that has them announces them, also this one.

    A digest of more than MOST_TOGETHER papers is stored in parts of that size, each as above and as its own digest. The
    last part has the digest's name: after a crash before it the digest is not known, and the next reading stores the
    remaining parts. A planner that runs between two parts takes the papers announced so far; the rest follows.
    """
    is_news = announce or not is_archive(day, now.astimezone(zone(store.zone)).date())
    work = _Ingest(
        source=source, day=day, now=now, is_news=is_news, announce=announce, of_arxiv=of_arxiv, arrival=arrival
    )
    *parts, last = _parts(store, _read(store, digest))
    before = Ingested()
    for papers in parts:
        ingested = yield from work.store_part(store, _part(digest, papers), papers)
        before = joined(before, ingested)

    def finish(transaction: Transaction, ingested: Ingested) -> Ingested:
        whole = joined(before, ingested) if parts and not ingested.already_known else ingested
        if note is not None:
            note(transaction, whole)
        return whole

    return (yield from work.store_part(store, digest, last, finish))


def _parts(store: Scope, papers: Sequence[drafts.Incoming]) -> Sequence[Sequence[drafts.Incoming]]:
    """Returns the papers of a digest in the parts that are announced together: in one where a transaction is given."""
    if not isinstance(store, Store) or not papers:
        return (papers,)
    return [papers[first : first + MOST_TOGETHER] for first in range(0, len(papers), MOST_TOGETHER)]


def _part(digest: Digest, papers: Sequence[drafts.Incoming]) -> Digest:
    """Returns a part of a digest as a digest. Its name tells which papers are in it: a newer program may read others."""
    keys = "\n".join(key for one in papers for key in one.keys)
    name = drafts.part_name(digest.content_hash, sha256(keys.encode(errors="surrogatepass")).hexdigest())
    return replace(digest, content_hash=name, entries=tuple(one.paper for one in papers), warnings=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ingest:
    """The values that all transactions of one ingest share; see `ingest_steps`."""

    source: str
    day: date
    now: datetime
    is_news: bool
    announce: bool
    of_arxiv: bool
    arrival: Arrival

    def store_ahead(self, store: Scope, papers: Sequence[drafts.Incoming]) -> Steps[dict[int, int]]:
        """Stores papers ahead of their digest, if they are many; returns their ids, by their places.

        Each part is looked up in a transaction that reads. If it has new papers, they are written in another one, which looks up
        again if others may have written in between.
        """
        ahead: dict[int, int] = {}
        if not isinstance(store, Store) or len(papers) <= MOST_AT_ONCE:
            return ahead
        for first in range(0, len(papers), MOST_AT_ONCE):
            part = papers[first : first + MOST_AT_ONCE]
            work = ReadThenWrite(store)
            yield READS
            with work.read() as transaction:
                prepared = digests.prepare_ahead(transaction, part, self._batch())
            if not prepared.ids:
                continue
            yield WRITES
            with work.write() as transaction:
                drafts.hold_sequence(transaction)
                if work.is_stale:
                    prepared = digests.prepare_ahead(transaction, part, self._batch())
                digests.write_ahead(transaction, prepared)
            ahead |= prepared.ids
        return ahead

    def store_part(
        self,
        store: Scope,
        digest: Digest,
        papers: Sequence[drafts.Incoming],
        finish: Finish = lambda _, ingested: ingested,
    ) -> Steps[Ingested]:
        """Stores a digest, or a part of one, and calls `finish` in the same transaction; returns its result.

        Given a Store, more than FEW_TO_MERGE papers are merged, and their words for the index made, in a reading
        transaction. The writing one repeats this only if others may have written in between, and only changed words.
        """
        ahead = yield from self.store_ahead(store, papers)
        if not isinstance(store, Store) or len(papers) - len(ahead) <= FEW_TO_MERGE:
            yield WRITES
            with store.write() as transaction:
                return finish(transaction, self.store_digest(transaction, digest, papers, ahead))
        work = ReadThenWrite(store)
        yield READS
        with work.read() as transaction:
            prepared = digests.prepare(transaction, papers, self._batch(), ahead)
        yield WRITES
        with work.write() as transaction:
            stored = self.store_digest(transaction, digest, papers, ahead, prepared=prepared, is_stale=work.is_stale)
            return finish(transaction, stored)

    def _batch(self) -> drafts.MergeBatch:
        return drafts.MergeBatch(
            now=self.now, day=self.day, source=self.source, of_arxiv=self.of_arxiv, is_news=self.is_news
        )

    def store_digest(
        self,
        transaction: Transaction,
        digest: Digest,
        papers: Sequence[drafts.Incoming],
        ahead: Mapping[int, int] | None = None,
        *,
        prepared: Prepared | None = None,
        is_stale: bool = True,
    ) -> Ingested:
        """Stores a digest, or a part of one, with all effects; for a known one it returns what is stored."""
        drafts.hold_sequence(transaction)
        if digests.is_known(transaction, digest.content_hash):
            requested = self.arrival.requested
            return _known(transaction, digest.content_hash, self.now, announce=self.announce, requested=requested)
        after, when = last_sequence(transaction), came(transaction, self.arrival, self.source, self.now)
        ingested = digests.add_digest(
            transaction,
            digest,
            papers,
            source=self.source,
            day=self.day,
            now=self.now,
            is_news=self.is_news,
            of_arxiv=self.of_arxiv,
            came=when,
            ahead=ahead,
            prepared=prepared,
            is_stale=is_stale,
        )
        counted = 0 if when is drafts.came_now else count_read_again(transaction, after)
        deliveries.request_edits_of_withdrawn(transaction, ingested.withdrawn, now=self.now)
        deliveries.request_edits_for_summaries(transaction, ingested.summarised, now=self.now)
        return replace(ingested, counted=counted)


def _read(store: Scope, digest: Digest) -> Sequence[drafts.Incoming]:
    """Returns the papers of a digest, prepared as far as that can be done before writing; () if the digest is known."""
    with store.read() as transaction:
        if digests.is_known(transaction, digest.content_hash):
            return ()
        papers = drafts.incoming(merge_copies(digest.entries))
        known = drafts.known_keys(transaction, papers)
    for one in papers:
        if known.keys().isdisjoint(one.keys):
            one.document()  # takes longer than all the rest, so others may write meanwhile
    return papers


def _known(transaction: Transaction, content_hash: str, now: datetime, *, announce: bool, requested: bool) -> Ingested:
    """What is stored of a digest that came before; with `announce`, its papers are announced first."""
    which = drafts.of_digest(content_hash)
    announced = drafts.announce(transaction, drafts.unannounced(transaction, which), now) if announce else 0
    if requested:
        announced += _announce_counted(transaction, which, now)
    return digests.stored_digest(transaction, content_hash, announced=announced)


@writes
def announce_filed(transaction: Transaction, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that never were, or that count as sent since a loss; returns how many."""
    drafts.hold_sequence(transaction)
    which = drafts.of_source(source)
    counted = _announce_counted(transaction, which, now)
    return counted + drafts.announce(transaction, drafts.unannounced(transaction, which), now)


def _announce_counted(transaction: Transaction, which: drafts.Condition, now: datetime) -> int:
    """Announces papers that count as sent since a loss; returns how many. Chats that got them since do not again."""
    papers = drafts.announce_counted(transaction, which, now=now)
    retention.count_no_more(transaction, papers)
    return len(papers)
