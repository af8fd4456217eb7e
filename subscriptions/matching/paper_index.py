"""An index of papers by their words and features, for matching many queries."""

from array import array
from collections.abc import Iterable, Iterator

from subscriptions.matching.features import features_of
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Paper
from subscriptions.query.fields import FIELDS, TEXT, Fields

LINE_END = 0  # the number of ""


class Numbered:
    """Texts of papers as numbers, one paper behind the other."""

    def __init__(self) -> None:
        self.number_of: dict[str, int] = {"": LINE_END}  # each different text once
        self.sequence = array("i")
        self.ends: list[int] = []  # of each paper in `sequence`

    def add(self, texts: Iterable[str]) -> None:
        """Adds texts of the paper that is not ended yet."""
        number_of = self.number_of
        self.sequence.extend([number_of.setdefault(text, len(number_of)) for text in texts])

    def end(self) -> None:
        """Ends a paper."""
        self.ends.append(len(self.sequence))


class PaperIndex:
    """Papers with their words and features. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        self.papers: tuple[Paper, ...] = papers.papers
        self.tokenized: tuple[TokenizedPaper, ...] = papers.tokenized
        self.words = Numbered()  # of any text, in their order; a LINE_END before, between and after lines
        self.features = Numbered()
        self.spellings: dict[str, int] = {}  # word of any text, as written or folded -> the papers that have it
        self.words.sequence.append(LINE_END)
        for place, paper in enumerate(papers.tokenized):
            for line in paper.folded[TEXT].split("\n"):
                self.words.add(line.split())
                self.words.sequence.append(LINE_END)
            self.words.end()
            self.features.add(features_of(paper))
            self.features.end()
            for word in {*paper.folded[TEXT].split(), *paper.written[TEXT].split()}:
                self.spellings[word] = self.spellings.get(word, 0) | 1 << place

    @classmethod
    def of(cls, papers: Iterable[Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of different papers. Copies of a paper must be merged before (`merge_copies`)."""
        return cls(TokenizedPapers.of(papers, fields=fields))

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest
