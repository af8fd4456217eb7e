"""Papers as the matching engine reads them: the words of each paper, and its features, such as its categories."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

from subscriptions import model, normalize
from subscriptions.matching import hits
from subscriptions.query import FIELDS, TEXT, Field, Fields, Query, Term, ValueKind

EVERY_PAPER = ""
HEAD = 3  # the first characters of each word are a feature; the prefixes in queries are usually at least as long


def features_of(paper: hits.TokenizedPaper) -> set[str]:
    """Returns all features of a paper, including each that `deciding_feature` or `needed_by` may return for a term."""
    found = {EVERY_PAPER, *paper.labels}
    for where, lines in paper.folded.items():
        if sign := _sign(where):
            found.update(sign + feature for feature in _words_and_pairs(lines))
    found.update(["=" + word for word in paper.exact[TEXT].split()])
    for where, names in paper.names.items():
        sign = where.name + ":"
        for name in names:
            found.update([sign + part for part in name])
            found.update([sign + head for head in map(head_of, name) if head])
    for where, names in paper.exact_names.items():
        sign = where.name + ":="
        found.update(sign + part for name in names for part in name)
    return found


def head_of(word: str) -> str:
    """Returns the feature of a word's beginning: "neu*" for "neural"; "" for words shorter than HEAD."""
    return word[:HEAD] + "*" if len(word) >= HEAD else ""


def deciding_feature(term: Term) -> str | None:
    """Returns the feature that a paper has if and only if it fulfils a simple term; None if there is no such feature."""
    field = term.field
    if field.kind in (ValueKind.NEARNESS, ValueKind.MEANING):
        return None
    if not term.tokens:
        return hits.label_of(term)
    if term.prefix:
        return None
    if field is not TEXT and field.kind is ValueKind.NAME:
        is_decided = len(term.tokens) == 1 and not normalize.is_initial(term.tokens[0])
    elif term.exact:
        is_decided = field is TEXT and len(term.tokens) == 1
    else:
        is_decided = _sign(field) != "" and len(term.tokens) <= 2  # noqa: PLR2004 - a pair
    return needed_by(term)[0] if is_decided else None


def needed_by(term: Term) -> tuple[str, ...]:
    """Returns features that a paper must have to fulfil a simple term of words or names; () if there are none."""
    whole, beginning = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    field = term.field
    if field is not TEXT and field.kind is ValueKind.NAME:
        sign = field.name + ":=" if term.exact else field.name + ":"
        parts = [sign + part for part in whole if not normalize.is_initial(part)]
        parts += [sign + head for head in map(head_of, beginning) if head and not term.exact]
    elif term.exact:
        parts = ["=" + word for word in whole if field.in_any_text]
    elif sign := _sign(field):
        parts = [sign + feature for feature in (map(" ".join, pairwise(whole)) if len(whole) > 1 else whole)]
    else:
        parts = []
    return tuple(parts)


def _sign(field: Field) -> str:
    """Returns the prefix of features for the words of a field, such as "title:"; "" if they have no features of their own.

    Two kinds of fields have them: those that many queries name, and those that a query without a field does not search.
    """
    return field.name + ":" if field.is_indexed_apart or not field.in_any_text else ""


def _words_and_pairs(lines: str) -> Iterator[str]:
    for line in lines.split("\n"):
        words = line.split()
        yield from words
        yield from map(" ".join, pairwise(words))


# ---------------------------------------------------------------------------------------------------- papers, once each


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
        return tuple(place for place, tokens in enumerate(self.tokenized) if hits.fits(query, tokens))


def matching_papers(query: Query, papers: Sequence[model.Paper]) -> tuple[int, ...]:
    """Returns the positions in `papers` of the papers that one query finds."""
    return TokenizedPapers.of(papers, fields=query.fields).matching(query)


# ----------------------------------------------------------------- merges the copies of a paper in one batch of papers


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


# ------------------------------------------- an index of papers by their words and features, for matching many queries


LINE_END = 0  # the number of ""


class Numbered:
    """Texts of papers (words or features) as numbers, one paper after the other."""

    def __init__(self) -> None:
        # text -> its number, in the order of the numbers; looking up a new text gives it the next number
        self.number_of = defaultdict[str, int](count(LINE_END + 1).__next__, {"": LINE_END})
        self.sequence = array("i")
        self.ends: list[int] = []  # where each paper ends in `sequence`

    def add(self, texts: Iterable[str]) -> None:
        """Adds the texts of a paper."""
        self.sequence.extend(map(self.number_of.__getitem__, texts))
        self.ends.append(len(self.sequence))


class PaperIndex:
    """Papers with their words and features. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        self.papers: tuple[model.Paper, ...] = papers.papers
        self.tokenized: tuple[hits.TokenizedPaper, ...] = papers.tokenized
        self.words = Numbered()  # words of any text in their order; LINE_END before, between and after lines
        self.features = Numbered()
        self.spellings = defaultdict[str, int](int)  # word of any text, as written or folded -> the papers that have it
        self.words.sequence.append(LINE_END)
        for place, paper in enumerate(papers.tokenized):
            # each line is written " word word ", so splitting gives "" after its last word
            words = paper.folded[TEXT].replace("\n", "").split(" ")[1:]
            self.words.add(words)
            self.features.add(features_of(paper))
            bit = 1 << place
            for word in {*words, *paper.written[TEXT].split()}:
                self.spellings[word] |= bit

    @classmethod
    def of(cls, papers: Iterable[model.Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of some papers. First merge the copies of each paper (`merge_copies`)."""
        return cls(TokenizedPapers.of(papers, fields=fields))

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest
