"""Looks up papers at arXiv: those that a person names, and incomplete papers of digests; how many in one request and round."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from bot.digests import read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources import fetch_request
from bot.sources.fetch_request import FetchRequest, Sites
from bot.sources.fetcher import Fetcher
from bot.sources.ingest import PollDependencies, store_digest
from subscriptions.model import Announce, Digest, Paper
from subscriptions.normalize import title_alias
from subscriptions.planning.counted_as_sent import Arrival
from subscriptions.service.missing_values import claim_incomplete
from subscriptions.store.incomplete_papers import IncompletePaper, give_back

log = logging.getLogger("paperwire")

PATIENCE = 2.5  # seconds that a person waits at most: some platforms show an error after three
IDS_PER_REQUEST = 100  # ids in one request
MAX_IDS, MAX_TITLES = 500, 15  # in one round
MAX_REQUESTS = 30  # in one round; a refused request becomes two, each with half of the papers
MAX_RESULTS = 20  # papers that a request for a title may return
MAX_TITLE_WORDS = 25  # words of a title in a request
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[A-Za-z]")

PaperGroup = tuple[IncompletePaper, ...]


def arxiv_among(sources: Iterable[SourceSettings]) -> SourceSettings | None:
    """Returns the first of these sources that reads categories of arXiv or its API; None if there is none."""
    return next(
        (one for one in sources if fetch_request.categories_of(one) or fetch_request.is_api(one.url or "")), None
    )


@dataclass(slots=True)
class _Batch:
    """The ids of all callers that wait for the next request."""

    ids: set[str] = field(default_factory=set)
    is_answered: bool | None = None  # None: not sent yet


class PaperLookup:
    """Looks up papers at arXiv: papers that a person names by their ids, and incomplete papers of digests."""

    def __init__(self, deps: PollDependencies, fetcher: Fetcher, source: SourceSettings) -> None:
        """`source` is from `arxiv_among`. The store records it as the source of the papers."""
        self._deps = deps
        self._fetcher = fetcher
        self._source = source.name
        self._sites = _sites(source, deps.sites)
        self._of_arxiv = self._sites == deps.sites or source.is_arxivs_own  # False: the API of a mirror is used
        self._next = _Batch()
        self._turn = asyncio.Lock()
        self._finding: set[asyncio.Task[bool]] = set()

    async def find_soon(self, ids: Collection[str]) -> bool:
        """Like `find`, but returns False after PATIENCE seconds; what arXiv answers later is stored then."""
        finding = asyncio.create_task(self._find_or_log(ids))
        self._finding.add(finding)
        finding.add_done_callback(self._finding.discard)
        done, _ = await asyncio.wait({finding}, timeout=PATIENCE)
        return bool(done) and finding.result()

    async def _find_or_log(self, ids: Collection[str]) -> bool:
        try:
            return await self.find(ids)
        except Exception as error:  # noqa: BLE001 - whatever arXiv returns, the person must get a reply
            log.error("What arXiv answered could not be stored: %s", error_location(error))
            return False

    async def find(self, ids: Collection[str]) -> bool:
        """Stores the papers of these ids that arXiv knows. Returns False if arXiv gives no readable answer.

        Raises StoreError.

        The ids of all calls that come during a request go together into the next request.
        """
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
        """Requests papers and stores them. If arXiv refuses the request, as for one bad id, requests each half."""
        digest = await self._query(fetch_request.by_ids(ids, sites=self._sites))
        if digest is None and len(ids) > 1:
            middle = len(ids) // 2
            await self._store(ids[:middle])
            await self._store(ids[middle:])
        if digest is not None and (found := _as_no_news(digest, frozenset(ids))).entries:
            await store_digest(self._deps, found, source=self._source, of_arxiv=self._of_arxiv)

    async def enrich(self) -> None:
        """Looks up one round of incomplete papers and completes them.

        Raises StoreError, and FetchError if arXiv does not answer.
        """
        store, now = self._deps.store, self._deps.clock.now()
        papers = await store.run(claim_incomplete, now=now, ids=MAX_IDS, titles=MAX_TITLES)
        waiting = deque(_groups(papers))
        try:
            for _ in range(MAX_REQUESTS):
                if not waiting:
                    return
                halves = await self._complete(waiting[0])
                waiting.popleft()
                waiting.extendleft(halves)
        except FetchError as error:
            if error.status and not error.busy:
                waiting.popleft()  # arXiv answered with an error, so these papers are not tried again soon
            raise
        finally:
            if waiting:
                rest = [paper for question in waiting for paper in question]
                await store.run(give_back, rest)

    async def _complete(self, papers: PaperGroup) -> Sequence[PaperGroup]:
        """Requests papers and stores them. If arXiv refuses the request, returns the two halves to request instead."""
        sites = self._deps.sites
        title_words = "" if papers[0].arxiv_id else _words(papers[0].title)
        if title_words:
            request = fetch_request.by_title(title_words, most=MAX_RESULTS, sites=sites)
        else:
            request = fetch_request.by_ids([paper.arxiv_id for paper in papers if paper.arxiv_id], sites=sites)
        try:
            digest = await self._query(request)
        except (UnknownFormat, BrokenDigest) as error:
            log.warning("Filling in: %s", error)
            return _halves(papers)
        if digest is None:
            return _halves(papers)
        found = _titled(digest, papers[0].title) if title_words else _with_ids(digest, papers)
        if found:
            kept, arrival = replace(digest, entries=found), Arrival(completes=True)
            done = await store_digest(self._deps, kept, source=self._source, of_arxiv=True, arrival=arrival)
            log.info("Filling in: %d papers, %d of them completed.", len(papers), done.updated)
        return ()

    async def _query(self, request: FetchRequest) -> Digest | None:
        """Returns arXiv's answer; None if it refuses the request.

        Raises FetchError, UnknownFormat, BrokenDigest.
        """
        try:
            found = await self._fetcher.fetch(request.url)
        except FetchError as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                return None
            raise
        assert found is not None  # noqa: S101 - only a request with validators returns None
        name = fetch_request.document_name(self._source, request.url)
        digest = await asyncio.to_thread(read_digest, found.data, name, format=request.format)
        if any(warning.code == "feed_error" for warning in digest.warnings):
            return None
        return digest


def _groups(papers: Sequence[IncompletePaper]) -> list[PaperGroup]:
    """Returns the groups of papers, one for each request: many ids together, each title alone.

    Titles without Latin words are left out, since no paper of arXiv has such a title.
    """
    with_id = [paper for paper in papers if paper.arxiv_id]
    batches = [tuple(with_id[start : start + IDS_PER_REQUEST]) for start in range(0, len(with_id), IDS_PER_REQUEST)]
    return batches + [(paper,) for paper in papers if not paper.arxiv_id and _words(paper.title)]


def _words(title: str) -> str:
    """Returns the words of a title for a request; "" if no paper of arXiv can have the title."""
    if _LATIN.search(title):
        return " ".join(_WORD.findall(title)[:MAX_TITLE_WORDS])
    return ""


def _halves(papers: PaperGroup) -> tuple[PaperGroup, ...]:
    """Returns the two halves of a group; () for a group of one paper."""
    middle = len(papers) // 2
    if middle:
        return (papers[middle:], papers[:middle])
    return ()


def _with_ids(digest: Digest, papers: PaperGroup) -> tuple[Paper, ...]:
    wanted = {paper.arxiv_id for paper in papers}
    return tuple(entry for entry in digest.entries if entry.arxiv_id in wanted)


def _titled(digest: Digest, title: str) -> tuple[Paper, ...]:
    """Returns the paper of the digest with exactly this title; () if there is none or more than one."""
    alias = title_alias(title)
    found = {entry.key: entry for entry in digest.entries if entry.arxiv_id and title_alias(entry.title) == alias}
    if alias and len(found) == 1:
        return tuple(found.values())
    return ()


def _as_no_news(digest: Digest, ids: frozenset[str]) -> Digest:
    """Returns the digest with only the papers of these ids, marked as replacements, so that they are not announced."""
    found = [replace(entry, announce_type=Announce.REPLACE) for entry in digest.entries if entry.arxiv_id in ids]
    own = sha256(f"looked up {digest.content_hash}".encode()).hexdigest()
    return replace(digest, entries=tuple(found), content_hash=own)


def _sites(source: SourceSettings, sites: Sites) -> Sites:
    """Returns `sites`. If the source is a query to arXiv's API, perhaps on a mirror, returns a copy with that API."""
    if source.url is None or not fetch_request.is_api(source.url):
        return sites
    parts = urlsplit(source.url)
    return replace(sites, api=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
