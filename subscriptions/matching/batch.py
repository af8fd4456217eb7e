"""All queries of a plan as one set, which is kept between plans, and its match with all papers of an index.

Adding or removing a query takes microseconds. A match works on one column at a time: a column of slots becomes a column
of sets of papers, and two columns are intersected in one step. A match finds, in this order, the papers of

1. each word and phrase: it goes through the texts of the papers once, from each word to the next
2. each feature: it looks up the features of the papers, not those of the queries
3. each beginning of a word: it cuts each word of the papers to all lengths
4. each pair of parts of a name: it looks up the parts of the authors' names
5. each checked term: the columns of its features give the few papers in which to look for it
6. each term of nearness (`like:`): it adds up the weights of its words that a paper has
7. each term of several fields: it unites the papers of its parts
8. each query: it intersects the columns of its slots

Python computes the columns for few queries (`Integers`: a set of papers is an integer), NumPy for many (`batch_numpy`,
which is imported only then).
"""

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from operator import and_, invert
from secrets import token_bytes
from typing import TYPE_CHECKING, TypeAlias

from subscriptions.matching import hits
from subscriptions.matching.hits import TokenizedPaper
from subscriptions.matching.paper_index import HEAD, Numbered, PaperIndex
from subscriptions.matching.slots import NO_PAPER, SLOT_BITS, Columns, Nearness, Slots
from subscriptions.normalize import is_initial
from subscriptions.query import Alternative, Query, parse
from subscriptions.query.quick import Piece, ShortQuery, read_quickly

if TYPE_CHECKING:
    from subscriptions.matching.batch_numpy import Matrix

MOST_PIECES = 1 << 17  # pieces whose slots are cached

# (the slots that a clause wants, followed by the slots that it excludes; how many slots it excludes)
_Clause = tuple[list[int], int]


class QuerySet:
    """Queries that are matched together. Queries with equal canonical texts are kept once, with a count.

    A handle is a number from 0. No other query ever gets the same handle, even after its query was removed.
    """

    def __init__(self, queries: Iterable[Query] = ()) -> None:
        self.slots = Slots()
        self.clauses = Columns()
        self._key = token_bytes(16)
        self._handles: dict[int, int] = {}  # digest of the canonical text, which takes less memory -> handle
        self._digests = array("Q")  # handle -> digest
        self._uses = array("i")  # handle -> how often the query was added
        self._places = array("q")  # handle -> the place of its first clause
        self._others: dict[int, tuple[int, ...]] = {}  # handle -> the places of its other clauses
        self._slot_of: dict[Piece, int] = {}  # a cache: looking up a term takes ten times as long
        for query in queries:
            self.add(query)

    def __len__(self) -> int:
        """Returns the number of different queries."""
        return len(self._handles)

    def add(self, query: Query) -> int:
        """Adds a query and returns its handle. Equal queries get the same handle; no other query ever gets it."""
        return self._put(query.canonical, map(self._taken, query.alternatives))

    def add_text(self, text: str) -> int:
        """Adds the query that a person typed and returns its handle, as `add` does. Raises QueryError."""
        short = read_quickly(text)
        return self.add(parse.parse_query(text)) if short is None else self._add_short(short)

    def add_canonical(self, text: str) -> int:
        """Adds the query of a canonical text and returns its handle, as `add` does. Raises QueryError."""
        short = read_quickly(text)
        return self._add_short(short) if short and short.canonical == text else self.add(parse.parse_canonical(text))

    def find(self, canonical: str) -> int | None:
        """Returns the handle of a query; None if the set does not have it. Queries added later have higher handles."""
        return self._handles.get(self._digest(canonical))

    def _add_short(self, query: ShortQuery) -> int:
        return self._put(query.canonical, map(self._taken_pieces, query.alternatives))

    def remove(self, handle: int) -> None:
        """Undoes one `add` of a query. After the last one, the query is gone. Raises KeyError for an unknown handle."""
        if not 0 <= handle < len(self._uses) or not self._uses[handle]:
            raise KeyError(handle)
        self._uses[handle] -= 1
        if self._uses[handle]:
            return
        del self._handles[self._digests[handle]]
        for place in (self._places[handle], *self._others.pop(handle, ())):
            for slot in self.clauses.remove(place):
                if self.slots.release(slot):
                    self._slot_of.clear()

    def _digest(self, canonical: str) -> int:
        return int.from_bytes(blake2b(canonical.encode(), digest_size=8, key=self._key).digest())

    def _taken(self, alternative: Alternative) -> _Clause:
        terms = (*alternative.positive, *alternative.negative)
        return list(map(self.slots.take, terms)), len(alternative.negative)

    def _taken_pieces(self, pieces: Sequence[Piece]) -> _Clause:
        """Takes the slots of an alternative, given as pieces. The excluded pieces must come last."""
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
        """Adds a query and returns its handle. Reads `alternatives`, which takes slots, only if the query is new."""
        digest = self._digest(canonical)
        handle = self._handles.get(digest)
        if handle is None:
            handle = self._handles[digest] = len(self._digests)
            clauses = list(alternatives)
            first, *others = [
                self.clauses.add(handle, slots, out, is_single=len(clauses) == 1) for slots, out in clauses
            ]
            self._digests.append(digest)
            self._uses.append(0)
            self._places.append(first)
            if others:
                self._others[handle] = tuple(others)
        self._uses[handle] += 1
        return handle


