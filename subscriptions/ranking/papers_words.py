"""The words of some papers by which others are found near to them (`like:`), as a query keeps them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from subscriptions.matching import THOUSAND
from subscriptions.model import Paper
from subscriptions.query.fields import WordsOfPapers
from subscriptions.ranking.rarity import SAMPLE, Rarity
from subscriptions.ranking.taste import taste_of
from subscriptions.ranking.words import WordsOfPaper, words_of

LONGEST_WORD = 30  # letters; longer ones are addresses and the like


def words_of_papers(papers: Iterable[WordsOfPaper], rarity: Rarity) -> WordsOfPapers:
    """Returns the weightiest words of papers with their weights in thousandths; () if no word says anything.

    Whole numbers have the same sum in any order, so nearness gives the same answer everywhere.
    """
    taste = taste_of([(1.0, words) for words in papers], rarity)
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
