"""All queries of the store in memory, kept up to date from the log of queries."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from subscriptions.matching.batch import QuerySet, match
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.store import meanings, query_log
from subscriptions.store.database.store import Store, Transaction

# Up to so many queries are matched one by one. If there are more, all stored queries are matched together with an index
# of the papers; making the index takes 0.8 ms for each paper.
FEW = 100
# The first plan makes the set, which takes 13 s for a million queries. Later plans update it from the log of added and
# removed queries. The set has queries and not subscriptions, because the database finds the subscriptions of a query by
# an index. So memory grows only with the number of different queries: 8 bytes for each, in addition to the set itself.


PAGE = 5000  # queries that one SQL statement reads while the set is made
_NONE = -1  # means "no handle" or "no query"


class KeptQueries:
    """All queries of the store as one set, which follows the log of added and removed queries."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.queries = QuerySet()
        self._change: int | None = None  # the last change of the log that is applied; None: the set must be made
        self._handles = array("i")  # query id → handle
        self._ids = array("i")  # handle → query id; _NONE if the query was removed
        self._removed = 0  # how often a query was removed
        # papers → (number of queries that were matched with them, handle → bits of papers)
        self._matches: WeakKeyDictionary[PaperIndex, tuple[int, Mapping[int, int]]] = WeakKeyDictionary()

    def follow(self, transaction: Transaction) -> None:
        """Applies the changes of all processes since the last call. Rebuilds the set if the log lacks some changes."""
        changed = None
        if self._change is not None:
            changed = query_log.changes_after(transaction, self._change)
        if changed is None or 2 * self._removed > len(self._ids) + PAGE:  # most of the set may not be needed any more
            self._make(transaction)
        else:
            self._take(transaction, *changed)
        if questions := self.queries.questions:
            vectors = dict.fromkeys(questions, b"") | meanings.questions_of(transaction, questions)
            if vectors != questions:
                questions.update(vectors)
                self._matches.clear()

    def _take(self, transaction: Transaction, newest: int, ids: AbstractSet[int]) -> None:
        texts = query_log.queries_by_id(transaction, sorted(ids))
        for query in ids:
            self._drop(query)
        for query, canonical in texts.items():  # after all removals, since equal queries share a handle
            self._add(query, canonical)
        self._change = newest

    def matching(self, papers: PaperIndex) -> list[int]:
        """Returns the ids of all queries that find at least one of these papers."""
        _, found = self._match(papers)
        return [query for handle in found if (query := self._ids[handle]) != _NONE]

    def found_by(self, canonical: Iterable[str], papers: PaperIndex) -> dict[str, int]:
        """Returns canonical text of a query -> the papers that it finds, as bits. Leaves out queries that the set lacks.

        The first call for these papers matches all queries. Later calls use this result, because in the morning some
        chats are due each minute. So queries that were added since then are left out, as long as they are FEW.
        """
        matched, found = self._matches.get(papers) or self._match(papers)
        handles = {text: handle for text in canonical if (handle := self.queries.find(text)) is not None}
        if sum(handle >= matched for handle in handles.values()) > FEW:
            matched, found = self._match(papers)
        return {text: found.get(handle, 0) for text, handle in handles.items() if handle < matched}

    def _match(self, papers: PaperIndex) -> tuple[int, Mapping[int, int]]:
        self._matches[papers] = last = len(self.queries), match(self.queries, papers)
        return last

    def _make(self, transaction: Transaction) -> None:
        self._start()
        last = 0
        while page := query_log.page_of_queries(transaction, last, PAGE):
            for query, canonical in page:
                self._add(query, canonical)
            last = page[-1][0]
        self._change = query_log.newest_change(transaction)

    def _add(self, query: int, canonical: str) -> None:
        if query >= len(self._handles):
            self._handles.extend([_NONE] * (query + 1 - len(self._handles)))
        handle = self._handles[query] = self.queries.add_canonical(canonical)
        self._ids.extend([_NONE] * (handle + 1 - len(self._ids)))
        self._ids[handle] = query

    def _drop(self, query: int) -> None:
        if query < len(self._handles) and self._handles[query] != _NONE:
            self._ids[self._handles[query]] = _NONE
            self._handles[query] = _NONE
            self._removed += 1


_QUERIES: WeakKeyDictionary[Store, KeptQueries] = WeakKeyDictionary()


@contextmanager
def kept_queries(store: Store) -> Iterator[KeptQueries]:
    """Yields the set of queries of the last plan, and keeps it for the next plan.

    After an error the set is not kept, since it may be incomplete. Two plans at the same time have separate sets.
    """
    kept = _QUERIES.pop(store, None) or KeptQueries()
    yield kept
    _QUERIES[store] = kept
