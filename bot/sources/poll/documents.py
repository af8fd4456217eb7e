"""Decisions about one document of a source. Pure."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from bot.digests import read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat
from bot.settings.source_facts import is_arxivs_own
from bot.sources.http.fetch_request import FetchRequest, document_name
from bot.sources.http.fetcher import Fetched, Fetcher, Unchanged
from bot.sources.ingest import store_digest
from bot.sources.poll.progress import PollProgress, PollRun
from bot.sources.receipts import BATCH_FORMATS
from subscriptions.cutting import clip
from subscriptions.model import Digest, DigestWarning
from subscriptions.planning.losses import UNKNOWN, Arrival
from subscriptions.planning.source_calendar import Overdue
from subscriptions.store import DocumentSeen, Ingested, Transaction

FUTURE = timedelta(days=2)  # a date further ahead is a mistake; if it were stored, later days would look old
LONGEST_PROBLEM = 200  # characters of the sentence about one document


def reason_of(error: UnknownFormat | BrokenDigest) -> str:
    """Returns why a document cannot be read, for a receipt."""
    return short(error.brief if isinstance(error, UnknownFormat) else str(error.sentence))


def short(text: str) -> str:
    """Returns a sentence for a receipt: one line, at most LONGEST_PROBLEM characters."""
    return clip(" ".join(text.split()), LONGEST_PROBLEM)


def is_absent(request: FetchRequest, error: FetchError) -> bool:
    """Returns whether the error only means that a document of the request `may_miss` is not published yet."""
    return request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def feed_error(digest: Digest) -> str:
    """Returns the error message that a document contains instead of papers; "" if it contains none."""
    return next((f"{w.message[:1].upper()}{w.message[1:]}" for w in digest.warnings if w.code == "feed_error"), "")


def future_problem(digest: Digest, source: str, now: datetime) -> str:
    """Returns why a digest is not stored because its day lies in the future; "" if its day does not."""
    if digest.day is None or digest.day <= (now + FUTURE).date():
        return ""
    return f"{source}: its date, {digest.day}, lies in the future; it is not stored."


def with_staleness(digest: Digest, due: Overdue | None) -> Digest:
    """Returns the digest, with a warning if it is a feed or list of arXiv without the batch that is due (docs/formats.md)."""
    if digest.format not in BATCH_FORMATS or due is None or due.batch is None:
        return digest
    if digest.day and digest.day >= due.batch and digest.entries:
        return digest
    message = f"that of {digest.day}, with {len(digest.entries)} papers, and not yet that of {due.batch}"
    return replace(digest, warnings=(*digest.warnings, DigestWarning(code="stale_feed", message=message)))


def seen_now(seen: DocumentSeen, found: Fetched, digest: Digest) -> DocumentSeen:
    """Returns what is remembered of a document. A document that broke off has no validators, so that it is fetched again."""
    whole = "xml_truncated" not in {warning.code for warning in digest.warnings}
    return replace(
        seen,
        etag=found.etag if whole else "",
        modified=found.modified if whole else "",
        digest=digest.content_hash,
        day=digest.day,
        papers=len(digest.entries),
        batch=digest.format in BATCH_FORMATS,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Fetches, reads and stores the documents of one poll.


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
