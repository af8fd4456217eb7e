"""Stores digests and announces papers. After a loss of the database, marks papers as sent that came before the loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256

from subscriptions import model
from subscriptions.matching import paper_index
from subscriptions.matching.batch import QuerySet, match
from subscriptions.planning import receipts
from subscriptions.planning.cadence import local_moment
from subscriptions.store import bot_state, deliveries, digests, drafts, known_papers, meanings, retention, sources
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.chats import all_chats
from subscriptions.store.database.store import Store, Transaction, writes
from subscriptions.zones import zone

# a function that is called with the result, in the transaction that stores the digest
Note = Callable[[Transaction, digests.Ingested], None]

MOST_TOGETHER = 2000  # papers that are stored in one transaction, so that others can write; a day has fewer


def ingest_digest(store: Store, digest: model.Digest, ingest: "Ingest") -> digests.Ingested:
    """Stores one digest, and returns what changed. Storing the same bytes again changes nothing.

    An archive is filed: its papers are stored, but not announced (docs/architecture.md, rule 12).

    Sent messages are marked for editing if one of their papers was withdrawn or its summary came late. Only one process
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


def papers_to_encode(
    store: Store, digest: model.Digest, ingest: "Ingest", encoder: str
) -> Mapping[meanings.Texts, model.Paper]:
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


