"""Learns to understand sentences from examples: `python -m locales.weights`.

The intent of a sentence is what its author wants, such as to subscribe. A part is what some of its words say, such as a
subject or a time. From the examples in bot/sentences/words/examples, this module learns weights by which the bot finds
both. It writes them to bot/sentences/words/weights.sqlite, which is committed, with a hash of the examples. The same examples
always give the same weights. An added line changes the weights of others a little: run the tests of sentences then.

An example is a line with slots such as {x}. Several sentences are made of each example: words of the folder `parts` of
its language fill the slots, synonyms replace some words, and words of courtesy are put around the line.
"""

import json
import random
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.sentences.words import kinds, links, orders, reader, told
from bot.sentences.words.reader import Token, tokens_of
from bot.sentences.words.word_lists import LISTS
from locales import kind_weights

Numbers = NDArray[np.float64]
EXAMPLES = reader.WEIGHTS.parent / "examples"
LANGUAGES = "en", "zh"
_SMALL_TALK = "smalltalk"
QUESTIONS = orders.QUESTION, links.QUESTION, told.QUESTION
_SLOT = re.compile(r"\{(\w+)\}")
_FILES = {
    **dict.fromkeys(("x", "not", "that"), "subjects"),
    "label": "labels",
    **dict.fromkeys(("name", "person"), "names"),
    "field": "subjects",
    "job": "jobs",
    "org": "orgs",
    "cat": "categories",
    "n": "numbers",
    "id": "papers",
    "place": "places",
    "when": "times",
    "old": "times",
    "hour": "hours",
    "span": "spans",
    "often": "often",
    "date": "dates",
}
_PART = {**{part: part for part in reader.PARTS}, "cat": "x", "often": "when", "hour": "when", "span": "when"}
_LONG_WORD = re.compile(r"(?<![a-z{])[a-z]{5,}(?![a-z}])")
BARE = frozenset({reader.QUERY, "hello", "bye", "thanks", "cancel"})  # intents without words of courtesy around them
ABOUT_ONE = frozenset({"exclude", "narrow", "widen", "schedule", "unsub", "name", "edit", "pause", "resume", "share"})
USUAL = 60  # the file of subjects begins with so many subjects that people ask for most
OF_EACH, OF_OTHERS = 5, 2  # changed sentences that are made of an example with slots, and of one without
OF_EACH_FRAME = {"not": 16, "do": 40}  # actions that are put into each frame of an order, and of what is none
SHORT = 25  # characters; of lines up to this length twice as many are made, since most people write short sentences
# kind of change → the probability with which it is made
SOME = {
    "several": 0.2,
    "joined": 0.4,
    "mixed": 0.6,
    "same": 0.25,
    "around": 0.3,
    "lower": 0.25,
    "upper": 0.3,
    "refs": 0.6,
    "without": 0.2,
    "timed": 0.12,
    "mistyped": 0.1,
    "names": 0.25,
    "usual": 0.25,
    "kinds": 0.25,
}
# The most common Chinese characters. Invented subjects are made of them.
_COMMON_SIGNS = bytes(byte for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA) for byte in (high, low)).decode(
    "gb2312"
)
RUNS, ROUNDS, STEP = 3, 12, 0.35
DECAY = 1e-4  # the share that a weight loses each time that a sentence with its feature is read
UNHEARD = 0.05  # a smaller error changes no weights
# At most this share of the features of a sentence is left out, each time other ones. So the weights learn to do with
# the rest, because people write sentences that lack some of the features.
LEFT_OUT = 0.55
LEFT_OUT_OF_WORDS = 0.15
SMALLEST = 7  # of reader.INTENT_UNIT; a smaller weight of an intent is left out
FEWEST = 5  # a feature that fewer sentences have is left out
FEWEST_PAIRS = 3  # a pair of Chinese characters that fewer lines have is left out
_INSERT = "INSERT INTO {} VALUES (?, ?)"
PASSES, FEWEST_WORDS, MARGIN = 5, 12, 1.0
LEAST_APART = 15  # of reader.PART_UNIT; a feature of words is left out if no two of its weights differ as much


class Example(NamedTuple):
    """A sentence, its intent, and the part of each of its tokens."""

    intent: str
    tokens: tuple[Token, ...]
    parts: tuple[str, ...]


