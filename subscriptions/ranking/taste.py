"""A chat's taste: the words that the papers which it liked share, and that few other papers have; and how near a paper is.

A word's weight is how often it occurs in those papers on average, times the square of the share of them that have it,
times the square of its rarity. So a word of one liked paper counts little, and a word of all of them a lot. A single
paper does not show which of its words matter: more of them count, by their rarity and not its square, since the rarest
are names and slips that no other paper has. Papers that the chat disliked are treated the same way; their words count
against a paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from subscriptions.ranking.rarity import Rarity
from subscriptions.ranking.words import WordsOfPaper

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


def taste_of(judged: Iterable[Judged], rarity: Rarity) -> Taste:
    """Returns the taste that papers with these judgements show."""
    papers = list(judged)
    liked = _weights([(strength, words) for strength, words in papers if strength > 0], rarity)
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


def _weights(papers: list[Judged], rarity: Rarity) -> dict[str, float]:
    """Returns the weightiest words of papers; their weights sum up to 1."""
    most, power = (MOST_WORDS, 2) if len(papers) > 1 else (MOST_WORDS_OF_ONE, 1)
    whole = sum(strength for strength, _ in papers)
    sums: dict[str, float] = {}
    shares: dict[str, float] = {}
    for strength, words in papers:
        for word, often in words.items():
            sums[word] = sums.get(word, 0.0) + strength * often
            shares[word] = shares.get(word, 0.0) + strength
    weights = {word: sums[word] / whole * (shares[word] / whole) ** 2 * rarity.of(word) ** power for word in sums}
    heaviest = sorted((word for word in weights if weights[word] > 0), key=lambda word: (-weights[word], word))
    kept = {word: weights[word] for word in heaviest[:most]}
    total = sum(kept.values())
    return {word: weight / total for word, weight in kept.items()}
