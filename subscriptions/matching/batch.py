"""Many queries as one set, and its match with many papers.

Each query has one or more *clauses*, of which a paper must fulfil one. A clause wants some conditions and excludes
others. All clauses with the same two counts share a table, where each of them is a row of slots (`conditions`):

    graph neural                   wanted 17   wanted 4
    "diffusion model" cat:cs.LG    wanted 90   wanted 31

So a match works on one column at a time: a column of slots becomes a column of sets of papers, and two columns are
intersected in one step.
"""

from array import array
from collections.abc import Iterable
from itertools import compress
from operator import and_, invert

from subscriptions.matching.conditions import Conditions
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.query import parse
from subscriptions.query.quick import read_quickly
from subscriptions.query.tree import Alternative, Query


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once.

    A handle is a number from 0. Queries that are added later have higher handles.
    """

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.conditions = Conditions()
        # text of a term of meaning (`about:`) -> its vector, as the last query had it; who keeps the set may change it
        self.questions = self.conditions.questions
        # (number of wanted, number of excluded slots) -> the handles of the clauses, then their columns of slots
        self.tables: dict[tuple[int, int], list[array[int]]] = {}
        # hash of the canonical text, which takes less memory -> handle; hashes of texts differ in each process
        self._handles: dict[int, int] = {}
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """Returns the number of different queries."""
        return len(self._handles)

    def add(self, query: Query) -> int:
        """Adds a query and returns its handle. Equal queries get the same handle."""
        digest = hash(query.canonical)
        handle = self._handles.get(digest)
        if handle is None:
            handle = self._handles[digest] = len(self._handles)
            for alternative in query.alternatives:
                self._add_clause(handle, alternative)
        return handle

    def add_text(self, text: str) -> int:
        """Adds the query that a person typed and returns its handle, as `add` does. Raises QueryError."""
        return self.add(read_quickly(text) or parse.parse_query(text))

    def add_canonical(self, text: str) -> int:
        """Adds the query of a canonical text and returns its handle, as `add` does. Raises QueryError."""
        short = read_quickly(text)
        return self.add(short if short and short.canonical == text else parse.parse_canonical(text))

    def find(self, canonical: str) -> int | None:
        """Returns the handle of a query; None if the set does not have it."""
        return self._handles.get(hash(canonical))

    def _add_clause(self, handle: int, alternative: Alternative) -> None:
        terms = (*alternative.positive, *alternative.negative)
        shape = len(alternative.positive), len(alternative.negative)
        table = self.tables.get(shape)
        if table is None:
            table = self.tables[shape] = [array("i") for _ in range(1 + len(terms))]
        for column, number in zip(table, (handle, *map(self.conditions.slot, terms)), strict=True):
            column.append(number)


def match(queries: QuerySet, index: PaperIndex) -> dict[int, int]:
    """Returns handle -> the papers that the query finds, as bits of the index. Queries that find none are left out."""
    papers_of = queries.conditions.papers(index).__getitem__
    found: dict[int, int] = {}
    for (wanted, _), (handles, first, *columns) in queries.tables.items():
        sets = map(papers_of, first)
        for column in columns[: wanted - 1]:
            sets = map(and_, sets, map(papers_of, column))
        for column in columns[wanted - 1 :]:
            sets = map(and_, sets, map(invert, map(papers_of, column)))
        rows = list(sets)
        for handle, having in zip(compress(handles, rows), filter(None, rows), strict=True):
            found[handle] = found.get(handle, 0) | having
    return found
