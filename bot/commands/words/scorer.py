"""Says which intent a sentence has and how sure that is, and which part of it each word belongs to.

The intents and their sentences are the files of `examples/`, one file for each intent and language. `python -m
locales.weights` (make words) learns from them how much each feature of a sentence speaks for each intent, and each feature
of a word for each part. A sentence of the files marks its parts: `{x}` is a subject that is wanted, `{not}` one that is not,
`{name}` an author, `{label}` a new name, `{that}` words for a subscription, `{when}` a time; `{n}`, `{id}` and `{place}` are
what their readers read. `examples/*/parts/` has words to fill them with.
"""

import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import NamedTuple

from bot.commands.words import WHEN, Token
from subscriptions.planning.times._reading import hours_of

WEIGHTS = (
    Path(__file__).parent / "weights.sqlite"
)  # what a sentence needs of it is read in a millisecond; to load it takes half a second
TABLES = """
    CREATE TABLE weight (kind TEXT, feature TEXT, weights BLOB NOT NULL, PRIMARY KEY (kind, feature)) WITHOUT ROWID;
    CREATE TABLE learned (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
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


class Learned(NamedTuple):
    """What was learned, apart from the weights of features."""

    known: Known
    intents: tuple[str, ...]
    steps: Sequence[Sequence[int]]  # by part: the weight of each part after it; the last row is that of the first word


@cache
def learned() -> Learned:
    """Returns what was learned, apart from the weights of features; read at the first use."""
    with closing(_file()) as file:
        read = {name: json.loads(value) for name, value in file.execute("SELECT name, value FROM learned")}
    return Learned(Known(*(frozenset(read[name]) for name in Known._fields)), tuple(read["intents"]), read["steps"])


def _file() -> sqlite3.Connection:
    return sqlite3.connect(f"{WEIGHTS.as_uri()}?mode=ro&immutable=1", uri=True)


def _weights(kind: str, found: Iterable[str]) -> Mapping[str, Sequence[int]]:
    """Returns the weights of features.

    For the kind `intent`: number of an intent, weight in hundredths, number …; for `part`: the weight of each part in tenths.
    """
    select = "SELECT feature, weights FROM weight WHERE kind = ? AND feature IN (SELECT value FROM json_each(?))"
    with closing(_file()) as file:
        rows = file.execute(select, (kind, json.dumps([*found]))).fetchall()
    return {feature: struct.unpack(f"<{len(blob) // 2}h", blob) for feature, blob in rows}


def packed(weights: Sequence[int]) -> bytes:
    """Returns weights as the file holds them."""
    return struct.pack(f"<{len(weights)}h", *weights)


def scores(tokens: Sequence[Token]) -> list[Score]:
    """Returns the intents of a sentence, the likeliest first."""
    known, intents, _ = learned()
    sums = [0] * len(intents)
    for weights in _weights("intent", {"", *features(tokens, known)}).values():
        for intent, weight in zip(weights[::2], weights[1::2], strict=True):
            sums[intent] += weight
    powers = {intent: exp(sums[at] / 100) for at, intent in enumerate(intents)}
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
    known, _, all_steps = learned()
    none = (0,) * len(PARTS)
    best, came_from = [0.0] * len(PARTS), []
    words = list(word_features(tokens, intent, known))
    weights = _weights("part", {feature for word in words for feature in word})
    for at, found in enumerate(words):
        here = [sum(column) for column in zip(none, *filter(None, map(weights.get, found)), strict=True)]
        steps = all_steps if at else [all_steps[-1]]
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
