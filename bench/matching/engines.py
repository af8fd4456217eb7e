"""The interface of an engine, and three of them: paperwire, the naive loop, and the least work.

An engine compiles lines that differ from each other, reads papers, and finds the papers of each line. Lines that an
engine cannot express are left out (`expresses`). A set of papers is an int with one bit for each paper, as in
paperwire.
"""

from collections.abc import Mapping
from importlib import import_module
from itertools import chain
from typing import Any, Protocol

from bench.matching.lines import Line, terms_of, text_of
from subscriptions.matching import batch
from subscriptions.matching.paper_index import IN_ANY_TEXT, PaperIndex
from subscriptions.model import Paper

Found = Mapping[int, int]  # number of a line -> the papers that it finds


class Engine(Protocol):
    """A program that finds the papers of many queries."""

    most: int = 10**9  # the most lines that it gets; of more lines, it gets only the first ones

    def expresses(self, line: Line) -> bool:
        """Whether the engine can express the meaning of a line."""
        return bool(line.text)

    def compile(self, lines: list[Line]) -> None:
        """Compiles lines that differ from each other."""

    def read(self, papers: list[Paper]) -> None:
        """Reads the papers into the form that the engine needs."""

    def match(self) -> Found:
        """Returns the papers of each line that finds any paper."""


class Paperwire(Engine):
    """The matcher of this project."""

    def compile(self, lines: list[Line]) -> None:
        """Reads and adds each line."""
        self.queries = batch.QuerySet()
        self.handles = [self.queries.add_text(line.text) for line in lines]

    def read(self, papers: list[Paper]) -> None:
        """Makes an index."""
        self.index = PaperIndex.of(papers)

    def match(self) -> Found:
        """Returns handle -> papers. `by_line` converts this to numbers of lines."""
        return batch.match(self.queries, self.index)

    def by_line(self, found: Found) -> Found:
        """Returns the same result as number of a line -> papers."""
        return {number: found[handle] for number, handle in enumerate(self.handles) if handle in found}


class Naive(Engine):
    """The naive loop: searches all words of a line in the text of each paper, in lower case."""

    most = 50_000

    def expresses(self, line: Line) -> bool:
        """Returns True for plain words. Other lines are only timed: it searches all their words."""
        return line.is_plain

    def compile(self, lines: list[Line]) -> None:
        """Splits each line."""
        self.words = [[word for term in terms_of(line) for word in term.words] for line in lines]

    def read(self, papers: list[Paper]) -> None:
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
    """A lower bound: reads the tokens of the papers once, and writes all pairs of the known result.

    Finds nothing itself.
    """

    def read(self, papers: list[Paper]) -> None:
        """Finds the result in advance. `match` only writes it."""
        numpy: Any = import_module("numpy")
        super().read(papers)
        bits = super().match()
        self.numpy, self.known = numpy, bits
        self.texts = self.index.words(IN_ANY_TEXT).of
        self.counts = numpy.array([bits.get(handle, 0).bit_count() for handle in self.handles])
        self.places = numpy.fromiter(
            chain.from_iterable(self.index.positions(bits.get(handle, 0)) for handle in self.handles), numpy.intc
        )

    def match(self) -> Found:
        """Reads the tokens and writes the pairs."""
        lines = self.numpy.repeat(self.numpy.arange(len(self.counts), dtype=self.numpy.intc), self.counts)
        pairs = self.numpy.stack((lines, self.places))
        assert sum(map(len, self.texts)) >= 0 <= pairs.size
        return self.known
