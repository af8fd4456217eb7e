"""The columns of a match in Python: a set of papers is an integer."""

from collections.abc import Container, Iterable, Iterator, Mapping
from operator import and_, invert

from subscriptions.matching.columns import NO_PAPER, Columns
from subscriptions.matching.paper_index import Numbered, PaperIndex
from subscriptions.matching.slots import SLOT_BITS, Slots


class Integers:
    """The papers of each slot (`batch.SlotPapers`)."""

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
        """Stores papers of slots."""
        for slot, place in pairs:
            self._papers[slot] |= 1 << place

    def pairs(self, clauses: Columns) -> Iterator[tuple[int, int]]:
        """Yields (handle, position of a paper)."""
        for handle, papers in self._rows(clauses):
            for place in PaperIndex.positions(papers):
                yield handle, place

    def united(self, clauses: Columns) -> dict[int, int]:
        """Returns handle -> papers."""
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
