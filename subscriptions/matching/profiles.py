"""What papers have in common: how many words count, how much dislikes, libraries and meaning weigh, and how near other papers are.

A profile has the words that liked papers share and that few other papers have. The weight of a word is the
product of

- how often it occurs in a liked paper on average,
- the square of the share of liked papers that have it, so that a word of a single liked paper counts little,
- the square of its rarity.

A single liked paper does not show which of its words matter. Then more words count, and their rarity counts without
the square, since the rarest words are names and typing errors that no other paper has. The weights of disliked papers
are computed in the same way; their words count against a paper.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from subscriptions import meaning
from subscriptions.matching.fulfilment import THOUSAND
from subscriptions.matching.hits import tokenize
from subscriptions.matching.library import NO_WORDS, LibraryWords
from subscriptions.matching.word_weights import SAMPLE, Rarity, WordsOfPaper, words_of
from subscriptions.model import Paper
from subscriptions.query import TEXT, WordsOfPapers

MOST_WORDS = 20  # words of a profile that count for a paper, and as many that count against a paper
MOST_WORDS_OF_ONE = 60  # the same, for a profile that is made from a single paper
MOST_AGAINST = 1.0  # how much the words of dislikes count, compared with likes
AGAINST_IN_MEANING = 0.5  # how much their meaning counts: disliked papers are often near to liked ones
# a word tells exactly what a reader wants, the meaning what else is like it; together they are best (bench.meaning)
WEIGHT_OF_MEANING = 0.3
# In a library of up to so many entries, each counts as much as an opened paper. In a larger one, each counts less.
MOST_OF_LIBRARY = 100
LONGEST_WORD = 30  # letters; longer words are web addresses and the like

Judged = tuple[float, WordsOfPaper]  # (how much a paper is liked, negative if it is disliked; its words)


@dataclass(frozen=True, slots=True)
class Profile:
    """Words with weights, and a meaning. The weights above 0 count for a paper and sum up to 1; those below 0 sum up to at least -1."""

    weights: Mapping[str, float]
    meaning: bytes = field(default=b"", repr=False)  # what the papers have in common, as a question; b"": not known

    def __bool__(self) -> bool:
        """Returns whether anything is known of the profile."""
        return bool(self.weights or self.meaning)


def profile_of(
    judged: Iterable[Judged],
    rarity: Rarity,
    library: LibraryWords = NO_WORDS,
    codes: Iterable[tuple[float, int]] = (),
) -> Profile:
    """Computes a chat's profile from papers that it judged and from its library.

    `codes`: (how much a paper is liked, its code as a whole), for the judged papers that have one.
    """
    papers = list(judged)
    liked = _weights([(strength, words) for strength, words in papers if strength > 0], rarity, library)
    disliked = _weights([(-strength, words) for strength, words in papers if strength < 0], rarity)
    against = {word: -MOST_AGAINST * weight for word, weight in disliked.items() if word not in liked}
    strengths = [(strength if strength > 0 else AGAINST_IN_MEANING * strength, code) for strength, code in codes]
    return Profile(liked | against, meaning.in_common(strengths))


def nearness(profile: Profile, text: str, codes: Sequence[int] = ()) -> float:
    """Returns how near a paper is to a profile, from -1.3 to 1.3.

    `text` has its folded words with spaces around each word, `codes` says what it means (`subscriptions.meaning`).
    """
    words = sum(weight for word, weight in profile.weights.items() if f" {word} " in text)
    if not profile.meaning or not codes:
        return words
    return words + WEIGHT_OF_MEANING * meaning.similarity(meaning.read_question(profile.meaning), codes[0])


def nearness_of_paper(profile: Profile, paper: Paper) -> float:
    """Returns how near a paper is to a profile, from -1.3 to 1.3."""
    tokens = tokenize(paper)
    return nearness(profile, tokens.folded[TEXT], tokens.codes)


def common_words(profile: Profile, text: str) -> tuple[str, ...]:
    """Returns the words of a text that count for it by this profile, the weightiest first."""
    found = [(weight, word) for word, weight in profile.weights.items() if weight > 0 and f" {word} " in text]
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


def words_of_papers(papers: Iterable[WordsOfPaper], rarity: Rarity, library: LibraryWords = NO_WORDS) -> WordsOfPapers:
    """Returns the weightiest words of papers or of a library, with weights in thousandths; () if no word has any weight.

    The weights are whole numbers, whose sum does not depend on their order. So each engine computes the same nearness.
    """
    profile = profile_of([(1.0, words) for words in papers], rarity, library)
    kept = {word: weight for word, weight in profile.weights.items() if len(word) <= LONGEST_WORD}
    whole = math.fsum(kept.values())
    weights = [(word, round(THOUSAND * weight / whole)) for word, weight in kept.items()]
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
