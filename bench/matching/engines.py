"""What an engine is, paperwire as one, the naive loop, and the least work. Each engine compiles different lines, reads papers, and finds the papers of each line.

What an engine cannot say is left out (`expresses`). Bits of a number are papers, as in paperwire.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Any, Protocol

from bench.matching.lines import Line, terms_of, text_of
from subscriptions.matching.batch import match, prepare
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.query_set import QuerySet
from subscriptions.model import Paper

Found = Mapping[int, int]  # number of a line -> the papers that it finds


class Engine(Protocol):
    """One way to find the papers of many queries."""

    most: int  # lines that it is asked to compile; of more it gets the first ones

    def expresses(self, line: Line) -> bool:
        """Whether the engine can say what a line means."""

    def compile(self, lines: Sequence[Line]) -> None:
        """Takes different lines."""

    def read(self, papers: Sequence[Paper]) -> None:
        """Takes the papers, in the form that suits the engine."""

    def match(self) -> Found:
        """Returns the papers of each line that finds any."""


class Paperwire:
    """What this project is."""

    most = 10**9

    def expresses(self, line: Line) -> bool:
        """Returns True."""
        return bool(line.text)

    def compile(self, lines: Sequence[Line]) -> None:
        """Reads and adds each line."""
        self.queries = QuerySet()
        self.handles = [self.queries.add_text(line.text) for line in lines]
        prepare(self.queries)

    def read(self, papers: Sequence[Paper]) -> None:
        """Makes an index."""
        self.index = PaperIndex.of(papers)

    def match(self) -> Found:
        """Returns handle -> papers; the runner asks `by_line` for those of a line."""
        return match(self.queries, self.index)

    def by_line(self, found: Found) -> Found:
        """Returns the same by the numbers of lines."""
        return {number: found[handle] for number, handle in enumerate(self.handles) if handle in found}


class Naive:
    """The naive loop: all words of a line are looked for in the text of each paper, in lower case."""

    most = 50_000

    def expresses(self, line: Line) -> bool:
        """Returns True for plain words; of other lines it looks for all words, only to be timed."""
        return line.is_plain

    def compile(self, lines: Sequence[Line]) -> None:
        """Splits each line."""
        self.words = [[word for term in terms_of(line) for word in term.words] for line in lines]

    def read(self, papers: Sequence[Paper]) -> None:
        """Joins the texts of each paper."""
        self.texts = [text_of(paper).lower() for paper in papers]

    def match(self) -> Found:
        """Goes through all lines and all papers."""
        found = [
            [place for place, text in enumerate(self.texts) if all(word in text for word in words)]
            for words in self.words
        ]
        return {number: sum(1 << place for place in places) for number, places in enumerate(found) if places}


class LeastWork(Paperwire):
    """A bound from below: the tokens of the papers are read once, and all pairs of the answer are written. Finds nothing."""

    def read(self, papers: Sequence[Paper]) -> None:
        """Finds the answer, which `match` will only write."""
        numpy: Any = import_module("numpy")
        super().read(papers)
        bits = super().match()
        self.numpy, self.known = numpy, bits
        self.tokens = numpy.frombuffer(self.index.words.sequence, numpy.intc)
        self.counts = numpy.array([bits.get(handle, 0).bit_count() for handle in self.handles])
        self.places = numpy.fromiter(
            chain.from_iterable(self.index.positions(bits.get(handle, 0)) for handle in self.handles), numpy.intc
        )

    def match(self) -> Found:
        """Reads the tokens and writes the pairs."""
        lines = self.numpy.repeat(self.numpy.arange(len(self.counts), dtype=self.numpy.intc), self.counts)
        pairs = self.numpy.stack((lines, self.places))
        assert int(self.tokens.sum()) >= 0 <= pairs.size
        return self.known
