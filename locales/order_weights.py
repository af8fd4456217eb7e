"""Learns from examples to tell orders from sentences that only speak of an action.

The examples are the files of bot/commands/words/example_orders: in each line `do` or `not`, the kind of sentence, and the
sentence, in whose slots such as {x} words are filled in. Most orders stand beside a sentence with nearly the same words
that is none, so that the small words decide. More lines help: say what was read wrongly, and its opposite.

`python -m locales.weights --measure` tells how many sentences are read rightly that were not learned from (cross-validation).
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.commands.words import orders, reader
from bot.commands.words.reader import Token

FILES = reader.WEIGHTS.parent / "example_orders"
RUNS, ROUNDS, STEP = 5, 12, 0.3
DECAY = 2e-4  # the share that a weight loses each time that a sentence with its feature is read
UNHEARD = 0.03  # a smaller error changes no weights
LEFT_OUT = 0.4  # at most this share of the features of a sentence is left out, each time other ones
FEWEST = 2  # a feature that fewer sentences have is left out
FOLDS, TOGETHER = 5, 10  # neighbouring lines, which are alike, are learned from together or not at all


class Example(NamedTuple):
    """A sentence, and whether it is an order."""

    is_order: bool
    kind: str
    tokens: tuple[Token, ...]


def examples(path: Path, filled: Callable[[str], tuple[Token, ...]]) -> list[Example]:
    """Returns the sentences of a file; `filled` gives the tokens of a line whose slots are filled in."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return [Example(label == "do", kind, filled(text)) for label, kind, text in rows]


def learn(read: Sequence[Example], known: reader.Known) -> dict[str, list[int]]:
    """Returns the weight of each feature, learned by logistic regression with shrinking steps.

    It is the mean of the later rounds of several runs, which depends less on the order of the examples.
    """
    found = [set(orders.features(one.tokens, known)) for one in read]
    counts = Counter(feature for one in found for feature in one)
    place = {feature: at for at, feature in enumerate(sorted(one for one, many in counts.items() if many >= FEWEST), 1)}
    rows = [np.array([0, *sorted(place[one] for one in row if one in place)]) for row in found]
    chance, some, ends = random.Random(4), np.random.default_rng(4), []
    for _ in range(RUNS):
        weight, squares, order = np.zeros(len(place) + 1), np.full(len(place) + 1, 1e-3), list(range(len(rows)))
        for round_ in range(ROUNDS):
            chance.shuffle(order)
            for at in order:
                kept = 1 - LEFT_OUT * some.random()
                row = rows[at][some.random(len(rows[at])) < kept]
                wrong = 1 / (1 + np.exp(-weight[row].sum() / kept)) - read[at].is_order
                if abs(wrong) >= UNHEARD:
                    squares[row] += wrong**2
                    weight[row] -= STEP * wrong / np.sqrt(squares[row]) + DECAY * weight[row]
            if round_ >= ROUNDS // 2:
                ends.append(weight.copy())
    rounded = np.rint(np.mean(ends, axis=0) * orders.UNIT).astype(int)
    return {feature: [int(rounded[row])] for feature, row in {"": 0, **place}.items() if rounded[row]}


def measured(read: Sequence[Example], known: reader.Known) -> Mapping[str, tuple[int, int]]:
    """Returns for each kind of sentence how many are taken for orders, and how many there are, none of them learned from."""
    blocks = [at // TOGETHER for at in range(len(read))]
    fold_of = [random.Random(block).randrange(FOLDS) for block in blocks]
    taken, all_ = Counter[str](), Counter[str]()
    for fold in range(FOLDS):
        weights = learn([one for one, its in zip(read, fold_of, strict=True) if its != fold], known)
        for one in (one for one, its in zip(read, fold_of, strict=True) if its == fold):
            found = {"", *orders.features(one.tokens, known)}
            label = f"{'do' if one.is_order else 'not'} {one.kind}"
            all_[label] += 1
            taken[label] += orders.probability(weights[name][0] for name in found if name in weights) >= orders.SURE
    return {kind: (taken[kind], all_[kind]) for kind in sorted(all_)}
