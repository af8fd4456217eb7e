"""What version 1.0.0 found in papers, to tell people what its successor finds besides. To be removed in version 1.2.

Its rule for words was step 6 alone, as it is frozen here, and a full first name fitted no initial. All else is as now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.term_matching import TokenizedPaper, fulfils, texts_of
from subscriptions.model import Paper
from subscriptions.query import ALL, AUTHOR, CATEGORY, ID, TEXT, TEXT_OR_ID, Field, ValueKind
from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Query, Term, leaves
from subscriptions.text import words as normalize

_NOT_PLURAL = frozenset({"news", "aids", "mars", "does", "this", "less", "sars", "mips", "lens"})
_IRREGULAR = {
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "syntheses": "synthesis",
    "theses": "thesis",
    "biases": "bias",
    "lenses": "lens",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "corpora": "corpus",
    "axes": "axis",
}
_WORD = re.compile("[a-z]{4,}")
_SILENT_E = ("che", "she", "xe", "sse", "ze")
_OF_WORDS = (ValueKind.WORDS, ValueKind.NAME, ValueKind.COMBINED)


@lru_cache(maxsize=1 << 16)
def _fold_plural(token: str) -> str:
    if not _WORD.fullmatch(token):
        return token
    stem = _without_s(_IRREGULAR.get(token, token))
    stem = _without_s(_IRREGULAR.get(stem, stem))
    if stem.endswith("ie") and len(stem) >= len("skie"):
        return stem[:-2] + "y"
    if stem.endswith(_SILENT_E):
        return stem[:-1]
    return stem


def _without_s(word: str) -> str:
    keeps = word in _NOT_PLURAL or word.endswith("ss") or not word.endswith("s")
    return word if keeps else word[:-1]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a query, folded as version 1.0.0 did; of a beginning, the last as it was written."""

    tokens: tuple[str, ...]
    prefix: bool

    @classmethod
    def of(cls, leaf: Leaf) -> "_Words":
        written, prefix = normalize.written_tokens(leaf.words), leaf.term.prefix
        whole = len(written) - prefix
        return cls((*map(_fold_plural, written[:whole]), *written[whole:]), prefix)

    def are_in(self, written: str, folded: str) -> bool:
        """Return whether a text has them. Both have its words, each between spaces."""
        phrase = f" {' '.join(self.tokens)}" + ("" if self.prefix else " ")
        if phrase in folded or (self.prefix and len(self.tokens) == 1 and phrase in written):
            return True
        return self.prefix and f" {self.tokens[-1]}" in written and self._begin(written.split(" "), folded.split(" "))

    def _begin(self, written: Sequence[str], folded: Sequence[str]) -> bool:
        *whole, last = self.tokens
        places = range(len(folded) - len(whole))
        return any(folded[at : at + len(whole)] == whole and written[at + len(whole)].startswith(last) for at in places)


class FoundBefore:
    """Which of some papers version 1.0.0 found. A set of papers is an int, as in `PaperIndex`."""

    def __init__(self, papers: TokenizedPapers, index: PaperIndex) -> None:
        self._papers = papers
        self._index = index
        self._every = (1 << len(papers.papers)) - 1
        self._of: dict[tuple[Term, str], int] = {}  # (term, its words) -> papers
        self._texts = [_texts(paper) for paper in papers.papers]

    def found_by(self, node: Node) -> int:
        """Return the papers that a query found: those of its tree as this version parses it."""
        match node:
            case Leaf():
                key = node.term, node.words
                if key not in self._of:
                    self._of[key] = self._found_by_leaf(node)
                return self._of[key]
            case Not():
                return self._every & ~self.found_by(node.node)
            case And():
                found = self._every
                for part in node.nodes:
                    found &= self.found_by(part)
                return found
            case Or():
                found = 0
                for part in node.nodes:
                    found |= self.found_by(part)
                return found

    def _found_by_leaf(self, leaf: Leaf) -> int:
        """Return those papers that the leaf finds now and that it also found before: none was lost since."""
        now = self._index.found_by(Query("", "", (Alternative(frozenset((leaf.term,))),)))
        if leaf.term.exact or leaf.term.field.kind not in _OF_WORDS:
            return now
        words = _Words.of(leaf)
        return sum(1 << at for at in PaperIndex.positions(now) if self._fulfils(at, leaf.term, words))

    def _fulfils(self, at: int, term: Term, words: _Words) -> bool:
        paper = self._papers.tokenized[at]
        if term.field is AUTHOR:
            return _has_name(term, paper)
        if term.field is TEXT_OR_ID:
            return self._has(at, TEXT, words) or fulfils(Term(ID, value=term.value), paper)
        if term.field is not ALL:
            return self._has(at, term.field, words)
        return (
            (bool(words.tokens) and self._has(at, TEXT, words))
            or (bool(term.names) and _has_name(Term(AUTHOR, term.names, term.prefix), paper))
            or (bool(term.value) and fulfils(Term(CATEGORY, value=term.value), paper))
        )

    def _has(self, at: int, field: Field, words: _Words) -> bool:
        return any(
            words.are_in(*text)
            for of, texts in self._texts[at].items()
            if of is field or (field is TEXT and of.in_any_text)
            for text in texts
        )


def _texts(paper: Paper) -> dict[Field, list[tuple[str, str]]]:
    """Return (words as written, as folded) of each text of a paper."""
    return {field: [*map(_read, texts)] for field, texts in texts_of(paper).items()}


def _read(text: str) -> tuple[str, str]:
    written = normalize.written_tokens(text)
    return f" {' '.join(written)} ", f" {' '.join(map(_fold_plural, written))} "


def _has_name(term: Term, paper: TokenizedPaper) -> bool:
    """Return whether an author had all parts of a name; initials of the paper fitted only initials of the query."""
    return fulfils(replace(term, given=()), paper)


def is_same(hit: str, query: Node) -> bool:
    """Return whether a hit, as a paper writes it, is of the words of a query also by the rule of version 1.0.0."""
    found = (_Words.of(leaf) for leaf in leaves(query) if not leaf.term.exact and leaf.term.field.kind in _OF_WORDS)
    return any(one.tokens and one.are_in(*_read(hit)) for one in found)
