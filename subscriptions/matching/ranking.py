"""Computes from the words of papers which papers come first, and what a chat likes."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from math import log
from types import MappingProxyType
from typing import NamedTuple

from subscriptions import meaning, normalize
from subscriptions.matching import fulfilment
from subscriptions.matching.stop_words import STOP_WORDS, is_wide
from subscriptions.model import Paper
from subscriptions.query import TITLE, Field, ValueKind, WordsOfPapers
from subscriptions.query.tree import Query, Term

IN_TITLE = 3  # a word in the title counts as much as this many in the abstract

WordsOfPaper = Mapping[str, float]  # word -> weight: 1 if the paper has it once, larger if it has it more often


def words_of(paper: Paper) -> WordsOfPaper:
    """Returns the words of a paper. Each pair of adjacent CJK characters is a word, written with a space between them."""
    counted = Counter(_words(paper.abstract))
    for word in _words(paper.title):
        counted[word] += IN_TITLE
    return {word: 1 + log(often) for word, often in counted.items()}


def _words(text: str) -> list[str]:
    found = normalize.tokens(text)
    words = [word for word in found if len(word) > 1 and not word.isdigit() and word not in STOP_WORDS]
    if not text.isascii():
        words += [f"{one} {other}" for one, other in pairwise(found) if is_wide(one) and is_wide(other)]
    return words


WEIGHT_OF_TASTE = 2.0  # the chat's taste counts this many times as much as the fit to the query
_DIGITS = 2  # scores are rounded, so that papers with nearly the same score are ordered by their days


def score(fit: float, nearness: float) -> float:
    """Returns the score of a paper: how well it fits its query, and how near it is to the taste of the chat."""
    return round(fit + WEIGHT_OF_TASTE * nearness, _DIGITS)


# Rarity is counted over the latest papers.


SAMPLE = 300  # papers that are counted; these are enough to know the common words
_FEW = 20  # papers; a share of so few papers is uncertain


@dataclass(frozen=True, slots=True)
class Rarity:
    """Counts, for each word, how many papers have it."""

    papers: int = 0
    having: Mapping[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def among(cls, papers: Iterable[Iterable[str]]) -> "Rarity":
        """Counts how many of these papers have each word. Each paper is an iterable of its different words."""
        having: Counter[str] = Counter()
        amount = 0
        for words in papers:
            having.update(words)
            amount += 1
        return cls(amount, having)

    def of(self, word: str) -> float:
        """Returns the rarity of a word: near 0 if all papers have it, larger if fewer have it."""
        return max(0.0, log((self.papers + 2) / (self.having.get(word, 0) + 0.5)))

    def share(self, word: str) -> float:
        """Returns the share of papers that have a word. The share of few papers is uncertain, so it is lowered."""
        return self.having.get(word, 0) / (self.papers + _FEW)


# Words in the title count more than others, and rare words more than common words. Words near each other add points.


ELSEWHERE = 0.5  # points of a word outside the title; a word in the title has 1
NEAR = 0.2  # points if all words are side by side; fewer if they are apart
_FAR = 60  # with so many characters between them, the words get half of these points
_MOST_PLACES = 8  # places of a term in one text that are compared, so that finding the nearest ones is fast

# for each text: its field, and term -> (start, end) of its places
Places = Sequence[tuple[Field, Mapping[Term, Sequence[tuple[int, int]]]]]


def fit(query: Query, found: Places, rarity: Rarity) -> float:
    """Returns how well a paper fits a query, from 0 to 1.2. `found`: where its texts have the words of the query."""
    wanted = {term: _rarity_of(term, rarity) for term in wanted_words(query)}
    whole = sum(wanted.values())
    if not whole:
        return 0.0
    best: dict[Term, float] = {}
    for name, places in found:
        for term in places:
            best[term] = max(best.get(term, 0.0), 1.0 if name is TITLE else ELSEWHERE)
    words = sum(wanted.get(term, 0.0) * place for term, place in best.items())
    near = max((_nearness(places, len(best)) for _, places in found), default=0.0)
    return round(words / whole + near, _DIGITS)


def wanted_words(query: Query) -> set[Term]:
    """Returns the words and phrases that a query asks for."""
    terms = (part for one in query.alternatives for term in one.positive for part in fulfilment.simple_terms(term))
    return {term for term in terms if term.field.kind is ValueKind.WORDS}


def _rarity_of(term: Term, rarity: Rarity) -> float:
    """Returns the rarity of the rarest word of a phrase. The beginning of a word counts as a rare word."""
    return max(map(rarity.of, term.tokens), default=0.0) + 0.1


def _nearness(places: Mapping[Term, Sequence[tuple[int, int]]], terms: int) -> float:
    """Returns the points for a text that has all terms near each other; 0 for a single term. `terms` is their number."""
    if terms < 2 or len(places) < terms:  # noqa: PLR2004 - only two can be apart
        return 0.0
    gap = min(_gap(some) for some in _combinations(places))
    return NEAR * _FAR / (_FAR + gap)


def _combinations(places: Mapping[Term, Sequence[tuple[int, int]]]) -> Sequence[Sequence[tuple[int, int]]]:
    """Returns combinations of one place for each term. For two terms, returns all combinations.

    For more terms, each place of the term with the fewest places is combined with the nearest place of each other term.
    """
    fewest, *others = sorted((list(found[:_MOST_PLACES]) for found in places.values()), key=len)
    if len(others) == 1:
        return list(product(fewest, others[0]))
    return [(one, *(min(other, key=lambda place: abs(place[0] - one[0])) for other in others)) for one in fewest]


def _gap(places: Sequence[tuple[int, int]]) -> int:
    """Returns how many characters lie between some places, not counting the places themselves."""
    reach = max(end for _, end in places) - min(start for start, _ in places)
    return max(0, reach - sum(end - start for start, end in places) - len(places) + 1)


# A taste has the words that a chat's liked papers share and that few other papers have. The weight of a word is the
# product of
#
# - how often it occurs in a liked paper on average,
# - the square of the share of liked papers that have it, so that a word of a single liked paper counts little,
# - the square of its rarity.
#
# A single liked paper does not show which of its words matter. Then more words count, and their rarity counts without
# the square, since the rarest words are names and typing errors that no other paper has. The weights of disliked papers
# are computed in the same way; their words count against a paper.


MOST_WORDS = 20  # words of a taste that count for a paper, and as many that count against a paper
MOST_WORDS_OF_ONE = 60  # the same, for a taste that is made from a single paper
MOST_AGAINST = 1.0  # how much the words of dislikes count, compared with likes
AGAINST_IN_MEANING = 0.5  # how much their meaning counts: disliked papers are often near to liked ones
# a word tells exactly what a reader wants, the meaning what else is like it; together they are best (bench.meaning)
WEIGHT_OF_MEANING = 0.3

Judged = tuple[float, WordsOfPaper]  # (how much a paper is liked, negative if it is disliked; its words)


@dataclass(frozen=True, slots=True)
class Taste:
    """Words with weights, and a meaning. The weights above 0 count for a paper and sum up to 1; those below 0 sum up to at least -1."""

    weights: Mapping[str, float]
    meaning: bytes = field(default=b"", repr=False)  # what the papers have in common, as a question; b"": not known

    def __bool__(self) -> bool:
        """Returns whether anything is known of the taste."""
        return bool(self.weights or self.meaning)


# In a library of up to so many entries, each counts as much as an opened paper. In a larger one, each counts less.
MOST_OF_LIBRARY = 100


class LibraryEntry(NamedTuple):
    """An entry of a person's own library."""

    title: str  # "": it has no title
    names: tuple[str, ...]  # arXiv ids and DOIs


