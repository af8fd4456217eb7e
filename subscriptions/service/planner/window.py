"""The papers that a plan matches: those between two sequences, cached from one plan to the next."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakKeyDictionary

from subscriptions.matching.hits import HitFinder
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import KnownPaper, Subscription
from subscriptions.planning.decision import Evidence, Papers
from subscriptions.query.fields import AUTHOR, TEXT, TITLE
from subscriptions.query.parsing.parse import parse_canonical
from subscriptions.query.syntax import Query
from subscriptions.ranking import Rarity, Taste, fit, nearness
from subscriptions.service.papers.word_counts import counted_words
from subscriptions.service.planner.kept_queries import kept_queries
from subscriptions.store import Store, Transaction
from subscriptions.store.papers import known_papers

FEW = 100  # queries that are matched one after the other; more together with all others, by an index of the papers, 0.8 ms a paper
MOST_KEPT = 1000  # papers of a window that is kept for the next plan, some 25 KB each: a week of most chats
MOST_MATCHES = 50_000  # queries whose papers are kept within a plan, some 250 bytes each
MOST_EVIDENCE = 100_000  # pairs of a query and a paper whose evidence is kept within a plan, some 400 bytes each
MOST_INDEXED = 300  # papers of a window whose index is kept too, some 55 KB each


@dataclass(slots=True)
class Window:
    """Tokenized papers with a sequence in (after, last_sequence]; `cover` widens it when a slice looks further back."""

    last_sequence: int
    after: int | None = None
    newest: int = 0  # the newest digest when the papers were read
    papers: Papers = field(default_factory=lambda: Papers(()))
    tokenized: TokenizedPapers = field(default_factory=lambda: TokenizedPapers.of(()))
    index: PaperIndex | None = None  # of the papers; built for many queries
    matches: dict[str, tuple[int, ...]] = field(
        default_factory=dict
    )  # canonical text -> places of the papers it matches
    rarity: Rarity = field(default_factory=Rarity)  # of words, among the papers that came last

    def cover(self, transaction: Transaction, after: int) -> None:
        """Makes the window hold all papers after the sequence `after`. Papers that it held are not tokenized again."""
        newest = known_papers.newest_digest(transaction)
        if self.after is None or after < self.after or newest != self.newest:
            known = known_papers.window(transaction, after, self.last_sequence)
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self.index, self.matches = Papers(known), None, {}
            self.rarity = counted_words(transaction, self.last_sequence)
            self.after, self.newest = after, newest  # last, so that a failure leaves what was read before

    def is_current(self, transaction: Transaction) -> bool:
        """Whether no digest was stored since the papers were read; True if none were read yet."""
        return self.after is None or self.newest == known_papers.newest_digest(transaction)

    def fits(self, transaction: Transaction, subscriptions: Sequence[Subscription]) -> dict[int, tuple[int, ...]]:
        """Subscription id -> places of the papers that its query matches; each unique query is matched once."""
        if len(self.matches) >= MOST_MATCHES:
            self.matches = {}
        asked = {s.canonical for s in subscriptions} - self.matches.keys()
        if len(asked) > FEW:
            found = self._found_together(transaction, asked)
            self.matches |= found
            asked -= found.keys()
        self.matches |= {canonical: self.tokenized.matching(stored_query(canonical)) for canonical in asked}
        return {s.id: self.matches[s.canonical] for s in subscriptions}

    def indexed(self) -> PaperIndex:
        """The index of the papers, made when it is first asked for."""
        if self.index is None:
            self.index = PaperIndex(self.tokenized)
        return self.index

    def _found_together(self, transaction: Transaction, queries: Collection[str]) -> dict[str, tuple[int, ...]]:
        """As `fits` by canonical text, without the few that came since all queries were matched with these papers."""
        index = self.indexed()
        with kept_queries(transaction.store) as kept:
            kept.follow(transaction)
            found = kept.found_by(queries, index)
        return {canonical: tuple(index.positions(bits)) for canonical, bits in found.items()}


stored_query = lru_cache(maxsize=65536)(parse_canonical)  # by the canonical text of a stored query


def nearness_of(taste: Taste | None, papers: TokenizedPapers) -> Callable[[int], float] | None:
    """A function that tells how near the paper at a position is to a taste; None without a taste."""
    if taste is None:
        return None
    return lambda position: nearness(taste, papers.tokenized[position].folded[TEXT])


def evidence_of_fits(rarity: Callable[[], Rarity]) -> Callable[[Subscription, KnownPaper], Evidence]:
    """A function that tells how a paper fits a subscription's query; each pair is computed once: chats share queries."""
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(subscription: Subscription, paper: KnownPaper) -> Evidence:
        key = (subscription.canonical, paper.id)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            found = known[key] = computed(stored_query(subscription.canonical), paper)
        return found

    def computed(query: Query, paper: KnownPaper) -> Evidence:
        finder = finders.get(paper.id)
        if finder is None or finder.fields is not query.fields:
            finder = finders[paper.id] = HitFinder(paper.paper, query.fields)
        hits = finder.why(query)
        words = tuple(dict.fromkeys(word for hit in hits for word in hit.terms))
        fields = {hit.field for hit in hits}
        fitting = fit(query, finder.places(query), rarity())
        near = finder.nearness(query)
        return Evidence(words=words, in_title=TITLE in fields, by_author=AUTHOR in fields, fit=fitting, near=near)

    return evidence


_KEPT: WeakKeyDictionary[Store, Window] = WeakKeyDictionary()  # worth it: in the morning some chat is due every minute


@contextmanager
def kept_window(store: Store, last_sequence: int) -> Iterator[Window]:
    """Yields the window up to `last_sequence` with what the plan before has read; keeps it for the next plan.

    The window of a plan that fails is kept, too. Two plans at the same time have a window each.
    """
    before = _KEPT.pop(store, None)
    window = before if before is not None and before.last_sequence == last_sequence else Window(last_sequence)
    if before is not None and window is not before:
        window.tokenized = before.tokenized
    try:
        yield window
    finally:
        if len(window.papers.known) > MOST_INDEXED:
            window.index = None
        if len(window.papers.known) <= MOST_KEPT:
            window.matches = {}
            window.papers.decided.clear()
            _KEPT[store] = window
