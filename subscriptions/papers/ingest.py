"""Stores digests: what becomes news, what an archive or a digest that comes again changes, which papers lack facts."""

from collections.abc import Callable, Mapping, Sequence

from subscriptions.database.store import Transaction
from subscriptions.life import Mark
from subscriptions.matching import paper_index
from subscriptions.model import SAMPLES, Digest, Paper
from subscriptions.papers.stored import digests as stored_digests
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored.batch import Incoming, Ingest, PaperBatch, incoming
from subscriptions.schedule.calendar import is_archive

# a function that is called with the result, in the transaction that stores the digest
Note = Callable[[Transaction, stored_digests.Ingested], None]


def _batch(
    transaction: Transaction, ingest: Ingest, papers: Sequence[Incoming], marks: Sequence[Mark] = ()
) -> PaperBatch:
    """Return a batch that has read what is stored about these papers, and into which they can be merged."""
    is_old = is_archive(ingest.day, transaction.day_of(ingest.now))
    batch = PaperBatch(ingest, is_news=ingest.announce or not is_old)
    batch.read(transaction, papers, marks)
    return batch


def _merged(transaction: Transaction, digest: Digest, ingest: Ingest) -> PaperBatch:
    """Return the papers of a digest merged with the stored ones. Write nothing."""
    papers = _papers_of(transaction, digest)
    batch = _batch(transaction, ingest, papers, digest.marks)
    for one in papers:
        if batch.knows(one) or not ingest.only_known:
            batch.merge(one)
    for mark in digest.marks:
        batch.mark(mark)
    return batch


def ingest_digest(
    transaction: Transaction, digest: Digest, ingest: Ingest, note: Note | None = None
) -> stored_digests.Ingested:
    """Store one digest in one transaction, and return what changed. Storing the same bytes again changes nothing.

    An archive is filed: its papers are stored, but not announced (docs/architecture.md, rule 12).
    """
    if stored_digests.is_known(transaction, digest.content_hash):
        announced = 0
        if ingest.announce:
            announced = stored_digests.announce(transaction, ingest.now, digest=digest.content_hash)
        done = stored_digests.stored_digest(transaction, digest.content_hash, announced=announced)
    else:
        if ingest.source != SAMPLES and not ingest.only_known:
            stored_digests.drop_samples(transaction)
        done = stored_digests.add_digest(transaction, digest, _merged(transaction, digest, ingest))
    if note is not None:
        note(transaction, done)
    return done


def incomplete_papers(transaction: Transaction, digest: Digest, ingest: Ingest) -> Mapping[str, Paper]:
    """Return the papers of a digest that arXiv can be asked for: key in the digest → the paper, as it would be stored.

    Neither the digest nor the store knows all of their title, authors and categories. Archives and arXiv's own digests
    are not completed, nor are papers of other publishers.
    """
    papers = () if ingest.of_arxiv else _papers_of(transaction, digest)
    batch = _batch(transaction, ingest, papers)
    if not batch.is_news:
        return {}
    numbers = {one.paper.key: batch.merge(one) for one in papers}
    return {key: paper for key, number in numbers.items() if _is_incomplete(paper := batch.entry(number))}


def _is_incomplete(paper: Paper) -> bool:
    can_be_found = paper.arxiv_id or (paper.title and not paper.doi)
    return bool(can_be_found) and not (paper.title and paper.authors and paper.categories)


def papers_to_encode(
    transaction: Transaction, digest: Digest, ingest: Ingest, encoder: str
) -> Mapping[meanings.Texts, Paper]:
    """Return texts → paper for the papers of a digest that need new codes by this encoder before they are stored.

    These are the papers that are announced, and announced papers whose texts change. Archives wait for nothing: their
    papers get their codes later, as do all papers while the store's encoder is another one.
    """
    if meanings.encoder(transaction) not in ("", encoder):
        return {}
    batch = _merged(transaction, digest, ingest)
    news = [paper for paper in batch.changed if paper in batch.news or batch.rows[paper].sequence is not None]
    return {batch.texts_of(paper): batch.entry(paper) for paper in news if batch.lacks_codes(paper)}


def _papers_of(transaction: Transaction, digest: Digest) -> Sequence[Incoming]:
    """Return the papers of a digest, each once, prepared for merging; () if the digest is known."""
    if stored_digests.is_known(transaction, digest.content_hash):
        return ()
    return incoming(paper_index.merge_copies(digest.entries))