class LibraryWords(NamedTuple):
    """The weightiest words of the entries of a library."""

    entries: int
    words: Mapping[str, tuple[float, float]]  # word -> (how often an entry has it on average, share of entries with it)


class Library(NamedTuple):
    """The content of the file of a library."""

    entries: Sequence[LibraryEntry]
    words: LibraryWords
    broken: int = 0  # entries that cannot be read, and entries with neither a title nor the id of a paper
    examples: tuple[str, ...] = ()  # the beginnings of the first few broken entries


NO_WORDS = LibraryWords(entries=0, words=MappingProxyType({}))


def taste_of(
    judged: Iterable[Judged],
    rarity: Rarity,
    library: LibraryWords = NO_WORDS,
    codes: Iterable[tuple[float, int]] = (),
) -> Taste:
    """Computes a chat's taste from papers that it judged and from its library.

    `codes`: (how much a paper is liked, its code as a whole), for the judged papers that have one.
    """
    papers = list(judged)
    liked = _weights([(strength, words) for strength, words in papers if strength > 0], rarity, library)
    disliked = _weights([(-strength, words) for strength, words in papers if strength < 0], rarity)
    against = {word: -MOST_AGAINST * weight for word, weight in disliked.items() if word not in liked}
    strengths = [(strength if strength > 0 else AGAINST_IN_MEANING * strength, code) for strength, code in codes]
    return Taste(liked | against, meaning.in_common(strengths))


