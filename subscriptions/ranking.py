"""Which papers come first: how well one fits a query, and how near it is to what a chat cares about."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from math import log
from types import MappingProxyType
from typing import NamedTuple

from subscriptions.matching.hits import THOUSAND, simple_terms
from subscriptions.matching.paper_index import STOP_WORDS, is_wide
from subscriptions.model import Paper
from subscriptions.normalize import tokens
from subscriptions.query import TITLE, Field, Query, Term, ValueKind, WordsOfPapers

IN_TITLE = 3  # a word of the title counts as often as so many words of the abstract

WordsOfPaper = Mapping[str, float]  # word -> 1, or more if it occurs more often


def words_of(paper: Paper) -> WordsOfPaper:
    """Returns the words of a paper. Two adjacent CJK characters are a word, with a space between."""
    counted = Counter(_words(paper.abstract))
    for word in _words(paper.title):
        counted[word] += IN_TITLE
    return {word: 1 + log(often) for word, often in counted.items()}


def _words(text: str) -> list[str]:
    found = tokens(text)
    words = [word for word in found if len(word) > 1 and not word.isdigit() and word not in STOP_WORDS]
    if not text.isascii():
        words += [f"{one} {other}" for one, other in pairwise(found) if is_wide(one) and is_wide(other)]
    return words


# ------------------------------------------------------------------------------ the number by which papers are ordered


WEIGHT_OF_TASTE = 2.0  # so much more counts what a chat cares about than how well the query fits
_DIGITS = 2  # papers whose scores are nearly the same come in the order of their days


def score(fit: float, nearness: float) -> float:
    """Returns the score of a paper: how well it fits its query, and how near it is to the taste of the chat."""
    return round(fit + WEIGHT_OF_TASTE * nearness, _DIGITS)


# -------------------------------------------------------------------------------------------------- how rare words are

# counted over the papers that came last.


SAMPLE = 300  # papers that are counted: enough to know the common words, which are all that matters
_FEW = 20  # papers


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many of some papers have each word."""

    papers: int = 0
    having: Mapping[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def among(cls, papers: Iterable[Iterable[str]]) -> "Rarity":
        """Counts words over papers, each given as its different words."""
        having: Counter[str] = Counter()
        amount = 0
        for words in papers:
            having.update(words)
            amount += 1
        return cls(amount, having)

    def of(self, word: str) -> float:
        """0 for a word that every paper has, and the more the fewer papers have it. Without papers all words are alike."""
        return max(0.0, log((self.papers + 2) / (self.having.get(word, 0) + 0.5)))

    def share(self, word: str) -> float:
        """The part of the papers that has a word; less where there are so few papers that it tells little."""
        return self.having.get(word, 0) / (self.papers + _FEW)


# --------------------------------------------------------------------------------------- how well a paper fits a query

# words in the title before others, rare words before common ones, all words near each other.


ELSEWHERE = 0.5  # the points of a word that is not in the title
NEAR = 0.2  # the points for all words side by side; the farther apart, the fewer
_FAR = 60  # characters between the words that halve these points
_MOST_PLACES = 8  # of a term in one text: to look for the nearest ones stays quick

Places = Sequence[tuple[Field, Mapping[Term, Sequence[tuple[int, int]]]]]  # of each text: term -> (start, end) in it


def fit(query: Query, found: Places, rarity: Rarity) -> float:
    """Returns how well a paper fits, from 0 to 1.2. `found`: where its texts have the words that the query wants."""
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
    terms = (part for one in query.alternatives for term in one.positive for part in simple_terms(term))
    return {term for term in terms if term.field.kind is ValueKind.WORDS}


def _rarity_of(term: Term, rarity: Rarity) -> float:
    """Returns the rarity of the rarest word of a phrase. A beginning of a word is as rare as a rare word."""
    return max(map(rarity.of, term.tokens), default=0.0) + 0.1


def _nearness(places: Mapping[Term, Sequence[tuple[int, int]]], terms: int) -> float:
    """Returns the points of a text for having all `terms` near each other; none for a single term."""
    if terms < 2 or len(places) < terms:  # noqa: PLR2004 - only two can be apart
        return 0.0
    gap = min(_gap(some) for some in _combinations(places))
    return NEAR * _FAR / (_FAR + gap)


def _combinations(places: Mapping[Term, Sequence[tuple[int, int]]]) -> Sequence[Sequence[tuple[int, int]]]:
    """Returns a place of each term; for each place of the rarest one, the places of the others that are nearest to it."""
    fewest, *others = sorted((list(found[:_MOST_PLACES]) for found in places.values()), key=len)
    if len(others) == 1:
        return list(product(fewest, others[0]))
    return [(one, *(min(other, key=lambda place: abs(place[0] - one[0])) for other in others)) for one in fewest]


def _gap(places: Sequence[tuple[int, int]]) -> int:
    """Returns how many characters are between some places, without their own."""
    reach = max(end for _, end in places) - min(start for start, _ in places)
    return max(0, reach - sum(end - start for start, end in places) - len(places) + 1)


# ------------------------------------------------------------------------------------------------------ A chat's taste

# the words that the papers which it liked share, and that few other papers have; and how near a paper is.  A word's
# weight is how often it occurs in those papers on average, times the square of the share of them that have it, times
# the square of its rarity. So a word of one liked paper counts little, and a word of all of them a lot. A single paper
# does not show which of its words matter: more of them count, by their rarity and not its square, since the rarest are
# names and slips that no other paper has. Papers that the chat disliked are treated the same way; their words count
# against a paper.


MOST_WORDS = 20  # of each side of a taste
MOST_WORDS_OF_ONE = 60  # of a side that one paper alone makes
MOST_AGAINST = 1.0  # how far dislikes count, beside likes

Judged = tuple[float, WordsOfPaper]  # how strongly a paper is liked, below 0: disliked; its words


@dataclass(frozen=True, slots=True)
class Taste:
    """Words with their weights: those for a paper sum up to 1, those against it, below 0, to at least -1."""

    weights: Mapping[str, float]

    def __bool__(self) -> bool:
        """Whether the taste says anything."""
        return bool(self.weights)


NO_TASTE = Taste(MappingProxyType({}))


# ------------------------------------------------------------------- one's own library: a taste as from many liked papers

MOST_OF_LIBRARY = 100  # entries that count, each as much as a paper that was opened; of more each counts less


class LibraryEntry(NamedTuple):
    """An entry of a person's own library."""

    title: str  # "": it has none
    names: tuple[str, ...]  # arXiv ids and DOIs


class LibraryWords(NamedTuple):
    """The weightiest words of the entries of a library."""

    entries: int
    words: Mapping[str, tuple[float, float]]  # how often an entry has it on average; the share of entries that have it


class Library(NamedTuple):
    """A library as its file has it."""

    entries: Sequence[LibraryEntry]
    words: LibraryWords
    broken: int = 0  # entries that cannot be read, or have neither title nor number
    examples: tuple[str, ...] = ()  # the first of these, as they begin


NO_WORDS = LibraryWords(entries=0, words=MappingProxyType({}))


def taste_of(judged: Iterable[Judged], rarity: Rarity, library: LibraryWords = NO_WORDS) -> Taste:
    """Returns the taste that papers with these judgements, and a library, show."""
    papers = list(judged)
    liked = _weights([(strength, words) for strength, words in papers if strength > 0], rarity, library)
    disliked = _weights([(-strength, words) for strength, words in papers if strength < 0], rarity)
    against = {word: -MOST_AGAINST * weight for word, weight in disliked.items() if word not in liked}
    return Taste(liked | against)


def nearness(taste: Taste, text: str) -> float:
    """Returns how near a text is to a taste, from -1 to 1. `text`: folded words, a space before and after each."""
    return sum(weight for word, weight in taste.weights.items() if f" {word} " in text)


def common_words(taste: Taste, text: str) -> tuple[str, ...]:
    """Returns the words of a taste that speak for a text, the weightiest first."""
    found = [(weight, word) for word, weight in taste.weights.items() if weight > 0 and f" {word} " in text]
    return tuple(word for _, word in sorted(found, key=lambda one: (-one[0], one[1])))


def _weights(papers: list[Judged], rarity: Rarity, library: LibraryWords = NO_WORDS) -> dict[str, float]:
    """Returns the weightiest words of papers; their weights sum up to 1."""
    most, power = (MOST_WORDS, 2) if len(papers) + library.entries > 1 else (MOST_WORDS_OF_ONE, 1)
    counted = min(library.entries, MOST_OF_LIBRARY)
    whole = sum(strength for strength, _ in papers) + counted
    sums = {word: counted * often for word, (often, _) in library.words.items()}
    # A library has the usual words of its field, too; what tells is how much more often it has a word than other papers.
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


# ---------------------------------------------------------------------------------------------------------------------
# The words of some papers by which others are found near to them (`like:`), as a query keeps them.


LONGEST_WORD = 30  # letters; longer ones are addresses and the like


def words_of_papers(papers: Iterable[WordsOfPaper], rarity: Rarity, library: LibraryWords = NO_WORDS) -> WordsOfPapers:
    """Returns the weightiest words of papers, or of a library, with their weights in thousandths; () if no word says anything.

    Whole numbers have the same sum in any order, so nearness gives the same answer everywhere.
    """
    taste = taste_of([(1.0, words) for words in papers], rarity, library)
    kept = {word: weight for word, weight in taste.weights.items() if len(word) <= LONGEST_WORD}
    whole = math.fsum(kept.values())
    weights = [(word, round(THOUSAND * weight / whole)) for word, weight in kept.items()]
    return tuple(sorted([one for one in weights if one[1]], key=lambda one: (-one[1], one[0])))


class PapersAtHand:
    """Papers that queries may name, where no store knows any. They are counted when the first one is named."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers

    @cached_property
    def _by_name(self) -> Mapping[str, Paper]:
        return {name: paper for paper in self._papers for name in (paper.arxiv_id, paper.doi, paper.key) if name}

    @cached_property
    def _rarity(self) -> Rarity:
        return Rarity.among(words_of(paper) for paper in self._papers[:SAMPLE])

    def words(self, named: Iterable[str]) -> dict[str, WordsOfPapers]:
        """Returns the words of papers by name: ids separated by commas. A name with an unknown id is left out."""
        groups = {value: value.split(",") for value in named}
        return {
            value: words_of_papers([words_of(self._by_name[name]) for name in names], self._rarity)
            for value, names in groups.items()
            if all(name in self._by_name for name in names)
        }
