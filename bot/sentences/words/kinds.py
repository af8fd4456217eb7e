"""Tells of which kind a sentence is: whether it is an order, how it follows another message, whether it wishes to be told.

This is learned from examples, a folder of them for each question (`locales/kind_weights.py`). Their words and pairs of
words near each other decide. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import exp
from typing import NamedTuple

from bot.sentences.words import reader
from bot.sentences.words.reader import Known, Token

UNIT = 20  # a stored weight of 1 is the 20th part of a weight
_ENDS = reader.ENDS - {"?"} | {"…"}  # punctuation at the end that tells nothing
_NEAR = 6  # words; two words of a pair are less apart


class Question(NamedTuple):
    """A question about sentences: the name of its table in the file of weights, and its answers."""

    name: str
    kinds: Sequence[str]  # the first one has no weights: it is what is left


@lru_cache(maxsize=64)
def probabilities(question: Question, tokens: tuple[Token, ...]) -> Mapping[str, float]:
    """Returns the probability of each kind for a sentence."""
    found = reader.weights_of(question.name, {"", *features(tokens, reader.learned().known)})
    return dict(zip(question.kinds, probabilities_of(found.values()), strict=False))


def probabilities_of(weights: Iterable[Sequence[int]]) -> Sequence[float]:
    """Returns the probability of each kind of a sentence whose features have these stored weights."""
    powers = [1.0, *(exp(sum(column) / UNIT) for column in zip(*weights, strict=True))]
    return [one / sum(powers) for one in powers]


def features(tokens: Sequence[Token], known: Known) -> Iterator[str]:
    """Yields what tells kinds of sentences apart: one to three neighbouring words, and pairs of words near each other."""
    marks = _known_marks(tokens, known)
    for size in (1, 2, 3):
        for at in range(len(marks) - size + 1):
            yield " ".join(marks[at : at + size])
    for at, first in enumerate(marks):
        for then in marks[at + 2 : at + _NEAR]:
            yield f"{first} … {then}"


def _known_marks(tokens: Sequence[Token], known: Known) -> Sequence[str]:
    """Returns the words of a sentence between its ends; neighbouring unknown words, such as those of a subject, are one."""
    marks = ["^"]
    while tokens and tokens[-1].mark in _ENDS:
        tokens = tokens[:-1]
    for at, token in enumerate(tokens):
        mark = reader.OTHER if _is_of_a_topic(tokens, at, known) else token.mark
        if mark != reader.OTHER or marks[-1] != reader.OTHER:
            marks.append(mark)
    return [*marks, "$"]


def _is_of_a_topic(tokens: Sequence[Token], at: int, known: Known) -> bool:
    """Returns whether a word is unknown; of Chinese, whether a pair of it and a neighbour is known only from topics."""
    mark = tokens[at].mark
    if reader.is_han(mark):
        pairs = {*reader.pairs_of(tokens[max(at - 1, 0) : at + 2])}
        return known.words.isdisjoint(pairs) and not known.topics.isdisjoint(pairs)
    return mark[:1].isalpha() and known.words.isdisjoint((mark, mark.replace("-", "")))
