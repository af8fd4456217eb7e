"""Many queries at once: filed by the features that their papers must have."""

from collections.abc import Iterable
from typing import NamedTuple

from subscriptions.matching.features import deciding_feature, needed_by, rarity
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.tokenized_paper import simple_terms
from subscriptions.query import Alternative, Query, Term


class _Condition:
    """A term, shared by all queries that have it. Equal only to itself, so that looking one up costs nothing."""

    __slots__ = ("feature", "term", "uses")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.feature = deciding_feature(term)
        self.uses = 0


class _Clause(NamedTuple):
    """An alternative of a query, filed under a feature."""

    handle: int
    wanted: tuple[_Condition, ...]  # what a paper with the feature must have beyond it, the rarest first
    unwanted: tuple[_Condition, ...]


class _Entry:
    """A query of the set."""

    __slots__ = ("canonical", "clauses", "uses")

    def __init__(self, canonical: str) -> None:
        self.canonical = canonical
        self.uses = 0
        self.clauses: list[tuple[_Clause, tuple[str, ...]]] = []  # each with the features that it is filed under


class QuerySet:
    """Queries that are matched together. Equal ones (by canonical text) are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.filed: dict[str, list[_Clause]] = {}  # feature -> clauses; for `match` alone
        self._entries: dict[int, _Entry] = {}
        self._handles: dict[str, int] = {}  # canonical text -> handle
        self._conditions: dict[Term, _Condition] = {}
        self._next_handle = 0
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """How many different queries there are."""
        return len(self._entries)

    def add(self, query: Query) -> int:
        """Takes a query in and returns its handle: the same for equal queries, never used again for another."""
        handle = self._handles.get(query.canonical)
        if handle is None:
            handle = self._next_handle
            self._next_handle += 1
            self._handles[query.canonical] = handle
            self._entries[handle] = _Entry(query.canonical)
            for alternative in query.alternatives:
                self._file(handle, alternative)
        self._entries[handle].uses += 1
        return handle

    def remove(self, handle: int) -> None:
        """Takes out a query that was added once; of one that was added more often, one use. KeyError: unknown."""
        entry = self._entries[handle]
        entry.uses -= 1
        if entry.uses:
            return
        del self._entries[handle], self._handles[entry.canonical]
        for clause, features in entry.clauses:
            for feature in features:
                self._unfile(clause, feature)
            for condition in (*clause.wanted, *clause.unwanted):
                self._release(condition)

    def _file(self, handle: int, alternative: Alternative) -> None:
        """Files an alternative under the rarest feature of its rarest term (of `all:`, one for each way to have it)."""
        ranked = [(self._anchors(term), term) for term in alternative.positive]
        ranked.sort(key=lambda pair: max(pair[0]))
        anchors, first = ranked[0]
        decided = deciding_feature(first) is not None
        clause = _Clause(
            handle,
            tuple([self._condition(term) for _, term in ranked[decided:]]),
            tuple([self._condition(term) for term in alternative.negative]),
        )
        features = tuple({feature for _, feature in anchors})
        for feature in features:
            self.filed.setdefault(feature, []).append(clause)
        self._entries[handle].clauses.append((clause, features))

    def _unfile(self, clause: _Clause, feature: str) -> None:
        clauses = self.filed[feature]
        clauses.remove(clause)
        if not clauses:
            del self.filed[feature]

    def _anchors(self, term: Term) -> list[tuple[tuple[int, int, int], str]]:
        """For each way to have a term, the rarest feature that it needs, with its load."""
        return [min([(self._load(feature), feature) for feature in needed_by(part)]) for part in simple_terms(term)]

    def _load(self, feature: str) -> tuple[int, int, int]:
        """How much work a feature makes: what people often ask for is often written about, too."""
        return rarity(feature), len(self.filed.get(feature, ())), -len(feature)

    def _condition(self, term: Term) -> _Condition:
        condition = self._conditions.get(term)
        if condition is None:
            condition = self._conditions[term] = _Condition(term)
        condition.uses += 1
        return condition

    def _release(self, condition: _Condition) -> None:
        condition.uses -= 1
        if not condition.uses:
            del self._conditions[condition.term]


class _Answers(dict[_Condition, int]):
    """Condition -> the papers of one index in which its term stands, worked out when first asked for."""

    def __init__(self, index: PaperIndex) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, condition: _Condition) -> int:
        if condition.feature is None:
            papers = self._index.having(condition.term)
        else:
            papers = self._index.features.get(condition.feature, 0)
        self[condition] = papers
        return papers


def match(queries: QuerySet, index: PaperIndex) -> dict[int, int]:
    """Which papers of the index each query matches: handle -> bits; queries without a paper are left out."""
    found: dict[int, int] = {}
    answers = _Answers(index)
    for feature in queries.filed.keys() & index.features.keys():
        having = index.features[feature]
        for handle, wanted, unwanted in queries.filed[feature]:
            papers = having
            for condition in wanted:
                papers &= answers[condition]
                if not papers:
                    break
            for condition in unwanted if papers else ():
                papers &= ~answers[condition]
            if papers:
                found[handle] = found.get(handle, 0) | papers
    return found
