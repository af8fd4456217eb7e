"""Papers that are asked one query after the other, each taken to pieces once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from subscriptions.matching.tokenized_paper import Reading, asked_by, read, simple_terms
from subscriptions.model import Paper
from subscriptions.query import Query, Term

MOST_TERMS = 5000  # that are remembered, some hundred bytes each


@dataclass(frozen=True, slots=True)
class TokenizedPapers:
    """Papers with their words. For few queries over the same papers; for many queries at once there is `match`."""

    papers: tuple[Paper, ...]
    readings: tuple[Reading, ...]
    having: dict[Term, int] = field(default_factory=dict, compare=False, repr=False)  # what was asked before

    @classmethod
    def of(cls, papers: Iterable[Paper], before: "TokenizedPapers | None" = None) -> "TokenizedPapers":
        """Takes papers to pieces, about 0.5 ms each; those that stood in `before` are taken from there."""
        papers = tuple(papers)
        known = (
            {paper.key: (paper, reading) for paper, reading in zip(before.papers, before.readings, strict=True)}
            if before
            else {}
        )
        readings = []
        for paper in papers:
            earlier = known.get(paper.key)
            readings.append(earlier[1] if earlier and earlier[0] == paper else read(paper))
        return cls(papers, tuple(readings))

    def matching(self, query: Query) -> tuple[int, ...]:
        """The places in `papers` of those that the query finds, ascending."""
        found = 0
        for alternative in query.alternatives:
            fitting = (1 << len(self.papers)) - 1
            for term in alternative.positive:
                fitting &= self._having(term)
            for term in alternative.negative:
                fitting &= ~self._having(term)
            found |= fitting
        return tuple(place for place in range(len(self.papers)) if found >> place & 1)

    def _having(self, term: Term) -> int:
        """The papers in which a term stands: bit n is `papers[n]`. Variants of a query share most of their terms."""
        if term not in self.having:
            if len(self.having) >= MOST_TERMS:
                self.having.clear()
            asks = tuple(map(asked_by, simple_terms(term)))
            bits = (1 << place for place, reading in enumerate(self.readings) if any(ask(reading) for ask in asks))
            self.having[term] = sum(bits)
        return self.having[term]
