"""Learns from examples of which kind a sentence is: whether it is an order, how it follows another one (bot/sentences/words/kinds.py).

The examples of a question are the files of its folder in bot/sentences/words/example_kinds: in each line the kind, perhaps a
note that groups lines when they are measured, and the sentence, in whose slots such as {x} words are filled in. Most lines
stand beside one of another kind with nearly the same words, so that the small words decide. More lines help: say what was
read wrongly, and its opposite. Orders are also made of frames and actions: see `weights._framed_orders`.

`python -m locales.weights --measure` tells how many sentences are read rightly that were not learned from (cross-validation).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.sentences.words import kinds, reader
from bot.sentences.words.reader import Token

FILES = reader.WEIGHTS.parent / "example_kinds"
RUNS, ROUNDS, STEP = 5, 12, 0.3
DECAY = 2e-4  # the share that a weight loses each time that a sentence with its feature is read
UNHEARD = 0.03  # a smaller error changes no weights
LEFT_OUT = 0.4  # at most this share of the features of a sentence is left out, each time other ones
FEWEST = 2  # a feature that fewer sentences have is left out
FOLDS, TOGETHER = 5, 10  # neighbouring lines, which are alike, are learned from together or not at all


class Example(NamedTuple):
    """A sentence and its kind."""

    kind: str
    note: str
    tokens: tuple[Token, ...]


def examples(path: Path, filled: Callable[[str], tuple[Token, ...]]) -> Iterator[Example]:
    """Yields the sentences of a file; `filled` gives the tokens of a line whose slots are filled in."""
    for line in path.read_text("utf-8").splitlines():
        kind, *notes, text = line.split("\t")
        yield Example(kind, " ".join(notes), filled(text))


def learn(read: Sequence[Example], question: kinds.Question, known: reader.Known) -> dict[str, list[int]]:
    """Returns the weights of each feature, one for each kind but the first, learned by softmax regression with shrinking steps.

    They are the mean of the later rounds of several runs, which depends less on the order of the examples.
    """
    found = [set(kinds.features(one.tokens, known)) for one in read]
    counts = Counter(feature for one in found for feature in one)
    place = {feature: at for at, feature in enumerate(sorted(one for one, many in counts.items() if many >= FEWEST), 1)}
    rows = [np.array([0, *sorted(place[one] for one in row if one in place)]) for row in found]
    truth = [np.array([one.kind == kind for kind in question.kinds[1:]], float) for one in read]
    chance, some, ends = random.Random(4), np.random.default_rng(4), []
    shape = (len(place) + 1, len(question.kinds) - 1)
    for _ in range(RUNS):
        weight, squares, order = np.zeros(shape), np.full(shape, 1e-3), list(range(len(rows)))
        for round_ in range(ROUNDS):
            chance.shuffle(order)
            for at in order:
                kept = 1 - LEFT_OUT * some.random()
                row = rows[at][some.random(len(rows[at])) < kept]
                powers = np.exp(weight[row].sum(axis=0) / kept)
                wrong = powers / (1 + powers.sum()) - truth[at]
                wrong[abs(wrong) < UNHEARD] = 0
                if wrong.any():
                    squares[row] += wrong**2
                    weight[row] -= STEP * wrong / np.sqrt(squares[row]) + DECAY * weight[row]
            if round_ >= ROUNDS // 2:
                ends.append(weight.copy())
    rounded = np.rint(np.mean(ends, axis=0) * kinds.UNIT).astype(int)
    return {feature: rounded[row].tolist() for feature, row in {"": 0, **place}.items() if rounded[row].any()}


def measured(
    read: Sequence[Example], question: kinds.Question, known: reader.Known
) -> Mapping[tuple[str, str], Counter[str]]:
    """Returns for each (kind, note) for what its sentences are taken, none of them learned from."""
    blocks = [at // TOGETHER for at in range(len(read))]
    fold_of = [random.Random(block).randrange(FOLDS) for block in blocks]
    taken: dict[tuple[str, str], Counter[str]] = {}
    for fold in range(FOLDS):
        weights = learn([one for one, its in zip(read, fold_of, strict=True) if its != fold], question, known)
        for one in (one for one, its in zip(read, fold_of, strict=True) if its == fold):
            found = {"", *kinds.features(one.tokens, known)}
            sure = kinds.probabilities_of([weights[name] for name in found if name in weights])
            likeliest = max(zip(sure, question.kinds, strict=True))[1]
            taken.setdefault((one.kind, one.note), Counter())[likeliest] += 1
    return taken
