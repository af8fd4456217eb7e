"""Stores digests and announces papers: what an archive or a digest that comes again changes, and how many papers go together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from subscriptions.matching import paper_index
from subscriptions.model import Digest, Paper
from subscriptions.planning import archives, counted_as_sent
from subscriptions.service.after_loss import came, count_read_again
from subscriptions.store import (
    announcing,
    digests,
    drafts,
    losses,
    meanings,
    paper_sequence,
)
from subscriptions.store.database.store import Store, Transaction, writes

# a function that is called with the result, in the transaction that stores the digest
Note = Callable[[Transaction, digests.Ingested], None]

MOST_TOGETHER = 2000  # papers that are stored in one transaction, so that others can write; a day has fewer


def ingest_digest(store: Store, digest: Digest, ingest: "Ingest") -> digests.Ingested:
    """Stores one digest, and returns what changed. Storing the same bytes again changes nothing.

    An archive is filed: its papers are stored, but not announced (docs/architecture.md, rule 12). Only one process
    merges papers at a time. Other processes wait, and then find the papers that it stored.

    A digest of more than MOST_TOGETHER papers is stored in parts of that size, each like a separate digest. Only the
    last part has the digest's own name. So after a crash before the last part, the digest counts as unknown, and the
    next reading stores the remaining parts. A planner that runs between two parts uses the papers announced so far.
    """
    *parts, last = _parts(_read(store, digest))
    before = digests.Ingested()
    for papers in parts:
        before = ingest.store_part(store, _part(digest, papers), papers, before)
    return ingest.store_part(store, digest, last, before, note=ingest.note)


def papers_to_encode(store: Store, digest: Digest, ingest: "Ingest", encoder: str) -> Mapping[meanings.Texts, Paper]:
    """Returns texts → paper for the papers of a digest that need new codes by this encoder before they are stored.

    These are the papers that are announced, and announced papers whose texts change. Archives wait for nothing: their
    papers get their codes later, as do all papers while the store's encoder is another one.
    """
    papers = _read(store, digest)
    with store.read() as transaction:
        if not papers or meanings.encoder(transaction) not in ("", encoder):
            return {}
        return digests.papers_to_encode(transaction, papers, ingest.batch(transaction))


def _parts(papers: Sequence[drafts.Incoming]) -> Sequence[Sequence[drafts.Incoming]]:
    """Divides the papers of a digest into parts that are announced together; without papers, returns one empty part."""
    if not papers:
        return (papers,)
    return [papers[first : first + MOST_TOGETHER] for first in range(0, len(papers), MOST_TOGETHER)]


def _part(digest: Digest, papers: Sequence[drafts.Incoming]) -> Digest:
    """Returns a part of a digest as a digest.

    The name of a part depends on the keys of its papers, because a newer version of the program may find other papers
    in the digest.
    """
    keys = "\n".join(key for one in papers for key in one.keys)
    name = announcing.part_name(digest.content_hash, sha256(keys.encode(errors="surrogatepass")).hexdigest())
    return replace(digest, content_hash=name, entries=tuple(one.paper for one in papers), warnings=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How a digest is stored; all transactions of one ingest share these values."""

    source: str
    day: date
    now: datetime
    announce: bool = False  # announces the papers of an archive, even if they were filed before
    continues: bool = False  # it is a feed that was read before: only what it did not have then is news (rule 12)
    of_arxiv: bool = False  # the source is arXiv's own: for arXiv's papers, its values have priority (rule 4)
    # when the digest came: after a loss of the database, papers from before the loss count as sent (rule 13)
    arrival: counted_as_sent.Arrival = counted_as_sent.UNKNOWN
    note: Note | None = None
    codes: digests.Codes = digests.NO_CODES  # of the papers of `papers_to_encode`

    def store_part(
        self,
        store: Store,
        digest: Digest,
        papers: Sequence[drafts.Incoming],
        before: digests.Ingested,
        *,
        note: Note | None = None,
    ) -> digests.Ingested:
        """Stores a digest or a part of a digest. Returns its result together with that of the parts `before`.

        A reading transaction first merges the papers and computes their words for the index, while others can write.
        The writing transaction does this again only if others may have committed in between, and only for papers that
        changed.
        """
        seen = store.version()
        with store.read() as transaction:
            merged = digests.merged(transaction, papers, self.batch(transaction))

        @writes
        def write(transaction: Transaction) -> digests.Ingested:
            paper_sequence.hold_sequence(transaction)
            if digests.is_known(transaction, digest.content_hash):
                ingested = self._known(transaction, digest.content_hash)
            elif transaction.is_current(seen):
                ingested = self._store_digest(transaction, digest, merged)
            else:
                again = digests.merged(transaction, papers, self.batch(transaction), made=merged.documents)
                ingested = self._store_digest(transaction, digest, again)
            whole = digests.joined(before, ingested)
            if note is not None:
                note(transaction, whole)
            return whole

        return write(store)

    def batch(self, transaction: Transaction) -> drafts.MergeBatch:
        """Returns an empty batch, into which papers are merged."""
        is_news = self.announce or not archives.is_archive(self.day, transaction.day_of(self.now))
        return drafts.MergeBatch(
            now=self.now,
            day=self.day,
            source=self.source,
            of_arxiv=self.of_arxiv,
            is_news=is_news,
            continues=self.continues and not self.announce,
        )

    def _store_digest(self, transaction: Transaction, digest: Digest, merged: digests.Merged) -> digests.Ingested:
        """Stores a digest or a part of a digest, with all effects."""
        after, when = paper_sequence.last_sequence(transaction), came(transaction, self.arrival, self.source, self.now)
        ingested = digests.add_digest(transaction, digest, merged, when, self.codes)
        counted = count_read_again(transaction, after) if when else 0
        return replace(ingested, counted=counted)

    def _known(self, transaction: Transaction, content_hash: str) -> digests.Ingested:
        """Returns the result for a digest that is stored already.

        With `announce`, first announces the digest's filed papers. If a person requested it, also announces those of its
        papers that count as sent because of a loss.
        """
        which, announced = announcing.of_digest(content_hash), 0
        if self.announce:
            announced = announcing.announce(transaction, announcing.unannounced(transaction, which), self.now)
        if self.arrival.requested:
            announced += _announce_counted(transaction, which, self.now)
        return digests.stored_digest(transaction, content_hash, announced=announced)


def _read(store: Store, digest: Digest) -> Sequence[drafts.Incoming]:
    """Returns the papers of a digest, prepared for merging before anything is written; () if the digest is known."""
    if digests.is_known(store, digest.content_hash):
        return ()
    return drafts.incoming(paper_index.merge_copies(digest.entries))


@writes
def announce_filed(transaction: Transaction, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that were never announced, or that count as sent since a loss.

    Returns how many papers it announced.
    """
    paper_sequence.hold_sequence(transaction)
    which = announcing.of_source(source)
    counted = _announce_counted(transaction, which, now)
    return counted + announcing.announce(transaction, announcing.unannounced(transaction, which), now)


def _announce_counted(transaction: Transaction, which: drafts.Condition, now: datetime) -> int:
    """Announces papers that count as sent since a loss. Returns how many.

    Chats that got these papers after the loss do not get them again.
    """
    papers = announcing.announce_counted(transaction, which, now=now)
    losses.count_no_more(transaction, papers)
    return len(papers)
