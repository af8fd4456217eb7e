"""Says which intent a sentence has, and how sure that is.

The intents and their sentences are the files of `examples/`, one file for each intent and language. `python -m
locales.weights` (make words) learns from them how much each feature of a sentence speaks for each intent. In a sentence
`{x}` is any subject; `{n}`, `{id}`, `{when}`, `{name}` and `{place}` are what their readers read.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import NamedTuple

from bot.commands.words.marks import Token

WEIGHTS = Path(__file__).parent / "weights.json.gz"
QUERY = "query"  # the intent of a text that is no sentence
ASKING = ("ask", "sub", "search", "today")  # the intents of sentences that ask for papers
OTHER = "@x"  # a word that no example has outside its subject


_ENDS = frozenset(".!?,;~")  # signs behind a sentence


class Score(NamedTuple):
    """An intent, and how likely it is: from 0 to 1."""

    intent: str
    sure: float


class Weights(NamedTuple):
    """What was learned."""

    words: frozenset[str]  # of all examples
    frames: Mapping[str, frozenset[str]]  # by intent: what stands side by side in its examples, around the subject
    intents: tuple[str, ...]
    weights: Mapping[str, Sequence[int]]  # by feature: number of an intent, weight in hundredths, number …


@cache
def weights() -> Weights:
    """Returns what was learned; read at the first use."""
    read = json.loads(gzip.decompress(WEIGHTS.read_bytes()))
    return Weights(
        frozenset(read["words"]),
        {name: frozenset(pairs) for name, pairs in read["frames"].items()},
        tuple(read["intents"]),
        read["weights"],
    )


def scores(tokens: Sequence[Token]) -> list[Score]:
    """Returns the intents of a sentence, the likeliest first."""
    learned = weights()
    sums = [0] * len(learned.intents)
    for feature in ("", *{*features(tokens, learned.words)}):
        weights_of = learned.weights.get(feature, ())
        for intent, weight in zip(weights_of[::2], weights_of[1::2], strict=True):
            sums[intent] += weight
    powers = {intent: exp(sums[at] / 100) for at, intent in enumerate(learned.intents)}
    whole = sum(powers.values())
    return sorted((Score(intent, power / whole) for intent, power in powers.items()), key=lambda one: -one.sure)


def features(tokens: Sequence[Token], known: frozenset[str]) -> Iterator[str]:
    """Yields the features of a sentence: its words, two side by side, and pieces of each word."""
    marks = ["^"]
    while tokens and tokens[-1].mark in _ENDS:
        tokens = tokens[:-1]
    for token in tokens:
        mark = token.mark if token.mark in known or token.mark.startswith("@") else token.mark.replace("-", "")
        mark = mark if mark in known or mark.startswith("@") else OTHER
        if mark != OTHER or marks[-1] != OTHER:
            marks.append(mark)
    marks.append("$")
    for size in (1, 2):
        for at in range(len(marks) - size + 1):
            yield " ".join(marks[at : at + size])
    for token in tokens:
        if token.mark.isascii() and token.mark.isalpha():
            word = f"<{token.mark}>"
            for at in range(len(word) - 3):
                yield word[at : at + 4]
