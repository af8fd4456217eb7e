"""Matches many queries at once: each is filed under a feature that its papers must have."""

from collections.abc import Iterable
from typing import NamedTuple

from subscriptions.matching.features import deciding_feature, needed_by, rarity
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.terms import simple_terms
from subscriptions.query import Alternative, Query, Term
from subscriptions.query.fields import Field


class _Condition:
    """A term, shared by all queries that have it. Conditions are compared by identity, which makes look-ups quick."""

    __slots__ = ("feature", "term", "uses")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.feature = deciding_feature(term)
        self.uses = 0


class _Clause(NamedTuple):
    """An alternative of a query, filed under a feature."""

    handle: int
    wanted: tuple[_Condition, ...]  # that a paper with the feature must also fulfil, the rarest first
    unwanted: tuple[_Condition, ...]


class _Entry:
    """A query of the set."""

    __slots__ = ("canonical", "clauses", "uses")

    def __init__(self, canonical: str) -> None:
        self.canonical = canonical
        self.uses = 0
        self.clauses: list[tuple[_Clause, tuple[str, ...]]] = []  # each with its features


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.filed: dict[str, list[_Clause]] = {}  # feature -> clauses; only `match` reads it
        self._entries: dict[int, _Entry] = {}
        self._handles: dict[str, int] = {}  # canonical text -> handle
        self._conditions: dict[Term, _Condition] = {}
        self._next_handle = 0
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """Returns the number of different queries."""
        return len(self._entries)

    def add(self, query: Query) -> int:
        """Adds a query and returns its handle, the same for equal queries. No other query ever gets this handle."""
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

    def remove(self, handle: int) -> None:  # waits for issue 15, which keeps one set while subscriptions change
        """Removes one use of a query, and with the last use the query. Raises KeyError for an unknown handle."""
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
        """Files an alternative under the rarest feature of its rarest term; of an ALL term, one for each simple term."""
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
        """Returns the rarest feature of each simple term, with the work that it makes."""
        return [
            min([(self._work(feature, part.field), feature) for feature in needed_by(part)])
            for part in simple_terms(term)
        ]

    def _work(self, feature: str, field: Field) -> tuple[int, int, int]:
        """Estimates the work that a feature makes. Words that many queries ask for stand in many papers, too."""
        return rarity(feature, field), len(self.filed.get(feature, ())), -len(feature)

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
    """Condition -> the papers of one index that fulfil its term, computed at the first access."""

    def __init__(self, index: PaperIndex) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, condition: _Condition) -> int:
        if condition.feature is None:
            papers = self._index.matching(condition.term)
        else:
            papers = self._index.features.get(condition.feature, 0)
        self[condition] = papers
        return papers


def match(queries: QuerySet, index: PaperIndex) -> dict[int, int]:
    """Returns handle -> the papers that a query finds, as bits of the index; without queries that find none."""
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
