"""How much each word of a paper weighs (more in the title; numbers and stop words nothing), and how rare it is in the latest papers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import log

from subscriptions import normalize
from subscriptions.matching.stop_words import STOP_WORDS, is_wide
from subscriptions.model import Paper

IN_TITLE = 3  # a word in the title counts as much as this many in the abstract

SAMPLE = 300  # papers that are counted; these are enough to know the common words
_FEW = 20  # papers; a share of so few papers is uncertain


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
