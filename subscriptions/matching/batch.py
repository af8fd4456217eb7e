"""The columns of a match in Python: a set of papers is an integer."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from operator import and_, invert
from typing import TYPE_CHECKING, TypeAlias

from subscriptions.matching.hits import LEAST_NEARNESS, TokenizedPaper, predicate
from subscriptions.matching.paper_index import HEAD, Numbered, PaperIndex
from subscriptions.matching.query_set import QuerySet
from subscriptions.matching.slots import NO_PAPER, SLOT_BITS, Columns, Nearness, Slots
from subscriptions.normalize import is_initial

if TYPE_CHECKING:
    from subscriptions.matching.batch_numpy import Matrix

SlotPapers: TypeAlias = "Integers | Matrix"  # the papers of each slot during one match


class Integers:
    """The papers of each slot (`SlotPapers`)."""

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
        """Stores the papers of slots."""
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
        """Yields (handle, position of a paper that fulfils its clause), the papers of a handle in sequence."""
        for handle, papers in self._rows(clauses):
            for place in PaperIndex.positions(papers):
                yield handle, place

    def united(self, clauses: Columns) -> dict[int, int]:
        """Returns handle -> the papers of all its clauses, of each handle that some paper fulfils."""
        found: dict[int, int] = {}
        for handle, papers in self._rows(clauses):
            found[handle] = found.get(handle, 0) | papers
        return found

    def _rows(self, clauses: Columns) -> Iterator[tuple[int, int]]:
        """Yields (handle, papers) of each clause that some paper fulfils."""
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
    """Yields the slots of the texts of each paper."""
    slots = [slot_of.get(text, NO_PAPER) for text in texts.number_of]
    begin = 0
    for end in texts.ends:
        yield [slots[number] for number in texts.sequence[begin:end]]
        begin = end


def _phrases(words: list[int], steps: Mapping[int, int], begins: Container[int]) -> Iterator[int]:
    """Yields the slots of the phrases in a sequence of words."""
    for start in [place for place, word in enumerate(words) if word in begins]:
        slot, end = words[start], start + 1
        while slot in begins and (step := slot << SLOT_BITS | words[end]) in steps:
            slot, end = steps[step], end + 1
            yield slot


# ---------------------------------------- matches all queries of a set with all papers of an index, a column at a time

# Papers are bits. So a column of slots becomes a column of sets of papers, and two columns are intersected in one step:
# 1. the papers of each word and phrase: the texts of the papers are gone through once, from each word to the next; 2.
# of each feature: the features of the papers are looked up, not those of the queries; 3. of each beginning of words:
# each word of the papers is cut to all lengths; 4. of each two parts of a name: the parts of the authors are looked up;
# 5. of each term that is to be checked: columns of its features give the few papers in which it is looked for; 6. of
# each nearness: the weights of the words that a paper has are added up; 7. of each term of several fields; 8. of each
# query: columns of its slots.  With few queries the columns are gone through in Python (`Integers`), with many by
# NumPy (`batch_numpy`), which is imported only then.


MANY = 5_000  # clauses from which NumPy pays: below, its import (0.1 s, 25 MB) costs more than it saves


def match(queries: QuerySet, index: PaperIndex, *, many: int = MANY) -> Mapping[int, int]:
    """Returns handle -> the papers that a query finds, as bits of the index; without queries that find none."""
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
    """Makes ready what the first match with a set would make."""
    if len(queries.clauses) >= many:
        _matrix().prepare(queries.slots)


def _matrix() -> "type[Matrix]":
    from subscriptions.matching.batch_numpy import Matrix  # noqa: PLC0415 - NumPy takes 100 ms; only many queries need it

    return Matrix


def _begun(beginnings: Mapping[str, int], index: PaperIndex) -> dict[int, int]:
    """Returns the slots of beginnings with the papers that have such a word."""
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
    """Yields the slots of the other parts of a name, and of their initials."""
    initials = filter(is_initial, (part[0] for part in parts))
    return (slot_of[part] for part in (*parts, *initials) if part in slot_of)


def _checked(slots: Slots, index: PaperIndex, candidates: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the candidates, each a term and a paper, where the paper fulfils the term."""
    known: int | None = None
    fulfils: Callable[[TokenizedPaper], bool] = bool
    for slot, place in candidates:
        if slot != known:
            known, fulfils = slot, predicate(slots.checked[slot])
        if fulfils(index.tokenized[place]):
            yield slot, place


def _near(papers: SlotPapers, wanted: Mapping[int, Nearness], index: PaperIndex) -> dict[int, int]:
    """Returns the slots of nearness with the papers that are near enough. The papers of each word are looked up once."""
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
        enough = sum([1 << place for place, sum_ in enumerate(near) if sum_ >= LEAST_NEARNESS])
        found[slot] = enough & ~_any_of(papers, own)
    return found


def _any_of(papers: SlotPapers, slots: Iterable[int]) -> int:
    united = 0
    for slot in slots:
        united |= papers.get(slot)
    return united
