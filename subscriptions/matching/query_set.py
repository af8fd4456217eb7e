"""All queries of a plan as one set, which is kept between plans."""

import pickle
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b, sha256
from io import BytesIO
from secrets import token_bytes
from typing import Any

from subscriptions.matching.slots import NO_PLACE, Columns, Nearness, Slots, Table
from subscriptions.query import Alternative, Query, Term, field_named
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.quick import Piece, ShortQuery, read_quickly

NO_HANDLE = -1
_REMOVED = -2  # a place that was used: the search goes on after it
_LEAST_PLACES = 1 << 8


class Handles:
    """Numbers from 0 for different texts. A number is used for one text only, also when that was removed."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or token_bytes(16)
        self.digests = array("Q")  # by handle
        self.places = array("i", [NO_HANDLE]) * _LEAST_PLACES  # a power of two
        self.used = 0  # places that are not NO_HANDLE
        self.count = 0  # handles that were not removed

    def __len__(self) -> int:
        """Returns the number of texts that have a handle."""
        return self.count

    def put(self, text: str) -> tuple[int, bool]:
        """Returns the handle of a text, and whether it is new."""
        digest = self._digest(text)
        place, handle = self._found(digest)
        if handle != NO_HANDLE:
            return handle, False
        if 3 * self.used >= 2 * len(self.places):
            self._rebuild()
            place, _ = self._found(digest)
        handle = len(self.digests)
        self.digests.append(digest)
        self.places[place] = handle
        self.used += 1
        self.count += 1
        return handle, True

    def find(self, text: str) -> int | None:
        """Returns the handle of a text; None if it has none."""
        _, handle = self._found(self._digest(text))
        return None if handle == NO_HANDLE else handle

    def remove(self, handle: int) -> None:
        """Forgets the text of a handle."""
        place, _ = self._found(self.digests[handle])
        self.places[place] = _REMOVED
        self.count -= 1

    def _digest(self, text: str) -> int:
        return int.from_bytes(blake2b(text.encode(), digest_size=8, key=self.key).digest(), "little")

    def _found(self, digest: int) -> tuple[int, int]:
        """Returns (the place of a digest, its handle), else (the place where it may be put, NO_HANDLE)."""
        places, digests = self.places, self.digests
        last = len(places) - 1
        place = digest & last
        while (handle := places[place]) != NO_HANDLE:
            if handle != _REMOVED and digests[handle] == digest:
                return place, handle
            place = place + 1 & last
        return place, NO_HANDLE

    def _rebuild(self) -> None:
        """Rebuilds the table without removed places, with at most a third of it used."""
        handles = [handle for handle in self.places if handle >= 0]
        size = _LEAST_PLACES
        while size < 3 * len(handles):
            size *= 2
        self.places = array("i", [NO_HANDLE]) * size
        self.used = len(handles)
        for handle in handles:
            self.places[self._found(self.digests[handle])[0]] = handle


# ----------------------------------------------------------------------------------- queries that are matched together

# a set that takes and gives back queries in microseconds.


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
        return self._put(query.canonical, map(self._taken, query.alternatives))

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
        return self._put(query.canonical, map(self._taken_pieces, query.alternatives))

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

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {"_slot_of": {}}

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

    def _put(self, canonical: str, alternatives: Iterator[_Clause]) -> int:
        """Adds a query, whose slots are taken only if the set does not have it."""
        handle, is_new = self._handles.put(canonical)
        if is_new:
            clauses = list(alternatives)
            place = NO_PLACE
            for slots, unwanted in reversed(clauses):
                place = self.clauses.add(handle, slots, unwanted, place if len(clauses) > 1 else None)
            self._uses.append(0)
            self._places.append(place)
        self._uses[handle] += 1
        return handle


# ------------------------------------ A set of queries as bytes, so that a start need not read a million queries again


_MAGIC = b"paperwire queries 4 "  # the number is raised when slots, features or the rules of words change
_DIGEST = 32  # bytes
_PARTS = (QuerySet, Handles, Slots, Columns, Table, Nearness, Term, field_named, array)
_KNOWN = {("array", "_array_reconstructor"), *((one.__module__, one.__qualname__) for one in _PARTS)}


class DamagedSnapshot(Exception):
    """Bytes that `load` refuses. The queries are to be read again."""


class _Reader(pickle.Unpickler):
    """Reads plain values and what a set is made of. So a file that others have written can call nothing."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as pickle has it
        if (module, name) not in _KNOWN:
            raise DamagedSnapshot
        return super().find_class(module, name)


def dump(kept: object) -> bytes:
    """Returns a set, or plain values and sets together, as bytes: about 50 bytes for a different query."""
    body = pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
    return _MAGIC + sha256(body).digest() + body


def load(data: bytes) -> Any:  # noqa: ANN401 - whatever `dump` took
    """Returns what `dump` took. Raises DamagedSnapshot."""
    body = memoryview(data)[len(_MAGIC) + _DIGEST :]
    if data[: len(_MAGIC) + _DIGEST] != _MAGIC + sha256(body).digest():
        raise DamagedSnapshot
    return _Reader(BytesIO(body)).load()
