"""Queries that are matched together: a set that takes and gives back queries in microseconds."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

from subscriptions.matching.columns import Columns, State, below, prefixed
from subscriptions.matching.handles import Handles
from subscriptions.matching.slots import Slots
from subscriptions.query import Alternative, Piece, Query, parse_query, read_quickly

MOST_PIECES = 1 << 17  # whose slots are remembered

# the slots that a clause wants and, behind them, those that it does not want; how many these are
_Clause = tuple[list[int], int]


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.slots = Slots()
        self.clauses = Columns()
        self._handles = Handles()
        self._uses = array("i")  # by handle
        self._places = array("q")  # by handle: of its first clause
        self._next_places: dict[int, int] = {}  # of a clause -> of the next one of its handle
        self._slot_of: dict[Piece, int] = {}  # a cache: looking up a term takes ten times as long
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """Returns the number of different queries."""
        return len(self._handles)

    def add(self, query: Query) -> int:
        """Adds a query and returns its handle, the same for equal queries. No other query ever gets this handle."""
        handle, is_new = self._handles.put(query.canonical)
        if is_new:
            self._add(handle, [self._taken(one) for one in query.alternatives])
        self._uses[handle] += 1
        return handle

    def add_text(self, text: str) -> int:
        """Adds the query that a person typed and returns its handle, as `add` does. Raises QueryError."""
        query = read_quickly(text)
        if query is None:
            return self.add(parse_query(text))
        canonical, alternatives = query
        handle, is_new = self._handles.put(canonical)
        if is_new:
            self._add(handle, [self._taken_pieces(pieces) for pieces in alternatives])
        self._uses[handle] += 1
        return handle

    def remove(self, handle: int) -> None:
        """Removes one use of a query, and with the last use the query. Raises KeyError for an unknown handle."""
        if not 0 <= handle < len(self._uses) or not self._uses[handle]:
            raise KeyError(handle)
        self._uses[handle] -= 1
        if self._uses[handle]:
            return
        self._handles.remove(handle)
        place: int | None = self._places[handle]
        while place is not None:
            for slot in self.clauses.remove(place):
                if self.slots.release(slot):
                    self._slot_of.clear()
            place = self._next_places.pop(place, None)

    def state(self) -> State:
        """Returns what `restored` takes."""
        return {
            **prefixed("slots.", self.slots.state()),
            **prefixed("clauses.", self.clauses.state()),
            **prefixed("handles.", self._handles.state()),
            "uses": self._uses,
            "places": self._places,
            "next_places": array("q", self._next_places.values()),
            "clauses_with_next": array("q", self._next_places),
        }

    @classmethod
    def restored(cls, state: State) -> "QuerySet":
        """Returns the set of a state."""
        queries = cls()
        queries.slots = Slots.restored(below("slots.", state))
        queries.clauses = Columns.restored(below("clauses.", state))
        queries._handles = Handles.restored(below("handles.", state))
        queries._uses, queries._places = state["uses"], state["places"]
        queries._next_places = dict(zip(state["clauses_with_next"], state["next_places"], strict=True))
        return queries

    def _taken(self, alternative: Alternative) -> _Clause:
        terms = (*alternative.positive, *alternative.negative)
        return list(map(self.slots.take, terms)), len(alternative.negative)

    def _taken_pieces(self, pieces: Sequence[Piece]) -> _Clause:
        """Returns the same for pieces, of which the unwanted ones stand last."""
        try:
            slots = [self._slot_of[piece] for piece in pieces]
        except KeyError:
            slots = list(map(self._taken_piece, pieces))
        else:
            self.slots.take_again(slots)
        unwanted = 0
        while pieces[-1 - unwanted].excluded:
            unwanted += 1
        return slots, unwanted

    def _taken_piece(self, piece: Piece) -> int:
        slot = self.slots.take(piece.term)
        if len(self._slot_of) >= MOST_PIECES:
            self._slot_of.clear()
        self._slot_of[piece] = slot
        return slot

    def _add(self, handle: int, clauses: Sequence[_Clause]) -> None:
        self._uses.append(0)
        is_single = len(clauses) == 1
        places = [self.clauses.add(handle, slots, unwanted, is_single=is_single) for slots, unwanted in clauses]
        self._places.append(places[0])
        self._next_places.update(pairwise(places))
