"""Papers as the matching engine reads them: their words, once for each paper."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from subscriptions.matching.features import features_of
from subscriptions.matching.terms import TokenizedPaper, fits, predicate, simple_terms, tokenize
from subscriptions.model import Announce, Paper
from subscriptions.query.syntax import FIELDS, TEXT, Fields, Query, Term

MOST_TERMS = 5000  # terms whose papers are cached, some hundred bytes each


@dataclass(frozen=True, slots=True)
class TokenizedPapers:
    """Papers with their tokens, for few queries. For many queries at once there is `match`."""

    papers: tuple[Paper, ...]
    tokenized: tuple[TokenizedPaper, ...]
    matches: dict[Term, int] = field(default_factory=dict, compare=False, repr=False)  # the cache of `_matching_term`

    @classmethod
    def of(
        cls, papers: Iterable[Paper], before: "TokenizedPapers | None" = None, *, fields: Fields = FIELDS
    ) -> "TokenizedPapers":
        """Returns papers with their tokens. Papers that are unchanged in `before` are not tokenized again."""
        papers = tuple(papers)
        known = (
            {paper.key: (paper, tokens) for paper, tokens in zip(before.papers, before.tokenized, strict=True)}
            if before
            else {}
        )
        tokenized = []
        for paper in papers:
            earlier = known.get(paper.key)
            tokenized.append(earlier[1] if earlier and earlier[0] == paper else tokenize(paper, fields))
        return cls(papers, tuple(tokenized))

    def matching(self, query: Query) -> tuple[int, ...]:
        """Returns the positions in `papers` of those that a query finds, ascending."""
        found = 0
        for alternative in query.alternatives:
            fitting = (1 << len(self.papers)) - 1
            for term in alternative.positive:
                fitting &= self._matching_term(term)
            for term in alternative.negative:
                fitting &= ~self._matching_term(term)
            found |= fitting
        return tuple(place for place in range(len(self.papers)) if found >> place & 1)

    def _matching_term(self, term: Term) -> int:
        """Returns the papers that fulfil a term: bit n is `papers[n]`. Cached, since variants of a query share terms."""
        if term not in self.matches:
            if len(self.matches) >= MOST_TERMS:
                self.matches.clear()
            predicates = tuple(map(predicate, simple_terms(term)))
            bits = (
                1 << place
                for place, tokens in enumerate(self.tokenized)
                if any(fulfils(tokens) for fulfils in predicates)
            )
            self.matches[term] = sum(bits)
        return self.matches[term]


def matching_papers(query: Query, papers: Sequence[Paper]) -> tuple[int, ...]:
    """Returns the positions in `papers` of those that one query finds."""
    return tuple(place for place, paper in enumerate(papers) if fits(query, tokenize(paper, query.fields)))


# ----------------------------------------------------------------- merges the copies of a paper in one batch of papers


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


# ------------------------------------------- an index of papers by their words and features, for matching many queries


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