def _part(digest: model.Digest, papers: Sequence[drafts.Incoming]) -> model.Digest:
    """Returns a part of a digest as a digest.

    The name of a part depends on the keys of its papers, because a newer version of the program may find other papers
    in the digest.
    """
    keys = "\n".join(key for one in papers for key in one.keys)
    name = drafts.part_name(digest.content_hash, sha256(keys.encode(errors="surrogatepass")).hexdigest())
    return replace(digest, content_hash=name, entries=tuple(one.paper for one in papers), warnings=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How a digest is stored; all transactions of one ingest share these values."""

    source: str
    day: date
    now: datetime
    announce: bool = False  # announces the papers of an archive, even if they were filed before
    of_arxiv: bool = False  # the source is arXiv's own: for arXiv's papers, its values have priority (rule 4)
    # when the digest came: after a loss of the database, papers from before the loss count as sent (rule 13)
    arrival: receipts.Arrival = receipts.UNKNOWN
    note: Note | None = None
    codes: digests.Codes = digests.NO_CODES  # of the papers of `papers_to_encode`

    def store_part(
        self,
        store: Store,
        digest: model.Digest,
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
            merged = digests.merged(transaction, papers, self.batch(transaction), joins=False)

        @writes
        def write(transaction: Transaction) -> digests.Ingested:
            bot_state.hold_sequence(transaction)
            if digests.is_known(transaction, digest.content_hash):
                ingested = self._known(transaction, digest.content_hash)
            elif merged.is_whole and transaction.is_current(seen):
                ingested = self._store_digest(transaction, digest, merged)
            else:
                made = merged.documents
                again = digests.merged(transaction, papers, self.batch(transaction), joins=True, made=made)
                ingested = self._store_digest(transaction, digest, again)
            whole = digests.joined(before, ingested)
            if note is not None:
                note(transaction, whole)
            return whole

        return write(store)

    def batch(self, transaction: Transaction) -> drafts.MergeBatch:
        """Returns an empty batch, into which papers are merged."""
        is_news = self.announce or not receipts.is_archive(self.day, self.now.astimezone(zone(transaction.zone)).date())
        return drafts.MergeBatch(
            now=self.now, day=self.day, source=self.source, of_arxiv=self.of_arxiv, is_news=is_news
        )

    def _store_digest(self, transaction: Transaction, digest: model.Digest, merged: digests.Merged) -> digests.Ingested:
        """Stores a digest or a part of a digest, with all effects."""
        after, when = bot_state.last_sequence(transaction), came(transaction, self.arrival, self.source, self.now)
        ingested = digests.add_digest(transaction, digest, merged, when, self.codes)
        counted = 0 if when is drafts.came_now else count_read_again(transaction, after)
        deliveries.request_edits_of_withdrawn(transaction, ingested.withdrawn, now=self.now)
        deliveries.request_edits_for_summaries(transaction, ingested.summarised, now=self.now)
        return replace(ingested, counted=counted)

    def _known(self, transaction: Transaction, content_hash: str) -> digests.Ingested:
        """Returns the result for a digest that is stored already.

        With `announce`, first announces the digest's filed papers. If a person requested it, also announces those of its
        papers that count as sent because of a loss.
        """
        which, announced = drafts.of_digest(content_hash), 0
        if self.announce:
            announced = drafts.announce(transaction, drafts.unannounced(transaction, which), self.now)
        if self.arrival.requested:
            announced += _announce_counted(transaction, which, self.now)
        return digests.stored_digest(transaction, content_hash, announced=announced)


def _read(store: Store, digest: model.Digest) -> Sequence[drafts.Incoming]:
    """Returns the papers of a digest, prepared for merging before anything is written; () if the digest is known."""
    if digests.is_known(store, digest.content_hash):
        return ()
    return drafts.incoming(paper_index.merge_copies(digest.entries))


@writes
def announce_filed(transaction: Transaction, source: str, *, now: datetime) -> int:
    """Announces all papers of a source that were never announced, or that count as sent since a loss.

    Returns how many papers it announced.
    """
    bot_state.hold_sequence(transaction)
    which = drafts.of_source(source)
    counted = _announce_counted(transaction, which, now)
    return counted + drafts.announce(transaction, drafts.unannounced(transaction, which), now)


def _announce_counted(transaction: Transaction, which: drafts.Condition, now: datetime) -> int:
    """Announces papers that count as sent since a loss. Returns how many.

    Chats that got these papers after the loss do not get them again.
    """
    papers = drafts.announce_counted(transaction, which, now=now)
    retention.count_no_more(transaction, papers)
    return len(papers)


# -------------------------------------------------------------------------------------------------------------- losses


SLICE = 1000  # chats whose subscriptions are matched together


def came(transaction: Transaction, arrival: receipts.Arrival, source: str, now: datetime) -> drafts.Came:
    """Returns a function that tells when a paper of this digest came, if it counts as sent because of a loss."""
    loss = retention.last_loss(transaction)
    if loss is None or arrival.requested:
        return drafts.came_now
    lost_at = loss.lost_at
    # This digest only adds missing values. It had added those of papers that were known before the loss.
    if arrival.completes:
        return lambda seen_at, before: before or (seen_at if seen_at <= lost_at else None)
    found = receipts.came_before(loss, arrival, _day(transaction, arrival.day, source), now)
    return lambda _, __: found


def _day(transaction: Transaction, day: date | None, source: str) -> receipts.Day | None:
    if day is None:
        return None
    local = zone(transaction.zone)
    opens, ends = (local_moment(of, time(0), local) for of in (day, day + timedelta(days=1)))
    expected = sources.expected_on(transaction, transaction.schedules, source, day, (opens, ends))
    return receipts.Day(opens=expected or opens, ends=ends)


def starting_point(transaction: Transaction, since: datetime) -> tuple[datetime, datetime | None]:
    """Returns `since` and `counted_until` of a new subscription. After a loss, papers from before the loss are not sent.

    The reason: the chat may have had the same subscription in the lost database, and got these papers.
    """
    loss = retention.last_loss(transaction)
    return (since, None) if loss is None else (max(since, loss.lost_at), loss.lost_at)


def note_loss(transaction: Transaction, loss: receipts.Loss) -> None:
    """Stores a loss, and for each subscription of the restored copy the moment until which its papers count as sent."""
    retention.put_loss(transaction, loss)
    for page in all_chats(transaction):
        chats = {chat.id: chat for chat in page}
        found = stored_subscriptions.subscriptions_of(transaction, list(chats))
        subscriptions = [subscription for of_chat in found.values() for subscription in of_chat]
        moments = {s.id: receipts.counted_until(s, chats[s.chat_id], loss) for s in subscriptions}
        retention.count_until(transaction, moments)


def count_read_again(transaction: Transaction, after: int) -> int:
    """Stores papers with a sequence above `after` as sent if they came before the loss.

    Returns how many papers these are.
    """
    papers = known_papers.window(transaction, after, bot_state.last_sequence(transaction))
    again = [(paper, paper.came_at) for paper in papers if paper.came_at is not None]
    _count(transaction, again)
    return len(again)


def count_known(transaction: Transaction) -> None:
    """Stores papers of a restored copy as sent to a chat if its subscriptions delivered them before the loss."""
    after = retention.lowest_cursor_that_counts(transaction)
    if after is not None:
        papers = known_papers.window(transaction, after, bot_state.last_sequence(transaction))
        _count(transaction, [(paper, at) for paper in papers if (at := paper.came_at or paper.sequenced_at)])


def _count(transaction: Transaction, papers: Sequence[tuple[model.KnownPaper, datetime]]) -> None:
    """Stores papers as delivered to each chat that has a subscription that would have delivered them before the loss."""
    if not papers:
        return
    index = paper_index.PaperIndex(paper_index.TokenizedPapers.of(paper.paper for paper, _ in papers))
    chats = retention.chats_that_count(transaction, min(at for _, at in papers))
    for start in range(0, len(chats), SLICE):
        found = stored_subscriptions.subscriptions_of(transaction, chats[start : start + SLICE])
        counting = [s for subscriptions in found.values() for s in subscriptions if s.counted_until is not None]
        retention.count_as_delivered(transaction, _told(transaction, counting, papers, index))


def _told(
    transaction: Transaction,
    subscriptions: Sequence[model.Subscription],
    papers: Sequence[tuple[model.KnownPaper, datetime]],
    index: paper_index.PaperIndex,
) -> Iterator[tuple[int, int]]:
    """Yields (chat, paper) for the papers that count as sent for these subscriptions."""
    fits = _fits(transaction, {s.canonical for s in subscriptions}, index)
    for subscription in subscriptions:
        until = subscription.counted_until
        for position in index.positions(fits[subscription.canonical]):
            paper, at = papers[position]
            if until is not None and at <= until and (paper.sequence or 0) > subscription.cursor:
                yield subscription.chat_id, paper.id


def _fits(transaction: Transaction, canonicals: set[str], index: paper_index.PaperIndex) -> Mapping[str, int]:
    """Returns canonical text → the set of the papers that it matches."""
    asked = QuerySet()
    handles = {canonical: asked.add_canonical(canonical) for canonical in canonicals}
    asked.questions.update(meanings.questions_of(transaction, asked.questions))
    bits = match(asked, index)
    return {canonical: bits.get(handle, 0) for canonical, handle in handles.items()}
