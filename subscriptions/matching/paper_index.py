"""Merges the copies of a paper in one batch of papers."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from subscriptions.matching.features import features_of
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Announce, Paper
from subscriptions.query.fields import FIELDS, TEXT, Fields

_BY_NEWS_VALUE = (None, *Announce)  # None counts as new; then new, cross, replace, replace-cross


def merge_copies(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Returns each paper once: with the texts of its first copy, and the categories and sources of all copies.

    Its announce type is the first of new, cross, replace, replace-cross that a copy has; no type counts as new.
    """
    merged: dict[str, Paper] = {}
    for paper in papers:
        first = merged.get(paper.key)
        merged[paper.key] = paper if first is None else _with_categories_of(first, paper)
    return tuple(merged.values())


def _with_categories_of(first: Paper, copy: Paper) -> Paper:
    return replace(
        first,
        categories=tuple(dict.fromkeys(first.categories + copy.categories)),
        sources=tuple(dict.fromkeys(first.sources + copy.sources)),
        primary=first.primary or copy.primary,
        announce_type=min(first.announce_type, copy.announce_type, key=_BY_NEWS_VALUE.index),
    )


# ---------------------------------------------------------------------------------------------------------------------
# An index of papers by their words and features, for matching many queries.


LINE_END = 0  # the number of ""


class Numbered:
    """Texts of papers as numbers, one paper after the other."""

    def __init__(self) -> None:
        # each different text once, in the order of the numbers; a text that is new gets the next one
        self.number_of = defaultdict[str, int](count(LINE_END + 1).__next__, {"": LINE_END})
        self.sequence = array("i")
        self.ends: list[int] = []  # of each paper in `sequence`

    def add(self, texts: Iterable[str]) -> None:
        """Adds texts of the paper that is not ended yet."""
        self.sequence.extend(map(self.number_of.__getitem__, texts))

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
        self.spellings = defaultdict[str, int](int)  # word of any text, as written or folded -> the papers that have it
        self.words.sequence.append(LINE_END)
        for place, paper in enumerate(papers.tokenized):
            words = paper.folded[TEXT].replace("\n", "").split(" ")[1:]  # lines are " word word ": "" ends each
            self.words.add(words)
            self.words.end()
            self.features.add(features_of(paper))
            self.features.end()
            bit = 1 << place
            for word in {*words, *paper.written[TEXT].split()}:
                self.spellings[word] |= bit

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
