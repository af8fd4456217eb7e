"""Papers with their tokens, and an index of them; what counts of several copies of a paper."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from subscriptions.matching.term_matching import TokenizedPaper, fits, label_of, predicate, simple_terms, tokenize
from subscriptions.model import Announce, Paper
from subscriptions.query import Field, ValueKind
from subscriptions.query.tree import Query, Term
from subscriptions.text.words import is_initial

_BY_NEWS_VALUE = (None, *Announce)  # None counts as new; then new, cross, replace, replace-cross
_LABELS = (ValueKind.CATEGORY, ValueKind.PAPER_ID, ValueKind.LABEL)
_LAST = "\U0010ffff"  # added to a beginning, it sorts after all words that begin so


@dataclass(frozen=True, slots=True)
class TokenizedPapers:
    """Papers with their tokens, for matching few queries. For many, `PaperIndex` is faster."""

    papers: tuple[Paper, ...]
    tokenized: tuple[TokenizedPaper, ...]

    @classmethod
    def of(cls, papers: Iterable[Paper], before: "TokenizedPapers | None" = None) -> "TokenizedPapers":
        """Return papers with their tokens. Take the tokens of unchanged papers from `before`."""
        papers = tuple(papers)
        known = (
            {paper.key: (paper, tokens) for paper, tokens in zip(before.papers, before.tokenized, strict=True)}
            if before
            else {}
        )
        tokenized = []
        for paper in papers:
            earlier = known.get(paper.key)
            tokenized.append(earlier[1] if earlier and earlier[0] == paper else tokenize(paper))
        return cls(papers, tuple(tokenized))

    def matching(self, query: Query) -> tuple[int, ...]:
        """Return the positions in `papers` of the papers that a query finds, ascending."""
        return tuple(place for place, tokens in enumerate(self.tokenized) if fits(query, tokens))


def matching_papers(query: Query, papers: Sequence[Paper]) -> tuple[int, ...]:
    """Return the positions in `papers` of the papers that one query finds."""
    return TokenizedPapers.of(papers).matching(query)


def merge_copies(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Return each paper once, with the texts of its first copy, and the categories and sources of all copies.

    Its announce type is the first in the order new, cross, replace, replace-cross that any copy has. A copy without a
    type counts as new.
    """
    merged: dict[str, Paper] = {}
    for paper in papers:
        first = merged.setdefault(paper.key, paper)
        if first is not paper:
            merged[paper.key] = replace(
                first,
                categories=tuple(dict.fromkeys(first.categories + paper.categories)),
                sources=tuple(dict.fromkeys(first.sources + paper.sources)),
                primary=first.primary or paper.primary,
                announce_type=min(first.announce_type, paper.announce_type, key=_BY_NEWS_VALUE.index),
            )
    return tuple(merged.values())


class PaperIndex:
    """Papers, and which of them have a word, a part of a name or a label.

    A set of papers is an int: bit n is `papers[n]`.

    For many queries. The papers of each term that was asked are kept.
    """

    def __init__(self, papers: TokenizedPapers) -> None:
        self._papers = papers.tokenized
        self._every = (1 << len(self._papers)) - 1
        self._having = defaultdict[str, int](int)  # such as "text:graph", "@doe", "category:cs.lg" -> papers
        self._of: dict[Term, int] = {}  # term -> the papers that fulfil it
        self._sorted: dict[Field, list[tuple[str, int]]] = {}  # field -> its words, as written and folded, with papers
        for place, paper in enumerate(self._papers):
            for key in _keys(paper):
                self._having[key] |= 1 << place

    def found_by(self, query: Query) -> int:
        """Return the papers that a query finds."""
        found = 0
        for alternative in query.alternatives:
            papers = self._every
            for term in alternative.positive:
                papers &= papers and self._fulfilling(term)
            for term in alternative.negative:
                papers &= papers and ~self._fulfilling(term)
            found |= papers
        return found

    def _fulfilling(self, term: Term) -> int:
        papers = self._of.get(term)
        if papers is None:
            papers = 0
            for part in simple_terms(term):
                papers |= self._fulfilling_simple(part)
            self._of[term] = papers
        return papers

    def _fulfilling_simple(self, term: Term) -> int:
        """Return the papers that fulfil a simple term: each that has all its whole words is checked."""
        kind, papers = term.field.kind, self._every
        if kind in _LABELS:
            return self._having.get(label_of(term), 0)
        whole = term.tokens[: len(term.tokens) - term.prefix]
        if kind is ValueKind.WORDS and not term.exact:
            papers = self._with_words(term, whole)
            if len(term.tokens) == 1 or not papers:
                return papers
        elif kind is ValueKind.NAME and not term.exact:
            for part in whole:
                if not is_initial(part):
                    papers &= self._having.get(f"@{part}", 0)
        is_fulfilled, found = predicate(term), 0
        for place in self.positions(papers):
            if is_fulfilled(self._papers[place]):
                found |= 1 << place
        return found

    def _with_words(self, term: Term, whole: tuple[str, ...]) -> int:
        """Return the papers that have all words of a term, in any order."""
        papers = self._every
        for word in whole:
            papers &= self._having.get(f"{term.field.name}:{word}", 0)
            if not papers:
                break
        return papers & self._with_beginning(term.field, term.tokens[-1]) if term.prefix and papers else papers

    def _with_beginning(self, field: Field, beginning: str) -> int:
        """Return the papers that have a word with this beginning in a field, as written or folded."""
        if field not in self._sorted:
            having = defaultdict[str, int](int)
            for place, paper in enumerate(self._papers):
                for word in {*paper.written[field].split(), *paper.folded[field].split()}:
                    having[word] |= 1 << place
            self._sorted[field] = sorted(having.items())
        words, papers = self._sorted[field], 0
        for _, having_word in words[bisect_left(words, (beginning,)) : bisect_left(words, (beginning + _LAST,))]:
            papers |= having_word
        return papers

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yield the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest


def _keys(paper: TokenizedPaper) -> set[str]:
    """Return the labels of a paper, and its words and parts of names in the same form."""
    words = (f"{field.name}:{word}" for field, text in paper.folded.items() for word in text.split())
    parts = (f"@{part}" for names in paper.names.values() for name in names for part in name)
    return {*paper.labels, *words, *parts}
