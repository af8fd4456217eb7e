"""Stores the papers of a document: which values arXiv adds, and how many papers are stored together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

from bot.digests import dated, read_digest
from bot.errors import mistake_with
from bot.sources.encoding import IngestDependencies, codes_of
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest, Paper
from subscriptions.service.ingestion import Ingest, Note, incomplete_papers, ingest_digest, papers_to_encode
from subscriptions.store.database.store import Transaction
from subscriptions.store.stored_digests import Ingested
from subscriptions.zones import zone

MOST_TOGETHER = 2000  # papers in one transaction, which takes a second; others write between two. A day has fewer

# key in a digest → a paper that lacks values; returns what arXiv knows about some of these papers, under the same keys
Complete = Callable[[Mapping[str, Paper]], Awaitable[Mapping[str, Paper]]]


async def ingest(
    deps: IngestDependencies,
    data: bytes,
    name: str,
    *,
    source: str,
) -> tuple[Digest, Ingested]:
    """Reads a digest and stores its papers. Raises UnknownFormat, BrokenDigest, StoreError."""
    digest = await asyncio.to_thread(read_digest, data, name)
    return digest, await store_digest(deps, digest, source=source)


def today(deps: IngestDependencies) -> date:
    """Returns the current day in the operator's time zone."""
    return deps.clock.now().astimezone(zone(deps.store.zone)).date()


async def store_digest(
    deps: IngestDependencies,
    digest: Digest,
    *,
    source: str,
    note: Note | None = None,
    announce: bool = False,
    continues: bool = False,
    of_arxiv: bool = False,
    complete: Complete | None = None,
) -> Ingested:
    """Stores the papers of a digest. Raises StoreError; whatever else is raised while it is stored is a BrokenDigest.

    `note` is called in the transaction that stores the digest, and can write in it. `announce`: the papers are announced
    even if their day is long ago. `continues`: it is a feed that was read before. `of_arxiv`: the source is one of arXiv's
    own (docs/architecture.md, rules 4 and 12). `complete` asks arXiv for what papers lack. If there is an encoder, news
    gets its codes before it is stored.
    """
    now, came = deps.clock.now(), today(deps)
    kept = dated(digest, came)
    ingest = Ingest(
        source=source,
        day=came if continues else kept.day or came,
        now=now,
        announce=announce,
        continues=continues,
        of_arxiv=of_arxiv,
    )
    try:
        *parts, last = _parts(kept)
        before = Ingested()
        for part in parts:
            before = before.plus(await _store(deps, part, ingest, complete))

        def note_whole(transaction: Transaction, done: Ingested) -> None:
            if note is not None:
                note(transaction, before.plus(done))

        return before.plus(await _store(deps, last, replace(ingest, note=note_whole), complete))
    except PaperwireError:
        raise
    except Exception as error:
        raise mistake_with(source, error) from error


def _parts(digest: Digest) -> Sequence[Digest]:
    """Divides a digest into digests that are each stored in one transaction, almost always one. The last has its name.

    So a document that was stored in part counts as unknown, and is completed when it is read again.
    """
    starts = range(0, max(len(digest.entries), 1), MOST_TOGETHER)
    parts = [replace(digest, entries=digest.entries[start : start + MOST_TOGETHER]) for start in starts]
    names = [sha256(f"{digest.content_hash} from {start}".encode()).hexdigest() for start in starts[:-1]]
    return [replace(part, content_hash=name) for part, name in zip(parts, (*names, digest.content_hash), strict=True)]


async def _store(deps: IngestDependencies, digest: Digest, ingest: Ingest, complete: Complete | None) -> Ingested:
    if complete is not None and (lacking := await deps.store.run(incomplete_papers, digest, ingest)):
        found = await complete(lacking)
        entries = (_completed(paper, found.get(paper.key)) for paper in digest.entries)
        digest = replace(digest, entries=tuple(entries))
    if deps.encoder is not None:
        news = await deps.store.run(papers_to_encode, digest, ingest, deps.encoder.name)
        ingest = replace(ingest, codes=await codes_of(deps.encoder, news))
    return await deps.store.run(ingest_digest, digest, ingest)


def _completed(paper: Paper, known: Paper | None) -> Paper:
    """Returns a paper with what arXiv knows in place of the values that it lacks."""
    if known is None:
        return paper
    return replace(
        paper,
        title=paper.title or known.title,
        abstract=paper.abstract or known.abstract,
        authors=paper.authors or known.authors,
        categories=paper.categories or known.categories,
        primary=paper.primary or known.primary,
        arxiv_id=paper.arxiv_id or known.arxiv_id,
        doi=paper.doi or known.doi,
        url=paper.url or known.url,
    )