# --------------------------------------------------------------------------------- the columns of a match, and a match


SlotPapers: TypeAlias = "Integers | Matrix"  # the papers of each slot during one match


class Integers:
    """The papers of each slot during one match (`SlotPapers`), each set of papers as an integer."""

    def __init__(self, slots: int) -> None:
        self._papers = [0] * slots

    def put_words(self, slots: Slots, index: PaperIndex) -> None:
        """Stores the papers of words and phrases."""
        begins = {step >> SLOT_BITS for step in slots.steps}
        for place, words in enumerate(_by_paper(index.words, slots.words)):
            found = {*words}
            if begins:
                found.update(_phrases(words, slots.steps, begins))
            self._put_paper(place, found)

    def put_features(self, slots: Slots, index: PaperIndex) -> None:
        """Stores the papers of features."""
        for place, found in enumerate(_by_paper(index.features, slots.features)):
            self._put_paper(place, {*found})

    def _put_paper(self, place: int, slots: set[int]) -> None:
        for slot in slots - {NO_PAPER}:
            self._papers[slot] |= 1 << place

    def put(self, papers: Mapping[int, int]) -> None:
        """Stores the papers of slots. `papers`: slot -> its papers."""
        for slot, having in papers.items():
            self._papers[slot] = having

    def get(self, slot: int) -> int:
        """Returns the papers of a slot."""
        return self._papers[slot]

    def put_pairs(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Stores (slot, position of a paper that has it)."""
        for slot, place in pairs:
            self._papers[slot] |= 1 << place

    def pairs(self, clauses: Columns) -> Iterator[tuple[int, int]]:
        """Yields (handle, position of a paper that fulfils its clause). The papers of a clause follow each other."""
        for handle, papers in self._rows(clauses):
            for place in PaperIndex.positions(papers):
                yield handle, place

    def united(self, clauses: Columns) -> dict[int, int]:
        """Returns handle -> papers that fulfil any of its clauses, without handles that no paper fulfils."""
        found: dict[int, int] = {}
        for handle, papers in self._rows(clauses):
            found[handle] = found.get(handle, 0) | papers
        return found

    def _rows(self, clauses: Columns) -> Iterator[tuple[int, int]]:
        """Yields (handle, papers) for each clause that at least one paper fulfils."""
        of = self._papers.__getitem__
        for table in clauses:
            first, *others = table.wanted
            found = map(of, first)
            for column in others:
                found = map(and_, found, map(of, column))
            for column in table.unwanted:
                found = map(and_, found, map(invert, map(of, column)))
            yield from [(handle, papers) for handle, papers in zip(table.handles, found, strict=True) if papers]


def _by_paper(texts: Numbered, slot_of: Mapping[str, int]) -> Iterator[list[int]]:
    """Yields, for each paper, the slots of its texts. A text without a slot has NO_PAPER."""
    slots = [slot_of.get(text, NO_PAPER) for text in texts.number_of]
    begin = 0
    for end in texts.ends:
        yield [slots[number] for number in texts.sequence[begin:end]]
        begin = end


def _phrases(words: list[int], steps: Mapping[int, int], begins: Container[int]) -> Iterator[int]:
    """Yields the slots of all phrases in a sequence of words. `begins`: the slots with which longer phrases begin."""
    for start in [place for place, word in enumerate(words) if word in begins]:
        slot, end = words[start], start + 1
        while slot in begins and (step := slot << SLOT_BITS | words[end]) in steps:
            slot, end = steps[step], end + 1
            yield slot


MANY = 5_000  # clauses for which NumPy is used; for fewer, its import (0.1 s, 25 MB) costs more than it saves


def match(queries: QuerySet, index: PaperIndex, *, many: int = MANY) -> Mapping[int, int]:
    """Returns handle -> the papers that the query finds, as bits of the index. Queries that find none are left out."""
    if not index.papers or not len(queries):
        return {}
    slots = queries.slots
    numpy = len(queries.clauses) >= many
    papers: SlotPapers = _matrix()(len(slots), len(index.papers)) if numpy else Integers(len(slots))
    papers.put_words(slots, index)
    papers.put_features(slots, index)
    papers.put(_begun(slots.beginnings, index))
    papers.put_pairs(_named(slots, index))
    papers.put_pairs(_checked(slots, index, papers.pairs(slots.candidates)))
    papers.put(_near(papers, slots.nearness, index))
    papers.put({slot: _any_of(papers, parts) for slot, parts in slots.parts.items()})
    return papers.united(queries.clauses)


def prepare(queries: QuerySet, *, many: int = MANY) -> None:
    """Computes in advance what the first match with this set would have to compute."""
    if len(queries.clauses) >= many:
        _matrix().prepare(queries.slots)


def _matrix() -> "type[Matrix]":
    from subscriptions.matching.batch_numpy import Matrix  # noqa: PLC0415 - NumPy takes 100 ms; only many queries need it

    return Matrix


def _begun(beginnings: Mapping[str, int], index: PaperIndex) -> dict[int, int]:
    """Returns slot -> papers for beginnings of words. `beginnings`: beginning -> slot."""
    found: dict[int, int] = {}
    slot_of = beginnings.get
    for word, papers in index.spellings.items() if beginnings else ():
        for length in range(HEAD, len(word) + 1):
            slot = slot_of(word[:length])
            if slot is not None:
                found[slot] = found.get(slot, 0) | papers
    return found


def _named(slots: Slots, index: PaperIndex) -> Iterator[tuple[int, int]]:
    """Yields (slot of two parts of a name, position of a paper with such an author)."""
    for field, wanted in slots.names.items():
        for place, paper in enumerate(index.tokenized):
            for name in paper.names[field]:
                for at, part in enumerate(name):
                    for slot in _other_parts(wanted[part], name[:at] + name[at + 1 :]) if part in wanted else ():
                        yield slot, place


def _other_parts(slot_of: Mapping[str, int], parts: tuple[str, ...]) -> Iterator[int]:
    """Yields the slots in `slot_of` of these parts of a name and of their initials. Leaves out parts without a slot."""
    initials = filter(is_initial, (part[0] for part in parts))
    return (slot_of[part] for part in (*parts, *initials) if part in slot_of)


def _checked(slots: Slots, index: PaperIndex, candidates: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields those candidates, each (slot of a term, position of a paper), whose paper fulfils the term."""
    known: int | None = None
    fulfils: Callable[[TokenizedPaper], bool] = bool
    for slot, place in candidates:
        if slot != known:
            known, fulfils = slot, hits.predicate(slots.checked[slot])
        if fulfils(index.tokenized[place]):
            yield slot, place


def _near(papers: SlotPapers, wanted: Mapping[int, Nearness], index: PaperIndex) -> dict[int, int]:
    """Returns slot -> papers that are near enough, for each slot of nearness. Looks up the papers of each word once."""
    found: dict[int, int] = {}
    having: dict[int, list[int]] = {}
    for slot, (words, own) in wanted.items():
        near = [0] * len(index.papers)
        for word, weight in words:
            places = having.get(word)
            if places is None:
                places = having[word] = list(index.positions(papers.get(word)))
            for place in places:
                near[place] += weight
        enough = sum([1 << place for place, sum_ in enumerate(near) if sum_ >= hits.LEAST_NEARNESS])
        found[slot] = enough & ~_any_of(papers, own)
    return found


def _any_of(papers: SlotPapers, slots: Iterable[int]) -> int:
    united = 0
    for slot in slots:
        united |= papers.get(slot)
    return united
