"""Looks up papers at arXiv: those that a person names, and what digests lack."""

import asyncio
import logging
import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from bot.log import error_location
from bot.sources.fetch_request import FetchRequest, about_papers, arxiv_query
from bot.sources.inquiries import Inquiry
from bot.sources.poll import PollDependencies
from subscriptions.errors import BrokenDigest, FetchError, PaperwireError, UnknownFormat
from subscriptions.identity import differ
from subscriptions.model import Digest, Paper
from subscriptions.text.words import title_alias

log = logging.getLogger("paperwire")

LOOKUP_TIMEOUT_SECONDS = 2.5  # seconds that a person waits at most: some platforms show an error after three
DIGEST_TIMEOUT_SECONDS = 30.0  # seconds that a digest waits at most
BACKOFF_SECONDS = 600.0  # seconds in which no digest waits, after arXiv did not answer
IDS_PER_REQUEST = 100  # ids in one request
MAX_RESULTS = 20  # papers that a request for a title may return
MAX_TITLE_WORDS = 25  # words of a title in a request
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[A-Za-z]")


class PaperLookup:
    """Looks up papers at arXiv: papers that a person names by their ids, and papers of digests that lack values."""

    def __init__(self, deps: PollDependencies, source: str) -> None:
        """`source`: one that asks arXiv itself. The store records it as the source of the papers."""
        self._deps = deps
        self._source = source
        self._finding: set[asyncio.Task[bool]] = set()
        self._rests_until = 0.0  # the monotonic second until which no digest waits for arXiv

    async def find_soon(self, ids: Collection[str]) -> bool:
        """Store the papers of these ids that arXiv knows. Return False if arXiv gives no readable answer.

        Return False after LOOKUP_TIMEOUT_SECONDS seconds, too; what arXiv answers later is stored then.
        """
        finding = asyncio.create_task(self._find(ids))
        self._finding.add(finding)
        finding.add_done_callback(self._finding.discard)
        done, _ = await asyncio.wait({finding}, timeout=LOOKUP_TIMEOUT_SECONDS)
        return bool(done) and finding.result()

    async def _find(self, ids: Collection[str]) -> bool:
        try:
            inquiry = Inquiry(self._deps, self._source)
            async for digest in inquiry.answers(sorted(ids), IDS_PER_REQUEST, self._about):
                await inquiry.store(digest, lambda one: one.arxiv_id in ids, of_arxiv=True)
        except (FetchError, UnknownFormat, BrokenDigest) as error:
            log.warning("Papers cannot be looked up: %s", error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever arXiv returns, the person must get a reply
            log.error("What arXiv answered could not be stored: %s", error_location(error))
            return False
        return True

    async def completed(self, papers: Mapping[str, Paper]) -> dict[str, Paper]:
        """Return what arXiv knows about papers, under the same keys: those with an id by this, others by their title.

        A digest waits for this, so it takes at most DIGEST_TIMEOUT_SECONDS seconds, and BACKOFF_SECONDS seconds after a failure nothing is asked.
        Papers that were not found until then are left out.
        """
        found: dict[str, Paper] = {}
        if self._deps.app.clock.monotonic() < self._rests_until:
            return found
        try:
            async with asyncio.timeout(DIGEST_TIMEOUT_SECONDS):
                await self._complete(papers, found)
        except Exception as error:  # noqa: BLE001 - whatever arXiv answers, the digest is stored
            self._rests_until = self._deps.app.clock.monotonic() + BACKOFF_SECONDS
            why = str(error) if isinstance(error, PaperwireError) else error_location(error)
            log.warning("Papers are stored as they came, without what arXiv knows: %s", why)
        return found

    async def _complete(self, papers: Mapping[str, Paper], found: dict[str, Paper]) -> None:
        """Add to `found` what arXiv knows. Raise FetchError, UnknownFormat, BrokenDigest."""
        inquiry = Inquiry(self._deps, self._source)
        keys = {paper.arxiv_id: key for key, paper in papers.items() if paper.arxiv_id}
        async for digest in inquiry.answers(list(keys), IDS_PER_REQUEST, self._about):
            found |= {keys[one.arxiv_id]: one for one in digest.entries if one.arxiv_id in keys}
        without_id = {key: paper for key, paper in papers.items() if not paper.arxiv_id}
        for key, paper in without_id.items():
            if not _LATIN.search(paper.title):  # no paper of arXiv has it
                continue
            words = "+".join(map(quote, _WORD.findall(paper.title)[:MAX_TITLE_WORDS]))
            request = arxiv_query(f"search_query=ti:%22{words}%22", MAX_RESULTS, self._deps.sites)
            answer = await inquiry.answer(request)
            if answer and answer.digest and (one := _titled(answer.digest, paper)):
                found[key] = one

    def _about(self, ids: Sequence[str]) -> FetchRequest:
        return about_papers("arxiv", ids, self._deps.sites)


def _titled(digest: Digest, paper: Paper) -> Paper | None:
    """Return the only paper of arXiv's answer with the title of a paper and nothing known that differs, or None."""
    alias = title_alias(paper.title)
    alike = (one for one in digest.entries if one.arxiv_id and title_alias(one.title) == alias)
    found = {one.key: one for one in alike if not differ(one, paper)}
    if alias and len(found) == 1:
        return found.popitem()[1]
    return None
