"""All queries of the store as one set, kept in memory.

It is made at the first plan, in 11 s for a million queries, then it follows the log of what came and went. It holds queries, and
not subscriptions: a database finds the subscriptions of a query by its own index, so memory grows with the different queries
only. Beside the set itself these cost 8 bytes each.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions.matching.batch import match
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.query_set import QuerySet
from subscriptions.store import planner
from subscriptions.store.database.store import Store, Transaction

PAGE = 5000  # queries that one statement reads while the set is made
MOST_LEFT_OUT = 100  # queries that came since all were matched with some papers
_NONE = -1  # no handle


class _Match(NamedTuple):
    """What the queries with handles below `handles` found in some papers."""

    handles: int
    found: Mapping[int, int]  # handle -> bits of papers


class KeptQueries:
    """The queries of the store up to a change of the log."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.queries = QuerySet()
        self._change: int | None = None  # the newest one that it has; None: it is to be made
        self._handles = array("i")  # by the id of a query
        self._ids = array("i")  # of the queries, by handle
        self._matches: WeakKeyDictionary[PaperIndex, _Match] = WeakKeyDictionary()

    @property
    def bytes_beside(self) -> int:
        """The bytes that it takes beside the set itself."""
        return self._handles.itemsize * len(self._handles) + self._ids.itemsize * len(self._ids)

    def follow(self, transaction: Transaction) -> None:
        """Applies the changes of all processes since the last call. Rebuilds the set if the log does not reach back."""
        changed = None if self._change is None else planner.changes_after(transaction, self._change)
        if changed is None or len(self._ids) > 2 * len(self.queries) + PAGE:  # handles are never used again
            self._make(transaction)
        else:
            self._take(transaction, *changed)

    def _take(self, transaction: Transaction, newest: int, ids: AbstractSet[int]) -> None:
        texts = planner.queries_by_id(transaction, sorted(ids))
        for query in ids:
            self._drop(query)
            if query in texts:
                self._add(query, texts[query])
        self._change = newest

    def matching(self, papers: PaperIndex) -> list[int]:
        """Ids of the queries that find a paper."""
        return [self._ids[handle] for handle, bits in self._match(papers).found.items() if bits]

    def found_by(self, canonical: Iterable[str], papers: PaperIndex) -> dict[str, int]:
        """Canonical text of a query -> the papers that it finds, as bits; without queries that the set does not have.

        All queries are matched when papers are first asked about, and then it is looked up: in the morning some chat is due
        every minute. Those that came since are left out while they are few, since all would be matched again.
        """
        last = self._matches.get(papers) or self._match(papers)
        handles = {text: handle for text in canonical if (handle := self.queries.find(text)) is not None}
        if sum(handle >= last.handles for handle in handles.values()) > MOST_LEFT_OUT:
            last = self._match(papers)
        return {text: last.found.get(handle, 0) for text, handle in handles.items() if handle < last.handles}

    def _match(self, papers: PaperIndex) -> _Match:
        found = self._matches[papers] = _Match(len(self._ids), match(self.queries, papers))
        return found

    def _make(self, transaction: Transaction) -> None:
        self._start()
        last = 0
        while page := planner.page_of_queries(transaction, last, PAGE):
            for query, canonical in page:
                self._add(query, canonical)
            last = page[-1][0]
        self._change = planner.newest_change(transaction)

    def _add(self, query: int, canonical: str) -> None:
        if query >= len(self._handles):
            self._handles.extend([_NONE] * (query + 1 - len(self._handles)))
        handle = self._handles[query] = self.queries.add_canonical(canonical)
        self._ids.extend([_NONE] * (handle + 1 - len(self._ids)))
        self._ids[handle] = query

    def _drop(self, query: int) -> None:
        if query < len(self._handles) and self._handles[query] != _NONE:
            self.queries.remove(self._handles[query])
            self._handles[query] = _NONE


_KEPT: WeakKeyDictionary[Store, KeptQueries] = WeakKeyDictionary()


@contextmanager
def kept_queries(store: Store) -> Iterator[KeptQueries]:
    """Yields the set that the last plan left, and keeps it for the next one, unless an error leaves it half changed.

    Two plans at the same time have a set each.
    """
    kept = _KEPT.pop(store, None) or KeptQueries()
    yield kept
    _KEPT[store] = kept
