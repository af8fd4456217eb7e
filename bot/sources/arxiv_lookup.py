"""Looks up papers at arXiv that a person asks for by their ids. They are stored without being announced."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from bot.errors import BrokenDigest, FetchError, UnknownFormat
from bot.settings import SourceSettings
from bot.settings.source_facts import is_arxivs_own
from bot.sources.enrichment import IDS_PER_REQUEST, query_arxiv
from bot.sources.http.backfill import by_ids
from bot.sources.http.fetch_request import Sites, is_api
from bot.sources.http.fetcher import Fetcher
from bot.sources.ingest import store_digest
from bot.sources.poll_context import PollContext
from subscriptions.model import Announce, Digest

log = logging.getLogger("paperwire")


@dataclass(slots=True)
class _Batch:
    """The ids of all callers that wait for the next request."""

    ids: set[str] = field(default_factory=set)
    is_answered: bool | None = None  # None: not sent yet


class PaperLookup:
    """Requests papers from arXiv by their ids. Ids that arrive during a request go together into the next request."""

    def __init__(self, context: PollContext, fetcher: Fetcher, source: SourceSettings) -> None:
        """`source` is one of arXiv. The store records it as the source of the papers."""
        self._context = context
        self._fetcher = fetcher
        self._source = source.name
        self._sites = _sites(source, context.sites)
        self._of_arxiv = self._sites == context.sites or is_arxivs_own(source)  # else it is a mirror
        self._next = _Batch()
        self._turn = asyncio.Lock()

    async def find(self, ids: Collection[str]) -> bool:
        """Stores the papers that arXiv knows. Returns False if arXiv cannot be reached now. Raises StoreError."""
        batch = self._next
        batch.ids.update(ids)
        async with self._turn:
            if batch.is_answered is None:
                if batch is self._next:
                    self._next = _Batch()
                batch.is_answered = await self._ask(sorted(batch.ids))
        return batch.is_answered

    async def _ask(self, ids: Sequence[str]) -> bool:
        try:
            for start in range(0, len(ids), IDS_PER_REQUEST):
                await self._store(ids[start : start + IDS_PER_REQUEST])
        except (FetchError, UnknownFormat, BrokenDigest) as error:
            log.warning("Papers cannot be looked up: %s", error)
            return False
        return True

    async def _store(self, ids: Sequence[str]) -> None:
        """Sends one request. If arXiv refuses it because of one bad id, sends its halves."""
        digest = await query_arxiv(self._fetcher, self._source, by_ids(ids, sites=self._sites))
        if digest is None and len(ids) > 1:
            middle = len(ids) // 2
            await self._store(ids[:middle])
            await self._store(ids[middle:])
        if digest is not None and (found := _as_no_news(digest, frozenset(ids))).entries:
            context = self._context.ingest_context
            await store_digest(context, found, source=self._source, of_arxiv=self._of_arxiv)


def _as_no_news(digest: Digest, ids: frozenset[str]) -> Digest:
    """Returns the digest with only the papers of these ids, marked as replacements, which are stored without an announcement."""
    found = [replace(entry, announce_type=Announce.REPLACE) for entry in digest.entries if entry.arxiv_id in ids]
    own = sha256(f"looked up {digest.content_hash}".encode()).hexdigest()
    return replace(digest, entries=tuple(found), content_hash=own)


def _sites(source: SourceSettings, sites: Sites) -> Sites:
    """Returns the addresses of arXiv's services. If the source is a query to arXiv's API, perhaps on a mirror, its API is used."""
    if source.url is None or not is_api(source.url):
        return sites
    parts = urlsplit(source.url)
    return replace(sites, api=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
