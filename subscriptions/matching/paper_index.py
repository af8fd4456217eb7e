"""An index of papers by their features, for matching many queries."""

from array import array
from collections.abc import Iterable, Iterator
from functools import cached_property

from subscriptions.matching.features import features_of
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Paper
from subscriptions.query.fields import FIELDS, TEXT, Fields

LINE_END = 0


class PaperIndex:
    """Papers with their words and features. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        self.papers: tuple[Paper, ...] = papers.papers
        self.tokenized: tuple[TokenizedPaper, ...] = papers.tokenized
        self.features_by_paper = tuple(map(features_of, papers.tokenized))
        self.vocabulary: dict[str, int] = {"": LINE_END}  # word of any text -> its number
        self.sequence = array("i", [LINE_END])  # the numbers of all words in their order, with LINE_END between lines
        self.ends = [self._read(paper.folded[TEXT]) for paper in papers.tokenized]  # of each paper in `sequence`

    def _read(self, lines: str) -> int:
        number_of = self.vocabulary.setdefault
        for line in lines.split("\n"):
            self.sequence.extend([number_of(word, len(self.vocabulary)) for word in line.split()])
            self.sequence.append(LINE_END)
        return len(self.sequence)

    @classmethod
    def of(cls, papers: Iterable[Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of different papers. Copies of a paper must be merged before (`merge_copies`)."""
        return cls(TokenizedPapers.of(papers, fields=fields))

    @cached_property
    def features(self) -> dict[str, int]:
        """Feature -> the papers that have it."""
        return _bits(self.features_by_paper)

    @cached_property
    def words(self) -> dict[str, int]:
        """Word of any text, as written or folded -> the papers that have it."""
        return _bits({*paper.folded[TEXT].split(), *paper.written[TEXT].split()} for paper in self.tokenized)

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest


def _bits(found: Iterable[Iterable[str]]) -> dict[str, int]:
    """Returns text -> the papers that have it, of the texts of each paper."""
    papers: dict[str, int] = {}
    for place, texts in enumerate(found):
        bit = 1 << place
        for text in texts:
            papers[text] = papers.get(text, 0) | bit
    return papers
