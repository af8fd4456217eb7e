"""Queries that are matched together: a set that takes and gives back queries in microseconds."""

from array import array
from collections.abc import Iterable, Sequence

from subscriptions.matching.columns import NO_PLACE, Columns, State, below, prefixed
from subscriptions.matching.handles import Handles
from subscriptions.matching.slots import Slots
from subscriptions.query import Alternative, Piece, Query, ShortQuery, parse_canonical, parse_query, read_quickly

MOST_PIECES = 1 << 17  # whose slots are remembered

# the slots that a clause wants, then those that it excludes; how many it excludes
_Clause = tuple[list[int], int]


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.slots = Slots()
        self.clauses = Columns()
        self._handles = Handles()
        self._uses = array("i")  # by handle
        self._places = array("q")  # by handle: of its first clause
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
        short = read_quickly(text)
        return self.add(parse_query(text)) if short is None else self._add_short(short)

    def add_canonical(self, text: str) -> int:
        """Adds the query of a canonical text and returns its handle, as `add` does. Raises QueryError."""
        short = read_quickly(text)
        return self._add_short(short) if short and short.canonical == text else self.add(parse_canonical(text))

    def find(self, canonical: str) -> int | None:
        """Returns the handle of a query; None if the set does not have it. Later queries have higher handles."""
        return self._handles.find(canonical)

    def _add_short(self, query: ShortQuery) -> int:
        handle, is_new = self._handles.put(query.canonical)
        if is_new:
            self._add(handle, [self._taken_pieces(pieces) for pieces in query.alternatives])
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
        place = self._places[handle]
        while place != NO_PLACE:
            following = self.clauses.following(place)
            for slot in self.clauses.remove(place):
                if self.slots.release(slot):
                    self._slot_of.clear()
            place = following

    def state(self) -> State:
        """Returns what `restored` takes."""
        return {
            **prefixed("slots.", self.slots.state()),
            **prefixed("clauses.", self.clauses.state()),
            **prefixed("handles.", self._handles.state()),
            "uses": self._uses,
            "places": self._places,
        }

    @classmethod
    def restored(cls, state: State) -> "QuerySet":
        """Returns the set of a state."""
        queries = cls()
        queries.slots = Slots.restored(below("slots.", state))
        queries.clauses = Columns.restored(below("clauses.", state))
        queries._handles = Handles.restored(below("handles.", state))
        queries._uses, queries._places = state["uses"], state["places"]
        return queries

    def _taken(self, alternative: Alternative) -> _Clause:
        terms = (*alternative.positive, *alternative.negative)
        return list(map(self.slots.take, terms)), len(alternative.negative)

    def _taken_pieces(self, pieces: Sequence[Piece]) -> _Clause:
        """Returns the same for pieces, the unwanted ones last."""
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
        several = len(clauses) > 1
        place = NO_PLACE
        for slots, unwanted in reversed(clauses):
            place = self.clauses.add(handle, slots, unwanted, place if several else None)
        self._places.append(place)
