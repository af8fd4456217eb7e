"""Merges the copies of a paper in one batch of papers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

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


class PaperIndex:
    """Papers with their words and features. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        self.papers: tuple[Paper, ...] = papers.papers
        self.tokenized: tuple[TokenizedPaper, ...] = papers.tokenized
        self.words = defaultdict[str, list[int]](list)  # word of any text -> positions of the papers that have it
        self.features = defaultdict[str, list[int]](list)
        self.spellings = defaultdict[str, int](int)  # word of any text, as written or folded -> the papers that have it
        for place, paper in enumerate(papers.tokenized):
            words = set(paper.folded[TEXT].split())
            for word in words:
                self.words[word].append(place)
            for feature in features_of(paper):
                self.features[feature].append(place)
            bit = 1 << place
            for word in words.union(paper.written[TEXT].split()):
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
