"""Fetches, reads and stores the documents of one poll."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.digests import read_digest
from bot.settings.source_facts import is_arxivs_own
from bot.sources.http import FetchRequest, document_name
from bot.sources.http.fetcher import Fetched, Fetcher, Unchanged
from bot.sources.ingest import store_digest
from bot.sources.poll.progress import PollProgress, PollRun
from subscriptions.model import Digest
from subscriptions.planning.losses import UNKNOWN, Arrival
from subscriptions.store import DocumentSeen, Ingested, Transaction


@dataclass(frozen=True, slots=True)
class PollDocuments:
    """Fetches, reads and stores the documents of one poll."""

    run: PollRun
    fetcher: Fetcher

    async def fetch(self, request: FetchRequest, seen: DocumentSeen | None = None) -> Fetched | Unchanged:
        """Returns the document of a request; Unchanged if it is still the one that was `seen`. Raises FetchError."""
        if seen is None:
            return await self.fetcher.fetch(request.url)
        return await self.fetcher.fetch(request.url, etag=seen.etag, modified=seen.modified)

    async def read(self, request: FetchRequest, data: bytes) -> Digest:
        """Returns the digest in a document. Raises UnknownFormat, BrokenDigest."""
        source = self.run.source
        name = document_name(source.name, request.url)
        return await asyncio.to_thread(read_digest, data, name, format=request.format, language=source.language)

    async def store(
        self, digest: Digest, write: Callable[[Transaction, Ingested], PollProgress], arrival: Arrival = UNKNOWN
    ) -> Ingested:
        """Stores a digest and calls `write` in the same transaction. The progress that `write` returns becomes the run's."""
        source, follows = self.run.source, list[PollProgress]()

        def note(transaction: Transaction, done: Ingested) -> None:
            follows.append(write(transaction, done))

        done = await store_digest(
            self.run.context.ingest_context,
            digest,
            source=source.name,
            note=note,
            announce=source.announce == "all",
            arrival=arrival,
            of_arxiv=is_arxivs_own(source),
        )
        (self.run.progress,) = follows
        return done
