"""Queries that are matched together: a set that takes and gives back queries in microseconds."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from subscriptions.matching.columns import NO_PLACE, Columns
from subscriptions.matching.slots import Slots
from subscriptions.query.parsing.parse import parse_canonical, parse_query
from subscriptions.query.parsing.quick import Piece, ShortQuery, read_quickly
from subscriptions.query.syntax import Alternative, Query

MOST_PIECES = 1 << 17  # whose slots are remembered

# the slots that a clause wants, then those that it excludes; how many it excludes
_Clause = tuple[list[int], int]
_Asked = TypeVar("_Asked", Alternative, tuple[Piece, ...])


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once and counted."""

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.slots = Slots()
        self.clauses = Columns()
        self._handles: dict[str, int] = {}  # of canonical texts
        self._texts: list[str] = []  # by handle; "" where the query was removed
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
        return self._put(query.canonical, query.alternatives, self._taken)

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
        return self._handles.get(canonical)

    def _add_short(self, query: ShortQuery) -> int:
        return self._put(query.canonical, query.alternatives, self._taken_pieces)

    def _put(self, canonical: str, alternatives: Sequence[_Asked], taken: Callable[[_Asked], _Clause]) -> int:
        handle = self._handles.get(canonical)
        if handle is None:
            handle = self._handles[canonical] = len(self._texts)
            self._texts.append(canonical)
            self._add(handle, list(map(taken, alternatives)))
        self._uses[handle] += 1
        return handle

    def remove(self, handle: int) -> None:
        """Removes one use of a query, and with the last use the query. Raises KeyError for an unknown handle."""
        if not 0 <= handle < len(self._uses) or not self._uses[handle]:
            raise KeyError(handle)
        self._uses[handle] -= 1
        if self._uses[handle]:
            return
        del self._handles[self._texts[handle]]
        self._texts[handle] = ""
        place = self._places[handle]
        while place != NO_PLACE:
            following = self.clauses.following(place)
            for slot in self.clauses.remove(place):
                if self.slots.release(slot):
                    self._slot_of.clear()
            place = following

    def _taken(self, alternative: Alternative) -> _Clause:
        terms = (*alternative.positive, *alternative.negative)
        return list(map(self.slots.take, terms)), len(alternative.negative)

    def _taken_pieces(self, pieces: tuple[Piece, ...]) -> _Clause:
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