def examples(language: str) -> list[Example]:
    """Returns the sentences of all examples of a language, with their slots filled in."""
    maker, made = _Maker(language), list[Example]()
    for path in sorted((EXAMPLES / language).glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            maker.chance = random.Random(f"{path.stem} {line}")  # so that a new line changes no other one
            made.append(maker.example(path.stem, line, changed=False))
            count = OF_EACH if "{" in line else OF_OTHERS
            for _ in range(count if len(line) > SHORT else 2 * count):
                made.append(maker.example(path.stem, line, changed=True))
    return made


class _Maker:
    """Makes sentences from the examples of one language."""

    def __init__(self, language: str) -> None:
        self.chance = random.Random(1)
        self.words = {
            path.stem: path.read_text(encoding="utf-8").splitlines()
            for folder in (EXAMPLES / language / "parts", LISTS / language)
            for path in folder.glob("*.txt")
        }
        same = [line.split(" | ") for line in self.words["same"]]
        self.same = {one: words for words in same for one in words}
        words = "|".join(sorted(map(re.escape, self.same), key=len, reverse=True))
        self.any_same = re.compile(rf"(?<![a-z{{])(?:{words})(?![a-z}}])")
        self.pieces = [*_COMMON_SIGNS] if language == "zh" else []
        self.pieces += [
            piece
            for one in self.words["subjects"]
            for piece in (one if not one.isascii() else f" {one}".split(" ")[1:])
        ]

    def often(self, what: str) -> bool:
        return self.chance.random() < SOME[what]

    def any(self, name: str) -> str:
        words = self.words[name]
        return self.chance.choice(words[:USUAL] if name == "subjects" and self.often("usual") else words)

    def example(self, intent: str, line: str, *, changed: bool) -> Example:
        """Returns the sentence that a line becomes when its slots are filled; if `changed`, first changes the line."""
        text, spans = "", []
        for at, piece in enumerate(_SLOT.split(self.changed(intent, line) if changed else line)):
            filled = self.fill(piece, mixed=changed) if at % 2 else piece
            spans.append(
                (len(text), len(text) + len(filled), _PART.get(piece, reader.NO_PART) if at % 2 else reader.NO_PART)
            )
            text += filled
        if changed and self.often("lower"):
            text = text.lower()
        elif changed and self.often("upper"):
            text = text[:1].upper() + text[1:]
        for at, (start, end, part) in enumerate(spans[:-1]):
            # the words before an unwanted subject say that it is not wanted: "but not", "without"
            if spans[at + 1][2] == reader.UNWANTED and part == reader.NO_PART:
                spans[at] = (start, end, reader.DENIAL)
        tokens = tokens_of(text, apart=True)
        parts = (max(spans, key=lambda span: min(one.end, span[1]) - max(one.start, span[0]))[2] for one in tokens)
        return Example(intent, tokens, tuple(parts))

    def changed(self, intent: str, line: str) -> str:
        """Returns the line after random changes: synonyms, more slots, words around it, a typing error."""
        if intent in ABOUT_ONE and self.often("refs"):
            line = line.replace("{n}", self.any("refs"), 1)
        if intent in reader.ASKING and "{x}" in line and "{not}" not in line and self.often("without"):
            line += self.any("without")
        if intent in reader.ASKING and "{x}" in line and "{when}" not in line and self.often("timed"):
            line = self.any("timed").replace("{}", line)
        line = self.any_same.sub(
            lambda one: self.chance.choice(self.same[one[0]]) if self.often("same") else one[0], line
        )
        if intent not in BARE and self.often("around"):
            line = self.any("around").replace("{}", line)
        slots = [one for one in ("{x}", "{not}", "{name}") if one in line]
        if intent != reader.QUERY and slots and self.often("several"):
            slot = self.chance.choice(slots)
            line = line.replace(slot, self.any("several").replace("{}", slot), 1)
        if self.often("mistyped") and (words := [*_LONG_WORD.finditer(line)]):
            word = self.chance.choice(words)
            at = self.chance.randrange(word.start() + 1, word.end() - 2)
            wrong = self.chance.choice((line[at + 1] + line[at], line[at] * 2, line[at], ""))
            line = line[:at] + wrong + line[at + 2 :]
        return line

    def fill(self, slot: str, *, mixed: bool) -> str:
        """Returns words for a slot, usually a line of its file.

        If `mixed`, a subject may also be several subjects, or a new one made of words of several subjects.
        """
        name = "names" if slot == "that" and self.often("names") else _FILES[slot]
        if slot == "not" and self.often("kinds"):
            return self.any("kinds")
        if name not in ("subjects", "labels") or not mixed or not self.often("joined"):
            return self.any(name)
        if self.often("mixed"):
            several = self.chance.choices(self.pieces, k=self.chance.choice((1, 2, 2, 3, 3, 4, 5)))
            return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", " ".join(several))
        return _SLOT.sub(lambda _: self.any("subjects"), self.any("joined"))


def words() -> reader.Known:
    """Returns three sets of known words: those of the examples outside their slots, of subjects, and of names.

    The first set lacks words that are at least as frequent in subjects. The others lack words that occur only once. So
    some words of the examples are unknown, which teaches the weights how to treat unknown words.
    """
    outside = Counter[str]()
    for path in (*EXAMPLES.rglob("*.txt"), *LISTS.rglob("*.txt")):
        if path.stem not in {reader.QUERY, "kinds", "manner", *_FILES.values()} - {"times"}:
            outside.update(_words(path, lambda line: _SLOT.sub(" ", line).replace("|", " ")))
    topics = Counter(word for path in EXAMPLES.glob("*/parts/subjects.txt") for word in _words(path))
    names = Counter(word for path in EXAMPLES.glob("*/parts/names.txt") for word in _words(path))
    pairs = {word for word, many in outside.items() if reader.is_pair(word) and many >= FEWEST_PAIRS}
    found = {word for word, many in (outside - topics).items() if not reader.is_pair(word) and not word.startswith("@")}
    return reader.Known(
        frozenset(found | pairs),
        *(frozenset(word for word, many in one.items() if many > 1) for one in (topics, names)),
    )


def asking_words() -> frozenset[str]:
    """Returns the words outside of the slots in examples that ask for papers, without those as frequent in subjects.

    Any other word beside a subject belongs to it, also one that orders something elsewhere: "send me stop codons".
    """
    files = {*reader.ASKING, "around", "timed", "several", "without", "same", "now", "manner", "refs", "small_words"}
    outside = Counter(
        word
        for path in (*EXAMPLES.rglob("*.txt"), *LISTS.rglob("*.txt"))
        if path.stem in files
        for word in _words(path, lambda line: _SLOT.sub(" ", line).replace("|", " "))
    )
    topics = Counter(word for path in EXAMPLES.glob("*/parts/subjects.txt") for word in _words(path))
    return frozenset(word for word, many in (outside - topics).items() if many > 1 or outside[word] > 1)


def _words(path: Path, change: Callable[[str], str] = str) -> Iterator[str]:
    """Yields the words and the pairs of Chinese characters of each line of a file, each once for a line.

    `change` is applied to each line first.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        tokens = tokens_of(change(line), apart=True)
        yield from {token.mark for token in tokens}
        yield from {*reader.pairs_of(tokens)}


def learn_intents(read: list[Example], known: reader.Known) -> dict[str, Any]:
    """Returns the weights that find the intent of a sentence, learned by softmax regression with shrinking steps.

    The result is the mean of the weights at the ends of the later rounds of several runs. This mean depends less on the
    order of the examples than the last weights.
    """
    found = [set(reader.features(one.tokens, known)) for one in read]
    counts = Counter(feature for one in found for feature in one)
    place = {feature: at for at, feature in enumerate(sorted(one for one, many in counts.items() if many >= FEWEST), 1)}
    intents = sorted({one.intent for one in read})
    rows = [np.array([0, *sorted(place[one] for one in row if one in place)]) for row in found]
    truth = [intents.index(one.intent) for one in read]
    often = Counter(truth)
    chance, some, ends = random.Random(2), np.random.default_rng(2), []
    for _ in range(RUNS):
        weight, squares = (np.full((len(place) + 1, len(intents)), value) for value in (0.0, 1e-3))
        order = list(range(len(rows)))
        for round_ in range(ROUNDS):
            chance.shuffle(order)
            for at in order:
                kept = 1 - LEFT_OUT * some.random()
                row = rows[at][some.random(len(rows[at])) < kept]
                sums = weight[row].sum(axis=0) / kept
                wrong = np.exp(sums - sums.max())
                wrong /= wrong.sum()
                wrong[truth[at]] -= 1
                wrong[abs(wrong) < UNHEARD] = 0
                if wrong.any():
                    wrong *= min(1.0, (160 / often[truth[at]]) ** 0.1)
                    squares[row] += wrong**2
                    weight[row] -= STEP * wrong / np.sqrt(squares[row]) + DECAY * weight[row]
            if round_ >= ROUNDS // 2:
                ends.append(weight.copy())
    rounded = np.rint(np.mean(ends, axis=0) * reader.INTENT_UNIT).astype(int)
    pairs = {
        feature: [int(one) for at in np.flatnonzero(abs(rounded[row]) >= SMALLEST) for one in (at, rounded[row][at])]
        for feature, row in {"": 0, **place}.items()
    }
    return {"intents": intents, "weights": {feature: row for feature, row in pairs.items() if row}}


def learn_parts(read: list[Example], known: reader.Known) -> dict[str, Any]:
    """Returns the weights that find the part of each word, learned by an averaged perceptron.

    The perceptron guesses the parts of all words of a sentence together, since a part depends on the part before it.
    """
    read = [one for one in read if one.intent != reader.QUERY]
    found = [list(reader.word_features(one.tokens, one.intent, known)) for one in read]
    counts = Counter(feature for row in found for one in row for feature in one)
    place = {
        feature: at for at, feature in enumerate(sorted(one for one, many in counts.items() if many >= FEWEST_WORDS), 1)
    }
    size = len(reader.PARTS)
    sentences = []
    for one, row in zip(read, found, strict=True):
        numbers = np.array([[place.get(feature, 0) for feature in word] for word in row]).reshape(len(row), -1)
        sentences.append((numbers, np.array([reader.PARTS.index(part) for part in one.parts])))
    weight, moves = np.zeros((len(place) + 1, size)), np.zeros((size + 1, size))
    sums, sums_of_moves = np.zeros_like(weight), np.zeros_like(moves)
    order, chance, some, count = list(range(len(sentences))), random.Random(3), np.random.default_rng(3), 1
    for _ in range(PASSES):
        chance.shuffle(order)
        for at in order:
            numbers, truth = sentences[at]
            if not len(truth):
                continue
            numbers = np.where(some.random(numbers.shape) < LEFT_OUT_OF_WORDS, 0, numbers)
            here = weight[numbers].sum(axis=1) + MARGIN
            here[np.arange(len(truth)), truth] -= MARGIN
            guess = _likeliest(here, moves)
            for wrong in np.flatnonzero(guess != truth):
                for part, change in ((truth[wrong], 1), (guess[wrong], -1)):
                    weight[numbers[wrong], part] += change
                    sums[numbers[wrong], part] += count * change
            weight[0] = 0
            for row, change in ((truth, 1), (guess, -1)):
                for before, part in zip([size, *row], row, strict=False):
                    moves[before, part] += change
                    sums_of_moves[before, part] += count * change
            count += 1
    sums[0] = 0
    mean, mean_of_moves = weight - sums / count, moves - sums_of_moves / count
    rounded = _rounded(mean)
    kept = {feature: rounded[row].tolist() for feature, row in place.items() if np.ptp(rounded[row]) >= LEAST_APART}
    return {"parts": kept, "steps": _rounded(mean_of_moves).tolist()}


def of_kinds(question: kinds.Question, language: str) -> list[kind_weights.Example]:
    """Returns the sentences of a language whose answer to a question is known, with their slots filled in."""
    maker = _Maker(language)

    def filled(line: str) -> tuple[Token, ...]:
        maker.chance = random.Random(line)  # so that a new line changes no other one
        return maker.example("", line, changed=False).tokens

    file = kind_weights.FILES / question.name / f"{language}.tsv"
    found = list(kind_weights.examples(file, filled))
    if question == orders.QUESTION:
        told = {line.split("\t")[-1] for line in file.read_text(encoding="utf-8").splitlines()}
        of_intents = [(kind, line) for kind, line in _orders_of_intents(language) if line not in told]
        framed = [*_framed_orders(language)]
        found += [kind_weights.Example(kind, "", filled(line)) for kind, line in (*of_intents, *framed)]
    return found


def _framed_orders(language: str) -> Iterator[tuple[str, str]]:
    """Yields actions in the words around them that make them an order or none: "go ahead and {action}", "why did I {action}?".

    A line of `frames_*.tsv` is a kind and these words; one of `actions_*.tsv` a verb, its past, and an object.
    """
    folder = kind_weights.FILES / orders.QUESTION.name
    lines = (folder / f"actions_{language}.tsv").read_text(encoding="utf-8").splitlines()
    actions = [line.split("\t") for line in lines]
    for line in (folder / f"frames_{language}.tsv").read_text(encoding="utf-8").splitlines():
        kind, frame = line.split("\t")
        for verb, past, what in random.Random(frame).sample(actions, OF_EACH_FRAME[kind]):
            yield kind, frame.replace("{v}", verb).replace("{d}", past).replace("{o}", what)


def _orders_of_intents(language: str) -> Iterator[tuple[str, str]]:
    """Yields the examples of intents that change something, which are orders, and of small talk, which are none.

    Some examples only hint at what could be done, such as "i'm on holiday until {when}". The file of orders says so of each.
    """
    for path in sorted((EXAMPLES / language).glob("*.txt")):
        if path.stem == _SMALL_TALK:
            kind = "not"
        elif path.stem.startswith(orders.CHANGES):
            kind = "do"
        else:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            yield kind, line


def learn_kinds(question: kinds.Question, known: reader.Known) -> dict[str, list[int]]:
    """Returns the weights that answer a question about sentences."""
    read = [one for language in LANGUAGES for one in of_kinds(question, language)]
    return kind_weights.learn(read, question, known)


def _rounded(mean: Numbers) -> NDArray[np.int64]:
    """Returns weights of parts as they are stored: rounded to halves of the unit, then to the unit, a half to an even number."""
    return np.rint(np.rint(mean * 2 * reader.PART_UNIT) / 2).astype(int)


def _likeliest(here: Numbers, moves: Numbers) -> NDArray[np.int64]:
    """Returns the sequence of parts, one for each word, with the largest sum of weights (Viterbi's algorithm).

    `here`: weights of shape (words, parts). `moves`: weights of shape (parts + 1, parts) for a part after another one;
    the last row is for the first word.
    """
    best, came_from = here[0] + moves[-1], []
    for row in here[1:]:
        table = best[:, None] + moves[:-1]
        came_from.append(table.argmax(axis=0))
        best = table.max(axis=0) + row
    path = [int(best.argmax())]
    for row in reversed(came_from):
        path.append(int(row[path[-1]]))
    return np.array(path[::-1])


def learned_from() -> str:
    """Returns a hash of the examples from which the weights are learned."""
    hashed = sha256()
    for path in sorted([*EXAMPLES.rglob("*.txt"), *LISTS.rglob("*.txt"), *kind_weights.FILES.rglob("*.tsv")]):
        hashed.update(f"{path.relative_to(EXAMPLES.parent).as_posix()}\n".encode())
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


def learn() -> None:
    """Learns all weights, and writes them to the file."""
    known = words()
    with ProcessPoolExecutor(2) as pool:
        read = [one for made in pool.map(examples, LANGUAGES) for one in made]
        learning = [pool.submit(one, read, known) for one in (learn_intents, learn_parts)]
        answers = {one.name: pool.submit(learn_kinds, one, known) for one in QUESTIONS}
        intents, parts = (one.result() for one in learning)
    rest = {
        **{name: sorted(words) for name, words in known._asdict().items()},
        "asking": sorted(asking_words()),
        "learned_from": learned_from(),
        "intents": intents["intents"],
        "steps": parts["steps"],
    }
    answered = {name: answer.result() for name, answer in answers.items()}
    write({"intent": intents["weights"], "part": parts["parts"], **answered}, rest)


def write(tables: Mapping[str, Mapping[str, Sequence[int]]], rest: Mapping[str, Any]) -> None:
    """Writes the file of weights: for each table, feature → weights; and the rest of what was learned."""
    reader.WEIGHTS.unlink(missing_ok=True)
    with closing(sqlite3.connect(reader.WEIGHTS)) as file:
        for table, weights in tables.items():
            file.execute(f"CREATE TABLE {table} (feature INTEGER PRIMARY KEY, weights BLOB NOT NULL)")
            rows = {reader.number_of(feature): reader.packed(row) for feature, row in weights.items()}
            file.executemany(_INSERT.format(table), sorted(rows.items()))
        file.execute("CREATE TABLE learned (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        file.executemany(
            _INSERT.format("learned"),
            [(name, json.dumps(value, ensure_ascii=False)) for name, value in rest.items()],
        )
        file.commit()
        file.execute("VACUUM")  # so that the same weights give the same bytes


def measure() -> None:
    """Prints, for each question, language and kind, for what sentences are taken that were not learned from."""
    for question in QUESTIONS:
        for language in LANGUAGES:
            for (kind, note), taken in kind_weights.measured(of_kinds(question, language), question, words()).items():
                others = ", ".join(f"{many} {other}" for other, many in taken.most_common() if other != kind)
                print(f"{question.name}  {language}  {kind} {note:12} {taken[kind]:4} of {taken.total():4}  {others}")  # noqa: T201 - what it is for


if __name__ == "__main__":
    if "--measure" in sys.argv:
        measure()
    else:
        learn()
