"""The words of a paper that count for a taste: those of its title and its abstract, with how often they occur."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from math import log

from subscriptions.matching import STOP_WORDS
from subscriptions.model import Paper
from subscriptions.normalize import tokens

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
        words += [f"{one} {other}" for one, other in pairwise(found) if _is_wide(one) and _is_wide(other)]
    return words


def _is_wide(token: str) -> bool:
    return len(token) == 1 and ord(token) > 0x2E7F  # noqa: PLR2004 - CJK begins there
