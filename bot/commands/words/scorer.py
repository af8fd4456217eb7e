"""Says which intent a sentence has and how sure that is, and which part of it each word belongs to.

The intents and their sentences are the files of `examples/`, one file for each intent and language. `python -m
locales.weights` (make words) learns from them how much each feature of a sentence speaks for each intent, and each feature
of a word for each part. A sentence of the files marks its parts: `{x}` is a subject that is wanted, `{not}` one that is not,
`{name}` an author, `{label}` a new name, `{that}` words for a subscription, `{when}` a time; `{n}`, `{id}` and `{place}` are
what their readers read. `examples/*/parts/` has words to fill them with.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import NamedTuple

from bot.commands.words import WHEN, Token
from subscriptions.planning.times._reading import hours_of

WEIGHTS = Path(__file__).parent / "weights.json.gz"
QUERY = "query"  # the intent of a text that is no sentence
ASKING = ("ask", "sub", "search", "today")  # the intents of sentences that ask for papers
HOURS = "@hours"  # a time that is a range of hours
OTHER = "@x"  # a word that no example has outside its subject
PARTS = NO_PART, WANTED, UNWANTED, AUTHOR, LABEL, NAMED, TIME, DENIAL = (
    "",
    "x",
    "not",
    "name",
    "label",
    "that",
    "when",
    "no",
)


_ENDS = frozenset(".!?,;~")  # punctuation at the end of a sentence
_EDGES = ("^^", "^", "$", "$$")


class Score(NamedTuple):
    """An intent, and how likely it is: from 0 to 1."""

    intent: str
    sure: float


class Known(NamedTuple):
    """The words of the examples, and two Chinese characters side by side."""

    words: frozenset[str]  # outside of what fills the slots
    topics: frozenset[str]  # of subjects; what only one subject has is left out, as are the words of only one name
    names: frozenset[str]  # of authors


class Weights(NamedTuple):
    """What was learned; weights are in hundredths."""

    known: Known
    intents: tuple[str, ...]
    weights: Mapping[str, Sequence[int]]  # by feature: number of an intent, weight, number …
    parts: Mapping[str, Sequence[int]]  # by feature of a word: the weight of each part
    steps: Sequence[Sequence[int]]  # by part: the weight of each part after it; the last row is that of the first word


@cache
def weights() -> Weights:
    """Returns what was learned; read at the first use."""
    read = json.loads(gzip.decompress(WEIGHTS.read_bytes()))
    known = Known(*(frozenset(read[name]) for name in Known._fields))
    return Weights(known, tuple(read["intents"]), read["weights"], read["parts"], read["steps"])


def scores(tokens: Sequence[Token]) -> list[Score]:
    """Returns the intents of a sentence, the likeliest first."""
    learned = weights()
    sums = [0] * len(learned.intents)
    for feature in ("", *{*features(tokens, learned.known)}):
        weights_of = learned.weights.get(feature, ())
        for intent, weight in zip(weights_of[::2], weights_of[1::2], strict=True):
            sums[intent] += weight
    powers = {intent: exp(sums[at] / 100) for at, intent in enumerate(learned.intents)}
    whole = sum(powers.values())
    return sorted((Score(intent, power / whole) for intent, power in powers.items()), key=lambda one: -one.sure)


def features(tokens: Sequence[Token], known: Known) -> Iterator[str]:
    """Yields the features of a sentence: its words, two side by side, and pieces of each word that is none of a subject."""
    marks = ["^"]
    while tokens and tokens[-1].mark in _ENDS:
        tokens = tokens[:-1]
    for token in tokens:
        mark = token.mark if token.mark in known.words or token.mark.startswith("@") else token.mark.replace("-", "")
        mark = HOURS if mark == WHEN and hours_of(token.words) else mark
        mark = mark if mark in known.words or mark.startswith("@") else OTHER
        if mark != OTHER or marks[-1] != OTHER:
            marks.append(mark)
    marks.append("$")
    for size in (1, 2):
        for at in range(len(marks) - size + 1):
            yield " ".join(marks[at : at + size])
    for token in tokens:
        if token.mark.isascii() and token.mark.isalpha() and token.mark not in known.topics:
            word = f"<{token.mark}>"
            for at in range(len(word) - 3):
                yield word[at : at + 4]


def parts_of(tokens: Sequence[Token], intent: str) -> list[str]:
    """Returns which part of a sentence with an intent each of its words belongs to: the likeliest row of parts."""
    learned = weights()
    none = (0,) * len(PARTS)
    best, came_from = [0.0] * len(PARTS), []
    for at, found in enumerate(word_features(tokens, intent, learned.known)):
        here = [sum(column) for column in zip(none, *filter(None, map(learned.parts.get, found)), strict=True)]
        steps = learned.steps if at else [learned.steps[-1]]
        rows = [
            [before + weight for before, weight in zip(best, column, strict=False)]
            for column in zip(*steps, strict=True)
        ]
        came_from.append([row.index(max(row)) for row in rows])
        best = [max(row) + weight for row, weight in zip(rows, here, strict=True)]
    last = best.index(max(best))
    parts = []
    for row in reversed(came_from):
        parts.append(NO_PART if PARTS[last] == DENIAL else PARTS[last])
        last = row[last]
    return parts[::-1]


def word_features(tokens: Sequence[Token], intent: str, known: Known) -> Iterator[list[str]]:
    """Yields the features of each word: itself, its neighbours, how it is written, and the intent of the sentence."""
    intent = ASKING[0] if intent in ASKING else intent
    marks = [*_EDGES[:2], *(token.mark for token in tokens), *_EDGES[2:]]
    looks = [*_EDGES[:2], *(_look(tokens, at, known) for at in range(len(tokens))), *_EDGES[2:]]
    for at in range(2, len(marks) - 2):
        two, one, word, then, after = marks[at - 2 : at + 3]
        seen = looks[at - 2 : at + 3]
        yield [
            f"0{word}", f"-{one}", f"+{then}", f"={two}", f"#{after}", f"i{intent}",
            f"a{one} {word}", f"b{word} {then}", f"c{two} {one}", f"d{then} {after}", f"e{one} {word} {then}",
            f"f{two} {one} {word}", f"g{word} {then} {after}", f"h{one} {then}",
            f"j{intent} {word}", f"k{intent} {one}", f"l{intent} {then}",
            f"s{' '.join(seen[1:4])}", f"t{seen[2]}", f"u{' '.join(seen)}", f"v{one} {seen[2]}", f"w{seen[2]} {then}",
            f"<{word[:3]}", f">{word[-3:]}",
        ]  # fmt: skip


def _look(tokens: Sequence[Token], at: int, known: Known) -> str:
    """Returns how a word looks: its capitals, and which words it is known among; of a Chinese character, its pairs."""
    token = tokens[at]
    mark = token.mark
    if mark.startswith("@") or not mark[:1].isalpha():
        return mark
    if not is_han(mark):
        among = "".join(f"{mark in words:d}" for words in known)
        return f"{among}{token.words[:1].isupper():d}{token.words.isupper():d}{mark.isascii():d}"
    before, after = (pairs_of(tokens[max(one, 0) : one + 2]) for one in (at - 1, at))
    pairs = "".join(f"{not words.isdisjoint(pair):d}" for words in known[:2] for pair in (before, after))
    return f"{pairs}{mark in known.names:d}"


def is_han(mark: str) -> bool:
    """Returns whether a token is a Chinese character."""
    return len(mark) == 1 and "\u4e00" <= mark <= "\u9fff"


def is_pair(word: str) -> bool:
    """Returns whether a word is two Chinese characters."""
    return is_han(word[:1]) and is_han(word[1:])


def pairs_of(tokens: Sequence[Token]) -> list[str]:
    """Returns the marks of Chinese characters that are side by side, two by two."""
    pairs = pairwise(tokens)
    return [one.mark + two.mark for one, two in pairs if is_han(one.mark) and is_han(two.mark) and one.end == two.start]
