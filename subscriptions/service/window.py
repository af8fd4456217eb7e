"""The papers that a plan looks at: which of them queries find, how well, and by which words. For how many queries an index pays."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

from subscriptions.matching.fit import fit
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.model import KnownPaper, Subscription
from subscriptions.planning.decision import Evidence, Papers
from subscriptions.query import AUTHOR, TITLE, rewriting
from subscriptions.query.parse import parse_canonical
from subscriptions.query.tree import Query
from subscriptions.service import questions
from subscriptions.store import known_papers, meanings
from subscriptions.store.database.store import Transaction

FEW = 50  # queries; more are matched by an index of the papers, which takes 0.6 ms for each paper
MOST_EVIDENCE = 100_000  # pairs of query and paper whose evidence is kept, some 400 bytes each

_parsed = lru_cache(maxsize=65536)(parse_canonical)  # canonical text → parsed query

EvidenceOf = Callable[[Subscription, KnownPaper], Evidence]


class Window:
    """Tokenized papers with after < sequence <= last_sequence, and the matches of the queries that were asked."""

    def __init__(self, last_sequence: int) -> None:
        """The window is empty until `cover` reads papers."""
        self.last_sequence = last_sequence
        self.papers = Papers(())
        self.tokenized = TokenizedPapers.of(())
        self.queries: dict[str, Query] = {}  # canonical text → query with its vectors
        self.evidence = evidence_by(self.queries)
        self._matches: dict[str, tuple[int, ...]] = {}  # canonical text → positions of the papers that it finds
        self._index: PaperIndex | None = None
        self._after: int | None = None
        self._newest: tuple[int, str] = (0, "")  # the newest digest and the encoder when the papers were read

    def cover(self, transaction: Transaction, after: int) -> None:
        """Reads all papers after a sequence, unless it has them and no digest came. Only changed papers are tokenized."""
        newest = known_papers.newest_digest(transaction), meanings.encoder(transaction)
        if self._after is None or after < self._after or newest != self._newest:
            known = known_papers.window(transaction, after, self.last_sequence)
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self._index, self._matches = Papers(known), None, {}
            self._after, self._newest = after, newest

    def match(self, transaction: Transaction, canonicals: Collection[str]) -> None:
        """Matches the queries that were not matched yet."""
        asked = stored_queries(transaction, set(canonicals) - self._matches.keys())
        self.queries |= asked
        if len(asked) > FEW and self._index is None:
            self._index = PaperIndex(self.tokenized)
        for canonical, query in asked.items():
            if self._index:
                self._matches[canonical] = tuple(self._index.positions(self._index.found_by(query)))
            else:
                self._matches[canonical] = self.tokenized.matching(query)

    def fits(self, transaction: Transaction, subscriptions: Sequence[Subscription]) -> dict[int, tuple[int, ...]]:
        """Returns subscription id → positions of the papers that its query finds, ascending."""
        self.match(transaction, {one.canonical for one in subscriptions})
        return {one.id: self._matches[one.canonical] for one in subscriptions}


def stored_queries(transaction: Transaction, canonicals: Collection[str]) -> dict[str, Query]:
    """Returns canonical text → query, with those of its vectors that are known."""
    found = {one: _parsed(one) for one in canonicals}
    asking = [one for one in filter(questions.asks_for_nearness, found) if found[one].nearness_terms]
    vectors = questions.vectors_of(transaction, {term for one in asking for term in found[one].nearness_terms})
    return found | {one: rewriting.with_vectors(found[one], vectors) for one in asking}


def evidence_by(queries: Mapping[str, Query]) -> EvidenceOf:
    """Returns a function that tells how a paper fits the query of a subscription. `queries`: canonical text → query.

    Each pair of query and paper is looked at once, since many chats have the same queries.
    """
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(subscription: Subscription, paper: KnownPaper) -> Evidence:
        pair = subscription.canonical, paper.id
        found = known.get(pair)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            if paper.id not in finders:
                finders[paper.id] = HitFinder(paper.paper)
            found = known[pair] = _evidence(queries[subscription.canonical], finders[paper.id])
        return found

    return evidence


def _evidence(query: Query, finder: HitFinder) -> Evidence:
    hits = finder.why(query)
    fields = {hit.field for hit in hits}
    in_meaning = max((hit.near for hit in hits if hit.near is not None), default=0.0)
    return Evidence(
        words=tuple(dict.fromkeys(word for hit in hits for word in hit.words)),
        in_title=TITLE in fields,
        by_author=AUTHOR in fields,
        fit=fit(query, finder.places(query)) + in_meaning,
        near=finder.nearness(query),
    )
