"""An encoder without a model: texts with the same words are near. It takes and refuses what the real ones do."""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import shake_256

from bot.embeddings.process import paper_texts, question_texts
from bot.models import Encoder
from subscriptions.errors import EmbeddingError
from subscriptions.model import Paper

_DIMENSIONS = 512
_LEAST = 0.1  # a question of one word is near a sentence of twelve that has it
_EMPTY = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "we",
        "with",
        "的",
        "了",
        "和",
    ]
)

Vector = list[int]


class FakeEncoder(Encoder):
    """Encodes words by their hashes.

    `same` maps words of one language to those of another that mean the same: {"强化学习": "reinforcement learning"}.
    """

    def __init__(self, *, name: str = "fake 1", same: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.fails: EmbeddingError | None = None  # what each call raises
        self.asked: list[str] = []  # the keys of papers and the questions, as they were given
        self._same = dict(same or {})

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        self.asked += [paper.key for paper in papers]
        self._answer()
        return [self._codes(paper_texts(paper)) for paper in papers]

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        self.asked += texts
        self._answer()
        return [_question(_sum(map(self._vector, question_texts(text)))) for text in texts]

    def close(self) -> None:
        """See Encoder. There is no process to end."""

    def _answer(self) -> None:
        if self.fails is not None:
            raise self.fails

    def _codes(self, texts: Sequence[str]) -> bytes:
        vectors = [self._vector(text) for text in texts]
        return b"".join(map(_signs, (_sum(vectors), *vectors))) if vectors else b""

    def _vector(self, text: str) -> Vector:
        for theirs, ours in self._same.items():
            text = text.replace(theirs, f" {ours} ")
        return vector_of(text)


def vector_of(text: str) -> Vector:
    """Returns the sum of the vectors of a text's words.

    All of them together decide where two of them say the opposite.
    """
    words = [word.removesuffix("s") for word in re.findall(r"\w+", text.casefold()) if word not in _EMPTY] or [text]
    return _sum(map(_hashed, [*words, *words, " ".join(sorted(words))]))


def _hashed(word: str) -> Vector:
    bits = int.from_bytes(shake_256(word.encode()).digest(_DIMENSIONS // 8), "little")
    return [1 if bits >> index & 1 else -1 for index in range(_DIMENSIONS)]


def _sum(vectors: Iterable[Vector]) -> Vector:
    return [sum(values) for values in zip(*vectors, strict=True)]


def _signs(vector: Vector) -> bytes:
    return _bits(value > 0 for value in vector)


def _bits(values: Iterable[bool]) -> bytes:
    return sum(1 << index for index, value in enumerate(values) if value).to_bytes(_DIMENSIONS // 8, "little")


def _question(vector: Vector) -> bytes:
    deviation = (sum(value * value for value in vector) / _DIMENSIONS) ** 0.5
    signs = _bits(value >= 0 for value in vector)
    large = _bits(abs(value) >= deviation for value in vector)
    return signs + large + bytes(len(large)) + struct.pack("<f", _LEAST)
