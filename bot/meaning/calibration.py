"""Calibrates an encoder by papers that have a summary in Chinese: `python -m bot.meaning.calibration FOLDER`.

The command writes the calibration of the encoder of the package, from digests with English abstracts.
"""

import re
import sys
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

from bot.digests import read_digest
from bot.meaning.child_process import ChildProcess
from bot.meaning.encoders import CALIBRATION, Package, Source
from bot.meaning.texts import paper_texts, question_texts
from subscriptions import categories
from subscriptions.errors import PaperwireError
from subscriptions.model import Paper

SAMPLES = Path(__file__).parents[1] / "samples"
_CHINESE = re.compile("[一-鿿]")
_FEW = 5  # letters that may be Chinese in an English abstract


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


def question_of(paper: Paper) -> str:
    """Returns the first field of a paper's summary in Chinese; "" if it has none."""
    return next((text for one in paper.summaries if one.language == "zh" for text in one.fields.values()), "")


def calibrate(papers: Iterable[Paper], source: Source, child: ChildProcess, until: float) -> bytes:
    """Returns the calibration of a source by these papers. Raises MeaningFails."""
    papers = list(papers)
    questions = [(index, text) for index, paper in enumerate(papers) if (text := question_of(paper))]
    names = categories.names()  # in English and Chinese
    asked = [*(text for _, text in questions), *names]
    groups = [*map(paper_texts, papers), *map(question_texts, asked)]
    request = {
        "kind": "calibration",
        "counts": [len(texts) for texts in groups],
        "pairs": [index for index, _ in questions],
        "subjects": len(names),
        **source.given([text for texts in groups for text in texts], until),
    }
    return child.ask(request, lambda answer: b64decode(answer["calibration"]), until)


if __name__ == "__main__":
    found = papers_of(path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file())
    CALIBRATION.write_bytes(calibrate(found, Package(), ChildProcess(), monotonic() + 3600))
