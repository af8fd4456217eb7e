"""Queries that are matched together: a set that takes and gives back queries in microseconds."""

from array import array
from collections.abc import Iterable, Sequence

from subscriptions.matching.columns import Columns
from subscriptions.matching.slots import Slots
from subscriptions.query import Alternative, Piece, Query, parse_query, read_quickly

MOST_PIECES = 1 << 17  # whose slots are remembered

_Clause = tuple[
    list[int], int
]  # the slots that it wants and, behind them, those that it does not want; how many these are


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.slots = Slots()
        self.clauses = Columns()
        self._handles: dict[str, int] = {}  # canonical text -> handle
        self._canonicals: list[str] = []  # by handle
        self._uses = array("i")  # by handle
        self._places = array("q")  # by handle: of its first clause
        self._more_places: dict[int, list[int]] = {}  # of its other clauses
        self._slot_of: dict[Piece, int] = {}  # a cache: looking up a term takes ten times as long
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """Returns the number of different queries."""
        return len(self._handles)

    def add(self, query: Query) -> int:
        """Adds a query and returns its handle, the same for equal queries. No other query ever gets this handle."""
        handle = self._handles.get(query.canonical)
        if handle is None:
            return self._add(query.canonical, [self._taken(one) for one in query.alternatives])
        self._uses[handle] += 1
        return handle

    def add_text(self, text: str) -> int:
        """Adds the query that a person typed and returns its handle, as `add` does. Raises QueryError."""
        query = read_quickly(text)
        if query is None:
            return self.add(parse_query(text))
        canonical, alternatives = query
        handle = self._handles.get(canonical)
        if handle is None:
            return self._add(canonical, [self._taken_pieces(pieces) for pieces in alternatives])
        self._uses[handle] += 1
        return handle

    def remove(self, handle: int) -> None:
        """Removes one use of a query, and with the last use the query. Raises KeyError for an unknown handle."""
        if not 0 <= handle < len(self._uses) or not self._uses[handle]:
            raise KeyError(handle)
        self._uses[handle] -= 1
        if self._uses[handle]:
            return
        del self._handles[self._canonicals[handle]]
        self._canonicals[handle] = ""
        for place in (self._places[handle], *self._more_places.pop(handle, ())):
            for slot in self.clauses.remove(place):
                if self.slots.release(slot):
                    self._slot_of.clear()

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

    def _add(self, canonical: str, clauses: Sequence[_Clause]) -> int:
        handle = len(self._canonicals)
        self._handles[canonical] = handle
        self._canonicals.append(canonical)
        self._uses.append(1)
        is_single = len(clauses) == 1
        places = [self.clauses.add(handle, slots, unwanted, is_single=is_single) for slots, unwanted in clauses]
        self._places.append(places[0])
        if not is_single:
            self._more_places[handle] = places[1:]
        return handle
