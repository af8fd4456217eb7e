"""Papers with their tokens, each once, and their index; of several copies of a paper, whose texts, categories and announce type count."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import intern
from typing import NamedTuple

from subscriptions import model
from subscriptions.matching import fulfilment, hits
from subscriptions.query import FIELDS, TEXT, Field, Fields, ValueKind
from subscriptions.query.tree import Query, Term


@dataclass(frozen=True, slots=True)
class TokenizedPapers:
    """Papers with their tokens, for matching few queries. For many queries at once, `batch.match` is faster."""

    papers: tuple[model.Paper, ...]
    tokenized: tuple[hits.TokenizedPaper, ...]

    @classmethod
    def of(
        cls, papers: Iterable[model.Paper], before: "TokenizedPapers | None" = None, *, fields: Fields = FIELDS
    ) -> "TokenizedPapers":
        """Returns papers with their tokens. Takes the tokens of unchanged papers from `before`."""
        papers = tuple(papers)
        known = (
            {paper.key: (paper, tokens) for paper, tokens in zip(before.papers, before.tokenized, strict=True)}
            if before
            else {}
        )
        tokenized = []
        for paper in papers:
            earlier = known.get(paper.key)
            tokenized.append(earlier[1] if earlier and earlier[0] == paper else hits.tokenize(paper, fields))
        return cls(papers, tuple(tokenized))

    def matching(self, query: Query) -> tuple[int, ...]:
        """Returns the positions in `papers` of the papers that a query finds, ascending."""
        return tuple(place for place, tokens in enumerate(self.tokenized) if fulfilment.fits(query, tokens))


def matching_papers(query: Query, papers: Sequence[model.Paper]) -> tuple[int, ...]:
    """Returns the positions in `papers` of the papers that one query finds."""
    return TokenizedPapers.of(papers, fields=query.fields).matching(query)


_BY_NEWS_VALUE = (None, *model.Announce)  # None counts as new; then new, cross, replace, replace-cross


def merge_copies(papers: Iterable[model.Paper]) -> tuple[model.Paper, ...]:
    """Returns each paper once, with the texts of its first copy, and the categories and sources of all copies.

    Its announce type is the first in the order new, cross, replace, replace-cross that any copy has. A copy without a
    type counts as new.
    """
    merged: dict[str, model.Paper] = {}
    for paper in papers:
        first = merged.get(paper.key)
        merged[paper.key] = paper if first is None else _with_categories_of(first, paper)
    return tuple(merged.values())


def _with_categories_of(first: model.Paper, copy: model.Paper) -> model.Paper:
    return replace(
        first,
        categories=tuple(dict.fromkeys(first.categories + copy.categories)),
        sources=tuple(dict.fromkeys(first.sources + copy.sources)),
        primary=first.primary or copy.primary,
        announce_type=min(first.announce_type, copy.announce_type, key=_BY_NEWS_VALUE.index),
    )


Space = tuple[Field, bool]  # a field of words or names, and whether their letter case and accents count
IN_ANY_TEXT: Space = (TEXT, False)


class Words(NamedTuple):
    """The words of papers in a space."""

    of: Sequence[Sequence[str]]  # the words of each paper in their order, with "" after each text
    having: Mapping[str, int]  # word, as written or folded -> the papers that have it


class PaperIndex:
    """Papers with their words. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        """Reads the words of any text. Those of other spaces are read when a query asks for them."""
        self.papers: tuple[model.Paper, ...] = papers.papers
        self.tokenized: tuple[hits.TokenizedPaper, ...] = papers.tokenized
        self.every = (1 << len(self.papers)) - 1
        self._words: dict[Space, Words] = {}
        self.words(IN_ANY_TEXT)

    @classmethod
    def of(cls, papers: Iterable[model.Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of some papers. First merge the copies of each paper (`merge_copies`)."""
        return cls(TokenizedPapers.of(papers, fields=fields))

    def words(self, space: Space) -> Words:
        """Returns the words of the papers in a space, or the parts of their names."""
        if space not in self._words:
            of, having = [], defaultdict[str, int](int)
            for place, paper in enumerate(self.tokenized):
                words = list(map(intern, _words(paper, space)))  # an equal word is one object, so it is found faster
                of.append(words)
                bit = 1 << place
                for word in {*words, *_written(paper, space)}:
                    having[word] |= bit
            self._words[space] = Words(of, having)
        return self._words[space]

    def fulfilling(self, term: Term, among: int) -> int:
        """Returns those papers of a set that fulfil a simple term. Checks one after the other."""
        fulfils = fulfilment.predicate(term)
        return self.set_of(place for place in self.positions(among) if fulfils(self.tokenized[place]))

    @staticmethod
    def set_of(places: Iterable[int]) -> int:
        """Returns the papers at these positions, each given once, as a set."""
        return sum([1 << place for place in places])

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest


def _words(paper: hits.TokenizedPaper, space: Space) -> list[str]:
    field, exact = space
    if field.kind is ValueKind.NAME:
        return [part for name in fulfilment.names_of(field, paper, exact=exact) for part in (*name, "")]
    # each line is written " word word ", so splitting gives "" after its last word
    return (paper.exact if exact else paper.folded)[field].replace("\n", "").split(" ")


def _written(paper: hits.TokenizedPaper, space: Space) -> list[str]:
    field, exact = space
    if exact or field.kind is ValueKind.NAME:
        return []
    return paper.written[field].split()
