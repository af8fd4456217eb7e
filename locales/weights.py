"""Learns from the examples how much each feature of a sentence speaks for each intent: `python -m locales.weights`.

Writes bot/commands/words/weights.json, which is committed. In each example the subject is filled in with several words of
`subjects.txt` of its language, so that what people ask about speaks for no intent.
"""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from bot.commands.words.marks import QUOTED, tokens_of
from bot.commands.words.scorer import ASKING, OTHER, QUERY, WEIGHTS, features

EXAMPLES = WEIGHTS.parent / "examples"
SUBJECTS, SMALL = "subjects", "small_words"  # files of words, in the folder of the examples
FILLED = {
    "n": ("2", "10", "1", "7"),
    "id": ("2601.01234", "https://arxiv.org/abs/2512.04321"),
    "when": ("every monday at 9", "daily at 8am", "weekly", "tue and thu 10:00", "at 18:30", "friday", "9pm"),
    "place": ("Berlin", "New York", "Tokyo", "Toronto"),
    "name": ("Ada Quill", "Jane van Doe", "Quill", "Mei Lin"),
}
FILLED_ZH = {
    **FILLED,
    "n": ("2", "第2个", "10", "第一个", "3"),
    "when": ("每天8点", "每周一", "周二和周四", "早上9点半", "晚上十点", "每周三下午5点", "工作日"),
    "place": ("柏林", "东京", "多伦多", "上海"),
    "name": ("何晓明", "李雷", "韩梅梅", "Ada Quill", "张三丰"),
}
_SLOT = re.compile(r"\{(\w+)\}")
OF_EACH = 3  # sentences that are made of an example with a subject
ROUNDS, STEP = 14, 0.35
DECAY = 1e-4  # of a weight, each time that one of its sentences is read
UNHEARD = 0.05  # an error that is too small to learn from
SMALLEST = 15  # hundredths; a smaller weight is left out
FEWEST = 2  # sentences; a feature of fewer is left out


def examples() -> Iterator[tuple[str, str]]:
    """Yields (intent, sentence) of all examples, with their slots filled in."""
    chance = random.Random(1)
    for folder in sorted(EXAMPLES.iterdir()):
        subjects = [one.strip() for one in (folder / f"{SUBJECTS}.txt").read_text(encoding="utf-8").split(";")]
        filled = {**(FILLED_ZH if folder.name == "zh" else FILLED), "x": subjects}
        for path in sorted(folder.glob("*.txt")):
            for line in path.read_text(encoding="utf-8").splitlines() if path.stem not in (SUBJECTS, SMALL) else ():
                for _ in range(OF_EACH if "{" in line else 1):
                    yield path.stem, _SLOT.sub(lambda slot: chance.choice(filled[slot[1]]), line)  # noqa: B023


def words() -> frozenset[str]:
    """Returns the words of the examples outside their slots; a word that subjects have as often is one of subjects."""
    found = Counter[str]()
    for path in sorted(EXAMPLES.glob("*/*.txt")):
        if path.stem not in (SUBJECTS, SMALL, QUERY):
            for line in path.read_text(encoding="utf-8").splitlines():
                found.update({token.mark for token in tokens_of(_SLOT.sub(" ", line))})
    for path in EXAMPLES.glob(f"*/{SUBJECTS}.txt"):
        found.subtract(token.mark for token in tokens_of(path.read_text(encoding="utf-8")))
    return frozenset(word for word, many in found.items() if many > 0 and not word.startswith("@"))


def frames() -> dict[str, list[str]]:
    """Returns for each intent the pairs of adjacent words in its examples; a subject is one word."""
    found: dict[str, set[str]] = {}
    for path in sorted(EXAMPLES.glob("*/*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines() if path.stem not in (SUBJECTS, SMALL, QUERY) else ():
            if re.search(r"\{(?:x|name)\}", line):
                filled = _SLOT.sub(lambda slot: ' "" ' if slot[1] in ("x", "name") else FILLED[slot[1]][0], line)
                marks = ["^", *(OTHER if one.mark == QUOTED else one.mark for one in tokens_of(filled)), "$"]
                name = ASKING[0] if path.stem in ASKING else path.stem
                found.setdefault(name, set()).update(" ".join(pair) for pair in pairwise(marks))
    return {name: sorted(pairs) for name, pairs in found.items()}


def learn() -> dict[str, Any]:
    """Returns the weights: those of a softmax over the intents, learned sentence by sentence with shrinking steps."""
    known = words()
    read = [(intent, set(features(tokens_of(sentence), known))) for intent, sentence in examples()]
    counts = Counter(feature for _, found in read for feature in found)
    place = {feature: at for at, feature in enumerate(sorted(one for one, many in counts.items() if many >= FEWEST), 1)}
    intents = sorted({intent for intent, _ in read})
    rows = [np.array([0, *sorted(place[one] for one in found if one in place)]) for _, found in read]
    truth = [intents.index(intent) for intent, _ in read]
    often = Counter(truth)
    weight, squares = (np.full((len(place) + 1, len(intents)), value) for value in (0.0, 1e-3))
    order = list(range(len(rows)))
    chance = random.Random(2)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for at in order:
            sums = weight[rows[at]].sum(axis=0)
            wrong = np.exp(sums - sums.max())
            wrong /= wrong.sum()
            wrong[truth[at]] -= 1
            wrong[abs(wrong) < UNHEARD] = 0
            wrong *= min(1.0, (120 / often[truth[at]]) ** 0.25)
            squares[rows[at]] += wrong**2
            weight[rows[at]] -= STEP * wrong / np.sqrt(squares[rows[at]]) + DECAY * weight[rows[at]]
    rounded = np.rint(weight * 100).astype(int)
    found = {}
    for feature, row in {"": 0, **place}.items():
        pairs = [int(one) for at in np.flatnonzero(abs(rounded[row]) >= SMALLEST) for one in (at, rounded[row][at])]
        if pairs:
            found[feature] = pairs
    return {"intents": intents, "words": sorted(known), "frames": frames(), "weights": found}


if __name__ == "__main__":
    learned = json.dumps(learn(), ensure_ascii=False, separators=(",", ":"))
    WEIGHTS.write_bytes(gzip.compress(learned.encode(), mtime=0))
