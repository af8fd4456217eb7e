"""Ask arXiv, OpenAlex and Crossref once a day what became of the papers that chats keep."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from bot.log import error_location
from bot.sources.fetch_request import about_papers
from bot.sources.inquiries import Inquiry
from bot.sources.poll import LONGEST_DETAIL, PollDependencies
from subscriptions.errors import PaperwireError, StoreError, brief
from subscriptions.identity import versioned
from subscriptions.maintenance import retention
from subscriptions.model import KEPT, Paper
from subscriptions.papers.stored import asked as asked_papers
from subscriptions.papers.stored.asked import AskedPaper
from subscriptions.sources.kept_rounds import following_round
from subscriptions.sources.poll_results import Outcome, Receipt

log = logging.getLogger("paperwire")

PAUSE_SECONDS = 3.0  # before each request, to whichever service
MOST_FAILURES = 2  # in a row, after which a service is not asked any more on that day
_SEPARATORS = frozenset(",|")  # of values in a question; no DOI with one can be asked for


def _dois(paper: AskedPaper) -> Iterable[str]:
    return (one for one in paper.dois if _SEPARATORS.isdisjoint(one))


def _addresses(paper: AskedPaper) -> Iterable[str]:
    """Yield the addresses that a preprint of arXiv has at OpenAlex, also in the work of its article."""
    if one := paper.arxiv_id:
        yield from (f"http://arxiv.org/abs/{one}", f"https://doi.org/10.48550/arxiv.{one}")


class _Service(NamedTuple):
    """A service, and what it is asked."""

    name: str  # as in `about_papers`
    most: int  # names in a request
    kinds: tuple[Callable[[AskedPaper], Iterable[str]], ...]  # of names; a request has those of one kind


_SERVICES = (
    _Service("arxiv", 100, (lambda paper: filter(None, (paper.arxiv_id,)),)),
    # at most 100 values (developers.openalex.org/guides/filtering)
    _Service("openalex", 100, (_addresses, lambda paper: () if paper.arxiv_id else _dois(paper))),
    _Service("crossref", 50, (_dois,)),  # only the length of an address is limited
)


class KeptPapers:
    """Asks what became of kept papers. What is answered changes these papers; it announces none and adds none."""

    def __init__(self, deps: PollDependencies) -> None:
        self._deps = deps

    async def ask(self) -> int:
        """Ask about the papers of a round, if one is due. Return how many changes followed. Raise StoreError."""
        store, now = self._deps.app.store, self._deps.app.clock.now()
        if not await store.write(retention.claim, "ask", now=now, until=following_round(now)):
            return 0
        papers, done = await store.read(asked_papers.next_round, now=now)
        if not papers:
            return 0
        counts, problems = {"digests": 0, "papers": len(papers), "updated": 0}, list[str]()
        for service in _SERVICES:
            problems += await self._ask(service, papers, counts)
        outcome = Outcome.FAILED if problems else Outcome.NEW if counts["updated"] else Outcome.QUIET
        detail = " ".join(problems)[:LONGEST_DETAIL]
        log.info("%s: %s. Asked about %d papers. %s", KEPT, outcome, len(papers), detail, extra={"source": KEPT})
        receipt = Receipt(source=KEPT, at=now, outcome=outcome, counts=counts, detail=detail)
        await store.write(asked_papers.note_round, receipt, "" if problems and not counts["digests"] else done)
        return counts["updated"]

    async def _ask(self, service: _Service, papers: Sequence[AskedPaper], counts: dict[str, int]) -> list[str]:
        """Ask a service about papers and store its answers. Return what went wrong. Raise StoreError."""
        inquiry = Inquiry(self._deps, KEPT, pause_seconds=PAUSE_SECONDS)
        request_of = partial(about_papers, service.name, sites=self._deps.sites)
        fits = partial(_is_about, frozenset(key for paper in papers for key in paper.keys))
        problems, failures = list[str](), 0
        for part in _parts(service, papers):
            if failures == MOST_FAILURES:
                break
            try:
                async for digest in inquiry.answers(part, service.most, request_of):
                    done = await inquiry.store(digest, fits, of_arxiv=service.name == "arxiv", only_known=True)
                    counts["digests"] += 1
                    counts["updated"] += done.updated
                failures = 0
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - the other parts and services are asked nevertheless
                problems.append(brief(error) if isinstance(error, PaperwireError) else error_location(error))
                failures += 1
        return problems + inquiry.refusals[-1:]


def _parts(service: _Service, papers: Sequence[AskedPaper]) -> Iterator[list[str]]:
    """Yield the names that each request has, each name once."""
    for names_of in service.kinds:
        names = list(dict.fromkeys(name for paper in papers for name in names_of(paper)))
        yield from (names[start : start + service.most] for start in range(0, len(names), service.most))


def _is_about(keys: frozenset[str], paper: Paper) -> bool:
    """Return whether an answer is about a paper that has one of these keys, or is related to it."""
    doi = f"doi:{versioned(paper.doi).doi}" if paper.doi else ""
    return not keys.isdisjoint((paper.arxiv_id or "", doi, *paper.same))
