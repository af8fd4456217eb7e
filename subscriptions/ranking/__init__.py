"""Orders papers by what a chat cares about (docs/queries.md). Pure: counted words, no model, no network.

- `rarity.py`: how rare a word is among the papers that came last
- `taste.py`: the words of a chat's taste, from papers that it opened, followed, saved, liked, disliked, and how near a paper is
- `papers_words.py`: the words of papers that a query names (`like:`)
- `fit.py`: how well a paper fits a query
- `score.py`: both in one number
"""

from subscriptions.ranking.fit import fit as fit
from subscriptions.ranking.papers_words import PapersAtHand as PapersAtHand
from subscriptions.ranking.papers_words import words_of_papers as words_of_papers
from subscriptions.ranking.rarity import Rarity as Rarity
from subscriptions.ranking.score import score as score
from subscriptions.ranking.taste import NO_TASTE as NO_TASTE
from subscriptions.ranking.taste import Taste as Taste
from subscriptions.ranking.taste import common_words as common_words
from subscriptions.ranking.taste import nearness as nearness
from subscriptions.ranking.taste import taste_of as taste_of
from subscriptions.ranking.words import WordsOfPaper as WordsOfPaper
from subscriptions.ranking.words import words_of as words_of
