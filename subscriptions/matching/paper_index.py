"""An index of papers by their features, for matching many queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from subscriptions.matching.features import EVERY_PAPER, deciding_feature, features_of, head_of, needed_by, words_of
from subscriptions.matching.terms import predicate, simple_terms
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Paper
from subscriptions.query import Term
from subscriptions.query.fields import FIELDS, TEXT, Fields


@dataclass(frozen=True, slots=True)
class PaperIndex:
    """Papers by their features. A set of papers is an int: bit n is `papers[n]`."""

    papers: tuple[Paper, ...]
    tokenized: tuple[TokenizedPaper, ...]
    features: dict[str, int]  # feature -> the papers that have it
    words: dict[str, dict[str, int]]  # beginning -> word of any text, as written or folded -> the papers that have it

    @classmethod
    def of(cls, papers: Iterable[Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of different papers. Copies of a paper must be merged before (`merge_copies`)."""
        return cls.of_tokenized(TokenizedPapers.of(papers, fields=fields))

    @classmethod
    def of_tokenized(cls, papers: TokenizedPapers) -> "PaperIndex":
        """Returns the index of papers that are tokenized already."""
        features = _bits(map(features_of, papers.tokenized)) | {EVERY_PAPER: (1 << len(papers.papers)) - 1}
        words: dict[str, dict[str, int]] = {}
        for word, with_word in _bits(map(words_of, papers.tokenized)).items():
            if head := head_of(word):
                words.setdefault(head, {})[word] = with_word
        features |= {head: reduce(or_, begun.values()) for head, begun in words.items()}
        return cls(papers.papers, papers.tokenized, features, words)

    def matching(self, term: Term) -> int:
        """Returns the papers that fulfil a term."""
        feature = deciding_feature(term)
        if feature is not None:
            return self.features.get(feature, 0)
        part, *others = simple_terms(term)
        return reduce(or_, map(self.matching, (part, *others))) if others else self._verified(part)

    def positions(self, papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest

    def _verified(self, term: Term) -> int:
        """Returns the papers that fulfil a simple term: of those with all its features each is checked."""
        candidates = self.features[EVERY_PAPER]
        for feature in needed_by(term):
            candidates &= self.features.get(feature, 0)
        if term.prefix and not term.exact and term.field.in_any_text and head_of(term.tokens[-1]):
            candidates &= self._with_beginning(term.tokens[-1])
            if term.field is TEXT and len(term.tokens) == 1:
                return candidates
        fulfils = predicate(term)
        return sum(1 << place for place in self.positions(candidates) if fulfils(self.tokenized[place]))

    def _with_beginning(self, beginning: str) -> int:
        """Returns the papers with a word of any text that begins so."""
        words = self.words.get(head_of(beginning), {}).items()
        return reduce(or_, (with_word for word, with_word in words if word.startswith(beginning)), 0)


def _bits(found: Iterable[Iterable[str]]) -> dict[str, int]:
    """Returns text -> the papers that have it, of the texts of each paper."""
    papers: dict[str, int] = {}
    for place, texts in enumerate(found):
        bit = 1 << place
        for text in texts:
            papers[text] = papers.get(text, 0) | bit
    return papers
