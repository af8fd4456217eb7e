"""The interface of an encoder: from texts to vectors of their meaning, as subscriptions/meaning.py compares them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from subscriptions.model import Paper

ENCODING = ThreadPoolExecutor(1, "paperwire-encoding")  # an encoder works on one core, so calls take turns


class Encoder(Protocol):
    """Encodes the meaning of papers and questions, in any of its languages.

    Its methods block. A process calls them in one thread (`ENCODING`), so a question waits for the call before it, not for a
    whole digest. They raise MeaningFails, then nothing of the call is encoded.
    Where meaning is off, there is no encoder (None).
    """

    name: str  # of the encoder, its version and its calibration: vectors of different names are never compared

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """Returns the codes of each paper, in order: overall, title, sentences. A paper without any text has b""."""

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """Returns the vector of each question, in order. The text keeps its case and accents."""

    def close(self) -> None:
        """Ends what the encoder has started. Later calls raise MeaningFails. By default, does nothing."""
