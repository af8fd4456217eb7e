"""Tokenized papers that several queries are matched with, one query after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from subscriptions.matching.terms import fits, predicate, simple_terms
from subscriptions.matching.tokenized_paper import TokenizedPaper, tokenize
from subscriptions.model import Paper
from subscriptions.query.fields import FIELDS, Fields
from subscriptions.query.syntax import Query, Term

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
