"""How rare words are: counted over the papers that came last."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log

SAMPLE = 300  # papers that are counted: enough to know the common words, which are all that matters


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
