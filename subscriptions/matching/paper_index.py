"""The papers of a window, ready to be matched."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from subscriptions.matching.features import EVERY_PAPER, deciding_feature, features_of, head_of, needed_by, words_of
from subscriptions.matching.tokenized_paper import TEXT_FIELDS, Reading, asked_by, fits, read, simple_terms
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Announce, Paper
from subscriptions.query import Query, Term


@dataclass(frozen=True, slots=True)
class PaperIndex:
    """The papers of a window, taken to pieces. A set of them is an int: bit n is `papers[n]`."""

    papers: tuple[Paper, ...]
    readings: tuple[Reading, ...]
    features: dict[str, int]  # feature -> the papers that have it
    words: dict[str, dict[str, int]]  # beginning -> word, as written or folded -> the papers that have it in a text

    @classmethod
    def of(cls, papers: Iterable[Paper]) -> "PaperIndex":
        """Reads papers, each a different one: copies of one paper are merged before (`merge_copies`)."""
        return cls.on(TokenizedPapers.of(papers))

    @classmethod
    def on(cls, shelf: TokenizedPapers) -> "PaperIndex":
        """The papers of a shelf, which were read already."""
        papers, readings = shelf.papers, shelf.readings
        features = _bits(map(features_of, readings)) | {EVERY_PAPER: (1 << len(papers)) - 1}
        words: dict[str, dict[str, int]] = {}
        for word, having in _bits(map(words_of, readings)).items():
            if head := head_of(word):
                words.setdefault(head, {})[word] = having
        features |= {head: reduce(or_, begun.values()) for head, begun in words.items()}
        return cls(papers, readings, features, words)

    def having(self, term: Term) -> int:
        """The papers in which a term stands."""
        feature = deciding_feature(term)
        if feature is not None:
            return self.features.get(feature, 0)
        part, *others = simple_terms(term)
        return reduce(or_, map(self.having, (part, *others))) if others else self._verified(part)

    def positions(self, papers: int) -> Iterator[int]:
        """The places in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest

    def _verified(self, term: Term) -> int:
        """The papers that have all features a simple term needs, and in which it stands."""
        candidates = self.features[EVERY_PAPER]
        for feature in needed_by(term):
            candidates &= self.features.get(feature, 0)
        if term.prefix and not term.exact and term.field in TEXT_FIELDS and head_of(term.tokens[-1]):
            candidates &= self._beginning(term.tokens[-1])
            if term.field == "text" and len(term.tokens) == 1:
                return candidates
        asked = asked_by(term)
        return sum(1 << place for place in self.positions(candidates) if asked(self.readings[place]))

    def _beginning(self, beginning: str) -> int:
        """The papers with a word that begins so."""
        words = self.words.get(head_of(beginning), {}).items()
        return reduce(or_, (having for word, having in words if word.startswith(beginning)), 0)


def matching_papers(query: Query, papers: Sequence[Paper]) -> tuple[int, ...]:
    """The places in `papers` of those that one query matches: for many queries, see `match`."""
    return tuple(place for place, paper in enumerate(papers) if fits(query, read(paper)))


_NEWS = (None, *Announce)  # new, cross, replace, replace-cross: as news, the earlier wins


def merge_copies(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """A paper that stands twice in a batch is one: the first copy's texts, the categories and sources of all.

    It is announced as its most newsworthy copy is: "new" wins, and a copy without a type counts as new.
    """
    merged: dict[str, Paper] = {}
    for paper in papers:
        first = merged.get(paper.key)
        merged[paper.key] = paper if first is None else _with_categories_of(first, paper)
    return tuple(merged.values())


def _bits(found: Iterable[Iterable[str]]) -> dict[str, int]:
    """What is found in papers, one after the other: each thing -> the papers that have it."""
    papers: dict[str, int] = {}
    for place, things in enumerate(found):
        bit = 1 << place
        for thing in things:
            papers[thing] = papers.get(thing, 0) | bit
    return papers


def _with_categories_of(first: Paper, copy: Paper) -> Paper:
    return replace(
        first,
        categories=tuple(dict.fromkeys(first.categories + copy.categories)),
        sources=tuple(dict.fromkeys(first.sources + copy.sources)),
        primary=first.primary or copy.primary,
        announce_type=min(first.announce_type, copy.announce_type, key=_NEWS.index),
    )
