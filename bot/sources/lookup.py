"""Papers that somebody asks for by their arXiv ids, and that are not known here: asked of arXiv, and stored as no news."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from bot.errors import BrokenDigest, FetchError, UnknownFormat
from bot.settings import SourceSettings
from bot.sources.enrichment import IDS_PER_REQUEST, query_arxiv
from bot.sources.http import Sites, by_ids, is_api
from bot.sources.ingest import store_digest
from bot.sources.poll import Fetching
from bot.sources.receipts import PollContext
from subscriptions.model import Announce, Digest

log = logging.getLogger("paperwire")


@dataclass(slots=True)
class _Question:
    """What is wanted until the next turn to ask comes, by whomever."""

    ids: set[str] = field(default_factory=set)
    is_answered: bool | None = None  # None: it was not asked yet


class PaperLookup:
    """Asks arXiv for papers by their ids: one question at a time, for all that is wanted by then."""

    def __init__(self, house: PollContext, fetcher: Fetching, source: SourceSettings) -> None:
        """`source` is the one that is arXiv's: its papers count as brought by it."""
        self._house = house
        self._fetcher = fetcher
        self._source = source.name
        self._sites = _sites(source, house.sites)
        self._next = _Question()
        self._turn = asyncio.Lock()

    async def find(self, ids: Collection[str]) -> bool:
        """Stores those of these papers that arXiv knows; False: it cannot be asked now. Raises StoreError."""
        question = self._next
        question.ids.update(ids)
        async with self._turn:
            if question.is_answered is None:
                if question is self._next:
                    self._next = _Question()
                question.is_answered = await self._ask(sorted(question.ids))
        return question.is_answered

    async def _ask(self, ids: Sequence[str]) -> bool:
        try:
            for start in range(0, len(ids), IDS_PER_REQUEST):
                await self._store(ids[start : start + IDS_PER_REQUEST])
        except (FetchError, UnknownFormat, BrokenDigest) as error:
            log.warning("Papers cannot be looked up: %s", error)
            return False
        return True

    async def _store(self, ids: Sequence[str]) -> None:
        """Asks one question; in halves where arXiv refuses it, since one id that it cannot read spoils it for all."""
        digest = await query_arxiv(self._fetcher, self._source, by_ids(ids, sites=self._sites))
        if digest is None and len(ids) > 1:
            middle = len(ids) // 2
            await self._store(ids[:middle])
            await self._store(ids[middle:])
        if digest is not None and (found := _as_no_news(digest, frozenset(ids))).entries:
            await store_digest(self._house.ingest_context, found, source=self._source)


def _as_no_news(digest: Digest, ids: frozenset[str]) -> Digest:
    """The papers with these ids as they are stored without a change: as a replacement, which announces nothing."""
    found = [replace(entry, announce_type=Announce.REPLACE) for entry in digest.entries if entry.arxiv_id in ids]
    own = sha256(f"looked up {digest.content_hash}".encode()).hexdigest()
    return replace(digest, entries=tuple(found), content_hash=own)


def _sites(source: SourceSettings, sites: Sites) -> Sites:
    """Where to ask: at the address that a source has for arXiv's API, a mirror perhaps."""
    if source.url is None or not is_api(source.url):
        return sites
    parts = urlsplit(source.url)
    return replace(sites, api=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
