"""Calibrates the encoder by papers that have a summary in Chinese: `python -m bench._calibration FOLDER`.

Writes the calibration that the program uses (bot/embeddings/usem3.calibration), from digests with English abstracts.
"""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bot.digests import read_digest
from bot.embeddings import child
from bot.embeddings.child import CALIBRATION
from bot.embeddings.process import paper_texts, question_texts
from subscriptions.errors import PaperwireError
from subscriptions.model import Paper
from subscriptions.query import category_names

SAMPLES = Path(__file__).parents[1] / "bot" / "samples"
_CHINESE = re.compile("[一-鿿]")
_FEW = 5  # letters that may be Chinese in an English abstract
_WEIGHT_OF_WHOLE = 0.7  # as in subscriptions/matching/similarity.py
# of (question, other paper), how many are near. At 0.015, 97 of 100 questions are near their own paper (bench.meaning)
_NEAR_BY_CHANCE = 0.015


def papers_of(paths: Iterable[Path]) -> list[Paper]:
    """Returns the papers of digests that have an English abstract, each once, those with a summary in Chinese first."""
    found: dict[str, Paper] = {}
    for path in paths:
        try:
            entries = read_digest(path.read_bytes(), name=path.name).entries
        except PaperwireError:  # a file of the folder that is no digest
            continue
        for paper in entries:
            if paper.abstract and len(_CHINESE.findall(paper.abstract)) < _FEW and not paper.failed:
                found.setdefault(paper.key, paper)
    return sorted(found.values(), key=lambda paper: not question_of(paper))


def real_papers() -> list[Paper]:
    """Returns the papers of the real digests in the folder that PAPERWIRE_SHARED names; none without it."""
    shared = os.environ.get("PAPERWIRE_SHARED")
    return papers_of(sorted(path for path in Path(shared).glob("corpus/**/*") if path.is_file())) if shared else []


def question_of(paper: Paper) -> str:
    """Returns the first field of a paper's summary in Chinese; "" if it has none."""
    return next((text for one in paper.summaries if one.language == "zh" for text in one.fields.values()), "")


def vectors(model: child.Encoder, groups: Sequence[Sequence[str]]) -> list[child.Vectors]:
    found = model.encode([text for texts in groups for text in texts])
    ends = [0]
    for texts in groups:
        ends.append(ends[-1] + len(texts))
    return [found[start:end] for start, end in pairwise(ends)]


def calibrated(
    papers: Sequence[child.Vectors],
    questions: Sequence[child.Vectors],
    subjects: Sequence[child.Vectors],
    pairs: Sequence[int],
) -> child.Calibration:
    """Returns the calibration by papers, by questions about some of them in another language, and by names of subjects.

    The least similarity is measured twice, each time with the centres of the other half of the papers.
    """
    found = []
    for half in (0, 1):
        ours = [(question, pair) for question, pair in zip(questions, pairs, strict=True) if pair % 2 == half]
        others = [question for question, pair in zip(questions, pairs, strict=True) if pair % 2 != half]
        rows = child.Calibration(_rows(papers[1 - half :: 2], others, subjects), 0)
        similar = similarities(papers[half::2], [question for question, _ in ours], rows)
        similar[range(len(ours)), [pair // 2 for _, pair in ours]] = np.nan
        found.append(np.nanquantile(similar, 1 - _NEAR_BY_CHANCE))
    return child.Calibration(_rows(papers, questions, subjects), float(np.mean(found)))


def _rows(
    papers: Sequence[child.Vectors], questions: Sequence[child.Vectors], subjects: Sequence[child.Vectors]
) -> child.Vectors:
    """Returns the centres of whole papers, titles, sentences, questions and names of subjects, and where texts differ most.

    A question may be in any language, so its centre is between those of papers and of questions in another language.
    """
    whole = np.mean([paper.mean(0) for paper in papers], axis=0)
    title = np.mean([paper[0] for paper in papers], axis=0)
    sentence = np.concatenate([paper[1:] for paper in papers]).mean(0)
    asked = np.mean([question.mean(0) for question in questions], axis=0)
    subject = np.mean([name.mean(0) for name in subjects], axis=0)
    texts = np.concatenate([np.concatenate([paper[:1] - title, paper[1:] - sentence]) for paper in papers])
    _, directions = np.linalg.eigh(texts.T @ texts)  # the last one is that of the largest eigenvalue
    return np.stack([whole, title, sentence, (whole + asked) / 2, subject, directions[:, -1]])


def similarities(
    papers: Sequence[child.Vectors], questions: Sequence[child.Vectors], calibration: child.Calibration
) -> child.Vectors:
    """Returns the similarity of each question and each paper, as subscriptions/matching/similarity.py computes it."""
    codes = [child.paper_codes(paper, calibration) for paper in papers]
    rows = _signs(b"".join(codes))
    asked = np.frombuffer(b"".join(child.question_codes(question, calibration) for question in questions), np.uint8)
    signs, large, huge = (
        _signs(asked.reshape(len(questions), -1)[:, start : start + 64].tobytes()) for start in (0, 64, 128)
    )
    values = signs * (0.5 + (large > 0) + (huge > 0))
    found = child.unit(values) @ child.unit(rows).T
    starts = np.cumsum([0, *(len(code) // 64 for code in codes)])
    whole, best = found[:, starts[:-1]], np.empty((len(questions), len(papers)))
    for index, (start, end) in enumerate(pairwise(starts)):
        best[:, index] = found[:, start + 1 : end].max(1)
    similar: child.Vectors = (_WEIGHT_OF_WHOLE * whole + best) / (_WEIGHT_OF_WHOLE + 1)
    return similar


def _signs(bits: bytes) -> child.Vectors:
    rows = np.frombuffer(bits, np.uint8).reshape(-1, child.DIMENSIONS // 8)
    return np.unpackbits(rows, axis=1, bitorder="little").astype(np.float64) * 2 - 1


if __name__ == "__main__":
    encoder = child.Encoder()
    found = papers_of(path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file())
    pairs = [(place, text) for place, paper in enumerate(found) if (text := question_of(paper))]
    CALIBRATION.write_bytes(
        calibrated(
            vectors(encoder, [paper_texts(paper) for paper in found]),
            vectors(encoder, [question_texts(text) for _, text in pairs]),
            vectors(encoder, [question_texts(name) for name in category_names.names()]),
            [place for place, _ in pairs],
        ).to_bytes()
    )