def nearness(taste: Taste, text: str, codes: Sequence[int] = ()) -> float:
    """Returns how near a paper is to a taste, from -1.3 to 1.3.

    `text` has its folded words with spaces around each word, `codes` says what it means (`subscriptions.meaning`).
    """
    words = sum(weight for word, weight in taste.weights.items() if f" {word} " in text)
    if not taste.meaning or not codes:
        return words
    return words + WEIGHT_OF_MEANING * meaning.similarity(meaning.read_question(taste.meaning), codes[0])


def common_words(taste: Taste, text: str) -> tuple[str, ...]:
    """Returns the words of a text that count for it by this taste, the weightiest first."""
    found = [(weight, word) for word, weight in taste.weights.items() if weight > 0 and f" {word} " in text]
    return tuple(word for _, word in sorted(found, key=lambda one: (-one[0], one[1])))


def _weights(papers: list[Judged], rarity: Rarity, library: LibraryWords = NO_WORDS) -> dict[str, float]:
    """Returns the weightiest words of papers, with weights that sum up to 1."""
    most, power = (MOST_WORDS, 2) if len(papers) + library.entries > 1 else (MOST_WORDS_OF_ONE, 1)
    counted = min(library.entries, MOST_OF_LIBRARY)
    whole = sum(strength for strength, _ in papers) + counted
    sums = {word: counted * often for word, (often, _) in library.words.items()}
    # A library also has the common words of its field. So only the difference counts: how much more often a word is in
    # the library than in other papers.
    shares = {word: counted * max(0.0, share - rarity.share(word)) for word, (_, share) in library.words.items()}
    for strength, words in papers:
        for word, often in words.items():
            sums[word] = sums.get(word, 0.0) + strength * often
            shares[word] = shares.get(word, 0.0) + strength
    weights = {word: sums[word] / whole * (shares[word] / whole) ** 2 * rarity.of(word) ** power for word in sums}
    heaviest = sorted((word for word in weights if weights[word] > 0), key=lambda word: (-weights[word], word))
    kept = {word: weights[word] for word in heaviest[:most]}
    total = sum(kept.values())
    return {word: weight / total for word, weight in kept.items()}


# The words of papers that a query names (`like:`). The query keeps them, and finds papers near to them by these words.


LONGEST_WORD = 30  # letters; longer words are web addresses and the like


def words_of_papers(papers: Iterable[WordsOfPaper], rarity: Rarity, library: LibraryWords = NO_WORDS) -> WordsOfPapers:
    """Returns the weightiest words of papers or of a library, with weights in thousandths; () if no word has any weight.

    The weights are whole numbers, whose sum does not depend on their order. So each engine computes the same nearness.
    """
    taste = taste_of([(1.0, words) for words in papers], rarity, library)
    kept = {word: weight for word, weight in taste.weights.items() if len(word) <= LONGEST_WORD}
    whole = math.fsum(kept.values())
    weights = [(word, round(fulfilment.THOUSAND * weight / whole)) for word, weight in kept.items()]
    return tuple(sorted([one for one in weights if one[1]], key=lambda one: (-one[1], one[0])))


class PapersAtHand:
    """The papers that queries can name if there is no store. Counts their words when a query first names a paper."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers

    @cached_property
    def _by_name(self) -> Mapping[str, Paper]:
        return {name: paper for paper in self._papers for name in (paper.arxiv_id, paper.doi, paper.key) if name}

    @cached_property
    def _rarity(self) -> Rarity:
        return Rarity.among(words_of(paper) for paper in self._papers[:SAMPLE])

    def words(self, named: Iterable[str]) -> dict[str, WordsOfPapers]:
        """Returns name -> words of its papers. A name has ids separated by commas; names with unknown ids are left out."""
        groups = {value: value.split(",") for value in named}
        return {
            value: words_of_papers([words_of(self._by_name[name]) for name in names], self._rarity)
            for value, names in groups.items()
            if all(name in self._by_name for name in names)
        }
